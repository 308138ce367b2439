"""Recipes: how to train. One module each in this package declares typed parameters; the engine has its twin."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

ParameterKind = Literal["integer", "number", "choice", "boolean", "text"]


@dataclass(frozen=True)
class Parameter:
    """One typed knob of a recipe; forms, validation and documentation are all made from it."""

    name: str
    title: str
    kind: ParameterKind
    default: Any
    help: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    is_advanced: bool = False


@dataclass(frozen=True)
class Recipe:
    key: str
    title: str
    summary: str
    problem_types: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    is_baseline: bool = False
    required_weights: str = ""  # name of a pretrained package, see workers/engines/train/weights.py
    order: int = 100


class ParameterErrors(ValueError):
    """Raised by `parse_parameters`; `.errors` maps a parameter's name to a sentence a person can act on."""

    def __init__(self, errors: Mapping[str, str]):
        super().__init__("; ".join(f"{name}: {text}" for name, text in errors.items()))
        self.errors = dict(errors)


def parse_parameters(recipe: Recipe, values: Mapping[str, Any]) -> dict[str, Any]:
    """Typed values for every parameter of the recipe, defaults filled in; raises ParameterErrors."""
    known = {p.name: p for p in recipe.parameters}
    errors = {name: "This recipe has no such parameter." for name in values if name not in known}
    parsed: dict[str, Any] = {}
    for name, parameter in known.items():
        raw = values.get(name, parameter.default)
        try:
            parsed[name] = _parse_value(parameter, parameter.default if raw is None or raw == "" else raw)
        except (TypeError, ValueError) as error:
            errors[name] = str(error)
    if errors:
        raise ParameterErrors(errors)
    return parsed


def _parse_value(parameter: Parameter, raw: Any) -> Any:
    if parameter.kind == "boolean":
        return _parse_boolean(raw)
    if parameter.kind == "choice":
        if str(raw) not in parameter.choices:
            raise ValueError(f"Choose one of {', '.join(parameter.choices)}.")
        return str(raw)
    if parameter.kind == "text":
        return str(raw)
    return _parse_number(parameter, raw)


def _parse_boolean(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    if str(raw).lower() in {"true", "on", "1", "yes"}:
        return True
    if str(raw).lower() in {"false", "off", "0", "no"}:
        return False
    raise ValueError("Enter true or false.")


def _parse_number(parameter: Parameter, raw: Any) -> int | float:
    try:
        number = float(raw)
    except (TypeError, ValueError):
        raise ValueError("Enter a number.") from None
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError("Enter a finite number.")
    if parameter.kind == "integer" and number != int(number):
        raise ValueError("Enter a whole number.")
    if parameter.minimum is not None and number < parameter.minimum:
        raise ValueError(f"Must be at least {parameter.minimum:g}.")
    if parameter.maximum is not None and number > parameter.maximum:
        raise ValueError(f"Must be at most {parameter.maximum:g}.")
    return int(number) if parameter.kind == "integer" else number


@cache
def list_recipes(problem_type: str | None = None) -> tuple[Recipe, ...]:
    """Every recipe found in this package, by order then title; only those for `problem_type` when it is given."""
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found = (m.RECIPE for m in modules if hasattr(m, "RECIPE"))
    wanted = (r for r in found if problem_type is None or problem_type in r.problem_types)
    return tuple(sorted(wanted, key=lambda r: (r.order, r.title)))


def get_recipe(key: str) -> Recipe:
    """The recipe with this key; KeyError when there is none."""
    return {r.key: r for r in list_recipes()}[key]
