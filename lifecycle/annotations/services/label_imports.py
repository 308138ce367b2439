"""Imports of labels that a job works on: files of any layout, and tasks of the door that are many or far away."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from django.conf import settings
from django.db import transaction

from lifecycle.annotations import conversion
from lifecycle.annotations.label_studio import (
    find_sound_field,
    get_item_kind,
    get_variable,
    is_far,
    list_fields_to_fetch,
)
from lifecycle.annotations.services.external import get_interface
from lifecycle.annotations.services.external_labels import LabelReader
from lifecycle.annotations.services.external_tasks import (
    MAX_TASKS,
    TITLE,
    BadTasks,
    Cells,
    Imported,
    Picture,
    _read_draft,
    import_tasks,
)
from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import DomainError
from lifecycle.contracts.label_exports import LAYOUTS
from lifecycle.contracts.label_imports import AUTO, LabelImportSpec
from lifecycle.contracts.problems import ItemKind
from lifecycle.contracts.sounds import COLUMN as SOUND_COLUMN
from lifecycle.datasets import services as datasets
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job
from lifecycle.jobs.waiting import wait_until_ended
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

KIND = "label_import"
FILES_KIND = "ingest"
WAIT_SECONDS = 30.0  # clients give up after 60
MAX_TOLD = 1_000  # tasks whose ids a result tells
_waiting = BoundedSemaphore(2)  # of this process: a request that waits holds a thread that others need


@transaction.atomic
def start_import(*, project: Project, user, name: str, blob: str, layout: str = AUTO) -> Job:
    """Have a worker take the labels of a stored file as answers. DomainError for a layout that there is not."""
    get_interface(project)
    layout = layout.strip().upper()
    if layout and layout not in LAYOUTS:
        raise DomainError(f"There is no layout “{layout[:40]}”.", fields={"layout": "Unknown layout."})
    shown = name.rsplit("/", 1)[-1][:200] or "labels"
    record_event(
        project=project, actor=user, verb="labels.import", summary=f"{user.username} imports labels from “{shown}”"
    )
    return jobs.enqueue(
        kind=KIND,
        title=f"Import labels from {shown}",
        spec={"name": shown, "blob": blob, "layout": layout},
        project=project,
        created_by=user,
    )


def wants_job(project: Project, tasks: Sequence[Any], find_pictures) -> bool:
    """Whether there are so many tasks, or files to be fetched, that a request cannot wait for them."""
    if len(tasks) > MAX_TASKS:
        return True
    interface = get_interface(project)
    is_picture = get_item_kind(interface) == ItemKind.IMAGE
    variable = get_variable(interface) if is_picture else find_sound_field(interface)
    fields = {variable, *list_fields_to_fetch(interface)} - {""}
    far = {one for task in tasks for field in fields if is_far(one := read_address(task, field))}
    return bool(far) and len(find_pictures(far)) < len(far)


def read_address(task: Any, variable: str) -> str:
    """What a task in Label Studio's words has in a field, such as the address of its picture; empty where no text."""
    data = task.get("data", task) if isinstance(task, Mapping) else {}
    value = data.get(variable) if isinstance(data, Mapping) else None
    return value if isinstance(value, str) else ""


def start_tasks(*, project: Project, user, tasks: Sequence[Any]) -> Job:
    """`start_import` for tasks that came in a request."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tasks.json"
        conversion.write_json(tasks, path)
        blob = open_blobs(settings.STORAGE_URL).put_file(path)
    return start_import(project=project, user=user, name="tasks.json", blob=blob, layout="JSON")


def wait_for(job: Job) -> bool:
    """Whether an import ended while its script waited. BadTasks where nothing came of it."""
    if not _waiting.acquire(blocking=False):
        return False
    try:
        if not wait_until_ended(job, seconds=WAIT_SECONDS):
            return False
    finally:
        _waiting.release()
    if job.state != Job.State.SUCCEEDED:
        raise BadTasks([job.error or "The import was stopped."])
    result = job.result or {}
    if result.get("rejected") and not result.get("tasks", result.get("accepted")):
        raise BadTasks(result.get("said") or ["Not one of the files could be taken."])
    return True


def tell_rest(job: Job) -> str:
    """What was left out of an import that ended; empty where all of it was taken."""
    result = job.result or {}
    count = result.get("rejected", 0)
    return f"{count:,} were set aside or taken in part. {' '.join(result.get('said', []))}".strip() if count else ""


@transaction.atomic
def start_files(*, project: Project, user, files: Sequence[Any]) -> Job:
    """Have a worker make tasks of uploaded pictures or sounds, as of those dropped on the Upload page. BadTasks where
    this project's tasks show none.
    """
    interface = get_interface(project)
    dataset = project.datasets.order_by("pk").first()
    shows_pictures = get_item_kind(interface) == ItemKind.IMAGE
    if dataset is None or not (shows_pictures or find_sound_field(interface) == SOUND_COLUMN):
        raise BadTasks([
            f"The tasks of this project show no pictures, and no sounds of a field “{SOUND_COLUMN}”: {files[0].name} "
            "cannot be one."
        ])  # fmt: skip
    uploads = [
        datasets.store_file(project=project, user=user, name=file.name, file=file, byte_size=file.size).pk
        for file in files
    ]
    collection = datasets.create_collection(dataset=dataset, user=user, title=TITLE, uploads=uploads)
    job = datasets.start_import(collection=collection, user=user, folders_are_labels=False).job
    assert job is not None
    return job


def store_file(file) -> str:
    """Keep an uploaded file; its blob."""
    with tempfile.NamedTemporaryFile() as kept:
        for block in file.chunks():
            kept.write(block)
        kept.flush()
        return open_blobs(settings.STORAGE_URL).put_file(Path(kept.name))


def describe(*, job: Job, path: str) -> LabelImportSpec:
    """What the engine is told."""
    assert job.project is not None
    return LabelImportSpec(path, job.spec["name"], get_interface(job.project), job.spec["layout"])


def import_batch(
    *, project: Project, user, tasks: Sequence[Mapping[str, Any]], pictures: Mapping[str, Picture], cells: Cells
) -> tuple[Imported, list[tuple[int, str]]]:
    """Take those of these tasks that can be taken; (what came of it, (place, why not) of the others).

    A task whose answers cannot be taken comes without them: the picture behind it was good, and is told of as well.
    """

    def find(addresses):
        return {address: pictures[address] for address in addresses if address in pictures}

    try:
        return import_tasks(project=project, user=user, tasks=tasks, find_pictures=find, cells=cells), []
    except BadTasks:
        good, problems = _pick_good(project, tasks, pictures, cells)
    if not good:
        return Imported([], 0, 0, 0), problems
    return import_tasks(project=project, user=user, tasks=good, find_pictures=find, cells=cells), problems


def _pick_good(
    project: Project, tasks: Sequence[Mapping[str, Any]], pictures: Mapping[str, Picture], cells: Cells
) -> tuple[list[Mapping[str, Any]], list[tuple[int, str]]]:
    """(the tasks that can be taken, some of them bare, (place, what is wrong) of all others and of those)."""
    interface = get_interface(project)
    reader = LabelReader(interface)
    good, problems = [], []
    for place, task in enumerate(tasks):
        draft = None
        for body in (task, {**task, "annotations": [], "completions": [], "predictions": []}):
            try:
                draft = _read_draft(interface, reader, body, cells)
                break
            except ValueError as error:
                reason = str(error)
        address = draft and (draft.content.address or draft.content.sound)
        if draft is None:
            problems.append((place, reason))
        elif address and address not in pictures:
            problems.append((place, f"its picture or sound “{address[:120]}” is neither here nor could it be fetched"))
        else:
            good.append(body)
            if body is not task:
                problems.append((place, f"{reason} The task is taken without it."))
    return good, problems


def list_imports(project: Project) -> list[Job]:
    """The newest ones of label files."""
    return list(Job.objects.filter(project=project, kind=KIND).select_related("created_by").order_by("-pk")[:20])


def find_import(project: Project, job_id: int) -> Job | None:
    """One of labels or tasks, or of pictures and sounds."""
    return Job.objects.filter(project=project, kind__in=(KIND, FILES_KIND), pk=job_id).first()
