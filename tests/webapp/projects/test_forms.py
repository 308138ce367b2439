"""What people do on the pages of a project, without scripts."""

import pytest

from lifecycle.projects import selectors, services
from lifecycle.projects.models import Project

pytestmark = pytest.mark.django_db
NEW = {
    "name": "Film reviews",
    "problem_statement": "Fresh or rotten?",
    "problem_type": "text_classification",
    "target_metric": "macro_f1",
    "target_threshold": "0.75",
    "max_model_mb": "20",
    "classes": "fresh\n\nrotten\n",
    "stakeholder_name": ["Mara", ""],
    "stakeholder_role": ["reads them", ""],
    "reference_title": ["Paper"],
    "reference_metric": ["macro F1"],
    "reference_value": ["0.8"],
    "reference_url": ["https://example.org"],
}


def test_answering_the_questions_makes_a_project(client, stranger):
    client.force_login(stranger)

    response = client.post("/projects/new", NEW)

    charter = selectors.get_charter(Project.objects.get(slug="film-reviews"))
    assert response.url == "/projects/film-reviews/"
    assert (charter.target_metric, charter.target_threshold, charter.max_model_bytes) == ("macro_f1", 0.75, 20_000_000)
    assert charter.references == [{"title": "Paper", "metric": "macro F1", "value": 0.8, "url": "https://example.org"}]
    assert charter.stakeholders == [{"name": "Mara", "role": "reads them"}]


def test_a_wrong_answer_is_said_and_nothing_typed_is_lost(client, stranger):
    client.force_login(stranger)

    page = client.post("/projects/new", NEW | {"target_metric": "r2"}).content.decode()

    assert "is not measured by this metric" in page
    assert "Fresh or rotten?" in page and 'value="https://example.org"' in page
    assert not Project.objects.exists()


def test_more_rows_can_be_had_without_scripts(client, stranger):
    client.force_login(stranger)

    page = client.post("/projects/new", NEW | {"more": "reference"}).content.decode()

    assert page.count('name="reference_title"') == 4
    assert not Project.objects.exists()


def test_the_charter_is_changed_on_its_page(client, project, owner):
    client.force_login(owner)
    given = {"problem_statement": "Sort.", "target_metric": "accuracy", "target_threshold": "0.97", "based_on": "1"}

    response = client.post(f"/projects/{project.slug}/charter/edit", given | {"change_note": "stricter"})

    assert response.status_code == 302
    page = client.get(response.url).content.decode()
    assert "stricter" in page and "<ins>0.97</ins>" in page


def test_a_viewer_cannot_write(client, project, member):
    client.force_login(member("viewer"))

    for page in ("charter/edit", "milestones", "decisions", "members", "settings"):
        assert client.post(f"/projects/{project.slug}/{page}", {}).status_code == 403


def test_milestones_are_planned_changed_done_and_deleted(client, project, owner):
    client.force_login(owner)
    plan = f"/projects/{project.slug}/milestones"

    client.post(plan, {"title": "First model", "stage": "train", "due_on": "2031-01-02"})
    milestone = selectors.list_milestones(project).get()
    client.post(f"{plan}/{milestone.pk}", {"title": "A model", "stage": "evaluate", "due_on": ""})
    client.post(f"{plan}/{milestone.pk}/done")
    page = client.get(plan).content.decode()
    client.post(f"{plan}/{milestone.pk}/delete")

    assert "A model" in page and "Reopen" in page
    assert not selectors.list_milestones(project).exists()


def test_a_decision_is_recorded_and_discussed(client, project, owner):
    client.force_login(owner)

    shown = client.post(f"/projects/{project.slug}/decisions", {"title": "No blur", "body": "Unreadable"}).url
    client.post(f"{shown}/comments", {"body": "Agreed <b>"})

    assert "Agreed &lt;b&gt;" in client.get(shown).content.decode()


def test_people_are_added_changed_and_removed(client, project, owner, stranger):
    client.force_login(owner)
    people = f"/projects/{project.slug}/members"

    client.post(people, {"username": "stranger", "role": "annotator"})
    client.post(f"{people}/{stranger.pk}", {"role": "reviewer"})
    assert selectors.find_role(stranger, project) == "reviewer"
    client.post(f"{people}/{stranger.pk}/remove")

    assert selectors.find_role(stranger, project) is None
    assert "There is no account" in client.post(people, {"username": "x", "role": "viewer"}).content.decode()


def test_a_project_is_archived_and_restored(client, project, owner):
    client.force_login(owner)
    settings = f"/projects/{project.slug}/settings"

    client.post(f"{settings}/archive")
    assert client.get(f"/projects/{project.slug}/").status_code == 200
    assert client.get(f"/projects/{project.slug}/charter/edit").status_code == 409
    assert project.name not in client.get("/?q=").content.decode().split("project-grid")[-1]
    client.post(f"{settings}/restore")

    assert client.get(f"/projects/{project.slug}/charter/edit").status_code == 200


def test_the_list_is_filtered_by_its_address(client, project, owner):
    client.force_login(owner)

    assert (
        project.name in client.get("/?stage=collect&type=image_classification&health=healthy&q=proj").content.decode()
    )
    assert "No project is like this" in client.get("/?stage=monitor").content.decode()
    assert client.get("/?stage=nonsense&sort=nonsense&page=nonsense&q=%00").status_code == 200


def test_the_feed_is_filtered_by_its_address(client, project, owner):
    services.record_decision(project=project, user=owner, title="No blur")
    client.force_login(owner)
    feed = f"/projects/{project.slug}/activity"

    assert "Decided: No blur" in client.get(f"{feed}?topic=decision&actor=owner&q=blur").content.decode()
    assert "Nothing like this happened" in client.get(f"{feed}?q=nowhere").content.decode()
