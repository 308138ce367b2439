"""Tasks as JSON, the one shape that the labelling page and scripts both read."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from lifecycle.annotations.models import Task
from lifecycle.datasets.models import Dataset
from lifecycle.projects.models import Project

LONGEST_ROW = 500  # columns shown of one row


def build_task(project: Project, task: Task, columns: list[str]) -> dict[str, Any]:
    """A task with what there is to look at. `fields` keeps the order of the columns, which a JSON object would not."""
    item = task.item
    body: dict[str, Any] = {
        "id": task.pk,
        "item": item.pk,
        "state": task.state,
        "answers": task.answers,
        "overlap": task.overlap,
        "source": item.source_uri,
    }
    if item.blob:
        url = reverse("annotations:task-image", kwargs={"slug": project.slug, "task_id": task.pk})
        body |= {"kind": "image", "data": {"image": url}, "width": item.width, "height": item.height}
    elif item.row is not None:
        ordered = [name for name in columns if name in item.row] + [n for n in item.row if n not in set(columns)]
        fields = [[name, item.row[name]] for name in ordered[:LONGEST_ROW]]
        body |= {"kind": "row", "data": {"row": item.row}, "fields": fields}
    else:
        body |= {"kind": "text", "data": {"text": item.text}}
    return body


def build_tasks(project: Project, tasks: list[Task]) -> list[dict[str, Any]]:
    columns = list_columns(project) if any(task.item.row is not None for task in tasks) else []
    return [build_task(project, task, columns) for task in tasks]


def list_columns(project: Project) -> list[str]:
    """The columns of the project's rows, in the order of the table they came from."""
    found = Dataset.objects.filter(project=project).values_list("columns", flat=True)
    return [column["name"] for columns in found for column in columns or []]
