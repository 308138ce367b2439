"""Items get vectors once; neighbors are alike; an index answers, nearly as exactly as a look at everything."""

from __future__ import annotations

import numpy as np
import pytest
from django.db import connection

from lifecycle.datasets.models import Collection, Item
from lifecycle.embeddings import selectors, services
from lifecycle.embeddings.models import Encoder, Vector
from lifecycle.embeddings.selectors import neighbors
from lifecycle.embeddings.services.encoders import partition_name
from lifecycle.jobs.models import Job
from tests.factories import JobFactory, ProjectFactory
from workers.tasks import embed as task


def test_rows_are_encoded_by_their_columns_and_neighbors_share_a_crowd(rows_project, encode):
    encoder, job = encode(rows_project)

    assert job.state == Job.State.SUCCEEDED, job.error
    assert job.result["encoded"] == 300
    assert encoder.dimension == 5
    for item in encoder.dataset.items.all()[:20]:
        found = selectors.list_like_item(encoder, item, limit=10)
        assert {neighbor.item.label for neighbor in found} == {item.label}
        assert [n.distance for n in found] == sorted(n.distance for n in found)
        assert item.pk not in [n.item.pk for n in found]


def test_only_new_items_are_encoded_again(rows_project, encode, add_items):
    encode(rows_project)
    add_items(rows_project, [({"width": 1, "height": 2, "color": "r"}, None)])

    encoder, job = encode(rows_project)

    assert job.result["encoded"] == 1
    assert selectors.measure_coverage(encoder).missing == 0


def test_new_items_get_their_vectors_by_themselves_once_nothing_more_comes_in(
    rows_project, encode, add_items, run_jobs
):
    encoder, _ = encode(rows_project)
    assert services.catch_up() == []

    add_items(rows_project, [({"width": 1, "height": 2, "color": "r"}, None)])
    importing = Collection.objects.filter(dataset=encoder.dataset).latest("pk")
    importing.job = JobFactory(project=rows_project, kind="ingest", state="running")
    importing.save()
    assert services.catch_up() == []

    importing.job.state = "succeeded"
    importing.job.save()
    assert services.catch_up() == [encoder]
    assert services.catch_up() == []  # it is at work
    run_jobs()
    assert selectors.count_missing(encoder) == 0
    assert services.catch_up() == []


@pytest.mark.parametrize("state", ["failed", "canceled"])
def test_an_encoder_that_failed_waits_for_a_person(rows_project, encode, add_items, state):
    encoder, _ = encode(rows_project)
    add_items(rows_project, [({"width": 1, "height": 2, "color": "r"}, None)])
    Job.objects.filter(pk=encoder.job_id).update(state=state)

    assert services.catch_up() == []


def test_a_killed_embedding_goes_on_where_it_stood(rows_project, run_jobs, monkeypatch):
    monkeypatch.setattr(task, "BATCH", 50)
    encoder = services.choose_encoder(dataset=rows_project.datasets.get())
    services.start_embedding(encoder=encoder, user=rows_project.created_by)
    stored, kept = [], services.store_vectors

    def die_at_the_third(**batch):
        if len(stored) == 2:
            raise ConnectionError("the worker was killed")
        stored.append(len(batch["item_ids"]))
        return kept(**batch)

    monkeypatch.setattr(services, "store_vectors", die_at_the_third)
    job = run_jobs()[-1]
    assert job.state == Job.State.QUEUED
    assert Vector.objects.filter(encoder=encoder).count() == 100

    monkeypatch.setattr(services, "store_vectors", kept)
    Job.objects.filter(pk=job.pk).update(not_before=None)
    job = run_jobs()[-1]

    assert job.state == Job.State.SUCCEEDED
    assert job.result["encoded"] == 200
    assert Vector.objects.filter(encoder=encoder).count() == 300


def test_an_item_that_cannot_be_read_is_told_once_and_does_not_stop_the_others(
    owner, weights, encode, add_items, digits
):
    project = ProjectFactory(owner=owner)
    add_items(project, [(b"no picture", None), *digits[:3]])

    encoder, job = encode(project)
    _, again = encode(project)

    assert job.result == {"encoder": encoder.pk, "encoded": 3, "unreadable": 1}
    assert again.result["encoded"] + again.result["unreadable"] == 0
    assert "not an image" in Vector.objects.get(encoder=encoder, embedding=None).problem


def test_neighbors_of_a_digit_are_mostly_the_same_digit(owner, weights, encode, add_items, digits):
    project = ProjectFactory(owner=owner)
    add_items(project, digits)

    encoder, _ = encode(project)

    assert encoder.dimension == 256
    items = list(encoder.dataset.items.all()[::10])
    shares = [
        np.mean([n.item.label == item.label for n in selectors.list_like_item(encoder, item, limit=5)])
        for item in items
    ]
    assert np.mean(shares) > 0.6  # ten classes: chance is 0.1
    closest = selectors.list_like_item(encoder, items[0], limit=1)[0]
    assert 0.5 < closest.similarity <= 1


@pytest.fixture
def indexed(rows_project):
    """An encoder with 3,000 vectors of 32 numbers in 40 crowds, and their index."""
    dataset = rows_project.datasets.get()
    encoder = Encoder.objects.create(dataset=dataset, kind=Encoder.Kind.COLUMNS)
    services.prepare_encoder(encoder=encoder, state={"columns": []})
    random = np.random.default_rng(0)
    centers = random.normal(0, 4, (40, 32))
    collection = dataset.collections.get()
    items = Item.objects.bulk_create(
        Item(dataset=dataset, collection=collection, content_hash=f"v{n}") for n in range(3_000)
    )
    vectors = (centers[np.arange(3_000) % 40] + random.normal(size=(3_000, 32))).astype(np.float32)
    services.store_vectors(encoder=encoder, item_ids=[i.pk for i in items], vectors=vectors, problems={})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE datasets_item")
    return services.finish_vectors(encoder=encoder), vectors


def test_neighbors_come_from_the_index_with_high_recall(indexed):
    encoder, vectors = indexed
    found = exact = 0
    for vector in vectors[::100]:
        near = {i for i, _ in neighbors.find_nearest(encoder, vector, limit=10)}
        true = {i for i, _ in neighbors.find_nearest(encoder, vector, limit=10, is_exact=True)}
        found += len(near & true)
        exact += len(true)

    assert found / exact >= 0.95
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN " + neighbors.write_query(encoder), [str(vectors[0].tolist()), 0, 10])
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert f"{partition_name(encoder)}_near" in plan
    assert "Index Scan" in plan


def test_excluded_items_are_nobodys_neighbors(indexed):
    encoder, vectors = indexed
    nearest = [i for i, _ in neighbors.find_nearest(encoder, vectors[0], limit=200)]
    encoder.dataset.items.filter(pk__in=nearest[:190]).update(excluded_at="2026-01-01T00:00Z")

    left = [i for i, _ in neighbors.find_nearest(encoder, vectors[0], limit=10)]

    assert len(left) == 10
    assert not set(left) & set(nearest[:190])


def test_another_state_of_an_encoder_starts_its_vectors_anew(rows_project, encode):
    encoder, _ = encode(rows_project)

    encoder = services.prepare_encoder(encoder=encoder, state={"columns": [{"name": "other"}]})

    assert Vector.objects.filter(encoder=encoder).count() == 0
    assert encoder.dimension == 0


def test_a_deleted_encoder_leaves_nothing_behind(rows_project, encode, owner):
    encoder, _ = encode(rows_project)
    name = partition_name(encoder)

    services.delete_encoder(encoder=encoder, user=owner)

    assert not Encoder.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [name])
        assert cursor.fetchone() == (None,)
