"""Versions: same content, same hash; what changed is counted; nothing starts a formula."""

from __future__ import annotations

import pytest

from lifecycle.datasets import chunks, selectors, services
from lifecycle.datasets.filters import ItemFilters
from lifecycle.datasets.models import Item
from tests.lifecycle.datasets.test_import import bring, make_project

pytestmark = pytest.mark.django_db

LINES = [f"sentence number {i},{'fresh' if i % 2 else 'rotten'}\n" for i in range(80)]


@pytest.fixture
def texts(owner):
    return make_project(owner, "text_classification")


def commit(project, owner, run_jobs, message=""):
    job = services.commit_version(dataset=selectors.get_dataset(project), user=owner, message=message)
    run_jobs()
    job.refresh_from_db()
    assert job.state == "succeeded", job.traceback
    return job.result


def table(lines) -> bytes:
    return ("text,label\n" + "".join(lines)).encode()


def test_the_same_content_makes_no_new_version(texts, owner, run_jobs):
    bring(texts, owner, {"a.csv": table(LINES)}, run_jobs)

    first, second = commit(texts, owner, run_jobs), commit(texts, owner, run_jobs)

    assert (first["is_new"], second["is_new"], second["version"]) == (True, False, 1)


def test_another_order_gives_the_same_hash(texts, owner, run_jobs):
    other = make_project(owner, "text_classification")
    bring(texts, owner, {"a.csv": table(LINES)}, run_jobs)
    bring(other, owner, {"a.csv": table(LINES[::-1])}, run_jobs)

    commit(texts, owner, run_jobs)
    commit(other, owner, run_jobs)

    hashes = {selectors.find_latest_version(p).content_hash for p in (texts, other)}
    assert len(hashes) == 1


def test_a_diff_counts_what_was_added_removed_and_relabeled(texts, owner, run_jobs):
    bring(texts, owner, {"a.csv": table(LINES)}, run_jobs)
    commit(texts, owner, run_jobs)
    bring(texts, owner, {"b.csv": table(["a new one,fresh\n", "sentence number 4,fresh\n"])}, run_jobs)
    gone = Item.objects.get(text="sentence number 7")
    services.exclude_items(project=texts, user=owner, item_ids=[gone.pk])
    commit(texts, owner, run_jobs)
    old, new = (selectors.get_version(texts, n) for n in (1, 2))

    assert selectors.compare_versions(old, new) == {
        "added": 1, "removed": 1, "relabeled": 1, "moved": 0, "redated": 0,
    }  # fmt: skip
    (line,) = selectors.list_changes(old, new, change="relabeled")
    assert (line.old_label, line.new_label, line.item.text) == ("rotten", "fresh", "sentence number 4")


def test_old_items_keep_their_split_and_earlier_versions_do_not_change(texts, owner, run_jobs):
    bring(texts, owner, {"a.csv": table(LINES)}, run_jobs)
    commit(texts, owner, run_jobs)
    before = dict(Item.objects.values_list("content_hash", "split"))
    bring(texts, owner, {"b.csv": table([f"more {i},fresh\n" for i in range(50)])}, run_jobs)
    commit(texts, owner, run_jobs)

    after = dict(Item.objects.values_list("content_hash", "split"))

    assert all(after[key] == split for key, split in before.items())
    assert selectors.get_version(texts, 1).item_count == 80


def test_cells_cannot_start_a_formula_in_the_csv(texts, owner, run_jobs):
    bring(
        texts, owner, {"a.csv": table(["=1+1,fresh\n", "@SUM(A1),rotten\n", "-5,fresh\n", "plain,fresh\n"])}, run_jobs
    )
    commit(texts, owner, run_jobs)

    content = b"".join(selectors.stream_version(selectors.get_version(texts, 1), "csv")).decode()

    assert "'=1+1" in content and "'@SUM" in content and '"-5"' in content and '"plain"' in content


def test_new_shares_are_for_items_that_are_in_no_version(texts, owner, run_jobs):
    bring(texts, owner, {"a.csv": table(LINES)}, run_jobs)
    dataset = selectors.get_dataset(texts)
    services.update_splits(dataset=dataset, user=owner, ratios={"train": 50, "validation": 0, "test": 50})
    commit(texts, owner, run_jobs)
    before = dict(Item.objects.values_list("content_hash", "split"))
    assert set(before.values()) == {"train", "test"}

    services.update_splits(dataset=dataset, user=owner, ratios={"train": 1, "validation": 99, "test": 0})
    bring(texts, owner, {"b.csv": table([f"a later one {i},fresh\n" for i in range(40)])}, run_jobs)
    commit(texts, owner, run_jobs)

    after = dict(Item.objects.values_list("content_hash", "split"))
    assert all(after[key] == split for key, split in before.items())
    assert sum(split == "validation" for split in after.values()) > 30


def test_materialized_files_say_what_training_expects(texts, owner, run_jobs):
    import pyarrow.parquet as pq

    bring(texts, owner, {"a.csv": table(LINES)}, run_jobs)
    commit(texts, owner, run_jobs)

    found = pq.read_table(selectors.fetch_manifest(selectors.find_latest_version(texts)))

    assert found.schema.equals(chunks.SCHEMA)
    assert found["blob"].null_count == found["row"].null_count == found["group"].null_count == 80


NONSENSE = (
    {"collection": "9" * 40}, {"sort": "col."}, {"at": "x"}, {"q": "%_\\"}, {"label": "\0"}, {"col.a": "1e999"},
    {"excluded": "?"}, {"at": "-0"},
)  # fmt: skip


@pytest.mark.parametrize("query", NONSENSE, ids=str)
def test_nonsense_in_the_url_is_no_error(texts, owner, run_jobs, query):
    bring(texts, owner, {"a.csv": table(LINES[:3])}, run_jobs)
    filters = ItemFilters.from_query(query)

    selectors.list_items(texts, filters, at=query.get("at", ""))
    selectors.count_items(texts, filters)

    assert (
        ItemFilters.from_query(dict([pair.split("=", 1) for pair in filters.to_query().split("&") if pair])) is not None
    )
