"""What the schema editor's preview shows: items of the project, or made-up ones while there are none."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import quote

from lifecycle.annotations.models import Task
from lifecycle.contracts.label_interface import Interface, ObjectTag
from lifecycle.contracts.problems import get_problem_type
from lifecycle.projects.models import Project
from webapp.api.annotations.payloads import build_task, list_columns

SHOWN = 3
TEXT = "Ada Lovelace wrote the first program in London, in 1843. It worked out Bernoulli numbers on paper."
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="420"><rect width="640" height="420" fill="#dfe7ef"/>'
    '<rect x="70" y="210" width="180" height="140" fill="#8aa4c0"/><circle cx="420" cy="180" r="90" fill="#c98f6b"/>'
    '<path d="M300 380 L400 290 L520 390 Z" fill="#7d9c78"/></svg>'
)


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
    data = {one.field: _sample(one) for one in interface.objects if one.field and one.tag != "Audio"}
    body: dict[str, Any] = {"id": 1, "item": 1, "kind": str(kind), "source": "an example", "data": data}
    if kind == "image":
        body |= {"width": 640, "height": 420}
        data["image"] = _sample(ObjectTag("item", "Image"))
    elif kind == "text":
        data["text"] = TEXT
    else:
        row = {name: value for name, value in data.items() if isinstance(value, str | int | float)}
        body["fields"] = [[name, value] for name, value in (row or _ROW).items()]
        data["row"] = row or _ROW
    return body


_ROW = {"name": "Ada", "age": 36, "city": "London"}


def _sample(one: ObjectTag) -> Any:
    if one.tag == "Image":
        return f"data:image/svg+xml,{quote(PICTURE)}"
    if one.tag == "HyperText":
        return f"<h3>An example</h3><p>{TEXT}</p>"
    if one.tag == "Table":
        return _ROW
    if one.tag == "TimeSeries":
        times = list(range(60))
        channels = {channel["column"]: [math.sin(n / 6) + n / 40 for n in times] for channel in one.attrs["channels"]}
        return {one.attrs.get("timeColumn") or "time": times} | channels
    return TEXT
