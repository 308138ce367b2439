"""Who stands out among the people who label, and why; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from lifecycle.annotations.agreement import estimate_interval

LEAST_PEOPLE = 3  # of two who disagree, nobody knows which one is wrong
LEAST_ITEMS = 20
LEAST_GOLD = 5
LEAST_REVIEWS = 10
CLEARLY_LESS = 0.1
ENOUGH_GOLD = 0.7
ENOUGH_ACCEPTED = 0.7


@dataclass(frozen=True)
class Record:
    """What is known of one person's answers; a share is None while there is nothing to count."""

    name: str
    agreed: float | None = None  # with the others, on items that several answered
    items: int = 0  # such items
    gold_right: int = 0
    gold_total: int = 0
    reviews_accepted: int = 0
    reviews_total: int = 0


def judge_people(records: Sequence[Record]) -> dict[str, list[str]]:
    """{name: why their answers need a look}, for those whose answers do; each reason is a sentence."""
    found = {}
    for one in records:
        reasons = [_judge_agreement(one, records), _judge_gold(one), _judge_reviews(one)]
        if any(reasons):
            found[one.name] = [reason for reason in reasons if reason]
    return found


def _judge_agreement(one: Record, records: Sequence[Record]) -> str:
    others = [other.agreed for other in records if other is not one and other.agreed is not None]
    if one.agreed is None or one.items < LEAST_ITEMS or len(others) < LEAST_PEOPLE - 1:
        return ""
    usual = median(others)
    _, at_best = estimate_interval(round(one.agreed * one.items), one.items)
    if at_best >= usual - CLEARLY_LESS:
        return ""
    return f"{one.name} agrees with the others on {one.agreed:.0%}, where {usual:.0%} is usual here."


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
