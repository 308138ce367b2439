"""An annotator learns nothing of others' answers, and of tasks that were never in their hands, over any door."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from lifecycle.annotations import rules
from lifecycle.annotations.models import Annotation, Suggestion, Task
from lifecycle.projects.rules import ROLE_RANKS, is_allowed
from tests import factories
from tests.contracts.test_access import PLACES, Place, call, world, worlds  # noqa: F401 — fixtures
from webapp.urls import PROTOCOLS

FOREIGN = {"task_id", "task_pk", "annotation_id", "annotation_pk", "prediction_pk", "comment_id"}
SECRETS = ("the secret answer", "the secret reason", "said in this project only")
# programs send their work in lists of ids, not in the address: each is asked for by hand below
DOORS = tuple(PROTOCOLS.values())
ROOMS = ("annotations", "api-annotations", "datasets", "api-datasets", "projects", "api-projects", *DOORS)


@pytest.fixture
def annotator(world):  # noqa: F811
    """A member who was never given anything; the owner's answers, comment and skip hold the secrets."""
    person = factories.UserFactory()
    factories.MembershipFactory(project=world.project, user=person, role="annotator")
    task = Task.objects.get(pk=world.arguments["task_id"])
    result = [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": [SECRETS[0]]}}]
    Annotation.objects.filter(task=task).update(result=result, value=SECRETS[0], reason=SECRETS[1])
    Suggestion.objects.filter(task=task).update(result=result, value=SECRETS[0])
    Task.objects.filter(pk=task.pk).update(skip_reason=SECRETS[1])
    return person


def list_foreign() -> list[Place]:
    return [place for place in PLACES if FOREIGN & set(place.arguments)]


def test_no_address_of_a_foreign_task_or_answer_opens(world, annotator, call):  # noqa: F811
    wrong = []
    for place in list_foreign():
        for method in place.roles:
            answer = call(annotator, method, place.url(world))
            if answer.status_code not in (403, 404):
                wrong.append(f"{method} {place.name}: {answer.status_code}")

    assert len(list_foreign()) >= 20
    assert not wrong, "\n" + "\n".join(wrong)


def test_nothing_an_annotator_may_open_tells_what_others_said(world, annotator, call):  # noqa: F811
    wrong, opened = [], 0
    for place in PLACES:
        role = place.roles.get("GET") if place.room in ROOMS else None
        if role not in ROLE_RANKS or not is_allowed("annotator", role):
            continue
        answer = call(annotator, "GET", place.url(world))
        opened += answer.status_code == 200
        content = b"" if answer.streaming else answer.content
        wrong += [f"{place.name}: {secret}" for secret in SECRETS if secret.encode() in content]

    assert opened > 25
    assert not wrong, "\n" + "\n".join(wrong)


def test_ids_in_a_body_open_nothing_either(world, annotator, client):  # noqa: F811
    task = world.arguments["task_id"]
    client.force_login(annotator)

    def send(name: str, body: dict, method: str = "post"):
        url = reverse(f"api-annotations:{name}", kwargs={"slug": world.project.slug})
        return getattr(client, method)(url, json.dumps(body), content_type="application/json")

    answer = rules.build_result("class", "a")
    operation = {"key": "key-00001", "kind": "answer", "task": task, "result": answer}
    batch = send("annotations-batch", {"as_user": annotator.pk, "operations": [operation]}).json()
    assert batch["outcomes"][0]["status"] == "refused"
    assert send("annotations", {"task": task, "result": answer}).status_code == 404
    assert send("queue-renew", {"tasks": [task]}).json() == {"held": []}
    assert send("queue-release", {"tasks": [task]}).json() == {"released": 0}
    for name in ("tasks-reopen", "assignments", "gold", "queue-skipped", "assignment-rules"):
        assert send(name, {"tasks": [task], "users": [annotator.pk]}).status_code == 403
    assert not Annotation.objects.filter(user=annotator).exists()


def test_the_label_studio_door_lists_only_what_was_in_ones_hands(world, annotator, client):  # noqa: F811
    client.force_login(annotator)
    lists = [place for place in PLACES if place.room in DOORS and set(place.arguments) <= {"project_pk"}]
    wrong = []
    for place in lists:
        if "GET" not in place.roles:
            continue
        for query in ({"project": world.project.pk}, {"task": world.arguments["task_id"], "fields": "all"}):
            answer = client.get(place.url(world), query)
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            wrong += [f"{place.name} {query}: {secret}" for secret in SECRETS if secret.encode() in content]

    assert not wrong, "\n" + "\n".join(wrong)
