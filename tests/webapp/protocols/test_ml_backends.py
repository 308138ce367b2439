"""ML backends as scripts connect them: the real SDK on our side, a server that speaks the protocol on the other."""

from __future__ import annotations

import pytest
from label_studio_sdk.core.api_error import ApiError

from lifecycle.annotations.models import Suggestion, SuggestionSource, Webhook
from lifecycle.jobs import waiting
from lifecycle.projects.models import Project
from tests import factories
from tests.webapp.protocols.conftest import choose
from tests.workers.tasks.ml_backend_server import Model, serve


@pytest.fixture
def model(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"
    return Model()


@pytest.fixture
def url(model):
    with serve(model, password="open sesame") as address:
        yield address


@pytest.fixture
def made(client, text_project, url):
    """A backend, connected but not yet asked, and a task."""
    client.projects.import_tasks(text_project.id, request=[{"text": "all is good"}])
    return client.ml.create(
        project=text_project.id, url=url, title="Words", is_interactive=True,
        auth_method="BASIC_AUTH", basic_auth_user="ls", basic_auth_pass="open sesame",
    )  # fmt: skip


def test_a_backend_is_connected_listed_asked_and_taken_away(client, text_project, made, model, run_jobs):
    assert (made.title, made.state, made.basic_auth_user, made.basic_auth_pass_is_set) == ("Words", "PR", "ls", True)
    assert "sesame" not in made.json()
    run_jobs()
    found = client.ml.get(made.id)

    assert (found.state, found.model_version, found.error_message) == ("CO", "words-1", None)
    assert [one.id for one in client.ml.list(project=text_project.id)] == [made.id]
    assert client.ml.list(project=text_project.id, is_interactive=False) == []
    [prediction] = client.predictions.list(project=text_project.id)
    assert (prediction.model_version, prediction.result[0]["value"]["choices"]) == ("words-1", ["good"])
    assert client.ml.list_model_versions(made.id).versions == ["words-1"]
    client.ml.delete(made.id)
    assert not SuggestionSource.objects.exists() and not Webhook.objects.exists() and not Suggestion.objects.exists()


def test_it_is_told_to_train_and_asked_again(client, made, model, run_jobs):
    run_jobs()
    client.ml.train(made.id)
    assert client.ml.get(made.id).state == "TR"
    run_jobs()
    client.ml.predict_all_tasks(made.id)
    run_jobs()

    assert [path for path, _ in model.calls].count("/predict") == 3
    assert client.ml.get(made.id).model_version == "words-2"


def test_it_hears_of_every_answer_under_its_webhook(client, made, model, run_jobs):
    run_jobs()
    [task] = client.tasks.list(project=made.project)
    answer = client.annotations.create(task.id, result=choose("good"))
    client.annotations.update(answer.id, result=choose("bad"))
    run_jobs()

    told = [body for path, body in model.calls if path == "/webhook"]
    assert [body["action"] for body in told] == ["ANNOTATION_CREATED", "ANNOTATION_UPDATED"]
    assert told[0]["annotation"]["result"] == choose("good") and told[0]["task"]["data"] == {"text": "all is good"}
    assert told[0]["project"]["label_config"].startswith("<View>")  # what `fit` reads its controls from


def test_another_address_and_password_are_told_to_the_webhook_too(client, made, url):
    changed = client.ml.update(made.id, url="http://127.0.0.1:9/", title="Moved", basic_auth_pass="other")

    assert (changed.url, changed.title, changed.is_interactive) == ("http://127.0.0.1:9/", "Moved", True)
    assert Webhook.objects.get().url == "http://127.0.0.1:9/webhook"


def test_what_is_drawn_is_handed_on_and_the_answer_comes_back(client, connect, made, model, run_jobs, monkeypatch):

    run_jobs()
    monkeypatch.setattr(waiting.time, "sleep", lambda seconds: run_jobs())
    [task] = client.tasks.list(project=made.project)
    ask = client._client_wrapper.httpx_client.request
    body = {"task": task.id, "context": {"result": choose("bad")}}
    said = ask(f"api/ml/{made.id}/interactive-annotating", method="POST", json=body).json()

    assert said["data"]["result"][0]["value"] == {"choices": ["good"]} and said["data"]["model_version"] == "words-1"
    asked = model.calls[-1][1]
    assert asked["params"]["context"] == {"result": choose("bad")} and [one["id"] for one in asked["tasks"]] == [
        task.id
    ]
    assert Suggestion.objects.count() == 1  # what is answered to a click is nobody's suggestion yet
    model.fails = 1
    failed = ask(f"api/ml/{made.id}/interactive-annotating", method="POST", json=body).json()
    assert "data" not in failed and "503" in failed["errors"][0]


def test_who_holds_the_task_may_draw_with_it_and_nobody_else(client, connect, made, run_jobs):
    run_jobs()
    [task] = client.tasks.list(project=made.project)
    annotator = factories.UserFactory()
    factories.MembershipFactory(project=Project.objects.get(), user=annotator, role="annotator")

    for call in (
        lambda: connect(annotator).ml.predict_interactive(made.id, task=task.id, context=None),
        lambda: connect(factories.UserFactory()).ml.get(made.id),
    ):
        with pytest.raises(ApiError) as caught:
            call()
        assert caught.value.status_code == 404


def test_an_address_that_is_none_is_refused(client, text_project):
    with pytest.raises(ApiError) as caught:
        client.ml.create(project=text_project.id, url="ftp://example.org")

    assert caught.value.status_code == 400 and "url" in caught.value.body["validation_errors"]
