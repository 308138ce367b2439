"""Dawid & Skene's model where an answer is a set of classes: each class is a yes or no of its own; numpy only.

A person has one skill for all classes: how often they see what is there, and how often they say what is not. A class
has a prior of its own. So a rare class is judged by what is known of its people from common ones, and is still rare.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CELLS = 1_000_000  # of a chunk: units times classes
SMOOTHING = 0.01  # answers added to each cell
_SMALLEST = 1e-10


@dataclass(frozen=True)
class SetChunk:
    """Some units (numbered from 0): who answered which one, and for each yes its unit, rater and class."""

    count: int
    units: Ints
    raters: Ints
    yes_units: Ints
    yes_raters: Ints
    yes_codes: Ints


class SetAnswers:
    """Answers as they are collected, units one after the other: only what was said is kept, not what was left out."""

    def __init__(self) -> None:
        self._units, self._raters = array("q"), array("q")  # one for each answer
        self._answers, self._codes = array("q"), array("q")  # one for each class that was said
        self.people: dict[int, int] = {}
        self.classes: dict[Hashable, int] = {}
        self._count = -1

    def add(self, answers: Sequence[tuple[int, frozenset[Any]]]) -> None:
        """What (user, set of classes) people said to the next unit."""
        self._count += 1
        for user, said in answers:
            for name in sorted(said, key=str):
                self._answers.append(len(self._units))
                self._codes.append(self.classes.setdefault(name, len(self.classes)))
            self._units.append(self._count)
            self._raters.append(self.people.setdefault(user, len(self.people)))

    def walk(self) -> Iterator[SetChunk]:
        """All answers, some units at a time."""
        units, raters, answers, codes = (
            np.array(column, np.int64) for column in (self._units, self._raters, self._answers, self._codes)
        )
        step = max(CELLS // max(len(self.classes), 1), 1)
        for start in range(0, self._count + 1, step):
            stop = min(start + step, self._count + 1)
            first, last = np.searchsorted(units, [start, stop])
            low, high = np.searchsorted(answers, [first, last])
            by = answers[low:high]
            yield SetChunk(
                stop - start, units[first:last] - start, raters[first:last],
                units[by] - start, raters[by], codes[low:high],
            )  # fmt: skip


@dataclass(frozen=True)
class SetSkills:
    """`said[rater, truth]`: how often they say yes where it is not so (0) and where it is (1); priors by class."""

    people: Mapping[int, int]
    classes: Mapping[Hashable, int]
    priors: Floats
    said: Floats

    @property
    def accuracies(self) -> Floats:
        """By rater: how often they are right about a class, with the classes as common as they are."""
        common = float(self.priors.mean()) if self.priors.size else 0.0
        return common * self.said[:, 1] + (1 - common) * (1 - self.said[:, 0])

    def covers(self, votes: Sequence[tuple[int, Any]]) -> bool:
        """Whether these people and classes were seen when the skills were learned."""
        return all(user in self.people and said <= self.classes.keys() for user, said in votes)

    def judge(self, votes: Sequence[tuple[int, Any]]) -> dict[Hashable, float]:
        """How likely each class is that one of these people named."""
        named = sorted({name for _, said in votes for name in said}, key=lambda name: self.classes[name])
        found = {}
        for name in named:
            prior = float(self.priors[self.classes[name]])
            score = np.log(np.maximum([1 - prior, prior], _SMALLEST))
            for user, said in votes:
                told = self.said[self.people[user]]
                score = score + np.log(np.maximum(told if name in said else 1 - told, _SMALLEST))
            found[name] = float(1 / (1 + np.exp(np.clip(score[0] - score[1], -700, 700))))
        return found


def learn_set_skills(
    answers: SetAnswers, *, rounds: int = 100, tolerance: float = 1e-7, should_stop: Callable[[], bool] = lambda: False
) -> SetSkills:
    """EM from the shares of yes on, until nothing moves by more than `tolerance`."""
    skills = _maximize(answers, None)
    for _ in range(rounds):
        if should_stop():
            break
        before, skills = skills, _maximize(answers, skills)
        moved = max(
            float(np.abs(skills.priors - before.priors).max(initial=0.0)),
            float(np.abs(skills.said - before.said).max(initial=0.0)),
        )
        if moved <= tolerance:
            break
    return skills


def _maximize(answers: SetAnswers, before: SetSkills | None) -> SetSkills:
    people, size = len(answers.people), len(answers.classes)
    yes, asked = np.full((people, 2), SMOOTHING), np.full((people, 2), 2 * SMOOTHING)
    priors, count = np.zeros(size), 0
    for chunk in answers.walk():
        there = _estimate(chunk, size, before)
        sums = there.sum(axis=1)
        asked[:, 1] += np.bincount(chunk.raters, weights=sums[chunk.units], minlength=people)
        asked[:, 0] += np.bincount(chunk.raters, weights=(size - sums)[chunk.units], minlength=people)
        true = there[chunk.yes_units, chunk.yes_codes]
        yes[:, 1] += np.bincount(chunk.yes_raters, weights=true, minlength=people)
        yes[:, 0] += np.bincount(chunk.yes_raters, weights=1 - true, minlength=people)
        priors += there.sum(axis=0)
        count += chunk.count
    said = np.clip(yes / asked, _SMALLEST, 1.0)
    return SetSkills(answers.people, answers.classes, priors / max(count, 1), said)


def _estimate(chunk: SetChunk, size: int, skills: SetSkills | None) -> Floats:
    """(units, classes) how likely each class is true: the share of yes at first, then what the skills make of it."""
    if skills is None:
        shares = np.zeros((chunk.count, size))
        np.add.at(shares, (chunk.yes_units, chunk.yes_codes), 1.0)
        return shares / np.maximum(np.bincount(chunk.units, minlength=chunk.count), 1)[:, None]
    prior = np.clip(skills.priors, _SMALLEST, 1 - _SMALLEST)
    no = np.log(np.maximum(1 - skills.said, _SMALLEST))
    gain = np.log(np.maximum(skills.said, _SMALLEST)) - no
    score = np.tile(np.log(prior) - np.log(1 - prior), (chunk.count, 1))
    silent = (no[:, 1] - no[:, 0])[chunk.raters]
    score += np.bincount(chunk.units, weights=silent, minlength=chunk.count)[:, None]
    np.add.at(score, (chunk.yes_units, chunk.yes_codes), (gain[:, 1] - gain[:, 0])[chunk.yes_raters])
    return 1 / (1 + np.exp(np.clip(-score, -700, 700)))
