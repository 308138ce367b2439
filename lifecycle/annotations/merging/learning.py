"""What is known of how often people are right, learned from all answers of a project.

Questions with classes by Dawid & Skene's model (1979). For all else a person's weight is the share of what they said
that also came out where everybody's word is worth the same: numbers within the tolerance, texts that are equal, of
regions F1; with one right and one wrong added, so that somebody seen once is neither perfect nor hopeless.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from lifecycle.annotations import consensus
from lifecycle.annotations.merging.judges import ClassSkills, Majority, Skilled
from lifecycle.annotations.merging.model import Answer, Reading, read_answer
from lifecycle.annotations.merging.questions import is_set, read_classes
from lifecycle.annotations.merging.results import merge
from lifecycle.annotations.merging.sets import SetAnswers, learn_set_skills
from lifecycle.contracts.label_interface import Interface
from lifecycle.contracts.label_interface.checking import is_asked

CLASS_TAGS = {"Choices", "Taxonomy", "Pairwise"}


class ClassAnswers:
    """Answers of one class each, as codes, as they are collected."""

    def __init__(self) -> None:
        self._units, self._raters, self._codes = array("q"), array("q"), array("q")
        self.people: dict[int, int] = {}
        self.classes: dict[Hashable, int] = {}
        self._count = -1

    def add(self, answers: Sequence[tuple[int, Hashable]]) -> None:
        """What (user, class) people said to the next unit."""
        self._count += 1
        for user, said in answers:
            self._units.append(self._count)
            self._raters.append(self.people.setdefault(user, len(self.people)))
            self._codes.append(self.classes.setdefault(said, len(self.classes)))

    def learn(self, should_stop: Callable[[], bool]) -> ClassSkills:
        """Dawid & Skene's model of these answers."""
        units, raters, codes = (np.array(column, np.int64) for column in (self._units, self._raters, self._codes))
        counts = max(len(self.classes), 1), max(len(self.people), 1)
        answers = consensus.Answers(units, raters, codes, *counts)
        return ClassSkills(self.people, self.classes, consensus.learn_skills(answers, should_stop=should_stop))


class Learner:
    """Takes the answers of one item after the other; keeps codes of classes, and sums by person of all else."""

    def __init__(self, interface: Interface) -> None:
        self.interface = interface
        plain = [one for one in interface.controls if one.tag in CLASS_TAGS and not one.per_region]
        self._sets = {one.name: SetAnswers() for one in plain if is_set(one)}
        self._classes = {one.name: ClassAnswers() for one in plain if not is_set(one)}
        self._has_others = len(plain) < sum(one.tag != "Relations" for one in interface.controls)
        self._sums: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))

    def add(self, answers: Sequence[Answer]) -> None:
        """All answers to one item."""
        readings = [read_answer(self.interface, one) for one in answers]
        for name, classes in self._classes.items():
            control = self.interface.by_name[name]
            said = [(one, one.plain[name]) for one in readings if name in one.plain]
            classes.add([(one.answer.user, next(iter(read_classes(control, entry)))) for one, entry in said])
        for name, sets in self._sets.items():
            control = self.interface.by_name[name]
            asked = [one for one in readings if self._is_asked(name, one)]
            sets.add([(one.answer.user, read_classes(control, one.plain.get(name))) for one in asked])
        if self._has_others:
            self._add_sums(answers)

    def _is_asked(self, name: str, reading: Reading) -> bool:
        control = self.interface.by_name[name]
        return name in reading.plain or is_asked(self.interface, control, reading.answer.entries)

    def _add_sums(self, answers: Sequence[Answer]) -> None:
        for name, people in merge(self.interface, answers, Majority()).agreed.items():
            for user, (right, total) in people.items():
                sums = self._sums[name][user]
                sums[0] += right
                sums[1] += total

    def learn(self, should_stop: Callable[[], bool] = lambda: False) -> Skilled:
        """The judge that knows everybody's skills."""
        weights = {
            name: {user: (right + 1) / (total + 2) for user, (right, total) in people.items()}
            for name, people in self._sums.items()
        }
        classes = {name: one.learn(should_stop) for name, one in self._classes.items() if one.people}
        sets = {name: learn_set_skills(one, should_stop=should_stop) for name, one in self._sets.items() if one.people}
        return Skilled(weights, classes, sets)
