"""What a backend is asked while somebody labels: about what a smart tool drew, and about tasks that were opened before
it said anything of them. Who holds a task asks by a worker and fetches the answer; it is nobody's label.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation, AssistanceSettings, Suggestion, SuggestionOutcome, SuggestionSource
from lifecycle.annotations.services import backends, suggestions
from lifecycle.jobs.models import Job
from tests import factories
from tests.workers.tasks.ml_backend_server import Model, serve

pytestmark = pytest.mark.django_db
CHOICE = [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": ["cat"]}}]


@pytest.fixture
def model(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"
    return Model()


@pytest.fixture
def ask(client, project):
    """ask(task_id, result) as a browser does; ask(task_id, job=1) looks for the answer."""

    def send(task_id: int, result=CHOICE, job: int | None = None):
        more = {} if job is None else {"job_id": job}
        name = "api-annotations:task-smart" + ("-answer" if more else "")
        url = reverse(name, kwargs={"slug": project.slug, "task_id": task_id, **more})
        if more:
            return client.get(url)
        return client.post(url, json.dumps({"result": result}), content_type="application/json")

    return send


def test_what_is_drawn_is_asked_by_a_worker_and_answered_to_who_asked(
    client, project, owner, member, make_tasks, model, ask, run_jobs
):
    tasks, annotator, other = make_tasks(2), member("annotator"), factories.UserFactory()
    factories.MembershipFactory(project=project, user=other, role="annotator")
    lent = services.lease_next(project=project, user=annotator, count=1)[0]
    foreign = next(task for task in tasks if task.pk != lent.pk)
    client.force_login(annotator)
    assert ask(lent.pk).status_code == 409  # no backend is asked while somebody draws
    with serve(model) as url:
        source = backends.add_backend(project=project, actor=owner, url=url, is_interactive=True)
        assert ask(foreign.pk).status_code == 404 and ask(lent.pk, []).status_code == 400
        asked = ask(lent.pk)
        job = asked.json()["job"]
        assert asked.status_code == 202 and ask(lent.pk, job=job).json()["state"] == "waiting"
        type(lent.item).objects.filter(pk=lent.item_id).update(text="a dog")
        run_jobs()
        found = ask(lent.pk, job=job).json()
        assert (found["state"], found["model"], found["result"][0]["value"]) == (
            "answered", "words-1", {"choices": ["dog"]},
        )  # fmt: skip
        assert not Annotation.objects.exists()
        assert Suggestion.objects.filter(task=lent).count() == 1  # what it said when it was connected
        client.force_login(other)
        assert ask(lent.pk, job=job).status_code == 404
        client.force_login(annotator)
        model.fails = 1
        job = ask(lent.pk).json()["job"]
        run_jobs()
        failed = ask(lent.pk, job=job).json()
        assert failed["state"] == "failed" and "503" in failed["error"]
    SuggestionSource.objects.filter(pk=source.pk).update(is_interactive=False)
    assert ask(lent.pk).status_code == 409 and Job.objects.filter(spec__action="interact").count() == 2


@pytest.fixture
def opened(client, project):
    """opened(task ids) looks for what came for them, as a labelling page does: (what is suggested, is one to wait)."""

    def look(task_ids: list[int]) -> tuple[dict[int, str], bool]:
        url = reverse("api-annotations:queue-suggestions", kwargs={"slug": project.slug})
        said = client.post(url, json.dumps({"tasks": task_ids}), content_type="application/json").json()
        found = {int(pk): one["result"][0]["value"]["choices"][0] for pk, [one] in said["suggestions"].items()}
        return found, said["is_asked"]

    return look


def test_opened_tasks_that_the_backend_said_nothing_of_are_asked_about_once(
    client, project, owner, member, make_tasks, model, opened, run_jobs
):
    tasks, annotator = make_tasks(4), member("annotator")
    client.force_login(annotator)
    with serve(model) as url:
        backends.add_backend(project=project, actor=owner, url=url)
        run_jobs()  # none of the texts has a word that it knows
        Suggestion.objects.all().delete()
        lent = services.lease_next(project=project, user=annotator, count=3)
        ids, foreign = [task.pk for task in lent], next(task.pk for task in tasks if task not in lent)
        AssistanceSettings.objects.update(hidden_share=0.0)
        type(lent[0].item).objects.filter(pk__in=[task.item_id for task in lent]).update(text="a dog")
        before = len(model.calls)

        assert opened([*ids, foreign]) == ({}, True)
        assert opened(ids) == ({}, True)  # it is asked already
        run_jobs()

        assert [len(body["tasks"]) for path, body in model.calls[before:] if path == "/predict"] == [3]
        assert opened(ids) == (dict.fromkeys(ids, "dog"), False)
        assert opened([foreign]) == ({}, False)
        assert not Annotation.objects.exists()


def test_the_share_that_is_labeled_without_is_asked_about_and_not_shown(
    client, project, owner, member, make_tasks, model, opened, run_jobs
):
    make_tasks(3)
    annotator = member("annotator")
    client.force_login(annotator)
    with serve(model) as url:
        source = backends.add_backend(project=project, actor=owner, url=url)
        run_jobs()
        Suggestion.objects.all().delete()
        AssistanceSettings.objects.update(hidden_share=1.0)
        [task] = services.lease_next(project=project, user=annotator, count=1)
        type(task.item).objects.filter(pk=task.item_id).update(text="a dog")

        assert opened([task.pk]) == ({}, True)
        run_jobs()

    assert opened([task.pk]) == ({}, False)
    assert Suggestion.objects.get(task=task, source=source).value == "dog"
    done = services.submit(project=project, user=annotator, task_id=task.pk, result=CHOICE)
    suggestions.record_outcome(project=project, user=annotator, annotation=done)
    outcome = SuggestionOutcome.objects.get()
    assert (outcome.arm, outcome.is_agreed) == ("hidden", False)


def test_a_backend_that_fails_or_says_nothing_is_left_alone_for_a_while(
    client, project, owner, member, make_tasks, model, opened, run_jobs
):
    make_tasks(2)
    annotator = member("annotator")
    client.force_login(annotator)
    with serve(model) as url:
        backends.add_backend(project=project, actor=owner, url=url)
        run_jobs()
        Suggestion.objects.all().delete()
        one, other = (task.pk for task in services.lease_next(project=project, user=annotator, count=2))
        model.fails = 1

        assert opened([one]) == ({}, True)
        run_jobs()
        assert opened([one, other]) == ({}, False)
        job = Job.objects.get(spec__action="open")
        assert job.state == "failed" and "503" in job.error
        Job.objects.update(finished_at=timezone.now() - timedelta(minutes=2))
        assert opened([one, other]) == ({}, True)
        run_jobs()

    assert model.calls[-1][0] == "/predict" and len(model.calls[-1][1]["tasks"]) == 1  # the one it was not asked about


def test_without_a_backend_nobody_is_asked(client, project, member, make_tasks, opened):
    make_tasks(1)
    annotator = member("annotator")
    client.force_login(annotator)
    [task] = services.lease_next(project=project, user=annotator, count=1)

    assert opened([task.pk]) == ({}, False) and not Job.objects.exists()
