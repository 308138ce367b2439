"""Tasks that come through the Label Studio door, one or many thousands: items, labels and suggestions by COPY.

The same content is the same item: a task that is there already is not made again, what it brings is added to it. With
other data beside the same text or picture, such as another question, it is another item.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connection, transaction
from django.utils import timezone

from lifecycle.annotations.label_studio import (
    Content,
    Interface,
    build_data,
    describe_columns,
    get_item_kind,
    get_variable,
    is_far,
    is_own,
    list_cells,
    put_cells,
    read_content,
    refer_to_sound,
)
from lifecycle.annotations.models import Task
from lifecycle.annotations.services import adopt, webhooks
from lifecycle.annotations.services.external import get_interface
from lifecycle.annotations.services.external_labels import (
    Answers,
    LabelReader,
    Proposals,
    write_answers,
    write_proposals,
)
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.contracts import event_times
from lifecycle.contracts.ingest import IngestResult
from lifecycle.contracts.problems import ItemKind
from lifecycle.contracts.sounds import is_sound
from lifecycle.datasets import services as datasets
from lifecycle.datasets.models import Collection, Item
from lifecycle.projects.models import Project

MAX_TASKS = 100_000
SHOWN_ERRORS = 25
TITLE = "Label Studio client"
Cells = Mapping[tuple[str, str], str]  # {(field of the data, its address): what stands in the row in its place}
NOT_DATA = {"data", "annotations", "predictions", "completions", "meta", "id", "created_at", "updated_at", "project"}
PART = pa.schema([
    ("content_hash", pa.string()), ("blob", pa.string()), ("text", pa.string()), ("row", pa.string()),
    ("label", pa.string()), ("group", pa.string()), ("split", pa.string()), ("source_uri", pa.string()),
    ("mime", pa.string()), ("width", pa.int32()), ("height", pa.int32()), ("byte_size", pa.int64()),
    ("event_time", pa.string()), ("event_time_origin", pa.string()),
])  # fmt: skip


class BadTasks(DomainError):
    """Some tasks cannot be taken, so none was. `problems` has a sentence for each of the first ones."""

    code = "tasks"

    def __init__(self, problems: Sequence[str]):
        super().__init__("Nothing was imported. " + " ".join(problems[:3]))
        self.problems = list(problems)


@dataclass(frozen=True)
class Picture:
    """An image or a sound of this installation that a task's address names."""

    blob: str
    width: int | None
    height: int | None
    mime: str
    byte_size: int


@dataclass(frozen=True)
class Imported:
    """What came of an import, in the order of its tasks."""

    task_ids: list[int]
    new_count: int
    annotation_count: int
    prediction_count: int


@dataclass
class _Draft:
    """One task on its way in."""

    content: Content
    data: Mapping[str, Any]
    meta: Any = None
    annotations: Answers = field(default_factory=list)
    predictions: Proposals = field(default_factory=list)
    task_id: int = 0


def import_tasks(
    *, project: Project, user, tasks: Sequence[Any], find_pictures=lambda addresses: {}, cells: Cells | None = None
) -> Imported:
    """Take all of these tasks, or none: BadTasks says what is wrong with which. Committed when it returns.

    `find_pictures` gives {address: Picture} for those addresses of pictures that the caller may read. With `cells` an
    item has what was fetched, and its task's data the address that came.
    """
    if len(tasks) > MAX_TASKS:
        raise BadTasks([f"Send at most {MAX_TASKS:,} tasks in one request."])
    interface = get_interface(project)
    drafts = _read_drafts(interface, tasks, cells or {})
    pictures = _find_pictures(interface, drafts, find_pictures)
    with transaction.atomic():
        _tell_apart(project, interface, drafts)
        is_new = _store_items(project, user, drafts, pictures)
        _remember_data(interface, drafts, pictures)
        answers = [(draft.task_id, one) for draft in drafts for one in draft.annotations]
        annotation_count = write_answers(project=project, user=user, rows=answers, new_tasks=is_new)
        proposals = [(draft.task_id, one) for draft in drafts for one in draft.predictions]
        prediction_count = write_proposals(project=project, user=user, rows=proposals, new_tasks=is_new)
        webhooks.notify_tasks(project=project, event="TASKS_CREATED", task_ids=sorted(is_new))
        webhooks.notify_import(project=project, count=annotation_count)
    return Imported([draft.task_id for draft in drafts], len(is_new), annotation_count, prediction_count)


def _read_drafts(interface: Interface, tasks: Sequence[Any], cells: Cells) -> list[_Draft]:
    reader = LabelReader(interface)
    drafts, problems = [], []
    for place, task in enumerate(tasks):
        try:
            drafts.append(_read_draft(interface, reader, task, cells))
        except ValueError as error:
            problems.append(f"Error at item {place}: {error}")
            if len(problems) >= SHOWN_ERRORS:
                break
    if problems:
        raise BadTasks(problems)
    return drafts


def _read_draft(interface: Interface, reader: LabelReader, task: Any, cells: Cells) -> _Draft:
    if not isinstance(task, Mapping):
        raise ValueError("A task must be an object.")
    data = task["data"] if "data" in task else {k: v for k, v in task.items() if k not in NOT_DATA - {"id"}}
    annotations = task.get("annotations") or task.get("completions") or []
    predictions = task.get("predictions") or []
    if not isinstance(annotations, list) or not isinstance(predictions, list):
        raise ValueError("Annotations and predictions must be lists.")
    return _Draft(
        read_content(interface, put_cells(data, cells)),
        data,
        task.get("meta"),
        [reader.read_answer(_note_source(one)) for one in annotations],
        [reader.read_proposal(one) for one in predictions],
    )


def _note_source(annotation: Any) -> Any:
    """With the id that it has where it comes from, as Label Studio keeps it."""
    if not isinstance(annotation, Mapping) or annotation.get("import_id") or not annotation.get("id"):
        return annotation
    return {**annotation, "import_id": annotation["id"]}


def _find_pictures(interface: Interface, drafts: list[_Draft], find) -> dict[str, Picture]:
    """The files behind the addresses; BadTasks for those that are not of this installation."""
    if get_item_kind(interface) != "image":
        return _find_sounds(drafts, find)
    found = find({draft.content.address for draft in drafts})
    problems = [
        f"Error at item {place}: Gristmill does not fetch “{draft.content.address[:120]}” here. Upload the pictures "
        "first (drop them on the project's Upload page, or crawl their address); their tasks then appear here."
        for place, draft in enumerate(drafts)
        if draft.content.address not in found
    ]
    if problems:
        raise BadTasks(problems[:SHOWN_ERRORS])
    for draft in drafts:
        blob = found[draft.content.address].blob
        draft.content = Content(blob, address=draft.content.address)
    return found


def _find_sounds(drafts: list[_Draft], find) -> dict[str, Picture]:
    addresses = {draft.content.sound for draft in drafts if draft.content.sound}
    found = {address: one for address, one in find(addresses).items() if is_sound(one.mime)} if addresses else {}
    problems = [
        f"Error at item {place}: “{draft.content.sound[:120]}” is no sound of this installation that you may read."
        for place, draft in enumerate(drafts)
        if draft.content.sound and draft.content.sound not in found
    ]
    if problems:
        raise BadTasks(problems[:SHOWN_ERRORS])
    return found


def _tell_apart(project: Project, interface: Interface, drafts: list[_Draft]) -> None:
    """A task with the text or picture of another and other data beside it, such as another question, is an item of its
    own, as it is for Label Studio. Its hash is that of both, so that the same import again finds it; who came first
    keeps that of the content. Another date of it is a correction."""
    if get_item_kind(interface) == ItemKind.ROW:
        return  # all of a row's data are its content
    variable = get_variable(interface)
    own = {variable, *event_times.FILE_NAMES}
    beside = [{name: value for name, value in one.data.items() if name not in own} for one in drafts]
    digests = list({one.content.digest for one, extra in zip(drafts, beside, strict=True) if extra})
    tasks = Task.objects.filter(dataset__project=project, item__content_hash__in=digests)
    said = tasks.values_list("item__content_hash", "external__data") if digests else ()
    known = {digest: {name: one for name, one in (data or {}).items() if name not in own} for digest, data in said}
    for draft, extra in zip(drafts, beside, strict=True):
        if not extra:
            continue
        digest = draft.content.digest
        if known.setdefault(digest, extra) and known[digest] != extra:
            both = f"{digest} {json.dumps(extra, sort_keys=True)}"
            draft.content = replace(draft.content, digest=hashlib.sha256(both.encode()).hexdigest())
        known[digest] = known[digest] or extra


def _store_items(project: Project, user, drafts: list[_Draft], pictures: Mapping[str, Picture]) -> set[int]:
    """Items and tasks for what is new; every draft learns its task. Returns the ids of the tasks that are new."""
    dataset = project.datasets.order_by("pk").first()
    if dataset is None or not drafts:
        return set()
    collection = _open_collection(dataset, user, is_large=len(drafts) > 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.parquet"
        pq.write_table(_build_part(drafts, pictures), path)
        labels = datasets.LabelWriter(read_values=lambda found: {}, table=adopt.ANNOTATION_TABLE)
        part = datasets.load_part(
            collection=collection,
            number=collection.loaded_parts,
            path=path,
            labels=labels,
            find_near=lambda new, old: [None] * len(new),
        )
        for batch in datasets.pick_event_times([str(path)], spill_folder=folder):
            datasets.update_event_times(collection=collection, times=batch)
    new_items = set(part.items["item_id"].to_pylist()) if part else set()
    if part:
        adopt.adopt_labels(collection=collection, items=part.items)
    if collection.finished_at is None:
        columns = describe_columns(draft.content.row for draft in drafts)
        datasets.finish_collection(collection=collection, result=IngestResult((), len(drafts), 0, "", columns=columns))
    tasks = _find_tasks(project, dataset, user, drafts)
    for draft in drafts:
        draft.task_id = tasks[draft.content.digest][0]
    return {task_id for task_id, item_id in tasks.values() if item_id in new_items}


def _open_collection(dataset, user, *, is_large: bool) -> Collection:
    """One of its own for an import; tasks that come one by one share one a day."""
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    mine = Collection.objects.select_for_update().filter(dataset=dataset, created_by=user, title=TITLE)
    found = None if is_large else mine.filter(created_at__gte=today, finished_at__isnull=False).order_by("-pk").first()
    return found or datasets.create_collection(dataset=dataset, user=user, title=TITLE)


def _build_part(drafts: list[_Draft], pictures: Mapping[str, Picture]) -> pa.Table:
    rows = []
    for draft in drafts:
        content, picture = draft.content, pictures.get(draft.content.address or draft.content.sound)
        rows.append({
            "content_hash": content.digest,
            "blob": picture.blob if picture else None,
            "text": content.text or None,
            "row": content.row,
            "source_uri": content.address or content.sound,
            "mime": picture.mime if picture else "application/json" if content.row else "text/plain",
            "width": picture.width if picture else None,
            "height": picture.height if picture else None,
            "byte_size": picture.byte_size if picture else content.byte_size,
            **event_times.say_of_task(draft.data),
        })  # fmt: skip
    return pa.Table.from_pylist(rows, schema=PART)


def _find_tasks(project: Project, dataset, user, drafts: list[_Draft]) -> dict[str, tuple[int, int]]:
    """{content hash: (task id, item id)}; what was deleted before comes back, and gets a task where it has none."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT i.content_hash, t.id, i.id, i.excluded_at IS NOT NULL
               FROM datasets_item i LEFT JOIN annotations_task t ON t.item_id = i.id
               WHERE i.dataset_id = %s AND i.content_hash = ANY(%s::text[])""",
            [dataset.pk, [draft.content.digest for draft in drafts]],
        )
        rows = cursor.fetchall()
    gone = [item_id for _, _, item_id, is_excluded in rows if is_excluded]
    for at in range(0, len(gone), 10_000):
        datasets.restore_items(project=project, user=user, item_ids=gone[at : at + 10_000])
    return {
        digest: (task_id or Task.objects.create(dataset=dataset, item_id=item_id).pk, item_id)
        for digest, task_id, item_id, _ in rows
    }


def _remember_data(interface: Interface, drafts: list[_Draft], pictures: Mapping[str, Picture]) -> None:
    """What a task's data say beyond its item is kept beside it."""
    rows = []
    for draft in drafts:
        kept = describe_extra(interface, draft.content, draft.data, draft.meta)
        if kept:
            rows.append((draft.task_id, kept))
    write_external(rows)


def describe_extra(interface: Interface, content: Content, data: Mapping[str, Any], meta: Any) -> dict[str, Any]:
    """{"data", "meta"} where the item does not say the same."""
    row = orjson.loads(content.row) if content.row else None
    plain = build_data(interface, text=content.text, row=row, address="")
    kept: dict[str, Any] = {}
    if get_item_kind(interface) == "image":
        variable = get_variable(interface)
        extra = {name: value for name, value in data.items() if name != variable or _is_elsewhere(value)}
        kept = {"data": extra} if extra else {}
    elif plain != (said := refer_to_sound(data, content.sound)):
        kept = {"data": said}
    return kept | ({"meta": meta} if meta else {})


def _is_elsewhere(address: Any) -> bool:
    """A client finds its task again by the address that it sent; one of this door is another in every project."""
    return is_far(address) and not is_own(address)


def write_external(rows: Sequence[tuple[int, dict[str, Any]]]) -> None:
    """Keep what clients said of these tasks."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE annotations_task t SET external = new.external
               FROM unnest(%s::bigint[], %s::jsonb[]) AS new (id, external) WHERE t.id = new.id""",
            [[row[0] for row in rows], [json.dumps(row[1]) for row in rows]],
        )


@transaction.atomic
def update_task(*, project: Project, actor, task: Task, data: Any = None, meta: Any = None) -> Task:
    """Other words beside a task's content. The content itself never changes: that would be another item."""
    interface = get_interface(project)
    kept = dict(task.external or {})
    if data is not None:
        content = _read_same_content(interface, task, data)
        kept.pop("data", None)
        kept |= describe_extra(interface, content, data, None)
    if meta is not None:
        kept["meta"] = meta
    task.external = kept or None
    task.save(update_fields=["external", "updated_at"])
    return task


def _read_same_content(interface: Interface, task: Task, data: Any) -> Content:
    if get_item_kind(interface) == "image":
        if not isinstance(data, Mapping):
            raise BadTasks(["Task data must be an object."])
        return Content(task.item.content_hash)
    try:
        kept = (task.external or {}).get("data") or {}
        content = read_content(interface, put_cells(data, list_cells(interface, kept, task.item.row or {})))
    except ValueError as error:
        raise BadTasks([str(error)]) from None
    if content.digest != task.item.content_hash:
        raise BadTasks(["What is labeled never changes: delete this task and import a new one with the other content."])
    return content


def delete_tasks(*, project: Project, actor, task_ids: Sequence[int] | None = None) -> int:
    """Take tasks (all of them by default) out of sight: their items are excluded, and kept with their labels."""
    items = Item.objects.filter(dataset__project=project, excluded_at=None, task__isnull=False)
    if task_ids is not None:
        items = items.filter(task__in=list(task_ids))
    rows = list(items.order_by("pk").values_list("pk", "task"))
    if task_ids is not None and not rows:
        raise NotFound("There is no such task in this project.")
    with transaction.atomic():
        for at in range(0, len(rows), 10_000):
            ids = [item_id for item_id, _ in rows[at : at + 10_000]]
            datasets.exclude_items(project=project, user=actor, item_ids=ids)
        webhooks.notify_tasks(project=project, event="TASKS_DELETED", task_ids=[task_id for _, task_id in rows])
    return len(rows)
