"""Pure rules of the registry: alias names, the model card, how scores stand beside the champion's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

CHAMPION, CANDIDATE = "champion", "candidate"
ALIAS_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}")
NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
RESERVED_NAMES = frozenset({"register"})  # these are addresses of pages
MAX_LISTED_CLASSES = 30


def explain_bad_name(name: str) -> str:
    """Why a model cannot have this name; empty when it can."""
    if not NAME_PATTERN.fullmatch(name):
        return "Use small letters, digits, hyphens and underscores, 60 at most."
    return "This name is reserved. Choose another one." if name in RESERVED_NAMES else ""


def explain_bad_alias(alias: str) -> str:
    """Why an alias cannot have this name; empty when it can."""
    if alias.isdecimal():
        return "An alias needs a letter: numbers are versions."
    if not ALIAS_PATTERN.fullmatch(alias):
        return "Use small letters, digits, hyphens and underscores, 30 at most."
    return ""


def build_card(
    *,
    title: str,
    project: str,
    problem_statement: str,
    run: Mapping[str, Any],
    dataset: Mapping[str, Any],
    manifest: Mapping[str, Any],
    scores: Sequence[Mapping[str, Any]],
    gates: Sequence[str],
    evaluated_on: str,
    latency_ms: Mapping[str, float],
    byte_size: int,
) -> str:
    """The model card in Markdown: what it is for, what it was made from, how good it is, what it takes."""
    parts = [
        f"# {title}",
        f"Made for {escape(manifest.get('problem_type', '').replace('_', ' '))} in the project {escape(project)}.",
        "## What it is for",
        escape(problem_statement) or "The charter does not say yet.",
        "## Scores",
        _render_scores(scores, evaluated_on, latency_ms),
        *([_render_list(gates)] if gates else []),
        "## How it was made",
        _render_list(_describe_training(run, dataset)),
        "## What it takes and gives",
        _render_list(_describe_interface(manifest)),
        "## Technical",
        _render_list(_describe_files(manifest, byte_size)),
    ]
    return "\n\n".join(parts) + "\n"


def escape(text: Any) -> str:
    """Text of a person as Markdown that shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", " ".join(str(text).split()))


def _render_scores(scores: Sequence[Mapping[str, Any]], evaluated_on: str, latency_ms: Mapping[str, float]) -> str:
    if not scores:
        return "It was registered without an evaluation."
    lines = [f"Measured on {escape(evaluated_on)}.", "", "| score | value |", "|---|---|"]
    lines += [f"| {escape(score['title'])} | {score['value']:.4g} |" for score in scores]
    if "p95" in latency_ms:
        lines.append(f"| p95 latency of one prediction | {latency_ms['p95']:.3g} ms |")
    return "\n".join(lines)


def _render_list(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _describe_training(run: Mapping[str, Any], dataset: Mapping[str, Any]) -> list[str]:
    parameters = ", ".join(f"{key}={value}" for key, value in sorted(run["parameters"].items()))
    lines = [
        f"Run {run['number']} with the recipe {escape(run['recipe'])}, seed {run['seed']}",
        f"Parameters: {escape(parameters) or 'the recipe has none'}",
        f"Dataset version v{dataset['number']} ({dataset['item_count']:,} items, {dataset['labeled_count']:,} labeled)",
        f"Content hash of the data: {dataset['content_hash']}",
    ]
    if run.get("git_commit"):
        lines.append(f"Code: git commit {escape(run['git_commit'])}")
    if run.get("seconds"):
        lines.append(f"Trained in {run['seconds']:.0f} s by {escape(run['created_by'])}")
    return lines


def _describe_interface(manifest: Mapping[str, Any]) -> list[str]:
    lines = [f"Takes: one {escape(manifest.get('item_kind', 'item'))}"]
    features = manifest.get("features") or ()
    if features:
        lines.append("Columns: " + ", ".join(f"{escape(f['name'])} ({f['kind']})" for f in features))
    classes = list(manifest.get("classes") or ())
    if classes:
        more = f" and {len(classes) - MAX_LISTED_CLASSES} more" if len(classes) > MAX_LISTED_CLASSES else ""
        lines.append("Gives one of: " + ", ".join(map(escape, classes[:MAX_LISTED_CLASSES])) + more)
    else:
        lines.append("Gives: a number")
    return lines


def _describe_files(manifest: Mapping[str, Any], byte_size: int) -> list[str]:
    size = f"{byte_size / 1e6:.3g} MB" if byte_size >= 1e5 else f"{byte_size / 1e3:.3g} kB"
    lines = [f"ONNX and manifest, {size}"]
    parity = manifest.get("parity") or {}
    if "max_abs_difference" in parity:
        lines.append(
            f"Largest difference from the trained model: {parity['max_abs_difference']:.2g} "
            f"(allowed: {parity.get('tolerance', 0):.2g})"
        )
    libraries = manifest.get("libraries") or {}
    if libraries:
        lines.append("Made with " + ", ".join(f"{escape(k)} {escape(v)}" for k, v in sorted(libraries.items())))
    return lines
