"""Who stands out among the people who label, and why; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, median
from typing import Any

from lifecycle.annotations.agreement import estimate_interval

LEAST_PEOPLE = 3  # of two who disagree, nobody knows which one is wrong
LEAST_ITEMS = 20
LEAST_GOLD = 5
LEAST_REVIEWS = 10
CLEARLY_APART = 0.15  # of agreement beyond chance
SURE_APART = 2.0  # standard errors
CLEARLY_LESS = 0.1  # of the share that is right
ACCUSED_BY_CHANCE = 0.03  # how often anybody may seem less skilled who is not
ENOUGH_GOLD = 0.7
ENOUGH_ACCEPTED = 0.7


@dataclass(frozen=True)
class Record:
    """What is known of one person's answers; a share is None while there is nothing to count."""

    name: str
    items: int = 0  # that others answered too
    with_others: float | None = None  # agreement beyond chance, see outliers.Standing
    among_others: float | None = None
    apart_error: float = 0.0
    alpha: float | None = None  # of all people
    alpha_without: float | None = None
    swaps: Sequence[tuple[str, str, int, int]] = ()  # (what the others say, what they say, how often, of how many)
    skill: float | None = None  # how often they are right, as Dawid & Skene's model has it
    gold_right: int = 0
    gold_total: int = 0
    reviews_accepted: int = 0
    reviews_total: int = 0


def build_record(name: str, report: Mapping[str, Any], row: Mapping[str, Any], **known: Any) -> Record:
    """What the comparison of one question (agreement_report) says of a person in its `row`, and what else is known."""
    return Record(
        name,
        items=row.get("items", 0),
        with_others=row.get("with_others"),
        among_others=row.get("among_others"),
        apart_error=row.get("apart_error", 0.0),
        alpha=report.get("alpha"),
        alpha_without=row.get("without"),
        swaps=[tuple(swap) for swap in row.get("swaps", [])],
        **known,
    )


def judge_people(records: Sequence[Record]) -> dict[str, list[str]]:
    """{name: why their answers need a look}, for those whose answers do; each reason is a sentence."""
    found = {}
    for one in records:
        reasons = [
            *(_judge_swaps(one) or [_judge_standing(one) or _judge_skill(one, records)]),
            _judge_gold(one),
            _judge_reviews(one),
        ]
        if any(reasons):
            found[one.name] = [reason for reason in reasons if reason]
    return found


def _judge_swaps(one: Record) -> list[str]:
    """Classes that somebody takes for each other, where the others agree more than with them."""
    gap = _measure_gap(one)
    if gap is None or gap <= one.apart_error:
        return []
    return [
        f"{one.name} says “{said}” on {times:,} of {total:,} items that the others all call “{usual}”."
        for usual, said, times, total in one.swaps
    ]


def _judge_standing(one: Record) -> str:
    gap = _measure_gap(one)
    if gap is None or gap - SURE_APART * one.apart_error < CLEARLY_APART:
        return ""
    reason = (
        f"{one.name} agrees with the others at {one.with_others:.2f}, these with each other at {one.among_others:.2f}."
    )
    if one.alpha is None or one.alpha_without is None or one.alpha_without <= one.alpha:
        return reason
    return f"{reason} Without {one.name} alpha is {one.alpha_without:.2f} instead of {one.alpha:.2f}."


def _judge_skill(one: Record, records: Sequence[Record]) -> str:
    """Against the usual skill; the more people there are, the surer it has to be."""
    others = [other.skill for other in records if other is not one and other.skill is not None]
    if one.skill is None or one.items < LEAST_ITEMS or len(others) < LEAST_PEOPLE - 1:
        return ""
    gap = _measure_gap(one)
    if gap is not None and gap <= one.apart_error:
        return ""
    usual = median(others)
    sure = NormalDist().inv_cdf(1 - ACCUSED_BY_CHANCE / (len(others) + 1))
    _, at_best = estimate_interval(round(one.skill * one.items), one.items, sure)
    if at_best >= usual - CLEARLY_LESS:
        return ""
    return f"{one.name} is right on {one.skill:.0%} (Dawid-Skene), where {usual:.0%} is usual here."


def _measure_gap(one: Record) -> float | None:
    if one.with_others is None or one.among_others is None:
        return None
    return one.among_others - one.with_others


def _judge_gold(one: Record) -> str:
    _, at_best = estimate_interval(one.gold_right, one.gold_total)
    if one.gold_total < LEAST_GOLD or at_best >= ENOUGH_GOLD:
        return ""
    return f"{one.name} got {one.gold_right} of {one.gold_total} gold items right."


def _judge_reviews(one: Record) -> str:
    _, at_best = estimate_interval(one.reviews_accepted, one.reviews_total)
    if one.reviews_total < LEAST_REVIEWS or at_best >= ENOUGH_ACCEPTED:
        return ""
    return f"Reviewers took {one.reviews_accepted} of {one.reviews_total} answers of {one.name} as they were."
