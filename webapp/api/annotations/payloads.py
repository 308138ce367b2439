"""Tasks as JSON, the one shape that the labelling page and scripts both read."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from lifecycle.annotations.comment_selectors import count_open
from lifecycle.annotations.labelling_selectors import Labelling, read_labelling
from lifecycle.annotations.models import Review, Task
from lifecycle.annotations.review_selectors import find_returned
from lifecycle.annotations.services import gold
from lifecycle.annotations.suggestion_selectors import list_shown
from lifecycle.contracts.label_interface import Interface
from lifecycle.datasets.models import Dataset
from lifecycle.projects.models import Project
from webapp.api.annotations.fields import address_sound, build_fields, show_row

LONGEST_ROW = 500  # columns shown of one row


def build_task(project: Project, task: Task, columns: list[str], interface: Interface | None = None) -> dict[str, Any]:
    """A task with what there is to look at: `data` has the item, and what every object of the interface shows.

    `fields` keeps the order of the columns, which a JSON object would not.
    """
    item = task.item
    body: dict[str, Any] = {
        "id": task.pk,
        "item": item.pk,
        "state": task.state,
        "answers": task.answers,
        "overlap": task.overlap,
        "source": item.source_uri,
    }
    if item.is_picture:
        url = reverse("annotations:task-image", kwargs={"slug": project.slug, "task_id": task.pk})
        body |= {"kind": "image", "data": {"image": url}, "width": item.width, "height": item.height}
    elif item.row is not None:
        ordered = [name for name in columns if name in item.row] + [n for n in item.row if n not in set(columns)]
        row = show_row(project, task)
        fields = [[name, row[name]] for name in ordered[:LONGEST_ROW]]
        body |= {"kind": "row", "data": {"row": row}, "fields": fields, "sound": address_sound(project, task)}
    else:
        body |= {"kind": "text", "data": {"text": item.text}}
    if interface is not None:
        body["data"] |= build_fields(project, interface, task)
    return body


def build_tasks(project: Project, user, tasks: list[Task], labelling: Labelling | None = None) -> list[dict[str, Any]]:
    """Tasks as one person may see them, with the suggestions shown on them; none for the share labeled without.
    `labelling` saves reading it again where the caller has done so.
    """
    now = labelling or read_labelling(project, user)
    gold.disguise(project, user, tasks)
    columns = list_columns(project) if any(task.item.row is not None for task in tasks) else []
    shown = list_shown(now.assistance, tasks)
    discussed = [task.pk for task in tasks if task.is_discussed]
    said = count_open(user, discussed, role=project.role) if discussed else {}
    has_assigned = any(supply.has_assigned for supply in now.supplies)  # what is sent back is assigned
    returned = find_returned(user, [task.pk for task in tasks]) if has_assigned else {}
    return [
        build_task(project, task, columns, now.interface)
        | {"suggestions": shown.get(task.pk, []), "comments": said.get(task.pk, 0)}
        | ({"returned": _tell_returned(returned[task.pk])} if task.pk in returned else {})
        for task in tasks
    ]


def _tell_returned(review: Review) -> dict[str, Any]:
    """Why a reviewer sent the caller's answer back, with what it said: to be bettered, not begun anew."""
    return {"by": review.reviewer.username, "reason": review.reason, "result": review.annotation.result}


def list_columns(project: Project) -> list[str]:
    """The columns of the project's rows, in the order of the table they came from."""
    found = Dataset.objects.filter(project=project).values_list("columns", flat=True)
    return [column["name"] for columns in found for column in columns or []]
