"""What is told of one question's answers: statistics, classes, pairs of people, people and weeks, as plain values.

Rows come in one item after the other; answers of one value are kept as codes (16 bytes each). What is drawn is told of
by `region_report`.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lifecycle.annotations import agreement, consensus, outliers

MAX_CONFUSION = 60  # classes in a matrix; the commonest are shown, the others count as one
MAX_PAIR_TABLES = 60
MAX_CELLS = 400
MAX_WEEKS = 104
MAX_SKILL_UNITS = 50_000
MIN_SKILLED = 3  # of two people who differ, either may be right
SKILL_ROUNDS = 50
MAX_SETS = 3_000  # different answers of several choices, beyond which no alpha is worked out
REST = "(other classes)"

# type of a result entry -> how its answers are compared; a type that is not here is not compared
KINDS = {
    "choices": "choices", "taxonomy": "choices", "pairwise": "choices", "textarea": "text",
    "rating": "ordinal", "number": "interval",
    "labels": "spans", "hypertextlabels": "spans", "paragraphlabels": "spans", "timeserieslabels": "spans",
    "rectanglelabels": "regions", "polygonlabels": "regions", "keypointlabels": "regions",
    "ellipselabels": "regions", "brushlabels": "regions",
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """One person's answer to one question: their entries of it."""

    user: int
    entries: Sequence[Mapping[str, Any]]


class CodedAnswers:
    """Collects answers that are one value each: a choice, several choices, a rank, a number, a text."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._units, self._raters, self._codes, self._weeks = array("q"), array("i"), array("i"), array("i")
        self._values: dict[Any, int] = {}
        self._people: dict[int, int] = {}

    def add(self, item: int, week: int, answers: Sequence[Said]) -> None:
        """Answers to one item by two people or more; those that say nothing are missing."""
        read = [(said.user, _read_value(self.kind, said.entries)) for said in answers]
        given = [(user, value) for user, value in read if value is not None]
        if len(given) < 2:
            return
        for user, value in given:
            self._units.append(item)
            self._raters.append(self._people.setdefault(user, len(self._people)))
            self._codes.append(self._values.setdefault(value, len(self._values)))
            self._weeks.append(week)

    def summarize(self) -> dict[str, Any]:
        """The report; {} where no item has two answers."""
        if not self._units:
            return {}
        order, names, numbers = self._rank_values()
        units = np.array(self._units, np.int64)
        raters = np.array(self._raters, np.int64)
        codes = order[np.array(self._codes, np.int64)]
        weeks = np.array(self._weeks, np.int64)
        pairs = agreement.pair_up(units, raters, codes)
        measure = self._choose_alpha(names, numbers)
        people = list(self._people)
        known, first = np.unique(units, return_index=True)
        pair_weeks = weeks[first][np.searchsorted(known, pairs.unit)]
        report: dict[str, Any] = {
            "kind": self._name_kind(names),
            "items": len(np.unique(units)),
            "answers": len(units),
            "percent": agreement.percent_agreement(pairs),
            "alpha": measure(pairs, units, codes),
            "weeks": _summarize_weeks(units, codes, weeks, pairs, pair_weeks, measure),
            "people": _summarize_people(people, units, raters, codes, pairs, pair_weeks, measure),
        }
        compact = replace(pairs, unit=np.searchsorted(known, pairs.unit))
        self._add_standing(report["people"], names, numbers, compact, len(known))
        if report["kind"] == "nominal" and len(names) <= outliers.MAX_CODES:
            _add_skills(report["people"], np.searchsorted(known, units), raters, codes, len(names))
        return report | self._summarize_classes(names, people, pairs, units, codes)

    def _add_standing(self, rows, names, numbers, pairs, unit_count: int) -> None:
        """What tells somebody who is wrong from those who are right. Units count from 0."""
        for number, row in enumerate(rows):
            row |= describe_standing(outliers.compare_with_others(number, pairs, unit_count, numbers))
            if self.kind != "interval":
                swaps = outliers.find_swaps(number, pairs)
                row["swaps"] = [
                    [_show(names[one.usual]), _show(names[one.said]), one.times, one.units] for one in swaps
                ]

    def _rank_values(self) -> tuple[np.ndarray, list[Any], list[float]]:
        """Codes in the order of their values: by number where they are numbers, else the commonest first."""
        values = list(self._values)
        if self.kind in ("ordinal", "interval"):
            ranked = sorted(range(len(values)), key=lambda code: values[code])
        else:
            often = np.bincount(np.array(self._codes, np.int64), minlength=len(values))
            ranked = sorted(range(len(values)), key=lambda code: (-int(often[code]), _show(values[code])))
        order = np.empty(len(values), np.int64)
        order[ranked] = np.arange(len(values))
        names = [values[code] for code in ranked]
        return order, names, [float(name) for name in names] if self.kind in ("ordinal", "interval") else []

    def _name_kind(self, names: Sequence[Any]) -> str:
        if self.kind != "choices":
            return self.kind
        return "several" if any(len(name) != 1 for name in names) else "nominal"

    def _choose_alpha(self, names: Sequence[Any], numbers: Sequence[float]) -> Callable[..., float | None]:
        if self._name_kind(names) == "several":
            distance = agreement.measure_sets(list(names)) if len(names) <= MAX_SETS else None
            return lambda pairs, units, codes: (
                agreement.compute_alpha(pairs, agreement.count_pairable(units, codes), distance) if distance else None
            )
        level = self.kind if self.kind in agreement.LEVELS else "nominal"
        return lambda pairs, units, codes: agreement.krippendorff_alpha(
            pairs, units, codes, level=level, values=numbers[: int(codes.max(initial=-1)) + 1]
        )

    def _summarize_classes(self, names, people, pairs, units, codes) -> dict[str, Any]:
        if self.kind == "interval":
            return {"pairs": _summarize_pairs(people, pairs, [], pairs.code_a == pairs.code_b)}
        shown = [_show(name) for name in names[:MAX_CONFUSION]]
        if len(names) > MAX_CONFUSION:
            shown.append(REST)
        folded = np.minimum(np.arange(max(len(names), 1)), MAX_CONFUSION)
        small = agreement.Pairs(
            pairs.unit, pairs.rater_a, pairs.rater_b, folded[pairs.code_a], folded[pairs.code_b], pairs.weight
        )
        confusion = agreement.count_confusion(small, len(shown))
        both = confusion + confusion.T
        table, usual = agreement.count_table(units, folded[codes], len(shown))
        found: dict[str, Any] = {
            "fleiss": agreement.fleiss_kappa(table),
            "fleiss_people": usual,
            "classes": _summarize_classes(shown, confusion),
            "confusion": {"classes": shown, "matrix": both.tolist()},
            "pairs": _summarize_pairs(people, small, shown, pairs.code_a == pairs.code_b),
        }
        if self._name_kind(names) == "several":
            apart = agreement.measure_sets(list(names), "jaccard")(pairs.code_a, pairs.code_b)
            found["jaccard"] = float(1 - apart.mean())
        return found


class NotedAnswers(CodedAnswers):
    """Collects what is said of drawn regions. A unit is one thing that two people drew, with what both say of it: where
    three drew it, each two of them are a unit.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self._compared = 0

    def add_pair(self, week: int, one: Said, other: Said) -> None:
        """What two people say of one thing."""
        self._compared += 1
        self.add(self._compared, week, [one, other])

    def summarize(self) -> dict[str, Any]:
        found = super().summarize()
        return found | {"is_of_regions": True} if found else {}


def describe_standing(standing: outliers.Standing | None) -> dict[str, float]:
    """As rows of people keep it; {} where there is too little to tell."""
    if standing is None:
        return {}
    return {
        "with_others": standing.with_others,
        "among_others": standing.among_others,
        "apart_error": standing.error,
    }


def _add_skills(rows: list[dict[str, Any]], units, raters, codes, class_count: int) -> None:
    """How often each person is right (Dawid & Skene), from as many units as there is time for, spread over all."""
    if len(rows) < MIN_SKILLED or len(rows) * class_count**2 > consensus.MAX_CELLS:
        return
    order = np.argsort(units, kind="stable")
    step = int(units.max()) // MAX_SKILL_UNITS + 1
    chosen = order[units[order] % step == 0]
    answers = consensus.Answers(units[chosen] // step, raters[chosen], codes[chosen], class_count, len(rows))
    for row, skill in zip(rows, consensus.learn_skills(answers, rounds=SKILL_ROUNDS).accuracies, strict=True):
        row["skill"] = float(skill)


def _read_value(kind: str, entries: Sequence[Mapping[str, Any]]) -> Any:
    """What one answer says, as something that can be told from others; None for nothing."""
    values = [entry.get("value") for entry in entries]
    said = [value for value in values if isinstance(value, Mapping)]
    if not said:
        return None
    if kind in ("ordinal", "interval"):
        number = said[0].get("rating" if kind == "ordinal" else "number")
        if isinstance(number, bool) or not isinstance(number, int | float):
            return None
        return float(number) if np.isfinite(number) else None
    if kind == "text":
        text = said[0].get("text")
        return "\n".join(map(str, text)) if isinstance(text, list) else text
    return frozenset(_list_choices(said)) or None


def _list_choices(said: Sequence[Mapping[str, Any]]) -> list[str]:
    found: list[str] = []
    for value in said:
        for key in ("choices", "taxonomy"):
            found += [" / ".join(map(str, one)) if isinstance(one, list) else str(one) for one in value.get(key) or ()]
        if value.get("selected"):
            found.append(str(value["selected"]))
    return found


def _show(value: Any) -> str:
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    return f"{value:g}" if isinstance(value, float) else str(value)[:80]


def _summarize_classes(names: Sequence[str], confusion: np.ndarray) -> list[dict[str, Any]]:
    said = confusion.sum(axis=0) + confusion.sum(axis=1)
    shares = agreement.agree_by_class(confusion)
    return [
        {"name": name, "agreed": share, "said": int(count)}
        for name, share, count in zip(names, shares, said, strict=True)
    ]


def _summarize_pairs(people, pairs, names, agrees) -> list[dict[str, Any]]:
    """Busiest first: how often two people say the same, Cohen's kappa, and the cells of their matrix."""
    size, both = len(names), pairs.rater_a * len(people) + pairs.rater_b
    known, counts = np.unique(both, return_counts=True)
    found = []
    for key in known[np.argsort(-counts, kind="stable")][:MAX_PAIR_TABLES].tolist():
        chosen = both == key
        a, b = divmod(key, len(people))
        row = {"a": people[a], "b": people[b], "items": int(chosen.sum()), "percent": float(agrees[chosen].mean())}
        if size:
            confusion = agreement.count_confusion(pairs.select(chosen), size)
            cells = sorted(((int(confusion[x, y]), int(x), int(y)) for x, y in np.argwhere(confusion)), reverse=True)
            row |= {"kappa": agreement.cohen_kappa(confusion), "cells": [[x, y, n] for n, x, y in cells[:MAX_CELLS]]}
        found.append(row)
    return found


def _summarize_weeks(units, codes, weeks, pairs, pair_weeks, measure) -> list[dict[str, Any]]:
    found = []
    for week in np.unique(weeks)[-MAX_WEEKS:].tolist():
        mine, paired = weeks == week, pairs.select(pair_weeks == week)
        found.append(
            {
                "week": week,
                "items": len(np.unique(units[mine])),
                "percent": agreement.percent_agreement(paired),
                "alpha": measure(paired, units[mine], codes[mine]),
            }
        )
    return found


def _summarize_people(people, units, raters, codes, pairs, pair_weeks, measure) -> list[dict[str, Any]]:
    """How often each one agrees with the others, week by week, and what alpha is without them."""
    agrees = pairs.code_a == pairs.code_b
    found = []
    for number, user in enumerate(people):
        mine = (pairs.rater_a == number) | (pairs.rater_b == number)
        others = raters != number
        rest = agreement.pair_up(units[others], raters[others], codes[others])
        weeks = pair_weeks[mine]
        found.append(
            {
                "user": user,
                "items": int((raters == number).sum()),
                "pairs": int(mine.sum()),
                "agreed": float(agrees[mine].mean()) if mine.any() else None,
                "agreed_count": int(agrees[mine].sum()),
                "without": measure(rest, units[others], codes[others]) if len(people) > 2 else None,
                "weeks": [
                    [week, float(agrees[mine][weeks == week].mean()), int((weeks == week).sum())]
                    for week in np.unique(weeks)[-MAX_WEEKS:].tolist()
                ],
            }
        )
    return found
