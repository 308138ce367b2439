"""Ask for the scores of an artifact on a dataset version."""

from __future__ import annotations

from django.db import transaction

from lifecycle.common.errors import DomainError, NotFound
from lifecycle.datasets.models import DatasetVersion
from lifecycle.evaluations import rules
from lifecycle.evaluations.models import Evaluation
from lifecycle.experiments.models import Artifact, Run
from lifecycle.jobs import services as jobs
from lifecycle.jobs.selectors import ACTIVE


def evaluate(
    *, project, user, artifact: Artifact, dataset_version: DatasetVersion, split: str = "test", is_again: bool = False
) -> Evaluation:
    """Queue one evaluation. Asking twice gives the first one; `is_again` computes a finished one anew.

    Raises DomainError when the split has no labeled items.
    """
    _check(project, artifact, dataset_version, split)
    with transaction.atomic():
        evaluation, _ = Evaluation.objects.select_for_update(of=("self",)).get_or_create(
            artifact=artifact,
            dataset_version=dataset_version,
            split=split,
            defaults={"project": project, "created_by": user},
        )
        is_active = evaluation.job is not None and evaluation.job.state in ACTIVE
        if is_active or (evaluation.finished_at and not is_again):
            return evaluation
        evaluation.job = jobs.enqueue(
            kind="evaluate",
            title=f"Evaluate run {artifact.run.number} on {dataset_version} {split}",
            spec={"evaluation_id": evaluation.pk},
            project=project,
            created_by=user,
            subject_type="evaluation",
            subject_id=evaluation.pk,
        )
        evaluation.save(update_fields=["job", "updated_at"])
    return evaluation


def evaluate_run(*, run: Run, artifact: Artifact) -> Evaluation | None:
    """Queue what every finished run gets: scores on its version's test split, else validation; None without labels."""
    split = rules.choose_split(run.dataset_version.summary)
    if not split:
        return None
    return evaluate(
        project=run.project,
        user=run.created_by,
        artifact=artifact,
        dataset_version=run.dataset_version,
        split=split,
    )


def _check(project, artifact: Artifact, version: DatasetVersion, split: str) -> None:
    if version.dataset.project_id != project.pk or artifact.run.project_id != project.pk:
        raise NotFound("There is no such model or dataset version in this project.")
    if split not in rules.SPLITS:
        raise DomainError(f"Choose one of {', '.join(rules.SPLITS)}.", fields={"split": "Unknown split."})
    if not rules.count_labeled(version.summary, split):
        sentence = f"The {split} split of version {version} has no labeled items to evaluate on."
        raise DomainError(f"{sentence} Choose another split or version.", fields={"split": sentence})
