"""Whose word weighs how much: everybody's the same, or by what is known of how often they are right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from lifecycle.annotations import consensus
from lifecycle.annotations.merging.sets import SetSkills

Votes = Sequence[tuple[int, Any]]  # (user, what they said)
_SMALLEST = 1e-10


class Judge(Protocol):
    """What `merge` asks. `control` is a control's name; probabilities are of what somebody said only."""

    def weigh(self, control: str, user: int) -> float:
        """How much a person's word counts, above 0."""
        ...

    def rate(self, control: str, user: int) -> float:
        """How often a person is right here, as far as this judge knows; 1 where it does not."""
        ...

    def choose(self, control: str, votes: Votes) -> dict[Hashable, float]:
        """How likely each class is that somebody said, where exactly one is true."""
        ...

    def tick(self, control: str, votes: Votes) -> dict[Hashable, float]:
        """How likely each class is, where each is a yes or no of its own; what is said are sets of classes."""
        ...


class Majority:
    """Everybody's word is worth the same."""

    def weigh(self, control: str, user: int) -> float:
        return 1.0

    def rate(self, control: str, user: int) -> float:
        return 1.0

    def choose(self, control: str, votes: Votes) -> dict[Hashable, float]:
        weights: dict[Hashable, float] = defaultdict(float)
        for user, said in votes:
            weights[said] += self.weigh(control, user)
        total = sum(weights.values())
        return {said: weight / total for said, weight in weights.items()}

    def tick(self, control: str, votes: Votes) -> dict[Hashable, float]:
        weights: dict[Hashable, float] = defaultdict(float)
        total = 0.0
        for user, said in votes:
            weight = self.weigh(control, user)
            total += weight
            for name in said:
                weights[name] += weight
        return {name: weight / total for name, weight in weights.items()}


@dataclass(frozen=True)
class ClassSkills:
    """Dawid & Skene's model of one question with one class as its answer."""

    people: Mapping[int, int]  # user -> row
    classes: Mapping[Hashable, int]
    skills: consensus.Skills


@dataclass(frozen=True)
class Skilled(Majority):
    """Classes by Dawid & Skene's model, all else by weights: the share of what a person says that came out."""

    weights: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    classes: Mapping[str, ClassSkills] = field(default_factory=dict)
    sets: Mapping[str, SetSkills] = field(default_factory=dict)

    def weigh(self, control: str, user: int) -> float:
        return self.weights.get(control, {}).get(user, 0.5)

    def rate(self, control: str, user: int) -> float:
        """Of classes, how often they say the truth with the classes as common as they are; else their weight."""
        if control in self.classes and user in self.classes[control].people:
            known = self.classes[control]
            return float(known.skills.accuracies[known.people[user]])
        if control in self.sets and user in self.sets[control].people:
            return float(self.sets[control].accuracies[self.sets[control].people[user]])
        return self.weigh(control, user)

    def choose(self, control: str, votes: Votes) -> dict[Hashable, float]:
        known = self.classes.get(control)
        if known is None or any(user not in known.people or said not in known.classes for user, said in votes):
            return super().choose(control, votes)  # also where somebody answered since the skills were learned
        score = np.log(np.maximum(known.skills.priors, _SMALLEST))
        for user, said in votes:
            told = known.skills.confusion[known.people[user], :, known.classes[said]]
            score = score + np.log(np.maximum(told, _SMALLEST))
        likelihood = np.exp(score - score.max())
        likelihood /= likelihood.sum()
        return {said: float(likelihood[known.classes[said]]) for _, said in votes}

    def tick(self, control: str, votes: Votes) -> dict[Hashable, float]:
        known = self.sets.get(control)
        return known.judge(votes) if known and known.covers(votes) else super().tick(control, votes)
