"""What the objects of a labelling interface show of a task: `data` of the task as the labelling page reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse

from lifecycle.annotations.label_studio import pick_fields
from lifecycle.annotations.models import Task
from lifecycle.contracts.label_interface import Interface, ObjectTag
from lifecycle.contracts.sounds import replace_references
from lifecycle.projects.models import Project
from webapp.hypertext import clean_html
from webapp.media import is_inline

MAX_TEXT_CHARS = 1_000_000
BRINGS = {"Audio": "audio", "Image": "image"}  # what may stand in the data itself


def build_fields(project: Project, interface: Interface, task: Task) -> dict[str, Any]:
    """{field: value} of every object that has something to show. HTML is sanitized, sounds are addresses of ours."""
    extra = (task.external or {}).get("data")
    row = show_row(project, task)
    found = pick_fields(interface, text=task.item.text, row=row, extra=extra)
    fields: dict[str, Any] = {}
    for one in interface.objects:
        if one.tag == "Image" and task.item.is_picture and one is interface.main_object:
            address = {"slug": project.slug, "task_id": task.pk}
            fields[one.field] = reverse("annotations:task-image", kwargs=address)
        elif one.field in found:
            fields[one.field] = _show(project, task, one, found[one.field])
        elif one.tag == "Audio" and task.item.is_sound:
            fields[one.field] = address_sound(project, task)
    return _list_words(interface, row, extra) | fields


def address_sound(project: Project, task: Task) -> str:
    """Where the sound of the task's row is played from; empty where it has none."""
    if not task.item.is_sound:
        return ""
    return reverse("annotations:task-sound", kwargs={"slug": project.slug, "task_id": task.pk})


def show_row(project: Project, task: Task) -> Any:
    """The task's row with the address of its sound in place of the reference."""
    address = address_sound(project, task)
    return replace_references(task.item.row or {}, address) if address else task.item.row


def _show(project: Project, task: Task, one: ObjectTag, value: Any) -> Any:
    if one.tag == "HyperText":
        return clean_html(str(value)[:MAX_TEXT_CHARS])
    if one.tag == "Text" and not isinstance(value, str):
        return str(value)
    if one.tag in BRINGS and is_inline(value, BRINGS[one.tag]):
        address = {"slug": project.slug, "task_id": task.pk, "object_name": one.name}
        return reverse("annotations:task-media", kwargs=address)
    return value


def _list_words(interface: Interface, row: Any, extra: Any) -> dict[str, str]:
    """What headings show of a task, <Header value="$question"/>, and texts begin with, <TextArea value="$draft"/>."""
    source = {**(extra or {}), **(row or {})}
    wanted = [*list_heading_fields(interface.layout), *(one.prefill for one in interface.controls if one.prefill)]
    return {name: str(source[name]) for name in wanted if name in source}


def list_heading_fields(nodes: Iterable[Mapping[str, Any]]) -> list[str]:
    """The fields that headings of a layout show."""
    found = []
    for node in nodes:
        found += [node["field"]] if node.get("field") else []
        found += list_heading_fields(node["children"])
    return found
