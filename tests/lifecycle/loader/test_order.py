"""Orders and states: complete, disjoint, repeatable, resumed in the middle, whatever the numbers."""

from __future__ import annotations

import json
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lifecycle.loader import LoaderError, open_files
from lifecycle.loader.batches import Batches
from lifecycle.loader.order import compute_order, take_share
from lifecycle.loader.reference import Reference
from lifecycle.loader.remote import describe_rows
from lifecycle.loader.rows import take_rows

ROWS = 137


@pytest.fixture(scope="module")
def version(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    table = pa.table({
        "item_id": list(range(ROWS)),
        "content_hash": [f"{n:064x}" for n in range(ROWS)],
        "split": ["train"] * ROWS,
        "label": [str(n) for n in range(ROWS)],
        "blob": pa.nulls(ROWS, pa.string()),
        "text": pa.nulls(ROWS, pa.string()),
        "row": [json.dumps({"n": n}) for n in range(ROWS)],
        "group": pa.nulls(ROWS, pa.string()),
    })  # fmt: skip
    pq.write_table(table.slice(0, 60), folder / "a.parquet")
    pq.write_table(table.slice(60), folder / "b.parquet")
    return open_files([folder / "a.parquet", folder / "b.parquet"], folder)


@given(length=st.integers(0, 5_000), seed=st.integers(0, 2**31), epoch=st.integers(0, 9), world=st.integers(1, 7))
@hypothesis_settings(deadline=None, max_examples=60)
def test_shares_are_disjoint_and_complete(length, seed, epoch, world):
    order = compute_order(length, shuffle=True, seed=seed, epoch=epoch, shard_rows=64)

    shares = [take_share(order, rank, world) for rank in range(world)]

    assert sorted(np.concatenate(shares).tolist()) == list(range(length))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert (order == compute_order(length, shuffle=True, seed=seed, epoch=epoch, shard_rows=64)).all()


@given(cut=st.integers(0, 40), batch=st.integers(1, 20), rank=st.integers(0, 1), seed=st.integers(0, 99))
@hypothesis_settings(deadline=None, max_examples=40)
def test_batches_resume_mid_epoch_with_the_same_order(version, cut, batch, rank, seed):
    options = {"shuffle": True, "seed": seed, "rank": rank, "world_size": 2}
    unbroken = version.batches("train", batch, **options)
    expected = [targets.tolist() for _ in range(2) for _, targets in unbroken]
    first = version.batches("train", batch, **options)
    seen, state = _take(first, cut)

    second = version.batches("train", batch, **options)
    second.load_state_dict(json.loads(json.dumps(state)))
    rest = [targets.tolist() for _ in range(2) for _, targets in second]

    assert (seen + rest)[: len(expected)] == expected


def _take(batches, count):
    seen = []
    while len(seen) < count:
        before = len(seen)
        for _, targets in batches:
            seen.append(targets.tolist())
            if len(seen) == count:
                break
        if len(seen) == before:
            break
    return seen, batches.state_dict()


@given(cut=st.integers(0, 136), seed=st.integers(0, 99))
@hypothesis_settings(deadline=None, max_examples=30)
def test_a_stream_resumes_mid_epoch_with_the_same_order(version, cut, seed):
    expected = [item["item_id"] for item in version.stream("train", shuffle=True, seed=seed)]
    stream = version.stream("train", shuffle=True, seed=seed)
    iterator = iter(stream)
    seen = [next(iterator)["item_id"] for _ in range(cut)]
    other = version.stream("train", shuffle=True, seed=seed)

    other.load_state_dict(stream.state_dict())

    assert seen + [item["item_id"] for item in other] == expected


def test_the_number_of_workers_changes_nothing(version):
    alone = [targets.tolist() for _, targets in version.batches("train", 16, shuffle=True, seed=3)]
    shared = [targets.tolist() for _, targets in version.batches("train", 16, shuffle=True, seed=3, workers=2)]

    assert alone == shared


def test_a_state_taken_between_workers_counts_what_was_handed_out(version):
    batches = version.batches("train", 10, shuffle=True, seed=5, workers=2)
    expected = [targets.tolist() for _, targets in version.batches("train", 10, shuffle=True, seed=5)]
    iterator = iter(batches)
    seen = [next(iterator)[1].tolist() for _ in range(4)]
    other = version.batches("train", 10, shuffle=True, seed=5)

    other.load_state_dict(batches.state_dict())

    assert seen + [targets.tolist() for _, targets in other] == expected


def test_data_loader_workers_share_a_stream(version):
    from torch.utils.data import DataLoader

    stream = version.stream("train", shuffle=True, seed=1)
    found = [item["item_id"] for item in DataLoader(stream, batch_size=None, num_workers=2)]

    assert sorted(found) == list(range(ROWS))


@pytest.mark.parametrize("lives_on", [False, True])
def test_epochs_of_workers_are_complete_and_differ_once_each_is_set(version, lives_on):
    from torch.utils.data import DataLoader

    stream = version.stream("train", shuffle=True, seed=1)
    loader = DataLoader(stream, batch_size=None, num_workers=2, persistent_workers=lives_on)
    epochs = []
    for epoch in (0, 1, 5, 1):
        stream.set_epoch(epoch)
        epochs.append([item["item_id"] for item in loader])

    assert all(sorted(one) == list(range(ROWS)) for one in epochs)
    assert len({tuple(one) for one in epochs}) == 3 and epochs[1] == epochs[3]


def test_workers_that_live_on_go_to_the_next_epoch_by_themselves(version):
    from torch.utils.data import DataLoader

    stream = version.stream("train", shuffle=True, seed=1)
    loader = DataLoader(stream, batch_size=None, num_workers=2, persistent_workers=True)

    first, second = ([item["item_id"] for item in loader] for _ in range(2))

    assert sorted(first) == sorted(second) == list(range(ROWS))
    assert first != second


def test_an_epoch_set_after_a_break_begins_anew_in_workers_that_live_on(version):
    from torch.utils.data import DataLoader

    stream = version.stream("train", shuffle=True, seed=1)
    loader = DataLoader(stream, batch_size=None, num_workers=2, persistent_workers=True)
    for _ in zip(range(20), loader, strict=False):
        pass

    stream.set_epoch(0)
    found = [item["item_id"] for item in loader]

    assert sorted(found) == list(range(ROWS))


def test_a_stream_that_workers_read_has_no_state_until_the_next_epoch_is_set(version):
    from torch.utils.data import DataLoader

    stream = version.stream("train", shuffle=True, seed=1)
    reading = iter(DataLoader(stream, batch_size=None, num_workers=2))
    next(reading)
    with pytest.raises(LoaderError, match="StatefulDataLoader"):
        stream.state_dict()
    for _ in reading:
        pass
    stream.set_epoch(1)
    other = version.stream("train", shuffle=True, seed=1)

    other.load_state_dict(stream.state_dict())

    assert [item["item_id"] for item in other] == [item["item_id"] for item in stream]
    assert stream.state_dict()["epoch"] == 2


def test_an_epoch_that_is_gone_on_with_keeps_its_place(version):
    stream = version.stream("train", shuffle=True, seed=1)
    stream.load_state_dict({"epoch": 3, "item": 100, "seed": 1, "items": ROWS})

    stream.set_epoch(3)
    kept = len(list(stream))
    stream.set_epoch(3)

    assert (kept, len(list(stream))) == (ROWS - 100, ROWS)


class Numbers:
    """What Batches reads, without a version: every item is its own number."""

    def __init__(self, count: int):
        self.count = count

    def __len__(self) -> int:
        return self.count

    def get_batch(self, places):
        return None, places


@given(count=st.integers(1, 300), size=st.integers(1, 40), gather=st.integers(2, 9), cut=st.integers(0, 9))
@hypothesis_settings(deadline=None, max_examples=40)
def test_batches_taken_together_are_those_taken_one_by_one(count, size, gather, cut):
    options = {"shuffle": True, "seed": 2, "passes": 3, "smallest": 2}
    expected = [places.tolist() for _, places in Batches(Numbers(count), size, **options)]
    batches = Batches(Numbers(count), size, gather=gather, **options)
    begun = min(cut, len(expected) - 1)
    batches.load_state_dict(batches.state_dict() | {"batch": begun})

    assert len(batches) == len(expected)
    assert [places.tolist() for _, places in batches] == expected[begun:]
    seen = sorted(place for places in expected for place in places)
    assert seen == sorted([*range(count)] * 3) or len(seen) == 3 * count - 1, "a last batch of one is left out"


RANKS = {
    "count": st.integers(0, ROWS), "world": st.integers(1, 9), "shuffle": st.booleans(), "seed": st.integers(0, 99)
}  # fmt: skip


@given(batch=st.integers(1, 40), **RANKS)
@hypothesis_settings(deadline=None, max_examples=80)
def test_all_ranks_batches_together_are_every_item_once(batch, count, world, shuffle, seed):
    options = {"shuffle": shuffle, "seed": seed, "world_size": world}
    ranks = [Batches(Numbers(count), batch, rank=rank, **options) for rank in range(world)]
    for epoch in (1, 2):
        found = [int(place) for one in ranks for _, places in one for place in places]

        assert sorted(found) == list(range(count))
        assert {one.state_dict()["epoch"] for one in ranks} == {epoch}


@given(**RANKS)
@hypothesis_settings(deadline=None, max_examples=60)
def test_all_ranks_streams_together_are_every_item_once(version, count, world, shuffle, seed):
    path = version.paths[0].with_name(f"first-{count}.parquet")
    pq.write_table(version.arrow("train").slice(0, count), path)
    first = open_files(path, path.parent)
    options = {"shuffle": shuffle, "seed": seed, "world_size": world}
    ranks = [first.stream("train", rank=rank, **options) for rank in range(world)]
    for epoch in (1, 2):
        found = [item["item_id"] for one in ranks for item in one]

        assert sorted(found) == list(range(count))
        assert {one.state_dict()["epoch"] for one in ranks} == {epoch}


def test_even_ranks_make_equally_many_steps(version):
    counts = [len(list(version.batches("train", 10, rank=rank, world_size=4, even=True))) for rank in range(4)]

    assert len(set(counts)) == 1


def test_rows_and_names_are_written_short_and_read_back():
    assert describe_rows([5, 0, 1, 2, 9]) == "0-2,5,9"
    assert Reference.parse("zoo/main@gold") == Reference("zoo", "main", "gold")
    assert Reference.parse("zoo") == Reference("zoo", "main", "latest")
    with pytest.raises(LoaderError):
        Reference.parse("zoo main")


@given(cuts=st.lists(st.integers(0, ROWS), max_size=5), places=st.lists(st.integers(0, ROWS - 1)))
@hypothesis_settings(deadline=None, max_examples=40)
def test_rows_are_taken_out_of_a_table_in_several_pieces(version, cuts, places):
    """Arrow keeps texts of over 2 GB in pieces, and cannot take rows out of all of them at once."""
    table = version.arrow()
    edges = [0, *sorted(cuts), ROWS]
    pieces = pa.concat_tables(table.slice(start, end - start) for start, end in zip(edges, edges[1:], strict=False))

    found = take_rows(pieces.to_batches(), np.array(places, dtype=np.int64))

    assert [row["item_id"] for row in found] == places


class WithStates(torch.utils.data.IterableDataset):
    """What torchdata's StatefulDataLoader does in each worker: asks the stream's copy for its state after every item,
    and gives the state back to the worker of the same number."""

    def __init__(self, stream, states=()):
        self.stream, self.states = stream, dict(states)

    def __iter__(self):
        worker = torch.utils.data.get_worker_info().id
        if worker in self.states:
            self.stream.load_state_dict(self.states[worker])
        for item in self.stream:
            yield item["item_id"], worker, self.stream.state_dict()


@given(cut=st.integers(0, ROWS), seed=st.integers(0, 9))
@hypothesis_settings(deadline=None, max_examples=4)
def test_states_of_workers_resume_mid_epoch_with_the_same_order(version, cut, seed):
    def open_loader(states=()):
        stream = WithStates(version.stream("train", shuffle=True, seed=seed), states)
        return torch.utils.data.DataLoader(stream, batch_size=None, num_workers=2)

    expected = [item for item, _, _ in open_loader()]
    states, seen = {}, []
    for item, worker, state in islice(open_loader(), cut):
        seen.append(item)
        states[worker] = json.loads(json.dumps(state))

    rest = [item for item, _, _ in open_loader(states)] if cut < ROWS else []

    assert sorted(seen + rest) == sorted(expected) == list(range(ROWS))
    for share in (expected[::2], expected[1::2]):  # workers hand out in turn: of each its own order counts
        assert [item for item in seen + rest if item in share] == share
