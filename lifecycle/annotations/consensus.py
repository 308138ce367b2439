"""Final labels out of several people's answers: the majority, and Dawid & Skene's EM (1979); numpy only.

Answers come in long form as in `agreement`: units (0 … n-1, in rising order), raters and codes of one length. Both
methods walk over chunks of units, so that posteriors of a million items are never in memory at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CHUNK = 20_000  # units
MAX_CELLS = 50_000_000  # of all people's confusion matrices together
_SMALLEST = 1e-10


@dataclass(frozen=True)
class Answers:
    """Answers to units in rising order, at most one for each unit and rater."""

    units: Ints
    raters: Ints
    codes: Ints
    class_count: int
    rater_count: int

    @property
    def unit_count(self) -> int:
        return int(self.units[-1]) + 1 if self.units.size else 0


@dataclass(frozen=True)
class Chunk:
    """Posteriors (units, classes) of the units from `start` on; `rows` are their answers."""

    start: int
    posterior: Floats
    rows: slice


@dataclass(frozen=True)
class Skills:
    """What Dawid & Skene's model knows: how common each class is, and confusion[rater, truth, said]."""

    priors: Floats
    confusion: Floats
    rounds: int

    @property
    def accuracies(self) -> Floats:
        """By rater: how often they say the truth, with the classes as common as they are."""
        right = np.diagonal(self.confusion, axis1=1, axis2=2)
        return (right * self.priors).sum(axis=1)


def vote(answers: Answers) -> Iterator[Chunk]:
    """Each class's share of the answers."""
    for start, stop, rows in _walk(answers):
        counts = np.zeros((stop - start, answers.class_count))
        np.add.at(counts, (answers.units[rows] - start, answers.codes[rows]), 1.0)
        yield Chunk(start, counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0), rows)


def learn_skills(
    answers: Answers,
    *,
    rounds: int = 100,
    tolerance: float = 1e-7,
    smoothing: float = 0.01,
    should_stop: Callable[[], bool] = lambda: False,
) -> Skills:
    """EM from the majority on, until no prior and no confusion moves by more than `tolerance`.

    `smoothing` answers are added to each cell, so that somebody seen once is neither perfect nor hopeless.
    """
    cells = answers.rater_count * answers.class_count**2
    if cells > MAX_CELLS:
        raise ValueError(f"{answers.class_count} classes of {answers.rater_count} people are too many for this method.")
    skills = _maximize(answers, vote(answers), smoothing, 0)
    for done in range(1, rounds + 1):
        if should_stop():
            break
        before = skills
        skills = _maximize(answers, judge(answers, before), smoothing, done)
        moved = max(
            float(np.abs(skills.priors - before.priors).max(initial=0.0)),
            float(np.abs(skills.confusion - before.confusion).max(initial=0.0)),
        )
        if moved <= tolerance:
            break
    return skills


def judge(answers: Answers, skills: Skills) -> Iterator[Chunk]:
    """The probability of each class for each unit, given who said what."""
    log_priors = np.log(np.maximum(skills.priors, _SMALLEST))
    said = np.log(skills.confusion).transpose(0, 2, 1)  # [rater, said, truth]; none is zero, see _maximize
    for start, stop, rows in _walk(answers):
        score = np.tile(log_priors, (stop - start, 1))
        np.add.at(score, answers.units[rows] - start, said[answers.raters[rows], answers.codes[rows]])
        likelihood = np.exp(score - score.max(axis=1, keepdims=True))
        yield Chunk(start, likelihood / likelihood.sum(axis=1, keepdims=True), rows)


def _maximize(answers: Answers, chunks: Iterator[Chunk], smoothing: float, rounds: int) -> Skills:
    size, people = answers.class_count, answers.rater_count
    priors = np.zeros(size)
    counts = np.full((people * size, size), smoothing)  # [(rater, said), truth]
    for chunk in chunks:
        priors += chunk.posterior.sum(axis=0)
        cell = answers.raters[chunk.rows] * size + answers.codes[chunk.rows]
        weights = chunk.posterior[answers.units[chunk.rows] - chunk.start]
        for truth in range(size):
            counts[:, truth] += np.bincount(cell, weights=weights[:, truth], minlength=people * size)
    confusion = np.maximum(counts, _SMALLEST).reshape(people, size, size).transpose(0, 2, 1)
    return Skills(priors / max(priors.sum(), 1.0), confusion / confusion.sum(axis=2, keepdims=True), rounds)


def _walk(answers: Answers) -> Iterator[tuple[int, int, slice]]:
    """(first unit, unit after the last, their rows) of one chunk after the other."""
    for start in range(0, answers.unit_count, CHUNK):
        stop = min(start + CHUNK, answers.unit_count)
        first, last = np.searchsorted(answers.units, [start, stop])
        yield start, stop, slice(int(first), int(last))
