"""What is told of one question whose answers are drawn: sums over pairs of answers that are compared as they come."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from lifecycle.annotations import outliers, region_agreement, region_links
from lifecycle.annotations.agreement import Floats
from lifecycle.annotations.agreement_report import (
    MAX_CELLS,
    MAX_CONFUSION,
    MAX_PAIR_TABLES,
    MAX_WEEKS,
    Said,
    describe_standing,
)
from lifecycle.annotations.region_agreement import Tally

WORST = 100  # items that agree least


class DrawnAnswers:
    """Compares regions or spans as they come; keeps sums by pair of people, by week, and the items that agree least."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._pairs: dict[tuple[int, int], Tally] = defaultdict(Tally)
        self._exact = Tally()
        self._weeks: dict[int, Tally] = defaultdict(Tally)
        self._person_weeks: dict[tuple[int, int], Tally] = defaultdict(Tally)
        self._pair_groups: dict[tuple[int, int], Floats] = defaultdict(_start_sums)
        self._rest_groups: dict[int, Floats] = defaultdict(_start_sums)  # others' pairs on what the person answered
        self._rest_items: Counter[int] = Counter()
        self._worst: list[tuple[float, int]] = []
        self._by_person: Counter[int] = Counter()
        self._items = self._answers = 0

    def add(self, item: int, week: int, answers: Sequence[Said]) -> None:
        """Answers to one item by two people or more; without an entry somebody found nothing."""
        if len(answers) < 2:
            return
        self._items += 1
        self._answers += len(answers)
        self._by_person.update(said.user for said in answers)
        regions = [(said.user, self._read(said.entries)) for said in answers]
        whole = Tally()
        group = self._items % outliers.GROUPS
        own: dict[int, Floats] = defaultdict(lambda: np.zeros(2))
        for (user, mine), (other, theirs) in combinations(sorted(regions, key=lambda pair: pair[0]), 2):
            tally = self._compare(mine, theirs)
            whole.add(tally)
            sums = np.array([2.0 * tally.same, tally.first + tally.second])
            self._pair_groups[user, other][group] += sums
            own[user] += sums
            own[other] += sums
            self._pairs[user, other].add(tally)
            self._person_weeks[user, week].add(tally)
            self._person_weeks[other, week].add(tally)
            if self.kind == "spans":
                self._exact.add(region_agreement.compare(mine, theirs, least=region_agreement.EXACT))
        self._weeks[week].add(whole)
        self._keep_worst(item, whole.f1)
        if len(own) > 2:
            for user, sums in own.items():
                self._rest_groups[user][group] += [2.0 * whole.same - sums[0], whole.first + whole.second - sums[1]]
                self._rest_items[user] += 1

    def _read(self, entries: Sequence[Mapping[str, Any]]) -> Any:
        return region_agreement.read_regions(entries)

    def _compare(self, mine: Any, theirs: Any) -> Tally:
        return region_agreement.compare(mine, theirs, least=region_links.find_least(self.kind))

    def _keep_worst(self, item: int, f1: float | None) -> None:
        if f1 is not None and f1 < 1.0:
            self._worst.append((f1, item))
        if len(self._worst) > 20 * WORST:
            self._worst = sorted(self._worst)[:WORST]

    def summarize(self) -> dict[str, Any]:
        """The report; {} where no item has two answers."""
        if not self._items:
            return {}
        total = Tally()
        for tally in self._pairs.values():
            total.add(tally)
        classes = [name for name, _ in _count_labels(total.cells).most_common(MAX_CONFUSION)]
        found: dict[str, Any] = {
            "kind": self.kind,
            "items": self._items,
            "answers": self._answers,
            "f1": total.f1,
            "overlap": None if self.kind == "relations" else total.mean_overlap,
            "classes": [_describe_class(name, total.cells) for name in classes],
            "confusion": _build_matrix(classes, total.cells),
            "pairs": [_describe_drawn_pair(pair, tally, classes) for pair, tally in self._list_pairs()],
            "people": self._summarize_people(),
            "weeks": [
                {"week": week, "items": self._weeks[week].compared, "f1": self._weeks[week].f1}
                for week in sorted(self._weeks)[-MAX_WEEKS:]
            ],
            "worst": [{"item": item, "f1": f1} for f1, item in sorted(self._worst)[:WORST]],
        }
        if self.kind == "spans":
            found["exact_f1"] = self._exact.f1
        return found

    def _list_pairs(self) -> list[tuple[tuple[int, int], Tally]]:
        busiest = sorted(self._pairs.items(), key=lambda row: -row[1].compared)
        return busiest[:MAX_PAIR_TABLES]

    def _summarize_people(self) -> list[dict[str, Any]]:
        found = []
        for user in sorted({user for pair in self._pairs for user in pair}):
            mine, others = Tally(), Tally()
            for pair, tally in self._pairs.items():
                (mine if user in pair else others).add(tally)
            weeks = sorted((week, tally) for (person, week), tally in self._person_weeks.items() if person == user)
            row: dict[str, Any] = {
                "user": user,
                "items": self._by_person[user],
                "pairs": mine.compared,
                "agreed": mine.f1,
                "without": others.f1,
                "weeks": [[week, tally.f1, tally.compared] for week, tally in weeks[-MAX_WEEKS:]],
            }
            found.append(row | describe_standing(self._find_standing(user)))
        return found

    def _find_standing(self, user: int) -> outliers.Standing | None:
        """The F1 with the others beside that of these with each other, on the same items where three met."""
        mine, rest = _start_sums(), _start_sums()
        met = apart = 0
        for pair, sums in self._pair_groups.items():
            if user in pair:
                mine, met = mine + sums, met + self._pairs[pair].compared
            else:
                rest, apart = rest + sums, apart + self._pairs[pair].compared
        if self._rest_items[user] >= outliers.LEAST_UNITS:
            rest = self._rest_groups[user]
        if min(met, apart, self._by_person[user]) < outliers.LEAST_UNITS:
            return None
        return outliers.measure_standing(partial(_measure_f1, mine), partial(_measure_f1, rest), mine[:, 1] > 0)


class RelatedAnswers(DrawnAnswers):
    """Compares what leads from one region to another; it is given whole answers, for what the regions are."""

    def __init__(self) -> None:
        super().__init__("relations")

    def _read(self, entries: Sequence[Mapping[str, Any]]) -> Any:
        return region_links.read_places(entries), [entry for entry in entries if region_links.is_relation(entry)]

    def _compare(self, mine: Any, theirs: Any) -> Tally:
        (places, relations), (other_places, other_relations) = mine, theirs
        same = region_links.match_places(places, other_places)
        return region_links.compare_relations(relations, other_relations, same)


def _start_sums() -> Floats:
    """By group of items: twice what was drawn by both and called the same, and what was drawn."""
    return np.zeros((outliers.GROUPS, 2))


def _measure_f1(sums: Floats, chosen: outliers.Chosen) -> float:
    same, drawn = sums[chosen].sum(axis=0)
    return float(same / drawn) if drawn else 1.0


def _count_labels(cells: Mapping[tuple[str, str], int]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for pair, count in cells.items():
        for name in pair:
            if name != region_agreement.MISSED:
                counted[name] += count
    return counted


def _describe_class(name: str, cells: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    said = sum(count * ((a == name) + (b == name)) for (a, b), count in cells.items())
    both = cells.get((name, name), 0)
    return {"name": name, "agreed": 2 * both / said if said else None, "said": said}


def _build_matrix(classes: Sequence[str], cells: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """Both ways round; the last row and column are what the other did not mark."""
    names = [*classes, region_agreement.MISSED]
    place = {name: n for n, name in enumerate(names)}
    matrix = [[0] * len(names) for _ in names]
    for (a, b), count in cells.items():
        if a in place and b in place:
            matrix[place[a]][place[b]] += count
            matrix[place[b]][place[a]] += count
    return {"classes": [*classes, "(not marked)"], "matrix": matrix}


def _describe_drawn_pair(pair: tuple[int, int], tally: Tally, classes: Sequence[str]) -> dict[str, Any]:
    place = {name: n for n, name in enumerate([*classes, region_agreement.MISSED])}
    cells = [[place[a], place[b], n] for (a, b), n in tally.cells.most_common(MAX_CELLS) if a in place and b in place]
    row = {"a": pair[0], "b": pair[1], "items": tally.compared, "f1": tally.f1, "overlap": tally.mean_overlap}
    return row | {"cells": cells}
