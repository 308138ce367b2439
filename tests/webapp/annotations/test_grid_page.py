"""Which projects have grid mode, and what its page is given."""

from __future__ import annotations

import json
import re

import pytest

from lifecycle.annotations import services
from tests import factories

pytestmark = pytest.mark.django_db

CHOICES = '<Choices name="about" toName="item" {}><Choice value="a"/><Choice value="b"/></Choices>'
SEVERAL = CHOICES.format('choice="multiple" required="true"')
RATING = '<Rating name="stars" toName="item"/>'


@pytest.fixture
def visit_grid(client, owner):
    """visit_grid(body) is the grid of a project that asks this about its texts; None where it has none."""

    def go(body: str):
        project = factories.ProjectFactory(owner=owner, problem_type="text_labelling")
        config = f'<View><Text name="item" value="$text"/>{body}</View>'
        services.set_config(project=project, actor=owner, config=config)
        client.force_login(owner)
        page = client.get(f"/projects/{project.slug}/label/grid")
        is_linked = (
            f"/projects/{project.slug}/label/grid"
            in client.get(f"/projects/{project.slug}/label/overview").content.decode()
        )
        assert is_linked == (page.status_code == 200)
        return page.content.decode() if page.status_code == 200 else None

    return go


def test_several_choices_of_one_list_are_labeled_in_a_grid(visit_grid):
    page = visit_grid(SEVERAL)

    setup = json.loads(re.search(r'id="label-grid-setup"[^>]*>(.*?)</script>', page, re.S)[1])
    assert [one["name"] for one in setup["classes"]] == ["a", "b"]
    assert setup["interface"]["controls"][0]["required"]
    assert "No classes" in page


def test_an_empty_set_is_offered_where_no_class_is_required(visit_grid):
    assert "None of them" in visit_grid(CHOICES.format('choice="multiple"'))


@pytest.mark.parametrize(
    "body",
    [
        SEVERAL + RATING,
        RATING,
        SEVERAL.replace('value="a"/', 'value="a" selected="true"/'),
        SEVERAL.replace('<Choice value="b"/>', '<Choice value="b"><Choice value="c"/></Choice>'),
    ],
)
def test_whoever_is_asked_more_labels_one_by_one(visit_grid, body):
    assert visit_grid(body) is None
