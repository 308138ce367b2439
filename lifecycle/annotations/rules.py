"""Pure rules of labelling: keys, the value inside an answer, the label that counts, what a new class list breaks."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lifecycle.contracts.label_interface import CLASS_KEYS, MAIN_CONTROL, MAIN_OBJECT, Interface, assign_keys
from lifecycle.contracts.label_interface.values import format_number

__all__ = ["CLASS_KEYS", "assign_keys", "format_number"]  # of the contract; asked for here too

CONTROL_NAME = MAIN_CONTROL  # of the control that answers the project's question
OBJECT_NAME = MAIN_OBJECT
DRAWN_KINDS = ("regions", "spans")  # label kinds whose answers are more than one value
MAX_CLASSES = 1_000
MAX_CLASS_LENGTH = 200


@dataclass(frozen=True)
class Answer:
    """What the label that counts is chosen from: one person's current answer. Newer answers have higher ids."""

    id: int
    value: str
    is_human: bool = True


@dataclass(frozen=True)
class Current:
    """One person's current version on a task, as far as the task's state depends on it."""

    id: int
    user_id: int
    kind: str  # answer | skip | withdrawn
    origin: str  # human | import | feedback
    value: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class SkipPolicy:
    """When skips take an item out of the queue for everybody; until then it goes on to other people."""

    people: int | None = None  # so many of them skipped it; None: as many as answers are wanted
    final_reasons: frozenset[str] = frozenset()  # one of these says that the item itself is bad

    def takes_out(self, skips: Sequence[Current], overlap: int) -> bool:
        is_final = any(version.reason in self.final_reasons for version in skips)
        return is_final or len({version.user_id for version in skips}) >= (self.people or overlap)


@dataclass(frozen=True)
class Outcome:
    """What a task's current versions make of it and of its item."""

    answers: int
    state: str  # open | done | skipped
    skip_reason: str
    label: str | None
    annotation_id: int | None  # the answer that `label` comes from
    disagreement: float | None = None  # share of the pairs of answers whose values differ; None below two answers


@dataclass(frozen=True)
class ClassChange:
    """What going from one class list to another means for labels that exist."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]  # (old, new); `new` may be a class that exists: the two are merged


def clean_classes(classes: Sequence[str]) -> list[str]:
    """Names without surrounding blanks, in order. ValueError, with a sentence, for what cannot be a class list."""
    cleaned = [" ".join(str(name).split()) for name in classes]
    cleaned = [name for name in cleaned if name]
    repeated = [name for name, count in Counter(cleaned).items() if count > 1]
    if repeated:
        raise ValueError(f"The class “{repeated[0]}” is there twice. Give every class a name of its own.")
    if len(cleaned) > MAX_CLASSES:
        raise ValueError(f"A schema has at most {MAX_CLASSES} classes; this one has {len(cleaned)}.")
    for name in cleaned:
        if len(name) > MAX_CLASS_LENGTH:
            raise ValueError(f"A class name has at most {MAX_CLASS_LENGTH} characters; “{name[:40]}…” is longer.")
        if not name.isprintable():
            raise ValueError(f"The class name {name!r} contains characters that cannot be shown.")
    return cleaned


def build_result(label_kind: str, value: str) -> list[dict[str, Any]]:
    """One answer in Label Studio's result format, from a class name or a number as text."""
    if label_kind == "number":
        number = float(value)
        content: dict[str, Any] = {"number": int(number) if number.is_integer() and abs(number) < 2**53 else number}
        kind = "number"
    else:
        content, kind = {"choices": [value]}, "choices"
    return [{"from_name": CONTROL_NAME, "to_name": OBJECT_NAME, "type": kind, "value": content}]


def read_value(label_kind: str, classes: Sequence[str], result: Any) -> str:
    """The class name or number inside a result, checked against the schema.

    Raises ValueError, with a sentence, when the result is not exactly one answer the schema allows.
    """
    if not isinstance(result, list) or len(result) != 1 or not isinstance(result[0], Mapping):
        raise ValueError("An answer is a list with exactly one region.")
    region = result[0]
    if region.get("from_name") != CONTROL_NAME or region.get("to_name") != OBJECT_NAME:
        raise ValueError(f"The region must be from_name “{CONTROL_NAME}” and to_name “{OBJECT_NAME}”.")
    content = region.get("value")
    if not isinstance(content, Mapping):
        raise ValueError("The region has no value.")
    if label_kind == "number":
        return _read_number(region.get("type"), content)
    return _read_class(region.get("type"), content, classes)


def _read_number(kind: Any, content: Mapping[str, Any]) -> str:
    number = content.get("number")
    if kind != "number" or isinstance(number, bool) or not isinstance(number, (int, float)):
        raise ValueError("The answer must be a number.")
    if not math.isfinite(number):
        raise ValueError("The answer must be a finite number.")
    return format_number(number)


def _read_class(kind: Any, content: Mapping[str, Any], classes: Sequence[str]) -> str:
    chosen = content.get("choices")
    if kind != "choices" or not isinstance(chosen, list) or len(chosen) != 1:
        raise ValueError("The answer must be exactly one class.")
    if chosen[0] not in classes:
        raise ValueError(f"“{str(chosen[0])[:60]}” is not a class of this project's label schema.")
    return str(chosen[0])


def list_importable(label_kind: str, interface: Interface | None, classes: Sequence[str]) -> set[str]:
    """The classes that a label column may name: none where an answer is more than one choice."""
    main = interface.main_control if interface else None
    if label_kind == "free" and (main is None or main.tag != "Choices"):
        return set()
    return set(classes)


def choose_label(label_kind: str, answers: Sequence[Answer], wanted: int) -> Answer | None:
    """The answer whose value is the item's label, or None while there is none.

    People count once there are `wanted` answers of them: the majority, ties going to the tied class answered last;
    for numbers the (lower) median. Until then an imported label counts, the newest when there are several.
    """
    human = sorted((a for a in answers if a.is_human), key=lambda a: a.id)
    if not human or len(human) < wanted:
        imported = [a for a in answers if not a.is_human]
        return max(imported, key=lambda a: a.id, default=None)
    if label_kind == "number":
        median = statistics.median_low([float(a.value) for a in human])
        return next(a for a in reversed(human) if float(a.value) == median)
    votes = Counter(a.value for a in human)
    most = max(votes.values())
    return next(a for a in reversed(human) if votes[a.value] == most)


def compute_outcome(label_kind: str, overlap: int, current: Sequence[Current], policy: SkipPolicy) -> Outcome:
    """A task is done with `overlap` answers of people; below that, skips take it out of the queue by the policy."""
    given = [version for version in current if version.kind == "answer"]
    skips = sorted((version for version in current if version.kind == "skip"), key=lambda version: version.id)
    answers = sum(1 for version in given if version.origin == "human")
    is_out = bool(skips) and policy.takes_out(skips, overlap)
    state = "done" if answers >= overlap else "skipped" if is_out else "open"
    valued = [Answer(v.id, v.value, v.origin == "human") for v in given if v.value is not None]
    chosen = choose_label(label_kind, valued, overlap)
    return Outcome(
        answers=answers,
        state=state,
        skip_reason=skips[-1].reason if state == "skipped" else "",
        label=chosen.value if chosen else None,
        annotation_id=chosen.id if chosen else None,
        disagreement=measure_disagreement([version.value for version in given]),
    )


def measure_disagreement(values: Sequence[str | None]) -> float | None:
    """The share of pairs that differ; None below two."""
    count = len(values)
    if count < 2:
        return None
    same = sum(n * (n - 1) for n in Counter(values).values())
    return 1 - same / (count * (count - 1))


def compare_classes(old: Sequence[str], new: Sequence[str], renames: Mapping[str, str]) -> ClassChange:
    """What changes between two class lists when `renames` says which old name became which new one."""
    renamed = tuple((a, b) for a, b in renames.items() if a in old and a != b and b in new and a not in new)
    gone = {a for a, _ in renamed}
    return ClassChange(
        added=tuple(name for name in new if name not in old and name not in {b for _, b in renamed}),
        removed=tuple(name for name in old if name not in new and name not in gone),
        renamed=renamed,
    )
