"""An annotator learns nothing of others' answers, and of tasks that were never in their hands, over any door."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from lifecycle.annotations import rules
from lifecycle.annotations.models import Annotation, Lease, Suggestion, Task, TaskComment
from lifecycle.datasets.models import Item
from lifecycle.projects.rules import is_allowed
from tests import factories
from tests.contracts.test_access import IN_PROJECTS, PLACES, Place, call, world, worlds  # noqa: F401 — fixtures
from webapp.urls import PROTOCOLS

FOREIGN = {"task_id", "task_pk", "annotation_id", "annotation_pk", "prediction_pk", "comment_id", "item_id"}
SECRETS = ("the secret answer", "the secret reason", "said in this project only")
ITEMS = "text 1 of mine", "text 2 of mine"  # of tasks that nobody was given
# programs send their work in lists of ids, not in the address: each is asked for by hand below
DOORS = tuple(PROTOCOLS.values())
LINK = re.compile(r'(?:href|src|action)="(/[^"#?]*)')


@pytest.fixture
def annotator(world):  # noqa: F811
    """A member who was never given anything; another annotator's answer, comment and skip hold the secrets."""
    person, other = factories.UserFactory(), factories.UserFactory()
    for member in (person, other):
        factories.MembershipFactory(project=world.project, user=member, role="annotator")
    task = Task.objects.get(pk=world.arguments["task_id"])
    result = [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": [SECRETS[0]]}}]
    result += [{"from_name": "why", "to_name": "item", "type": "textarea", "value": {"text": [SECRETS[0]]}}]
    Annotation.objects.filter(task=task).update(result=result, value=SECRETS[0], reason=SECRETS[1], user=other)
    TaskComment.objects.filter(task=task).update(author=other)
    Suggestion.objects.filter(task=task).update(result=result, value=SECRETS[0])
    Task.objects.filter(pk=task.pk).update(skip_reason=SECRETS[1])
    Item.objects.filter(pk=task.item_id).update(label=SECRETS[0], label_annotation_id=task.annotations.get().pk)
    return person


def list_foreign() -> list[Place]:
    return [place for place in PLACES if FOREIGN & set(place.arguments)]


def list_open() -> list[Place]:
    """What an annotator, like everybody in the project, may ask for."""
    roles = ((place, place.roles.get("GET")) for place in PLACES)
    return [place for place, role in roles if role == "user" or (role in IN_PROJECTS and is_allowed("annotator", role))]


def find_secrets(world, call, person, secrets) -> tuple[list[str], int]:  # noqa: F811
    """(where a secret is told, how many places answered)"""
    wrong, opened = [], 0
    for place in list_open():
        answer = call(person, "GET", place.url(world))
        opened += answer.status_code == 200
        content = b"" if answer.streaming else answer.content
        wrong += [f"{place.name}: {secret}" for secret in secrets if secret.encode() in content]
    return wrong, opened


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
    wrong, opened = find_secrets(world, call, annotator, [*SECRETS, *ITEMS])

    assert opened > 35
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("has_answered", [False, True])
def test_nor_about_the_items_that_they_label_themselves(world, annotator, call, has_answered):  # noqa: F811
    task = Task.objects.get(pk=world.arguments["task_id"])
    Lease.objects.create(task=task, user=annotator, expires_at=timezone.now() + timedelta(minutes=5))
    if has_answered:
        Annotation.objects.create(task=task, item=task.item, user=annotator, value="b", kind=Annotation.Kind.GOLD)

    wrong, opened = find_secrets(world, call, annotator, [*SECRETS[: 2 if has_answered else 3], *ITEMS])

    assert opened > 40
    assert not wrong, "\n" + "\n".join(wrong)


def test_no_page_of_an_annotator_leads_to_a_closed_door(world, annotator, call):  # noqa: F811
    closed = set()
    for place in list_open():
        answer = call(annotator, "GET", place.url(world))
        if answer.status_code != 200 or "text/html" not in answer["Content-Type"]:
            continue
        links = {link for link in LINK.findall(answer.content.decode()) if link.startswith("/projects/")}
        refused = (link for link in links if call(annotator, "GET", link).status_code == 403)
        closed |= {f"{place.name} leads to {link}" for link in refused}

    assert not closed, "\n" + "\n".join(sorted(closed))


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
