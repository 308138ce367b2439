"""Recipe engines: the twin of each module in `lifecycle.contracts.recipes`, found by name.

A module holds KEY and `fit(context: TrainContext) -> Fitted`.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Protocol, cast

from workers.engines.train.context import Fitted, TrainContext
from workers.engines.train.errors import TrainingRefused


class RecipeEngine(Protocol):
    """What a module of this package looks like."""

    KEY: str

    def fit(self, context: TrainContext) -> Fitted:
        """Train and hand back the model; raises TrainingRefused or Canceled."""


def list_engines() -> tuple[str, ...]:
    """The keys of all recipe engines, sorted."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_")))


def get_engine(key: str) -> RecipeEngine:
    """The engine of a recipe, imported only now; raises TrainingRefused when there is none."""
    if key not in list_engines():
        raise TrainingRefused(f"No engine for the recipe {key!r} is installed on this worker.")
    return cast(RecipeEngine, importlib.import_module(f"{__name__}.{key}"))
