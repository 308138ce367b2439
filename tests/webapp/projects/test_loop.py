"""The loop page: its actions lead somewhere, each role is offered what it may do."""

import ast
from pathlib import Path

import pytest
from django.urls import reverse

from tests import factories
from webapp.navigation import build_navigation
from webapp.pages.projects.loop import ACTIONS, LOOKS

ROOMS = Path(__file__).resolve().parents[3] / "lifecycle"


def _find_actions() -> set[str]:
    """Every action key in the source of the rooms: StageSummary's fifth argument, `action=`, or a pair named action."""
    keys: set[str] = set()
    for path in ROOMS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "StageSummary":
                keys |= _strings(node.args[4:5]) | _strings([k.value for k in node.keywords if k.arg == "action"])
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "action":
                pairs = [child for child in ast.walk(node.value) if isinstance(child, ast.Tuple)]
                keys |= _strings([pair.elts[0] for pair in pairs])
    return keys - {""}


def _strings(nodes) -> set[str]:
    return {
        n.value for node in nodes for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)
    }


def test_every_action_of_every_room_leads_to_a_page():
    used = _find_actions()

    assert len(used) > 10
    assert used <= set(ACTIONS)


@pytest.mark.parametrize("name", [*ACTIONS.values(), *(look.url_name for look in LOOKS.values())])
def test_every_address_of_the_loop_exists(name):
    assert reverse(name, args=["digits"])


@pytest.mark.django_db
def test_a_new_project_highlights_one_next_action(client, project, owner):
    client.force_login(owner)

    page = client.get(f"/projects/{project.slug}/").content.decode()

    assert page.count("is-next") == 1
    assert page.count("hub-button") == 1
    assert reverse("datasets:upload", args=[project.slug]) in page


@pytest.mark.django_db
def test_a_viewer_is_offered_nothing_beyond_their_role(client, project, member):
    client.force_login(member("viewer"))

    page = client.get(f"/projects/{project.slug}/").content.decode()

    assert reverse("datasets:upload", args=[project.slug]) not in page


@pytest.mark.django_db
def test_the_part_that_refreshes_itself_is_the_same_part(client, project, owner):
    client.force_login(owner)

    part = client.get(f"/projects/{project.slug}/loop").content.decode()

    assert part.lstrip().startswith('<div id="loop"')
    assert "<html" not in part


@pytest.mark.django_db
def test_the_loop_page_asks_few_questions(client, project, owner, django_assert_max_num_queries):
    dataset = project.datasets.get()
    factories.DatasetVersionFactory(dataset=dataset)
    factories.EvaluationFactory(artifact=factories.ArtifactFactory(run=factories.RunFactory(project=project)))
    client.force_login(owner)

    with django_assert_max_num_queries(75):
        assert client.get(f"/projects/{project.slug}/").status_code == 200


@pytest.mark.django_db
def test_an_annotators_menu_and_loop_lead_to_labelling_and_to_the_plan_alone(client, project, member):
    client.force_login(member("annotator"))

    page = client.get(f"/projects/{project.slug}/")

    menu = {link.url for _, links in build_navigation(page.context["project"], "loop") for link in links}
    names = ("projects:loop", "annotations:overview", "projects:charter", "projects:milestones", "projects:decisions")
    assert menu == {reverse(name, args=[project.slug]) for name in (*names, "projects:members")}
    assert "Latest activity" not in page.content.decode()
    assert [station.summary.stage for station in page.context["stations"] if station.url] == ["label"]
