"""What a version keeps of its dataset's settings: they change later, and what was committed was made under these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.datasets.models import Dataset, DatasetVersion
from lifecycle.datasets.rules import DEFAULT_RATIOS, SPLITS, check_ratios
from lifecycle.datasets.splitting import SplitPolicy

KEY = "settings"  # of DatasetVersion.summary


@dataclass(frozen=True)
class Settled:
    """`is_of_then` is false for a version that was committed before this was kept: it shows what holds today."""

    project: str
    problem_type: str
    policy: SplitPolicy
    ratios: Mapping[str, float]
    seed: int
    columns: tuple[tuple[str, str], ...]  # (name, kind) of a table's features
    is_of_then: bool = True


def settle(dataset: Dataset) -> dict[str, Any]:
    """Today's settings, for the summary of a version that is being committed."""
    return {
        "project": dataset.project.name,
        "problem_type": dataset.project.problem_type,
        "split_policy": dataset.split_policy,
        "split_ratios": dataset.split_ratios,
        "split_seed": dataset.split_seed,
        "columns": dataset.columns,
    }


def read_settled(version: DatasetVersion) -> Settled:
    """The settings a version was committed under."""
    kept = version.summary.get(KEY)
    raw = kept or settle(version.dataset)
    return Settled(
        project=raw["project"],
        problem_type=raw["problem_type"],
        policy=SplitPolicy.from_json(raw["split_policy"]),
        ratios=check_ratios(raw["split_ratios"] or DEFAULT_RATIOS),
        seed=raw["split_seed"],
        columns=tuple((column["name"], column["kind"]) for column in raw["columns"]),
        is_of_then=kept is not None,
    )


def list_empty_splits(version: DatasetVersion) -> list[str]:
    """A sentence for each split that was to have a share of the items and has none of this version."""
    shares, there = read_settled(version).ratios, version.summary.get("splits", {})
    return [
        f"No item of this version is in {split}, though it was to get {shares[split] * 100:.3g} % of them: there were "
        "too few items or groups, or an import or a date said where each belongs."
        for split in SPLITS
        if shares[split] and version.item_count and not there.get(split)
    ]
