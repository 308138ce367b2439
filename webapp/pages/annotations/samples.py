"""What the schema editor's preview shows: items of the project, or made-up ones while there are none."""

from __future__ import annotations

import math
from typing import Any

from django.templatetags.static import static

from lifecycle.annotations.models import Task
from lifecycle.contracts.label_interface import Interface, ObjectTag
from lifecycle.contracts.problems import get_problem_type
from lifecycle.projects.models import Project
from webapp.api.annotations.fields import list_heading_fields
from webapp.api.annotations.payloads import build_task, list_columns

SHOWN = 3
TEXT = "Ada Lovelace wrote the first program in London, in 1843. It worked out Bernoulli numbers on paper."
EXAMPLES = {"Image": "img/example.png", "Audio": "img/example.wav"}


def list_preview_tasks(project: Project, interface: Interface) -> list[dict[str, Any]]:
    """The first few tasks as the labelling page would be given them under this interface."""
    found = Task.objects.filter(dataset__project=project, item__excluded_at=None).select_related("item")
    tasks = list(found.order_by("pk")[:SHOWN])
    if not tasks:
        return [_make_up(project, interface)]
    columns = list_columns(project)
    return [build_task(project, task, columns, interface) for task in tasks]


def _make_up(project: Project, interface: Interface) -> dict[str, Any]:
    kind = get_problem_type(project.problem_type).item_kind
    data: dict[str, Any] = {name: "What the task asks" for name in list_heading_fields(interface.layout)}
    data |= {one.field: _sample(one) for one in interface.objects if one.field}
    body: dict[str, Any] = {"id": 1, "item": 1, "kind": str(kind), "source": "an example", "data": data}
    if kind == "image":
        body |= {"width": 640, "height": 420}
        data.setdefault("image", static(EXAMPLES["Image"]))
    elif kind == "text":
        data.setdefault("text", TEXT)
    else:
        row = {name: value for name, value in data.items() if isinstance(value, str | int | float)}
        body["fields"] = [[name, value] for name, value in (row or _ROW).items()]
        data["row"] = row or _ROW
    return body


_ROW = {"name": "Ada", "age": 36, "city": "London"}


def _sample(one: ObjectTag) -> Any:
    if one.tag in EXAMPLES:
        return static(EXAMPLES[one.tag])
    if one.tag == "HyperText":
        return f"<h3>An example</h3><p>{TEXT}</p>"
    if one.tag == "Table":
        return _ROW
    if one.tag == "TimeSeries":
        times = list(range(60))
        channels = {channel["column"]: [math.sin(n / 6) + n / 40 for n in times] for channel in one.attrs["channels"]}
        return {one.attrs.get("timeColumn") or "time": times} | channels
    return TEXT
