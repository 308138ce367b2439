"""Several people's results to one item as one result: questions, regions with what is said of them, relations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from lifecycle.annotations.merging import questions, relations
from lifecycle.annotations.merging.judges import Judge
from lifecycle.annotations.merging.model import HALF, Answer, Drawn, Entry, Merged, Part, Reading, Said, read_answer
from lifecycle.annotations.merging.regions import Cluster, cluster, name_region, read_names
from lifecycle.contracts.label_interface import CONTROLS, Control, Interface
from lifecycle.contracts.label_interface.checking import is_asked


def merge(interface: Interface, answers: Sequence[Answer], judge: Judge) -> Merged:
    """What the answers come to. The order in which they are handed over does not matter.

    Where the parts do not make a result that the checker takes (too many regions), the newest answer stands, in doubt;
    in doubt is also what leaves open a question that nobody was asked, but all of them together ask.
    """
    readings = [read_answer(interface, one) for one in sorted(answers, key=lambda one: one.annotation)]
    merger = _Merger(interface, readings, judge)
    merger.settle_all()
    result, posterior = merger.result, min((part.posterior for part in merger.parts), default=1.0)
    try:
        interface.check_result(result)
    except ValueError:
        return Merged([dict(entry) for entry in readings[-1].answer.entries], 0.0)
    if not _is_complete(interface, result) and any(_is_complete(interface, one.entries) for one in answers):
        posterior = 0.0
    return Merged(result, posterior, tuple(merger.parts), merger.agreed)


def _is_complete(interface: Interface, entries: Sequence[Entry]) -> bool:
    try:
        interface.check_complete(entries)
    except ValueError:
        return False
    return True


class _Merger:
    """One item: settles its controls in an order in which those that others depend on come first."""

    def __init__(self, interface: Interface, readings: Sequence[Reading], judge: Judge) -> None:
        self.interface, self.readings, self.judge = interface, readings, judge
        self.result: list[dict[str, Any]] = []
        self.parts: list[Part] = []
        self.ids: dict[tuple[int, str], str] = {}  # (annotation, id in it) -> id of the kept region
        self._kept = 0
        self._agreed: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))

    @property
    def agreed(self) -> dict[str, dict[int, tuple[float, float]]]:
        return {name: {user: (a, b) for user, (a, b) in people.items()} for name, people in self._agreed.items()}

    def settle_all(self) -> None:
        for step in _list_steps(self.interface):
            if CONTROLS[step[0].tag].draws:
                self._settle_regions()
            else:
                self._settle_question(step[0])
        for entry, part in relations.settle(self.readings, self.ids, self.judge):
            self.parts.append(part)
            if entry:
                self.result.append(entry)

    def _settle_question(self, control: Control) -> None:
        """Of a question with a condition, those count to whom it was asked (or not) as the final answer asks it."""
        holds = is_asked(self.interface, control, self.result)
        asked = [
            Said(one.answer.annotation, one.answer.user, one.plain.get(control.name))
            for one in self.readings
            if not control.when or is_asked(self.interface, control, one.answer.entries) == holds
        ]
        must = control.required or control.name == self.interface.main and not control.multiple
        self._add(control, asked, must=must, region="")

    def _add(self, control: Control, asked: Sequence[Said], *, must: bool, region: str) -> None:
        settled = questions.settle(control, asked, self.judge, must=must)
        if settled is None:
            return
        for one in asked:
            if one.entry is not None:
                self._count(control.name, one.user, questions.agrees(control, one.entry, settled), 1)
        if settled.entry:
            entry = {name: value for name, value in settled.entry.items() if name not in ("id", "parentID")}
            self.result.append(entry | ({"id": region} if region else {}))
        said = questions.describe(control, settled.entry)
        self.parts.append(Part(control.name, settled.posterior, settled.annotations, region, said))

    def _count(self, control: str, user: int, right: float, total: float) -> None:
        tally = self._agreed[control][user]
        tally[0] += right
        tally[1] += total

    def _settle_regions(self) -> None:
        for one in cluster([region for reading in self.readings for region in reading.regions], self.judge):
            control = self.interface.by_name[one.medoid.main["from_name"]]
            weights = {m.annotation: self.judge.weigh(control.name, m.user) for m in one.members}
            asked = self._list_asked(control, weights)
            share = sum(weights.values()) / sum(asked.values())
            drew = tuple(weights)
            if share >= HALF:
                self._count_kept(control, one, self._keep(control, one, share), asked)
            else:
                said = ", ".join(read_names(one.medoid.main))
                self.parts.append(Part(control.name, 1 - share, drew, "", said, is_kept=False))
                for member in one.members:
                    self._count(control.name, member.user, 0, 1)

    def _list_asked(self, control: Control, drew: Mapping[int, float]) -> dict[int, float]:
        """{annotation: weight} of those who could have drawn a region, and of those who did."""
        holds = is_asked(self.interface, control, self.result)
        return {
            one.answer.annotation: self.judge.weigh(control.name, one.answer.user)
            for one in self.readings
            if one.answer.annotation in drew or is_asked(self.interface, control, one.answer.entries) == holds
        }

    def _count_kept(self, control: Control, kept: Cluster, names: tuple[str, ...], asked: Mapping[int, float]) -> None:
        """F1's sums: twice what both have, over what either has."""
        drew = {member.annotation: member for member in kept.members}
        for reading in self.readings:
            answer = reading.answer
            if answer.annotation in drew:
                is_same = read_names(drew[answer.annotation].main) == names
                self._count(control.name, answer.user, 2.0 * is_same, 2)
            elif answer.annotation in asked:
                self._count(control.name, answer.user, 0, 1)

    def _keep(self, control: Control, kept: Cluster, share: float) -> tuple[str, ...]:
        """Its shape with the name that was voted for, its other labels, and what is said of it; returns its names."""
        self._kept += 1
        identifier = f"r{self._kept}"
        self.ids.update({(member.annotation, member.id): identifier for member in kept.members})
        sure, drawn = share, list[dict[str, Any]]()
        for other in self.interface.controls:
            named = [(m, entry) for m in kept.members for entry in m.entries if entry["from_name"] == other.name]
            if not named or not self._is_given_by_half(other, kept, named):
                continue
            shape = next((entry for m, entry in named if m is kept.medoid), named[-1][1])
            entry, share_of_name = name_region(other, named, shape, self.judge)
            drawn.append(self._place_inside(entry, kept.medoid) | {"id": identifier})
            sure = min(sure, share_of_name)
        self.result += drawn
        drew = tuple(member.annotation for member in kept.members)
        self.parts.append(Part(control.name, sure, drew, identifier, ", ".join(read_names(drawn[0]))))
        for note in self.interface.controls:
            if note.per_region:
                self._settle_note(note, kept, drawn, identifier)
        return read_names(drawn[0])

    def _is_given_by_half(self, control: Control, kept: Cluster, named: Sequence[tuple[Drawn, Entry]]) -> bool:
        if control.name == kept.medoid.main["from_name"]:
            return True
        total = sum(self.judge.weigh(control.name, member.user) for member in kept.members)
        return sum(self.judge.weigh(control.name, member.user) for member, _ in named) / total >= HALF

    def _place_inside(self, entry: dict[str, Any], medoid: Drawn) -> dict[str, Any]:
        """Label Studio keeps the region around a region as parentID: it follows where that was kept."""
        parent = self.ids.get((medoid.annotation, str(entry.get("parentID"))))
        rest = {name: value for name, value in entry.items() if name != "parentID"}
        return rest | ({"parentID": parent} if parent else {})

    def _settle_note(self, control: Control, kept: Cluster, drawn: Sequence[Entry], identifier: str) -> None:
        holds = is_asked(self.interface, control, drawn)
        asked = [
            Said(member.annotation, member.user, member.notes.get(control.name))
            for member in kept.members
            if not control.when or is_asked(self.interface, control, member.entries) == holds
        ]
        self._add(control, asked, must=control.required, region=identifier)


def _list_steps(interface: Interface) -> list[list[Control]]:
    """Controls in the order in which they are settled: each after the one that its condition asks about. What draws is
    one step, since a region may have labels of several controls; what is said of regions belongs to it."""
    drawing = list(interface.find_region_controls())
    others = [one for one in interface.controls if one not in drawing and not one.per_region]
    waiting = [*([drawing] if drawing else []), *([one] for one in others if one.tag != "Relations")]
    done: list[list[Control]] = []
    places = {one.name: number for number, step in enumerate(waiting) for one in step}
    rest = list(range(len(waiting)))
    while rest:
        # a condition on any region, or on what is said of one, waits for the step that draws: the first
        ready = [number for number in rest if not _list_needs(waiting[number], places) & set(rest) - {number}]
        following = (ready or rest)[0]
        done.append(waiting[following])
        rest.remove(following)
    return done


def _list_needs(step: Sequence[Control], places: Mapping[str, int]) -> set[int]:
    return {places.get(condition.control, 0) for one in step for condition in one.when}
