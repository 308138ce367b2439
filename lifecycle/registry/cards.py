"""Gathers what a model card says of a version."""

from __future__ import annotations

from lifecycle.evaluations import selectors as evaluations
from lifecycle.projects.models import Charter
from lifecycle.registry import rules
from lifecycle.registry.models import ModelVersion


def write_card(version: ModelVersion) -> str:
    """The Markdown card of a version that need not be saved yet."""
    artifact, evaluation = version.artifact, version.evaluation
    run = artifact.run
    project, dataset = run.project, run.dataset_version
    charter = Charter.objects.filter(project=project).order_by("-version").first()
    measured = evaluation.metrics if evaluation else {}
    scores = [
        {"title": metric.title, "value": measured[metric.key]}
        for metric in evaluations.get_metrics(project)
        if measured.get(metric.key) is not None
    ]
    return rules.build_card(
        title=str(version),
        project=project.name,
        problem_statement=charter.problem_statement if charter else "",
        run={
            "number": run.number,
            "recipe": run.recipe,
            "seed": run.seed,
            "parameters": run.parameters,
            "git_commit": run.environment.get("git_commit"),
            "seconds": run.seconds,
            "created_by": run.created_by.username,
        },
        dataset={
            "number": dataset.number,
            "item_count": dataset.item_count,
            "labeled_count": dataset.labeled_count,
            "content_hash": dataset.content_hash,
        },
        manifest=artifact.manifest,
        scores=scores,
        gates=[gate.sentence for gate in evaluations.list_gates(evaluation)] if evaluation else [],
        evaluated_on=f"the {evaluation.split} split of {evaluation.dataset_version}" if evaluation else "",
        latency_ms=evaluation.latency_ms if evaluation else {},
        byte_size=artifact.byte_size,
    )
