"""Smart tools over REST: who holds a task asks by a worker and fetches the answer; it is nobody's label."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation, Suggestion, SuggestionSource
from lifecycle.annotations.services import backends
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
