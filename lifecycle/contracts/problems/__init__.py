"""Problem types: one module each in this package; a new one is a new module, no edits elsewhere."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache


class ItemKind(StrEnum):
    IMAGE = "image"
    TEXT = "text"
    ROW = "row"


class LabelKind(StrEnum):
    CLASS = "class"  # exactly one of the schema's classes
    NUMBER = "number"  # one real number
    REGIONS = "regions"  # any number of boxes, polygons and points on a picture, each with a class
    SPANS = "spans"  # any number of stretches of a text, each with a class
    FREE = "free"  # whatever the configuration asks; no recipe reads it


@dataclass(frozen=True)
class MetricDefinition:
    """One score an evaluation of this problem type always contains under `key`."""

    key: str
    title: str
    higher_is_better: bool
    description: str


AGREEMENT_METRICS = (  # of problem types that nothing is trained for: how far people agree
    MetricDefinition("agreement", "Agreement", True, "Mean share of pairs of people who gave the same answer."),
)


@dataclass(frozen=True)
class ProblemType:
    key: str
    title: str
    summary: str
    item_kind: ItemKind
    label_kind: LabelKind
    metrics: tuple[MetricDefinition, ...]  # the first is the default target metric
    default_recipe: str  # empty while no recipe trains this type
    build_label_config: Callable[[Sequence[str]], str]  # classes -> Label Studio XML
    controls: frozenset[str] = frozenset()  # the tags that can be its question; every one where labels are free

    def get_metric(self, key: str) -> MetricDefinition:
        """The metric named `key`; KeyError when this problem type has no such metric."""
        for metric in self.metrics:
            if metric.key == key:
                return metric
        raise KeyError(key)


@cache
def list_problem_types() -> tuple[ProblemType, ...]:
    """Every problem type found in this package, ordered by title."""
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found = (m.PROBLEM_TYPE for m in modules if hasattr(m, "PROBLEM_TYPE"))
    return tuple(sorted(found, key=lambda p: p.title))


def get_problem_type(key: str) -> ProblemType:
    """The problem type with this key; KeyError when there is none."""
    return {p.key: p for p in list_problem_types()}[key]
