"""Pure rules of deployments: addresses, what feedback may say, what counts as an error."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

SLUG_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,78}[a-z0-9]|[a-z0-9]")
RESERVED_SLUGS = frozenset({"new", "feedback"})  # these are addresses of pages
MAX_QUEUE = 100_000
MAX_TRUTH_LENGTH = 1_000
MAX_COMMENT_LENGTH = 500
MAX_FEEDBACK_ROWS = 10_000


def explain_bad_slug(slug: str) -> str:
    """Why a deployment cannot have this address; empty when it can."""
    if not SLUG_PATTERN.fullmatch(slug):
        return "Use small letters, digits and hyphens, 80 at most, with no hyphen at either end."
    return "This address is reserved. Choose another one." if slug in RESERVED_SLUGS else ""


def propose_slug(name: str, taken: set[str]) -> str:
    """`name`, with the first free number behind it when others have it."""
    base = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:70] or "model"
    if base not in taken and base not in RESERVED_SLUGS:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"


def explain_bad_feedback(
    *, truth: str | None, value: float | None, comment: str, is_number: bool
) -> tuple[str, str] | None:
    """(field, sentence) for feedback that cannot be used; None when it can."""
    if truth is None and value is None:
        return "truth", "Give the truth, a value, or both."
    if truth is not None and not 0 < len(truth) <= MAX_TRUTH_LENGTH:
        return "truth", f"The truth must have 1 to {MAX_TRUTH_LENGTH:,} characters."
    if truth is not None and is_number and parse_number(truth) is None:
        return "truth", "This project predicts a number, so the truth must be a number."
    if value is not None and not math.isfinite(value):
        return "value", "The value must be a finite number."
    if len(comment) > MAX_COMMENT_LENGTH:
        return "comment", f"A comment may have {MAX_COMMENT_LENGTH} characters."
    return None


def parse_number(text: str) -> float | None:
    """A finite number, None for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def propose_row(features: Sequence[Mapping[str, Any]], reference: Mapping[str, Any]) -> dict[str, Any]:
    """A typical row to start a try with: the middle of each column's fullest bin, its most frequent category."""
    return {feature["name"]: _propose_cell(feature, reference.get(feature["name"])) for feature in features}


def _propose_cell(feature: Mapping[str, Any], histogram: Mapping[str, Any] | None) -> Any:
    counts = (histogram or {}).get("counts") or []
    if not histogram or not counts:
        return (feature.get("categories") or [None])[0]
    fullest = max(range(len(counts)), key=counts.__getitem__)
    if histogram["kind"] == "category":
        return histogram["categories"][fullest]
    low, high = histogram["edges"][fullest : fullest + 2]
    middle = (low + high) / 2
    if feature["kind"] == "date":
        day = datetime(1970, 1, 1) + timedelta(days=round(middle))
        return day.date().isoformat() if feature.get("format") == "iso" else day.strftime(feature["format"])
    return int(round(middle)) if float(low).is_integer() and float(high).is_integer() else float(f"{middle:.4g}")


def parse_cell(text: str, kind: str) -> Any:
    """What a person typed into one field of a row's form; empty means missing."""
    text = text.strip()
    if not text:
        return None
    if kind == "number":
        number = parse_number(text)
        return text if number is None else number
    return text
