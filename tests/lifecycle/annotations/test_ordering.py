"""The order of the queue: spread over both arms, and worked out by a job from scores and vectors."""

from __future__ import annotations

import numpy as np
import pytest

from lifecycle.annotations import services
from lifecycle.annotations.models import QueueSettings, Suggestion, Task
from lifecycle.annotations.ordering_rules import Waiting, compute_draw, mix_arms
from lifecycle.annotations.services import ordering
from lifecycle.embeddings.models import Encoder
from lifecycle.embeddings.services import prepare_encoder, store_vectors
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
