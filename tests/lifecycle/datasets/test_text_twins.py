"""Edited copies of texts stay on the side of their original: in any order, over several versions, by every policy."""

from __future__ import annotations

import csv
import io
import random
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lifecycle.datasets import selectors, services
from lifecycle.datasets.models import Item
from lifecycle.datasets.splitting import EVENT_TIME, KINDS
from tests.lifecycle.datasets.test_import import bring, make_project
from tests.lifecycle.datasets.test_split_rounds import RATIOS, commit, read_splits
from tests.workers.engines.exploration.test_planted_faults import edit_text, load_reviews

pytestmark = pytest.mark.django_db

MISSED = 0.03  # pairs of which more than ten bits differ by chance


def make_texts(rng: random.Random, count: int) -> list[tuple[str, str, str]]:
    """(number of the original, text, day) of real reviews, and of a copy of most with a word in twelve edited, in any
    order."""
    reviews = [text for text in load_reviews()["text"] if len(text) > 120]
    found = {}
    for number, text in enumerate(rng.sample(reviews, count)):
        for copy in [text, edit_text(text, rng)][: rng.choice([1, 2, 2])]:
            found[copy] = (str(number), copy, f"2026-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}")
    rows = list(found.values())
    rng.shuffle(rows)
    return rows


def write_csv(rows: list[tuple[str, str, str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([("original", "text", "label", "event_time"),
                               *((number, text, "ab"[len(text) % 2], day) for number, text, day in rows)])  # fmt: skip
    return out.getvalue().encode()


def list_parted(project, units: dict[str, str], frozen: dict[str, str]) -> list[Item]:
    """New texts that are on another side than those that were there of their original, or than the first new one."""
    sides = defaultdict(set)
    items = list(Item.objects.filter(dataset__project=project).order_by("pk"))
    for item in items:
        if item.content_hash in frozen:
            sides[units[item.text]].add(item.split)
    parted = []
    for item in items:
        if item.content_hash not in frozen:
            known = sides[units[item.text]] or {item.split}
            sides[units[item.text]] = known
            parted += [item] * (item.split not in known)
    return parted


def check_rounds(kind, seed, owner, run_jobs, count: int) -> None:
    """Four rounds of an import and a version each."""
    rng = random.Random(seed)
    project, rows = make_project(owner, "text_classification", ["a", "b"]), make_texts(rng, count)
    units = {text: number for number, text, _ in rows}
    cuts = sorted(rng.sample(range(5, len(rows)), 3))
    frozen: dict[str, str] = {}
    parted = 0

    for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        bring(project, owner, {"texts.csv": write_csv(rows[start:end])}, run_jobs)
        if not frozen:
            policy = {"kind": kind, "column": EVENT_TIME if kind == "time" else ""}
            services.update_splits(dataset=selectors.get_dataset(project), user=owner, ratios=RATIOS, policy=policy)
        commit(project, owner, run_jobs)

        splits = read_splits(project)
        assert {key: splits[key] for key in frozen} == frozen
        parted += len(list_parted(project, units, frozen))
        frozen = splits

    assert len(frozen) == len(rows) and len(set(frozen.values())) > 1
    assert parted <= MISSED * len(rows)


@pytest.mark.parametrize(("seed", "kind"), list(enumerate(KINDS))[1:3])
def test_an_edited_text_goes_where_its_original_is_and_what_is_old_stays(kind, seed, owner, run_jobs):
    check_rounds(kind, seed, owner, run_jobs, count=60)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 10**6))
@hypothesis_settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_so_it_is_for_any_texts(kind, seed, owner, run_jobs):
    check_rounds(kind, seed, owner, run_jobs, count=120)
