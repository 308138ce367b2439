"""Actions of the data manager, the next task, and the older client of the SDK: what scripts call beside the basics."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
import requests
from label_studio_sdk._legacy import Client
from label_studio_sdk.core.api_error import ApiError
from label_studio_sdk.data_manager import Column, Filters, Type

from lifecycle.accounts.services import tokens
from lifecycle.annotations.models import Annotation, Lease, Suggestion, Task, WebhookDelivery
from lifecycle.annotations.services.webhooks import create_webhook
from lifecycle.projects.models import Project
from tests import factories
from tests.webapp.protocols.conftest import BASE, choose


@pytest.fixture
def ids(client, text_project) -> list[int]:
    """Four tasks: the first answered, the second and third suggested by two versions, the last bare."""
    said = [{"model_version": version, "result": choose(mood)} for version, mood in (("m1", "good"), ("m2", "bad"))]
    rows = [
        {"data": {"text": "zero"}, "annotations": [{"result": choose("good")}, {"result": choose("bad")}]},
        {"data": {"text": "one"}, "predictions": said},
        {"data": {"text": "two"}, "predictions": said[:1]},
        {"data": {"text": "three"}},
    ]
    return client.projects.import_tasks(text_project.id, request=rows, return_task_ids=True).task_ids


def select(*chosen: int) -> dict:
    return {"all": False, "included": list(chosen)}


def act(client, project, name: str, **options) -> None:
    client.actions.create(id=name, project=project.id, **options)


def test_the_actions_are_listed_for_who_may_do_them(client, connect, text_project):
    listed = {action.id: action.title for action in client.actions.list(project=text_project.id)}
    reviewer = factories.UserFactory()
    factories.MembershipFactory(project=Project.objects.get(), user=reviewer, role="reviewer")

    assert listed["delete_tasks"] == "Delete Tasks" and "predictions_to_annotations" in listed
    assert connect(reviewer).actions.list(project=text_project.id) == []


def test_selected_tasks_are_deleted(client, text_project, ids):
    act(client, text_project, "delete_tasks", selected_items=select(*ids[:2]))

    assert [task.id for task in client.tasks.list(project=text_project.id)] == ids[2:]


def test_an_action_is_for_the_tasks_of_a_filter_or_a_view_less_what_is_excluded(client, text_project, ids):
    filters = Filters.create(Filters.AND, [Filters.item(Column.total_predictions, "greater", Type.Number, 0)])
    view = client.views.create(project=text_project.id, data={"filters": filters})

    act(client, text_project, "delete_tasks", filters=filters, selected_items={"all": True, "excluded": [ids[1]]})
    assert [task.id for task in client.tasks.list(project=text_project.id)] == [ids[0], ids[1], ids[3]]
    act(client, text_project, "delete_tasks", view=view.id)
    assert [task.id for task in client.tasks.list(project=text_project.id)] == [ids[0], ids[3]]


def test_annotations_are_deleted_and_their_tasks_open_again(client, engineer, text_project, ids):
    create_webhook(
        project=Project.objects.get(), actor=engineer, url="http://example.org", events=["ANNOTATIONS_DELETED"]
    )
    client.annotations.create(ids[3], result=choose("good"))

    act(client, text_project, "delete_tasks_annotations", selected_items={"all": True, "excluded": []})

    assert all(not task.annotations for task in client.tasks.list(project=text_project.id))
    assert set(Task.objects.values_list("state", "item__label")) == {("open", None)}
    assert Annotation.objects.filter(kind="answer").count() == 3  # the history stays
    told = json.loads(WebhookDelivery.objects.get().body)
    assert [one["task"] for one in told["annotations"]] == [ids[0], ids[0], ids[3]]
    client.annotations.create(ids[3], result=choose("bad"))
    assert Task.objects.get(pk=ids[3]).item.label == "bad"


def test_annotations_of_one_person_are_deleted(client, connect, engineer, text_project, ids):
    other = factories.UserFactory()
    factories.MembershipFactory(project=Project.objects.get(), user=other, role="reviewer")
    connect(other).annotations.create(ids[3], result=choose("good"))
    asked = {"selectedItems": {"all": True, "excluded": []}, "annotator": str(other.pk)}
    params = {"id": "delete_tasks_annotations", "project": text_project.id}
    client._client_wrapper.httpx_client.request("api/dm/actions/", method="POST", params=params, json=asked)

    kept = {task.id: len(task.annotations) for task in client.tasks.list(project=text_project.id)}
    assert kept == {ids[0]: 2, ids[1]: 0, ids[2]: 0, ids[3]: 0}


def test_predictions_are_deleted(client, text_project, ids):
    act(client, text_project, "delete_tasks_predictions", selected_items=select(ids[1]))

    assert [one.task_id for one in Suggestion.objects.all()] == [ids[2]]


def test_predictions_become_annotations_once(client, engineer, text_project, ids):
    for _ in range(2):
        act(client, text_project, "predictions_to_annotations", selected_items={"all": True, "excluded": []})

    made = {task.id: task.annotations for task in client.tasks.list(project=text_project.id)}
    assert [one["result"][0]["value"]["choices"] for one in made[ids[1]]] == [["good"], ["bad"]]
    assert [one["completed_by"] for one in made[ids[2]]] == [engineer.pk]
    assert made[ids[2]][0]["parent_prediction"] == Suggestion.objects.get(task=ids[2]).pk
    assert made[ids[3]] == [] and Task.objects.get(pk=ids[2]).item.label == "good"


def test_no_action_is_done_for_who_may_not_or_by_an_unknown_name(client, connect, text_project, ids):
    reviewer = factories.UserFactory()
    factories.MembershipFactory(project=Project.objects.get(), user=reviewer, role="reviewer")

    for theirs, name, status in ((connect(reviewer), "delete_tasks", 403), (client, "delete_reviewers", 400)):
        with pytest.raises(ApiError) as caught:
            act(theirs, text_project, name)
        assert caught.value.status_code == status
    assert client.tasks.list(project=text_project.id).items[0].id == ids[0]


def test_a_script_takes_the_next_task_and_answers_it(client, connect, text_project, ids):
    annotator = factories.UserFactory()
    factories.MembershipFactory(project=Project.objects.get(), user=annotator, role="annotator")
    theirs = connect(annotator)
    given = []
    for _ in range(3):
        ask = theirs._client_wrapper.httpx_client.request
        task = ask(f"api/projects/{text_project.id}/next/", method="GET").json()
        again = ask("api/dm/actions/", method="POST", params={"id": "next_task", "project": text_project.id}, json={})
        assert again.json()["id"] == task["id"] and Lease.objects.filter(task=task["id"], user=annotator).exists()
        theirs.annotations.create(task["id"], result=choose("good"))
        given.append(task["id"])

    assert sorted(given) == ids[1:]
    nothing = theirs._client_wrapper.httpx_client.request(f"api/projects/{text_project.id}/next/", method="GET")
    assert nothing.status_code == 404 and "no tasks" in nothing.json()["detail"]


class Redirecting(requests.adapters.BaseAdapter):
    """The older client speaks through `requests`: its calls go on through the newer one's transport."""

    def __init__(self, http):
        super().__init__()
        self._http = http

    def send(self, request, **options):
        said = self._http.request(
            request.method, request.url, content=request.body, headers=dict(request.headers), follow_redirects=False
        )
        response = requests.Response()
        response.status_code, response._content, response.url = said.status_code, said.content, request.url
        response.headers.update(said.headers)
        response.request = request
        return response

    def close(self):
        """Nothing is open."""


def test_the_older_client_works_whose_addresses_have_no_slash_at_the_end(client, engineer, text_project, ids):
    _, secret = tokens.issue(user=engineer, name="old", scope="write")
    session = requests.Session()
    session.mount(f"{urlsplit(BASE).scheme}://", Redirecting(client._client_wrapper.httpx_client.httpx_client))
    older = Client(url=f"{BASE}/label-studio", api_key=secret, session=session)
    project = older.get_project(text_project.id)

    assert older.check_connection() == {"status": "UP"}
    assert [one.id for one in older.get_projects()] == [text_project.id]
    assert project.get_model_versions() == {"m1": 2, "m2": 1}
    made = older.start_project(title="Two", label_config=text_project.label_config)
    assert made.import_tasks([{"text": "a"}, {"text": "b"}]) == [task["id"] for task in made.get_tasks()]
    project.create_prediction(task_id=ids[3], result=choose("good"), score=0.9, model_version="m3")
    assert project.create_annotations_from_predictions(["m3"])["detail"] == "Created 1 annotations"
    assert [task["id"] for task in project.get_labeled_tasks()] == [ids[0], ids[3]]
    assert project.create_view(filters=Filters.create("and", []), title="V")["id"]
    project.delete_tasks([ids[0]])
    project.delete_task(ids[1])
    assert project.get_tasks_ids() == ids[2:]
