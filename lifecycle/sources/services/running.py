"""One run of a source: started by a person, by the clock or by a corrected file."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from lifecycle.common.errors import Conflict, DomainError
from lifecycle.datasets.models import Collection, Upload
from lifecycle.datasets.services.collections import check_mapping, lock_draft
from lifecycle.jobs import services as jobs
from lifecycle.projects.services import record_event
from lifecycle.sources.models import Source, SourceRun
from lifecycle.sources.selectors import may_have_contract
from lifecycle.sources.services.sources import check_idle, create_source, find_next, lock

logger = logging.getLogger(__name__)
JOB_KINDS = {Source.Kind.CRAWL: "crawl"}  # the others, and files in the source's place: "collect"


def run_source(
    *,
    source: Source,
    user,
    is_full: bool = False,
    uploads: Iterable[int] = (),
    trigger: str = SourceRun.Trigger.PERSON,
) -> SourceRun:
    """Read the source in a job, into a new collection. `is_full` reads everything again instead of what is new;
    `uploads` are ids of files that are read instead of the source, under the same contract."""
    wanted = sorted(set(uploads))
    with transaction.atomic():
        locked = lock(source)
        if locked.state == Source.State.DRAFT:
            raise Conflict("This source is not set up yet; finish that first.")
        check_idle(locked)
        if locked.kind == Source.Kind.UPLOAD and not wanted:
            raise DomainError("Choose the files to import.", fields={"files": "Choose files."})
        collection = Collection.objects.create(
            dataset=locked.dataset, kind=locked.kind, title=locked.title, license=locked.license, created_by=user
        )
        _attach(collection, wanted)
        run = SourceRun.objects.create(
            source=locked,
            collection=collection,
            trigger=trigger,
            is_full=is_full,
            cursor_before=locked.cursor_value,
        )
        _start(locked, run, user, kind="collect" if wanted else JOB_KINDS.get(Source.Kind(locked.kind), "collect"))
    return run


def adopt_draft(
    *, collection: Collection, user, mapping: Mapping[str, Any] | None = None, title: str = "", license: str = ""
) -> SourceRun:
    """Import a draft of uploaded tables under a contract: that of the source of uploads with the same columns, else one
    of its own, which its first run infers."""
    with transaction.atomic():
        draft = lock_draft(collection)
        if not may_have_contract(draft):
            raise DomainError(
                "Only tables (CSV, JSON lines, Parquet, Arrow) that were looked at first can come under a contract.",
                fields={"contract": "Not for these files."},
            )
        source = _find_alike(draft) or create_source(
            dataset=draft.dataset, user=user, kind=Source.Kind.UPLOAD, title=title or draft.title, config={}
        )
        locked = lock(source)
        check_idle(locked)
        if mapping:
            locked.mapping = check_mapping(mapping, draft.dataset.item_kind)
        locked.license = (license or locked.license).strip()[:100]
        locked.save(update_fields=["mapping", "license", "updated_at"])
        draft.title, draft.license = (title or draft.title).strip()[:200], locked.license
        draft.save(update_fields=["title", "license", "updated_at"])
        run = SourceRun.objects.create(source=locked, collection=draft, cursor_before=locked.cursor_value)
        _start(locked, run, user, kind="collect")
    return run


def _find_alike(draft: Collection) -> Source | None:
    """A source of uploads whose contract has the columns that this draft has."""
    names = {column["name"] for column in draft.preview.get("columns") or ()}
    known = Source.objects.filter(dataset=draft.dataset, kind=Source.Kind.UPLOAD, state=Source.State.ACTIVE)
    return next(
        (source for source in known if names == {rule["name"] for rule in source.contract.get("columns") or ()}), None
    )


def preview_source(*, source: Source, user) -> Source:
    """Have a worker look at the source and say what it would give; nothing is stored of it."""
    with transaction.atomic():
        locked = lock(source)
        if locked.kind in (Source.Kind.UPLOAD, Source.Kind.CRAWL):
            raise DomainError("There is nothing to look at before a source of this kind is run.")
        locked.preview = {}
        locked.preview_job = jobs.enqueue(
            kind="preview",
            title=f"Look at {locked.title}",
            spec={"source_id": locked.pk},
            project=locked.dataset.project,
            created_by=user,
            subject_type="source",
            subject_id=locked.pk,
            max_attempts=1,
        )
        locked.save(update_fields=["preview", "preview_job", "updated_at"])
    return locked


def _start(source: Source, run: SourceRun, user, *, kind: str) -> None:
    collection, project = run.collection, source.dataset.project
    collection.job = jobs.enqueue(
        kind=kind,
        title=f"Collect {source.title}",
        spec={"source_id": source.pk, "collection_id": collection.pk},
        project=project,
        created_by=user,
        subject_type="collection",
        subject_id=collection.pk,
    )
    collection.save(update_fields=["job", "updated_at"])
    source.last_collection = collection
    source.save(update_fields=["last_collection", "updated_at"])
    record_event(
        project=project,
        actor=user,
        verb="source.run",
        summary=f"Started to collect from “{source.title}” ({run.get_trigger_display()})",
        object_type="collection",
        object_id=collection.pk,
    )


def _attach(collection: Collection, upload_ids: list[int]) -> None:
    if not upload_ids:
        return
    project = collection.dataset.project
    free = Upload.objects.filter(project=project, collection=None, pk__in=upload_ids).exclude(completed_at=None)
    if free.update(collection=collection) != len(upload_ids):
        raise DomainError("Some of these files do not exist here, have not arrived, or belong to another import.")


def run_due() -> list[SourceRun]:
    """Start every source whose time has come; one that is still being read waits for its next time. For the clock."""
    due = Source.objects.filter(next_run_at__lte=timezone.now(), state=Source.State.ACTIVE, is_scheduled=True)
    found = [_run_if_due(source) for source in due.order_by("next_run_at")]
    return [run for run in found if run is not None]


def _run_if_due(source: Source) -> SourceRun | None:
    """Two clocks may tick: the row's lock and its time decide which of them starts the run."""
    with transaction.atomic():
        locked = lock(source)
        if locked.next_run_at is None or locked.next_run_at > timezone.now():
            return None
        locked.next_run_at = find_next(locked)
        locked.save(update_fields=["next_run_at", "updated_at"])
        try:
            with transaction.atomic():
                return run_source(source=locked, user=locked.created_by, trigger=SourceRun.Trigger.SCHEDULE)
        except DomainError as error:
            logger.warning("source %s was due and not run: %s", source.pk, error)
            return None
