"""The pages around labelling: schema, guide, queue, overview, and the picture of a task."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.messages import get_messages

from lifecycle.annotations import selectors, services
from lifecycle.common.blobs import open_blobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def visit(client, project):
    """visit(user, "label/schema") is the page; with a body it is a form that was sent."""

    def go(user, path: str, body=None):
        client.force_login(user)
        url = f"/projects/{project.slug}/{path}"
        return client.get(url) if body is None else client.post(url, body)

    return go


def test_classes_are_renamed_reordered_and_added_in_one_form(visit, owner, project, make_tasks, answer):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    answer(owner, task, "dog")
    form = {
        "based_on": "1",
        "old": ["cat", "dog", "owl"],
        "name": ["cat", "hound", "owl"],
        "order": ["3", "1", "2"],
        "more": "fox\n\n  red   panda ",
    }

    response = visit(owner, "label/schema", form)

    assert response.status_code == 302
    assert selectors.get_schema(project).classes == ["hound", "owl", "cat", "fox", "red panda"]
    task.item.refresh_from_db()
    assert task.item.label == "hound"


def test_a_class_in_use_is_not_removed_and_the_page_says_why(visit, owner, project, make_tasks, answer):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    answer(owner, task, "dog")
    form = {"old": ["cat", "dog", "owl"], "name": ["cat", "dog", "owl"], "order": ["1", "2", "3"], "remove": ["dog"]}

    response = visit(owner, "label/schema", form)

    assert response.status_code == 400
    assert "Labels still use “dog” (1)" in response.content.decode()


def test_a_pasted_configuration_that_cannot_be_asked_is_shown_again_with_the_reason(visit, owner, make_tasks):
    make_tasks(1)
    config = '<View><Image name="item" value="$image"/><Rating name="label" toName="item"/></View>'

    response = visit(owner, "label/schema/config", {"config": config, "based_on": "1"})

    assert response.status_code == 400
    page = response.content.decode()
    assert "nothing in it answers text classification" in page
    assert "&lt;Rating" in page


def test_a_guide_is_previewed_without_being_saved(visit, member, project, schema):
    reviewer = member("reviewer")

    response = visit(reviewer, "label/guide", {"body": "**bold**", "based_on": "0", "preview": "1"})

    assert "<strong>bold</strong>" in response.content.decode()
    assert selectors.find_guide(project) is None


def test_a_guide_that_says_the_same_is_no_new_version(visit, member, project, schema):
    reviewer = member("reviewer")
    form = {"body": "**bold**", "based_on": "0"}

    said = []
    for sent in ({**form, "body": ""}, form, {**form, "based_on": "1"}):
        *_, newest = get_messages(visit(reviewer, "label/guide", sent).wsgi_request)
        said.append(newest.message.split(",")[0].split(".")[0])

    assert said == ["Nothing was changed", "Saved as version 1", "Nothing was changed"]
    assert len(selectors.list_guides(project)) == 1


def test_the_queue_form_says_what_is_wrong_beside_the_field(visit, owner, schema):
    response = visit(owner, "label/queue", {"overlap": "0", "lease_seconds": "60"})

    assert response.status_code == 400
    assert "1 to 20" in response.content.decode()


def test_only_reviewers_see_who_labeled_how_much(visit, owner, member, project, make_tasks, answer):
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    answer(owner, task, "dog")

    assert "Who labeled" in visit(member("reviewer"), "label/overview").content.decode()
    page = visit(member("annotator"), "label/overview").content.decode()
    assert "Who labeled" not in page
    assert ">dog</td>" not in page


@pytest.mark.parametrize(
    ("path", "role"),
    [("label", "annotator"), ("label/overview", "annotator"), ("label/guide", "annotator"), ("label/schema", "viewer"),
     ("label/queue", "viewer")],
)  # fmt: skip
def test_every_page_opens_for_its_least_role_and_not_for_a_stranger(visit, member, stranger, make_tasks, path, role):
    make_tasks(1)

    assert visit(member(role), path).status_code == 200
    assert visit(stranger, path).status_code == 404


def test_a_viewer_cannot_label(visit, member, make_tasks):
    make_tasks(1)

    assert visit(member("viewer"), "label").status_code == 403


def test_a_class_name_cannot_break_out_of_the_page(visit, owner, project, make_tasks):
    services.create_schema(
        project=project, classes=["</script><script>alert(1)</script>", '"><img src=x>'], created_by=owner
    )
    make_tasks(1)

    page = visit(owner, "label").content.decode()

    assert "<script>alert" not in page
    assert "<img src=x>" not in page


def test_the_picture_of_a_task_is_served_to_whom_it_was_lent_and_cannot_run(visit, owner, member, project, make_tasks):
    [task] = make_tasks(1)
    blob = open_blobs(settings.STORAGE_URL).put(b"not really a picture")
    type(task.item).objects.filter(pk=task.item_id).update(blob=blob, mime="text/html", text="", byte_size=20)
    annotator = member("annotator")
    path = f"label/tasks/{task.pk}/image"

    assert visit(annotator, path).status_code == 404
    services.lease_next(project=project, user=annotator)
    response = visit(annotator, path)

    assert response.status_code == 200
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert b"".join(response.streaming_content) == b"not really a picture"
