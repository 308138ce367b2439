"""A project's datasets and how they are split."""

from __future__ import annotations

from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets import rules
from lifecycle.datasets.models import Dataset
from lifecycle.projects.models import Project


def create_dataset(*, project: Project, name: str = "main") -> Dataset:
    """An empty dataset for the kind of items that the project's problem type works on."""
    problem = get_problem_type(project.problem_type)
    return Dataset.objects.create(
        project=project, name=name, item_kind=problem.item_kind, split_ratios=dict(rules.DEFAULT_RATIOS)
    )
