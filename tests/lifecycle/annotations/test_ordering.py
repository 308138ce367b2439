"""The order of the queue: spread over both arms, and worked out by a job from scores and vectors."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from lifecycle.annotations import services
from lifecycle.annotations.models import AssignmentRule, QueueSettings, Suggestion, SuggestionSource, Task
from lifecycle.annotations.ordering_rules import Waiting, compute_draw, mix_arms
from lifecycle.annotations.services import assignment, ordering, suggestions
from lifecycle.annotations.services.external_tasks import import_tasks
from lifecycle.embeddings.models import Encoder
from lifecycle.embeddings.services import finish_vectors, prepare_encoder, store_vectors
from workers.engines.order import order_by_cluster, order_by_diversity


def never() -> bool:
    return False


def test_any_beginning_of_the_queue_holds_the_random_arm_in_its_share():
    tasks = [Waiting(pk, pk, compute_draw(str(pk)), compute_draw(str(pk)) < 0.2) for pk in range(2_000)]
    ordered = [task.id for task in reversed(tasks)]

    priorities = dict(mix_arms(tasks, ordered))

    queue = sorted(tasks, key=lambda task: -priorities[task.id])
    share = sum(task.is_random for task in tasks) / len(tasks)
    for cut in (50, 200, 1_000):
        assert abs(sum(task.is_random for task in queue[:cut]) / cut - share) < 0.03
    rest = [task.id for task in queue if not task.is_random]
    assert rest == [pk for pk in ordered if pk in set(rest)]
    arm = [task.draw for task in queue if task.is_random]
    assert arm == sorted(arm)


def test_tasks_that_the_order_does_not_know_come_last():
    tasks = [Waiting(1, 1, 0.9, False), Waiting(2, 2, 0.1, False), Waiting(3, 3, 0.5, False)]

    priorities = dict(mix_arms(tasks, [3]))

    assert sorted(priorities, key=lambda pk: -priorities[pk]) == [3, 2, 1]


def test_diversity_takes_one_of_each_heap_before_a_second_one():
    dice = np.random.default_rng(0)
    centers = np.repeat(np.eye(5, 8) * 10, 20, axis=0)
    vectors = (centers + dice.normal(0, 0.1, centers.shape)).astype(np.float16)

    order = order_by_diversity(vectors, vectors[:0], should_stop=never)
    known = order_by_diversity(vectors, vectors[:20], should_stop=never)

    assert sorted(order.tolist()) == list(range(100))
    assert {place // 20 for place in order[:5]} == set(range(5))
    assert {place // 20 for place in known[:4]} == {1, 2, 3, 4}


def test_clusters_come_one_after_the_other():
    dice = np.random.default_rng(0)
    centers = np.repeat(np.eye(3, 8) * 50, 40, axis=0)
    vectors = (centers + dice.normal(0, 0.1, centers.shape)).astype(np.float32)

    heaps = [place // 40 for place in order_by_cluster(vectors, should_stop=never)]

    changes = sum(one != other for one, other in zip(heaps, heaps[1:], strict=False))
    assert changes == 2


@pytest.mark.django_db
def test_the_draw_is_the_same_here_and_in_the_database(project, owner, make_tasks):
    services.change_settings(project=project, actor=owner, random_share=0.5, order="random")

    for task in make_tasks(30):
        draw = compute_draw(task.item.content_hash)
        assert task.is_random == (draw < 0.5)
        assert task.priority == pytest.approx(draw)


@pytest.mark.django_db
def test_uncertain_tasks_go_out_first_and_what_is_asked_for_again_before_them(
    project, owner, member, make_tasks, answer, run_jobs
):
    tasks = make_tasks(5)
    services.lease_next(project=project, user=owner)
    answer(owner, tasks[0])
    for task, score in zip(tasks[1:], (0.9, 0.2, 0.6, None), strict=True):
        Suggestion.objects.create(task=task, created_by=owner, value="cat", score=score)

    services.change_settings(project=project, actor=owner, order="uncertainty", random_share=0)
    [job] = run_jobs()
    services.reopen(project=project, actor=owner, task_ids=[tasks[0].pk])

    assert (job.state, job.result["tasks"]) == ("succeeded", 4)
    assert not Task.objects.filter(is_random=True).exclude(pk=tasks[0].pk).exists()  # answered ones are not ranked
    assert QueueSettings.objects.get().ranked_at is not None
    lent = services.lease_next(project=project, user=member("annotator"), count=5)
    assert lent == [tasks[0], tasks[2], tasks[3], tasks[1], tasks[4]]


@pytest.mark.django_db
def test_the_order_by_vectors_is_written_by_a_job_and_says_so_where_there_are_none(
    project, owner, make_tasks, collection, run_jobs
):
    tasks = make_tasks(6)
    services.change_settings(project=project, actor=owner, order="diversity", random_share=0)
    [refused] = run_jobs()
    encoder = prepare_encoder(
        encoder=Encoder.objects.create(dataset=collection.dataset, kind="minilm"), state={"dimension": 4}
    )
    vectors = np.repeat(np.eye(2, 4), 3, axis=0).astype(np.float32)
    ids = [task.item_id for task in tasks]
    store_vectors(encoder=encoder, item_ids=ids, vectors=vectors, problems={})

    ordering.request_ranking(project=project, actor=owner)
    [done] = run_jobs()

    assert refused.state == "failed" and "vectors" in refused.error
    assert done.state == "succeeded"
    first = Task.objects.order_by("-priority")[:2]
    assert {task.item_id in ids[:3] for task in first} == {True, False}


@pytest.mark.django_db
def test_priorities_of_another_project_are_not_written(project, owner, make_tasks):
    from tests import factories

    [task] = make_tasks(1)
    other = factories.ProjectFactory(owner=owner)

    assert ordering.record_priorities(project=other, priorities=[(task.pk, 0.7)]) == 0
    assert ordering.record_priorities(project=project, priorities=[(task.pk, 0.7)]) == 1


@pytest.fixture
def import_texts(project, owner, schema, django_capture_on_commit_callbacks):
    """import_texts(5) are the tasks of five texts that came in through a door, as every import brings them."""

    def take(count: int):
        rows = [{"data": {"text": f"text number {number}"}} for number in range(count)]
        with django_capture_on_commit_callbacks(execute=True):
            made = import_tasks(project=project, user=owner, tasks=rows)
        return list(Task.objects.filter(pk__in=made.task_ids).select_related("item").order_by("pk"))

    return take


@pytest.mark.django_db
@pytest.mark.parametrize("order", ["time", "random", "uncertainty"])
def test_what_is_imported_is_drawn_for_the_random_arm(project, owner, import_texts, order):
    services.change_settings(project=project, actor=owner, random_share=0.3, order=order)

    tasks = import_texts(60)

    draws = {task.pk: compute_draw(task.item.content_hash) for task in tasks}
    assert [task.is_random for task in tasks] == [draws[task.pk] < 0.3 for task in tasks]
    assert any(task.is_random for task in tasks)
    placed = {"time": set(), "random": set(draws), "uncertainty": {task.pk for task in tasks if task.is_random}}[order]
    assert [task.priority for task in tasks] == [pytest.approx(draws[t.pk] * (t.pk in placed)) for t in tasks]


@pytest.mark.django_db
def test_an_order_is_worked_out_anew_once_suggestions_came_and_the_random_arm_stays(
    project, owner, import_texts, run_jobs, monkeypatch, django_capture_on_commit_callbacks
):
    services.change_settings(project=project, actor=owner, random_share=0.3, order="uncertainty")
    tasks = import_texts(40)
    run_jobs()
    arm = {task.pk: task.priority for task in Task.objects.filter(is_random=True)}
    source = SuggestionSource.objects.create(project=project, kind="file", title="guesses", created_by=owner)
    assert ordering.rank_due() == 0  # the last order is a moment old
    monkeypatch.setattr(ordering, "SETTLES", timedelta(0))
    monkeypatch.setattr(ordering, "RANK_EVERY", timedelta(0))
    assert ordering.rank_due() == 0  # nothing is new
    drafts = [suggestions.Draft(task.pk, [], "cat", 0.5, number / 40) for number, task in enumerate(tasks)]

    with django_capture_on_commit_callbacks(execute=True):
        suggestions.write(source=source, rows=drafts)
    assert ordering.rank_due() == 1
    assert ordering.rank_due() == 0  # it is at work
    [job] = run_jobs()

    assert job.state == "succeeded" and ordering.rank_due() == 0
    ranked = Task.objects.filter(is_random=False).order_by("-priority").values_list("pk", flat=True)
    assert list(ranked) == [task.pk for task in reversed(tasks) if not task.is_random]
    assert {task.pk: task.priority for task in Task.objects.filter(is_random=True)} == arm


@pytest.mark.django_db
@pytest.mark.parametrize(("order", "is_stale"), [("cluster", True), ("diversity", True), ("time", False)])
def test_orders_by_likeness_follow_new_vectors(
    project, owner, make_tasks, collection, order, is_stale, django_capture_on_commit_callbacks
):
    make_tasks(1)
    QueueSettings.objects.create(project=project, order=order)
    encoder = prepare_encoder(
        encoder=Encoder.objects.create(dataset=collection.dataset, kind="minilm"), state={"dimension": 4}
    )

    with django_capture_on_commit_callbacks(execute=True):
        finish_vectors(encoder=encoder)

    assert (QueueSettings.objects.get().stale_since is not None) == is_stale


@pytest.mark.django_db
def test_a_rule_for_later_items_is_applied_to_what_is_imported(project, owner, member, import_texts, run_jobs):
    anna = member("annotator")
    rule = assignment.create_rule(
        project=project, actor=owner, title="All to Anna", shares={anna.pk: 1}, is_active=True
    )
    run_jobs()
    assert assignment.apply_due_rules() == 0
    tasks = import_texts(3)

    assert assignment.apply_due_rules() == 1
    assert assignment.apply_due_rules() == 0
    run_jobs()

    assert list(rule.assignments.order_by("task").values_list("task", flat=True)) == [task.pk for task in tasks]
    assert AssignmentRule.objects.get().stale_since is None


@pytest.mark.django_db
def test_spans_are_asked_about_by_their_least_sure_one(owner, run_jobs, django_capture_on_commit_callbacks):
    from tests import factories

    project = factories.ProjectFactory(owner=owner, problem_type="span_labelling")
    services.create_schema(project=project, classes=["name", "place"], created_by=owner)
    services.change_settings(project=project, actor=owner, order="uncertainty", random_share=0)
    made = {"all sure": (0.2, [0.9, 0.95]), "one unsure": (0.99, [0.9, 0.1]), "whole only": (0.5, [])}

    def predict(score, scores):
        spans = [
            {"from_name": "label", "to_name": "item", "type": "labels", "score": one,
             "value": {"start": place, "end": place + 2, "labels": ["name"]}}
            for place, one in enumerate(scores)
        ]  # fmt: skip
        return {"result": spans, "score": score, "model_version": "m1"}

    rows = [{"data": {"text": text}, "predictions": [predict(*said)]} for text, said in made.items()]
    with django_capture_on_commit_callbacks(execute=True):
        import_tasks(project=project, user=owner, tasks=rows)
    assert QueueSettings.objects.get().stale_since is not None
    ordering.request_ranking(project=project, actor=owner)
    run_jobs()

    lent = services.lease_next(project=project, user=owner, count=3)
    assert [task.item.text for task in lent] == ["one unsure", "whole only", "all sure"]
