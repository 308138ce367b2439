"""A project whose labels are boxes, spans or anything: its pages open and say plainly what cannot be done yet."""

from __future__ import annotations

import pytest
from django.urls import reverse

from lifecycle.annotations.services import create_schema
from lifecycle.contracts.problems import get_problem_type
from lifecycle.projects.models import Charter
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["object_detection", "span_labelling", "row_labelling"])
def drawn(request, owner, client):
    client.force_login(owner)
    project = factories.ProjectFactory(owner=owner, problem_type=request.param)
    metric = get_problem_type(request.param).metrics[0].key
    Charter.objects.filter(project=project).update(target_metric=metric)
    create_schema(project=project, classes=["red cell", "white cell"], created_by=owner)
    return project


STAGES = (
    "projects:loop", "datasets:items", "datasets:collections", "datasets:upload", "datasets:versions",
    "experiments:list", "annotations:schema",
)  # fmt: skip


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_opens(client, drawn, stage):
    assert client.get(reverse(stage, args=[drawn.slug])).status_code == 200


def test_the_labelling_page_asks_for_what_is_drawn(client, drawn):
    setup = client.get(f"/projects/{drawn.slug}/label").context["setup"]

    assert [control["name"] for control in setup["interface"]["controls"]] == ["label"]


def test_the_training_page_says_that_no_recipe_trains_it(client, drawn):
    page = client.get(f"/projects/{drawn.slug}/runs/new").content.decode()

    assert "No recipe trains this kind of project yet" in page
