"""Suggestions by the real engines: a registered model's, and the turns of the active learning that make its own."""

from __future__ import annotations

import random

import numpy as np
import pytest

from lifecycle.annotations import rules, suggestion_selectors
from lifecycle.annotations import services as labelling
from lifecycle.annotations.models import QueueSettings, Suggestion, Task
from lifecycle.annotations.services.external_labels import Answer, write_answers
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.embeddings.models import Encoder
from lifecycle.embeddings.services import prepare_encoder, store_vectors
from lifecycle.jobs.models import Job
from lifecycle.pipelines import assistance, learning, learning_steps
from lifecycle.pipelines.learning_models import LearningLoop
from lifecycle.pipelines.models import PipelineRun
from lifecycle.registry.services import register
from tests.factories import CollectionFactory, ItemFactory, ProjectFactory

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(240)]


@pytest.fixture
def project(owner):
    """120 rows whose label is whether x is above 5; nothing is labeled."""
    project = ProjectFactory(owner=owner, problem_type="tabular_classification")
    labelling.create_schema(project=project, classes=["low", "high"], created_by=owner)
    collection = CollectionFactory(dataset=project.datasets.get())
    generator = random.Random(0)
    for number in range(120):
        row = {"x": generator.uniform(0, 10), "y": generator.random()}
        split = ("train", "train", "train", "validation", "test")[number % 5]
        ItemFactory(
            dataset=collection.dataset, collection=collection, text="", content_hash=f"{number:064x}", row=row,
            split=split, fingerprint=number,
        )  # fmt: skip
    labelling.open_tasks(collection=collection)
    return project


def label(project, user, count: int) -> None:
    """The next open tasks get their true labels."""
    tasks = Task.objects.filter(dataset__project=project, state="open").select_related("item").order_by("pk")[:count]
    rows = []
    for task in tasks:
        value = "high" if task.item.row["x"] > 5 else "low"
        rows.append((task.pk, Answer("answer", rules.build_result("class", value), value, None, None)))
    write_answers(project=project, user=user, rows=rows)


def test_active_learning_turns_by_itself_and_its_rounds_suggest_rank_and_measure(project, owner, run_jobs):
    QueueSettings.objects.update_or_create(project=project, defaults={"order": "uncertainty"})
    Task.objects.update(is_random=False)
    Task.objects.filter(pk__in=list(Task.objects.order_by("pk").values_list("pk", flat=True)[::2])).update(
        is_random=True
    )
    learning.change_settings(project=project, user=owner, every_labels=50, recipe="tabular_lightgbm")
    loop = learning.start(project=project, user=owner)
    assert not loop.rounds.exists()  # nothing to learn from yet
    label(project, owner, 80)

    assert learning.start_due() == 1
    assert learning.start_due() == 0  # one at a time
    run_jobs()
    turn = loop.rounds.get()

    steps = {step.name: (step.state, step.reasons) for step in turn.pipeline.steps.all()}
    assert turn.pipeline.state == "succeeded", steps
    assert {state for state, _ in steps.values()} == {"succeeded"}, steps
    assert (turn.labels, turn.train_labels, turn.random_labels) == (80, 48, 24)
    assert turn.value > 0.8 and turn.random_value is not None and turn.test_labels == 16
    source = suggestion_selectors.list_sources(project).get()
    made = Suggestion.objects.filter(source=source)
    assert made.count() == 40 == source.written and made.exclude(uncertainty=None).count() == 40
    right = sum((one.value == "high") == (one.task.item.row["x"] > 5) for one in made.select_related("task__item"))
    assert right > 34
    ranked = Task.objects.filter(state="open", is_random=False).order_by("-priority").values_list("pk", flat=True)
    unsure = {one.task_id: one.uncertainty for one in made}
    assert unsure[ranked[0]] == max(unsure[pk] for pk in ranked)
    learning.stop(project=project, user=owner)
    with pytest.raises(Conflict):
        learning.stop(project=project, user=owner)


@pytest.mark.parametrize(
    ("order", "has_vectors", "state", "said"),
    [
        ("diversity", True, "running", "least like everything labeled so far comes first, apart from the random share"),
        ("cluster", True, "running", "alike come one after the other"),
        ("cluster", False, "skipped", "no vectors yet"),
        ("random", True, "skipped", "at random"),
        ("time", True, "skipped", "as items came in"),
    ],
)
def test_a_round_works_out_every_order_that_follows_from_what_is_known(
    project, owner, run_jobs, order, has_vectors, state, said
):
    QueueSettings.objects.update_or_create(project=project, defaults={"order": order})
    dataset = project.datasets.get()
    if has_vectors:
        encoder = prepare_encoder(encoder=Encoder.objects.create(dataset=dataset, kind="columns"), state={"d": 2})
        ids = list(dataset.items.values_list("pk", flat=True))
        store_vectors(encoder=encoder, item_ids=ids, vectors=np.random.default_rng(0).random((120, 2)), problems={})
    pipeline = PipelineRun(project=project, created_by=owner)

    outcome = learning_steps.START["rank"](pipeline)
    if outcome.job:
        [job] = run_jobs()
        assert job.state == "succeeded"
        reasons = learning_steps.FINISH["rank"](pipeline, None, job).reasons
    else:
        reasons = outcome.reasons

    assert (outcome.state, len(reasons)) == (state, 1) and said in reasons[0]


def test_a_registered_model_suggests_and_a_killed_job_goes_on_with_what_is_missing(
    project, owner, run_jobs, monkeypatch
):
    label(project, owner, 60)
    loop = LearningLoop.objects.create(project=project, recipe="baseline", compares=False)
    turn = learning.start_round(loop=loop, user=owner)
    run_jobs()
    evaluation = project.evaluations.order_by("pk").last()
    version = register(project=project, user=owner, artifact=evaluation.artifact, evaluation=evaluation)
    monkeypatch.setattr("workers.tasks.suggest.BATCH", 20)
    source = assistance.add_model(project=project, user=owner, version=version)
    with pytest.raises(Conflict, match="already"):
        assistance.run_model(source=source, user=owner, artifact=version.artifact, version=str(version))
    from lifecycle.annotations.services import suggestions

    tasks = list(Task.objects.filter(state="open").values_list("pk", flat=True)[:15])
    done = [suggestions.Draft(pk, rules.build_result("class", "low"), "low", 0.5) for pk in tasks]
    suggestions.write(source=source, rows=done)  # an earlier attempt came so far

    run_jobs()

    assert turn.pipeline_id and Job.objects.get(pk=source.job_id).state == "succeeded"
    made = Suggestion.objects.filter(source=source)
    assert made.count() == 60 == made.values("task").distinct().count()
    assert set(made.values_list("model_version", flat=True)) == {str(version)}


def test_projects_whose_answers_are_drawn_say_what_to_do_instead(owner):
    project = ProjectFactory(owner=owner, problem_type="object_detection")

    with pytest.raises(DomainError, match="import predictions"):
        learning.start(project=project, user=owner)


def test_a_loop_whose_rounds_fail_stops_and_says_why(project, owner, run_jobs):
    loop = learning.change_settings(project=project, user=owner, every_labels=5, recipe="tabular_lightgbm")
    label(project, owner, 5)
    learning.start(project=project, user=owner)
    for number in (1, 2, 3):
        turn = loop.rounds.get(number=number)
        turn.pipeline.state, turn.pipeline.outcome = "failed", "Train: no classes"
        turn.pipeline.save()
        label(project, owner, 5)
        learning.start_due()

    loop.refresh_from_db()
    assert not loop.is_running and "3 rounds in a row failed" in loop.stopped_reason
    assert loop.rounds.count() == 3
