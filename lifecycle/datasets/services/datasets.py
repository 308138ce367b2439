"""A project's datasets and how they are split."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets import rules
from lifecycle.datasets.models import Dataset
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event


def create_dataset(*, project: Project, name: str = "main") -> Dataset:
    """An empty dataset for the kind of items that the project's problem type works on."""
    problem = get_problem_type(project.problem_type)
    return Dataset.objects.create(
        project=project, name=name, item_kind=problem.item_kind, split_ratios=dict(rules.DEFAULT_RATIOS)
    )


def update_splits(*, dataset: Dataset, user, ratios: Mapping[str, float]) -> Dataset:
    """New shares for train, validation and test. Only before the first version: after it, no item ever moves."""
    try:
        shares = rules.check_ratios(ratios)
    except (TypeError, ValueError) as error:
        raise DomainError(str(error), fields={"train": str(error)}) from None
    with transaction.atomic():
        locked = Dataset.objects.select_for_update().get(pk=dataset.pk)
        if shares == rules.check_ratios(locked.split_ratios or rules.DEFAULT_RATIOS):
            return locked
        if locked.versions.exists():
            raise Conflict("The splits are settled: there is a version, and no item ever moves between splits.")
        locked.split_ratios, locked.splits_are_stale = shares, True
        locked.save(update_fields=["split_ratios", "splits_are_stale", "updated_at"])
        text = ", ".join(f"{split} {share:.0%}" for split, share in shares.items())
        record_event(project=locked.project, actor=user, verb="dataset.split", summary=f"Set the splits to {text}")
    return locked
