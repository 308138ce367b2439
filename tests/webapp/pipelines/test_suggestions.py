"""Suggestions and active learning through pages and REST: who may, what is shown, what is stored."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from rest_framework.test import APIClient

from lifecycle.annotations import assistance_rules as arms
from lifecycle.annotations import rules, services
from lifecycle.annotations.models import QueueSettings, SuggestionOutcome, SuggestionSource, Task, Webhook
from lifecycle.annotations.services import backends, suggestions
from lifecycle.common.blobs import open_blobs
from lifecycle.pipelines import learning
from tests.factories import ItemFactory, ProjectFactory

pytestmark = pytest.mark.django_db
TRAP = "<script>alert(1)</script>"


@pytest.fixture
def call(project):
    """call(user, "post", "assistance/", {...}) is the response."""

    def send(user, method: str, path: str, body=None, format: str = "json"):
        client = APIClient()
        client.force_authenticate(user)
        options = {} if method == "get" else {"format": format}
        return getattr(client, method)(f"/api/v1/projects/{project.slug}/{path}", body, **options)

    return send


def suggest_all(source, value="cat"):
    drafts = [suggestions.Draft(task.pk, rules.build_result("class", value), value, 0.9) for task in Task.objects.all()]
    suggestions.write(source=source, rows=drafts)


def test_an_annotator_is_handed_suggestions_and_what_came_of_them_is_in_the_report(
    project, owner, member, call, make_tasks
):
    make_tasks(24)
    user = member("annotator")
    source = suggestions.create_source(project=project, actor=owner, kind="file", title=TRAP)
    suggestions.change_assistance(project=project, actor=owner, hidden_share=0.5)
    suggest_all(source)

    tasks = call(user, "post", "queue/next/", {"count": 24}).json()["tasks"]
    operations = []
    for task in tasks:
        shown = task["suggestions"]
        said = {"suggestion": {"id": shown[0]["id"], "outcome": "accepted"}} if shown else {}
        result = shown[0]["result"] if shown else rules.build_result("class", "dog")
        operations.append({"key": f"key-{task['id']:05}", "kind": "answer", "task": task["id"], "result": result,
                           "lead_time_ms": 800 if shown else 1600} | said)  # fmt: skip
    outcomes = call(user, "post", "annotations/batch/", {"as_user": user.pk, "operations": operations}).json()

    assert {one["status"] for one in outcomes["outcomes"]} == {"saved"}
    hidden = [task for task in tasks if not task["suggestions"]]
    assert {task["id"] for task in hidden} == {t["id"] for t in tasks if arms.is_hidden(project.pk, t["id"], 0.5)}
    assert set(SuggestionOutcome.objects.values_list("arm", "verdict")) == {("shown", "accepted"), ("hidden", "unseen")}
    report = call(owner, "get", "assistance/report/").json()
    assert (report["shown"], report["hidden"]) == (24 - len(hidden), len(hidden))
    assert report["acceptance"]["value"] == 1 and report["bias"]["low"] > 0.2
    assert call(user, "get", "assistance/report/").status_code == 403
    assert call(owner, "get", "assistance/outcomes/").json()["results"][0]["user"] == user.username


def test_sources_and_settings_over_rest(project, owner, member, call, schema):
    posted = SimpleUploadedFile("p.csv", b"item_id,label\n1,cat\n")
    made = call(owner, "post", "suggestion-sources/import/", {"file": posted}, "multipart")
    backend = {"url": "http://backend.example:9090", "username": "u", "password": "never shown", "train_every": 10}
    told = call(owner, "post", "suggestion-sources/", backend)
    place = f"suggestion-sources/{told.json()['id']}/"

    assert (made.status_code, told.status_code) == (201, 201), (made.content, told.content)
    assert "never shown" not in told.content.decode() and told.json()["job_state"] == "queued"
    assert call(owner, "post", place, {"action": "train"}).status_code == 409
    assert call(owner, "post", "suggestion-sources/", {"url": "x", "model_version": 1}).status_code == 400
    assert call(owner, "post", "suggestion-sources/", {"model_version": 10**6}).status_code == 404
    assert call(member("annotator"), "post", "suggestion-sources/", backend).status_code == 403
    changed = call(owner, "put", "assistance/", {"source": told.json()["id"], "is_on": False, "hidden_share": 0.3})
    assert changed.json()["source"] == told.json()["id"] and changed.json()["is_on"] is False
    assert call(owner, "put", "assistance/", {"hidden_share": 0}).status_code == 400
    assert call(owner, "delete", place).status_code == 204
    assert call(owner, "get", "suggestion-sources/").json()["count"] == 1


def test_active_learning_over_rest(project, owner, call, schema):
    started = call(owner, "put", "active-learning/", {"is_running": True, "every_labels": 20})
    assert started.json()["is_running"] is True and started.json()["new_labels"] == 0
    assert call(owner, "put", "active-learning/", {"every_labels": 1}).status_code == 400
    turn = call(owner, "post", "active-learning/rounds/")
    assert turn.status_code == 201 and turn.json()["state"] == "running"
    assert call(owner, "post", "active-learning/rounds/").status_code == 409
    assert call(owner, "get", "active-learning/rounds/").json()["results"][0]["number"] == 1
    assert call(owner, "put", "active-learning/", {"is_running": False}).json()["is_running"] is False


def test_the_pages_show_sources_report_and_curve_and_their_forms_work(client, project, owner, make_tasks):
    make_tasks(12)
    client.force_login(owner)
    place = f"/projects/{project.slug}"
    empty = client.get(f"{place}/suggestions/report").content.decode()
    file = SimpleUploadedFile("p.csv", b"item_id,label\n1,cat\n")
    client.post(f"{place}/suggestions/file", {"file": file, "title": TRAP})
    source = SuggestionSource.objects.get()
    suggest_all(source)
    for task in Task.objects.all()[:8]:
        services.lease_next(project=project, user=owner, count=1)
        given = services.submit(
            project=project, user=owner, task_id=task.pk, result=rules.build_result("class", "cat"), may_answer_any=True
        )
        suggestions.record_outcome(project=project, user=owner, annotation=given)
    client.post(f"{place}/suggestions/settings", {"hidden_percent": "30"})
    client.post(f"{place}/suggestions/settings", {"state": "off"})
    turn = learning.start_round(loop=learning.change_settings(project=project, user=owner), user=owner)
    turn.value, turn.train_labels, turn.random_value, turn.random_labels = 0.9, 50, 0.8, 12
    turn.save()

    overview = client.get(f"{place}/suggestions").content.decode()
    report = client.get(f"{place}/suggestions/report").content.decode()
    rounds = client.get(f"{place}/active-learning").content.decode()
    refused = client.post(f"{place}/suggestions/backend", {"url": "http://user:pw@x"})
    again = client.post(f"{place}/active-learning/change", {"every_labels": "70", "compares": "on", "round": ""})
    typed = learning.change_settings(project=project, user=owner)

    assert "No answer to compare yet" in empty
    few = client.post(f"{place}/active-learning/change", {"every_labels": "3", "save": ""})
    huge = client.post(f"{place}/active-learning/change", {"every_labels": "9" * 5000, "save": ""})
    client.post(f"{place}/active-learning/change", {"every_labels": "40", "orders": "on", "save": ""})
    loop, queue = learning.change_settings(project=project, user=owner), QueueSettings.objects.get(project=project)

    assert (loop.every_labels, queue.order, loop.compares) == (40, "uncertainty", False)
    assert (few.status_code, huge.status_code) == (400, 400)
    kept = few.content.decode()
    assert 'value="3"' in kept and 'name="compares" checked' not in kept  # as it was sent
    assert TRAP not in overview and "Nobody is shown a suggestion" in overview and 'value="30"' in overview
    assert "Says what was suggested" in report and owner.username in report
    assert "Round 1" in rounds and f"/pipelines/{turn.pipeline.number}" in rounds and "random arm alone" in rounds
    assert refused.status_code == 400 and "its own field" in refused.content.decode()
    assert (typed.every_labels, typed.compares) == (70, True)  # a round goes by what was typed beside it
    assert again.status_code == 400 and "already runs" in again.content.decode()
    client.post(f"{place}/suggestions/{source.pk}/delete")
    assert not SuggestionSource.objects.exists()


def test_a_backend_fetches_a_picture_by_its_signed_name_alone(client, owner, settings):
    project = ProjectFactory(owner=owner, problem_type="image_classification")
    blob = open_blobs(settings.STORAGE_URL).put(b"a picture")
    item = ItemFactory(dataset=project.datasets.get(), blob=blob, text="", mime="image/png")
    services.create_schema(project=project, classes=["a"], created_by=owner)
    source = suggestions.create_source(project=project, actor=owner, kind="backend", title="b", url="http://x")
    task = Task.objects.create(dataset=item.dataset, item=item)

    body = backends.build_tasks(source, [task.pk])[0]
    address = body["data"]["image"]

    assert address.startswith(settings.SITE_URL.rstrip("/") + backends.PICTURE_PATH)
    path = address.removeprefix(settings.SITE_URL.rstrip("/"))
    assert b"".join(client.get(path)) == b"a picture"
    assert client.get(path[:-2] + "xx").status_code == 404


def test_what_a_backend_hears_of_and_when_it_is_asked_is_switched_over_rest_and_on_the_page(
    project, owner, member, call, schema, client
):
    body = {"url": "http://backend.example:9090", "password": "never shown", "username": "u", "is_told": True}
    made = call(owner, "post", "suggestion-sources/", body).json()
    place = f"suggestion-sources/{made['id']}/"
    assert (made["is_told"], made["is_interactive"]) == (True, False)
    assert Webhook.objects.get().url == "http://backend.example:9090/webhook"

    changed = call(owner, "patch", place, {"is_told": False, "is_interactive": True})
    assert (changed.json()["is_told"], changed.json()["is_interactive"]) == (False, True)
    assert not Webhook.objects.exists() and "never shown" not in changed.content.decode()
    assert call(member("annotator"), "patch", place, {"is_told": True}).status_code == 403

    client.force_login(owner)
    page = reverse("pipelines:suggestions", args=[project.slug])
    assert "Hears of no answers, asked while drawing" in client.get(page).content.decode()
    switch = reverse("pipelines:suggestions-backend-change", args=[project.slug, made["id"]])
    assert client.post(switch, {"is_told": "on"}).status_code == 302
    source = SuggestionSource.objects.get()
    assert (source.is_told, source.is_interactive, Webhook.objects.count()) == (True, False, 1)
    assert "Hears of answers, not asked while drawing" in client.get(page).content.decode()
    connected = {"url": "http://other.example:9090", "is_told": "on", "is_interactive": "on"}
    assert client.post(reverse("pipelines:suggestions-backend", args=[project.slug]), connected).status_code == 302
    newest = SuggestionSource.objects.get(url="http://other.example:9090")
    assert newest.is_told and newest.is_interactive
