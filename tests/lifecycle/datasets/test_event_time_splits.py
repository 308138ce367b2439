"""Texts and pictures are split by the moments they are of: old ones never move, units stay together, none is lost."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lifecycle.common.errors import DomainError
from lifecycle.datasets import selectors, services, split_times
from lifecycle.datasets.models import Dataset, Item
from lifecycle.datasets.splitting import EVENT_TIME, Newcomer, Settled, SplitPolicy, assign, build_units
from tests.lifecycle.datasets.test_event_times import take_picture
from tests.lifecycle.datasets.test_import import bring, make_project
from tests.lifecycle.datasets.test_split_rounds import RATIOS
from tests.lifecycle.datasets.test_versions import commit

START = datetime(2020, 1, 1, tzinfo=UTC)
SIDES = ["train", "validation", "test"]
MOMENTS = st.one_of(st.none(), st.datetimes(datetime(1900, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)))


def make_texts(days: list[int | None], start: int = 0) -> bytes:
    rng = random.Random(start)
    lines = []
    for n, day in enumerate(days, start):
        words = " ".join("".join(rng.choices("abcdefghijklmnop", k=6)) for _ in range(12))
        when = "" if day is None else (START + timedelta(days=day)).isoformat()
        lines.append(f"{words} {n},{'ab'[n % 2]},{when}")
    return "\n".join(["text,label,published", *lines]).encode()


def set_policy(project, owner) -> None:
    services.update_splits(dataset=selectors.get_dataset(project), user=owner, ratios=RATIOS,
                           policy={"kind": "time", "column": EVENT_TIME})  # fmt: skip


def list_sides(project) -> list[int]:
    dated = Item.objects.filter(dataset__project=project, event_time__isnull=False)
    return [SIDES.index(split) for split in dated.order_by("event_time").values_list("split", flat=True)]


@pytest.mark.django_db
def test_the_oldest_texts_train_and_what_has_no_date_never_moves(owner, run_jobs, client):
    project = make_project(owner, "text_classification")
    days = random.Random(2).sample(range(900), 60)
    bring(project, owner, {"a.csv": make_texts([*days[:40], None, None])}, run_jobs)
    set_policy(project, owner)
    commit(project, owner, run_jobs)
    before = dict(Item.objects.values_list("pk", "split"))
    undated = dict(Item.objects.filter(event_time=None).values_list("pk", "split"))
    bring(project, owner, {"b.csv": make_texts(days[40:], start=100)}, run_jobs)
    Item.objects.filter(event_time=None).update(event_time=START + timedelta(days=5_000))  # it gets a date, too late
    commit(project, owner, run_jobs)

    after = dict(Item.objects.values_list("pk", "split"))
    assert {pk: after[pk] for pk in before} == before
    assert set(undated.values()) == {"train"} and len(undated) == 2
    Item.objects.filter(pk__in=undated).update(event_time=None)
    sides = list_sides(project)
    assert sides == sorted(sides) and set(sides) == {0, 1, 2}
    policy = SplitPolicy.from_json(Dataset.objects.get(project=project).split_policy)
    assert policy.list_notes() == ["Items without a date of their own: 2. They count as the oldest and train."]
    client.force_login(owner)
    page = client.get(reverse("datasets:versions", args=[project.slug])).content.decode()
    assert "the date of the item" in page and "Items without a date of their own: 2" in page


@pytest.mark.django_db
def test_pictures_are_split_by_when_they_were_taken(owner, run_jobs):
    project = make_project(owner, "image_classification")
    files = {
        f"{n}.jpg": take_picture(n * 11, (START + timedelta(days=40 * n)).strftime("%Y:%m:%d %H:%M:%S"))
        for n in random.Random(3).sample(range(20), 20)
    }
    bring(project, owner, files, run_jobs)
    Item.objects.update(fingerprint=None)  # plain colors are near-duplicates of each other
    set_policy(project, owner)
    commit(project, owner, run_jobs)

    sides = list_sides(project)
    assert sides == sorted(sides) and set(sides) == {0, 1, 2}


@pytest.mark.django_db
def test_only_a_split_by_time_goes_by_the_date(owner):
    project = make_project(owner, "text_classification")

    with pytest.raises(DomainError):
        services.update_splits(dataset=selectors.get_dataset(project), user=owner, ratios=RATIOS,
                               policy={"kind": "group", "column": EVENT_TIME})  # fmt: skip


@given(
    moments=st.lists(MOMENTS, min_size=1, max_size=40), later=st.lists(MOMENTS, max_size=20), seed=st.integers(0, 99)
)
@hypothesis_settings(deadline=None, max_examples=80)
def test_by_date_units_stay_together_and_later_ones_never_come_before(moments, later, seed):
    rng = random.Random(seed)
    policy = SplitPolicy("time", EVENT_TIME)
    first, policy = read_newcomers(moments, policy, rng, "a")
    splits, policy = assign(first, policy, RATIOS, 0, Settled())
    bounds = policy.boundaries
    groups = {item.group: split for item, split in zip(first, splits, strict=True) if item.group}
    second, policy = read_newcomers(later, policy, rng, "b")
    more, policy = assign(second, policy, RATIOS, 0, Settled(groups, is_first=False))

    assert policy.boundaries == bounds or not bounds
    assert policy.unread == sum(moment is None for moment in (*moments, *later))
    for items, found, known in ((first, splits, {}), (second, more, groups)):
        for unit in build_units(items, known):
            assert len({found[place] for place in unit.places}) == 1
    alone = [
        (item.time, SIDES.index(split))
        for item, split in zip([*first, *second], [*splits, *more], strict=True)
        if not item.group and item.near is None
    ]
    dated = sorted(pair for pair in alone if pair[0])
    assert [side for _, side in dated] == sorted(side for _, side in dated)
    assert not any(side for time, side in alone if not time)


def read_newcomers(moments, policy, rng, prefix):
    cells = [moment and moment.isoformat() for moment in moments]
    times, policy = split_times.read_times(Dataset(), policy, cells)
    items = [
        Newcomer(
            key=f"{prefix}{rng.getrandbits(64):016x}",
            group=f"g{rng.randrange(3)}" if rng.random() < 0.3 else "",
            time=time,
        )
        for time in times
    ]
    return items, policy
