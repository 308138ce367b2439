"""What several people's answers to one question come to: a class, several classes, a number, a text."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from lifecycle.annotations.distances import SAME_NUMBER
from lifecycle.annotations.merging.judges import Judge
from lifecycle.annotations.merging.model import HALF, Entry, Said, Settled, key_of
from lifecycle.annotations.merging.texts import choose_text, simplify
from lifecycle.contracts.label_interface import Control
from lifecycle.contracts.label_interface.values import read_plain

Given = Sequence[Said]  # those who answered, the oldest answer first


def settle(control: Control, asked: Given, judge: Judge, *, must: bool) -> Settled | None:
    """What `asked` people say together; None where nobody says anything. Unless it `must` be answered, at least half of
    them have to have answered it for an answer to stand."""
    asked = sorted(asked, key=lambda one: one.annotation)
    given = [one for one in asked if one.entry is not None]
    if not given:
        return None
    total = sum(judge.weigh(control.name, one.user) for one in asked)
    share = sum(judge.weigh(control.name, one.user) for one in given) / total
    if not must and share < HALF:
        return Settled(None, 1 - share, tuple(one.annotation for one in asked if one.entry is None))
    settled = find_rule(control)(control, given if must or not control.multiple else asked, judge)
    return Settled(settled.entry, settled.posterior if must else min(settled.posterior, share), settled.annotations)


def find_rule(control: Control) -> Callable[[Control, Given, Judge], Settled]:
    """The rule by which a control that does not draw is settled."""
    if is_set(control):
        return _settle_set
    return {"Rating": _settle_number, "Number": _settle_number, "TextArea": _settle_text}.get(
        control.tag, _settle_class
    )


def is_set(control: Control) -> bool:
    """Whether an answer may be several classes."""
    return control.tag in {"Choices", "Taxonomy"} and control.multiple


def agrees(control: Control, entry: Entry, settled: Settled) -> bool:
    """Whether what somebody said is what came out, within the tolerance for numbers."""
    if settled.entry is None:
        return False
    said, outcome = entry["value"][key_of(control)], settled.entry["value"][key_of(control)]
    if control.tag in {"Rating", "Number"}:
        return is_near(said, outcome)
    if control.tag == "TextArea":
        return _read_text(entry) == _read_text(settled.entry)
    return read_classes(control, entry) == read_classes(control, settled.entry)


def describe(control: Control, entry: Entry | None) -> str:
    """What came out, in words."""
    return read_plain(control, entry["value"][key_of(control)]) if entry else ""


def is_near(first: float, second: float) -> bool:
    """Whether two numbers are the same within 5 % of the larger one, as where suggestions are compared with answers."""
    largest = max(abs(first), abs(second))
    return abs(first - second) <= SAME_NUMBER * largest


def read_classes(control: Control, entry: Entry | None) -> frozenset[Hashable]:
    """The classes that an entry names, each by its path: “b” and [“a”, “b”] are one where the labels are nested."""
    if entry is None:
        return frozenset()
    said = entry["value"][key_of(control)]
    return frozenset(find_path(control, one) for one in ([said] if isinstance(said, str) else said))


def find_path(control: Control, said: Any) -> tuple[str, ...]:
    """One class as the path to it."""
    if not isinstance(said, str):
        return tuple(said)
    paths = [label.path for label in control.labels if label.value == said and label.path]
    return paths[0] if len(paths) == 1 else (said,)


def _settle_class(control: Control, given: Given, judge: Judge) -> Settled:
    """The likeliest class that somebody said; of equals the one said last."""
    votes = [(one.user, next(iter(read_classes(control, one.entry)))) for one in given]
    likely = judge.choose(control.name, votes)
    newest = {said: place for place, (_, said) in enumerate(votes)}
    chosen = max(likely, key=lambda said: (round(likely[said], 12), newest[said]))
    same = [one for one, (_, said) in zip(given, votes, strict=True) if said == chosen]
    return Settled(_copy(same[-1]), likely[chosen], tuple(one.annotation for one in same))


def _settle_set(control: Control, given: Given, judge: Judge) -> Settled:
    """Each class is a yes or no of its own, what all say a yes; where none is likely, the likeliest. As sure as its
    least sure class."""
    votes = [(one.user, read_classes(control, one.entry)) for one in given]
    likely = judge.tick(control.name, votes)
    newest = {name: place for place, (_, said) in enumerate(votes) for name in said}
    everybody = frozenset.intersection(*(said for _, said in votes))
    chosen = everybody | {name for name, share in likely.items() if share >= HALF}
    if chosen:
        posterior = min(share if name in chosen else 1 - share for name, share in likely.items())
    else:
        best = max(likely, key=lambda name: (round(likely[name], 12), newest[name]))
        chosen, posterior = frozenset([best]), likely[best]
    same = [one for one, (_, said) in zip(given, votes, strict=True) if said == chosen]
    if same:
        return Settled(_copy(same[-1]), posterior, tuple(one.annotation for one in same))
    return Settled(_compose(control, given, chosen), posterior)


def _compose(control: Control, given: Given, chosen: frozenset[Hashable]) -> dict[str, Any]:
    """An entry that names the chosen classes in the schema's order, each as somebody wrote it last."""
    words: dict[Hashable, Any] = {}
    for one in given:
        said = one.entry["value"][key_of(control)] if one.entry else []
        words.update({find_path(control, word): word for word in ([said] if isinstance(said, str) else said)})
    order = {label.path or (label.value,): place for place, label in enumerate(control.labels)}
    ranked = sorted(chosen, key=lambda path: (order.get(path, len(order)), str(path)))  # type: ignore[call-overload]
    entry = _copy([one for one in given if one.entry][-1])
    return entry | {"value": {**entry["value"], key_of(control): [words[path] for path in ranked]}}


def _settle_number(control: Control, given: Given, judge: Judge) -> Settled:
    """The lower median, so that it is a number that somebody gave; how sure is the weight that is near it."""
    weighed = [(one.entry["value"][key_of(control)], judge.weigh(control.name, one.user), one)
               for one in given if one.entry]  # fmt: skip
    total, below, median = sum(weight for _, weight, _ in weighed), 0.0, weighed[0][0]
    for number, weight, _ in sorted(weighed, key=lambda row: row[0]):
        below, median = below + weight, number
        if below >= total * HALF:
            break
    same = [one for number, _, one in weighed if number == median]
    near = [(weight, one) for number, weight, one in weighed if is_near(number, median)]
    share = sum(weight for weight, _ in near) / total
    return Settled(_copy(same[-1]), share, tuple(one.annotation for _, one in near))


def _settle_text(control: Control, given: Given, judge: Judge) -> Settled:
    texts = [_read_text(one.entry) for one in given if one.entry]
    weights = [judge.weigh(control.name, one.user) for one in given]
    place = choose_text(texts, weights)
    same = [one for one, text in zip(given, texts, strict=True) if text == texts[place]]
    share = sum(judge.weigh(control.name, one.user) for one in same) / sum(weights)
    return Settled(_copy(given[place]), share, tuple(one.annotation for one in same))


def _read_text(entry: Entry) -> tuple[str, ...]:
    said = entry["value"]["text"]
    return simplify([said] if isinstance(said, str) else said)


def _copy(said: Said) -> dict[str, Any]:
    """Somebody's entry, which may be given another id."""
    assert said.entry is not None  # only of those who answered
    return dict(said.entry)
