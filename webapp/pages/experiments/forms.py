"""The new-run form, made from the recipe's typed parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.contracts.recipes import Parameter, Recipe

PREFIX = "parameter-"  # a recipe may name a parameter like a field of the form around it


@dataclass(frozen=True)
class Field:
    """One parameter as it stands on the form."""

    parameter: Parameter
    value: Any
    error: str

    @property
    def name(self) -> str:
        return PREFIX + self.parameter.name

    @property
    def step(self) -> str:
        return "1" if self.parameter.kind == "integer" else "any"

    @property
    def bounds(self) -> str:
        """The allowed range in words; empty when there is none."""
        low, high = self.parameter.minimum, self.parameter.maximum
        if low is not None and high is not None:
            return f"{low:,.10g} to {high:,.10g}"
        if low is not None:
            return f"at least {low:,.10g}"
        return f"at most {high:,.10g}" if high is not None else ""


def build_fields(recipe: Recipe, values: Mapping[str, Any], errors: Mapping[str, str]) -> list[Field]:
    """One field a parameter, holding what was entered, else the default."""
    return [Field(p, values.get(p.name, p.default), errors.get(p.name, "")) for p in recipe.parameters]


def read_parameters(recipe: Recipe, posted: Mapping[str, str]) -> dict[str, Any]:
    """What a browser sent for the recipe's parameters; an unticked box sends nothing and means no."""
    values: dict[str, Any] = {}
    for parameter in recipe.parameters:
        name = PREFIX + parameter.name
        if parameter.kind == "boolean":
            values[parameter.name] = name in posted
        elif name in posted:
            values[parameter.name] = posted[name].strip()
    return values


def read_number(raw: str | None, *, default: int | None = None) -> int | None:
    """A non-negative whole number of a query or form; `default` for anything else."""
    text = (raw or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else default
