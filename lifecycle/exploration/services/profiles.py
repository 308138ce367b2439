"""Profiles: asking for one, what a worker needs for it, and keeping what came out."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from django.db import connection, transaction
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat

from lifecycle.annotations.models import Annotation
from lifecycle.common.errors import Conflict
from lifecycle.contracts.problems import get_problem_type
from lifecycle.contracts.profile import PROFILE_FORMAT, ProfileResult
from lifecycle.datasets.models import Dataset, DatasetVersion
from lifecycle.datasets.services.snapshots import PLAIN_LABELS
from lifecycle.exploration.models import Profile
from lifecycle.jobs import services as jobs
from lifecycle.jobs.models import Job

KEPT_PROFILES = 5  # of what is in now; a version has one
DUE_KEY = "profile-of-version:"
BLOCK_BYTES = 32 << 20  # larger than any row an import lets in
ROW_GROUP = 50_000
MEASURED = ("words", "language", "is_damaged", "brightness", "contrast", "sharpness", "channels", "is_corrupt")
FACTS = {
    "item_id": pa.int64(), "collection_id": pa.int64(), "created_at": pa.timestamp("us"), "width": pa.int32(),
    "height": pa.int32(), "byte_size": pa.int64(), "words": pa.int32(), "language": pa.string(),
    "is_damaged": pa.bool_(), "brightness": pa.float64(), "contrast": pa.float64(), "sharpness": pa.float64(),
    "channels": pa.int16(), "is_corrupt": pa.bool_(),
}  # fmt: skip
EXPORT_FACTS = """
    COPY (SELECT i.id, i.collection_id, to_char(i.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
                 i.width, i.height, i.byte_size, f.words, f.language, f.is_damaged, f.brightness, f.contrast,
                 f.sharpness, f.channels, f.is_corrupt
          FROM datasets_item i LEFT JOIN exploration_itemfacts f ON f.item_id = i.id WHERE i.dataset_id = {})
    TO STDOUT (FORMAT csv, NULL '\\N')"""
ITEMS = {  # as contracts.training.DatasetFiles.manifest_path
    "item_id": pa.int64(), "content_hash": pa.string(), "split": pa.string(), "label": pa.string(),
    "blob": pa.string(), "text": pa.string(), "row": pa.string(), "group": pa.string(),
    "event_time": pa.timestamp("us"), "result": pa.string(),
}  # fmt: skip
EXPORT_ITEMS = """
    COPY (SELECT i.id, i.content_hash, i.split, i.label, nullif(i.blob, ''), nullif(i.text, ''), i."row"::text,
                 nullif(i."group", ''), i.event_time AT TIME ZONE 'UTC', {result}
          FROM datasets_item i {join} WHERE i.dataset_id = {dataset} AND i.excluded_at IS NULL)
    TO STDOUT (FORMAT csv, NULL '\\N')"""
MERGE = """
    INSERT INTO exploration_itemfacts AS known
        (item_id, dataset_id, words, language, is_damaged, brightness, contrast, sharpness, channels, is_corrupt)
    SELECT n.item_id, i.dataset_id, n.words, n.language, n.is_damaged, n.brightness, n.contrast, n.sharpness,
           n.channels, n.is_corrupt
    FROM new_facts n JOIN datasets_item i ON i.id = n.item_id AND i.dataset_id = %s
    ON CONFLICT (item_id) DO UPDATE SET
        words = coalesce(excluded.words, known.words), language = coalesce(excluded.language, known.language),
        is_damaged = coalesce(excluded.is_damaged, known.is_damaged),
        brightness = coalesce(excluded.brightness, known.brightness),
        contrast = coalesce(excluded.contrast, known.contrast),
        sharpness = coalesce(excluded.sharpness, known.sharpness),
        channels = coalesce(excluded.channels, known.channels),
        is_corrupt = coalesce(excluded.is_corrupt, known.is_corrupt)"""


def start_profile(*, dataset: Dataset, user, version: DatasetVersion | None = None) -> Job:
    """Have a worker look at everything that is in now, or at a version. One on its way is given back."""
    if version is None and not dataset.items.filter(excluded_at=None).exists():
        raise Conflict("There is nothing to look at yet; collect some items first.")
    spec = {"dataset_id": dataset.pk, "version_id": version.pk if version else None}
    waiting = Job.objects.filter(kind="profile", project=dataset.project, spec=spec, state__in=["queued", "running"])
    return waiting.first() or _enqueue(dataset, user, version, spec)


def _enqueue(dataset: Dataset, user, version: DatasetVersion | None, spec: dict, *, key: str | None = None) -> Job:
    return jobs.enqueue(
        kind="profile",
        title=f"Profile {version}" if version else "Profile the items",
        spec=spec,
        project=dataset.project,
        created_by=user,
        subject_type="dataset",
        subject_id=dataset.pk,
        idempotency_key=key,
    )


def profile_due() -> int:
    """Have the newest version of a dataset profiled that nobody asked a profile of; the clock calls it every minute.
    One at a time, after what people wait for: a commit does not wait for it. Returns how many began."""
    newer = DatasetVersion.objects.filter(dataset=OuterRef("dataset"), number__gt=OuterRef("number"))
    key = Concat(Value(DUE_KEY), Cast("pk", CharField()))
    versions = DatasetVersion.objects.filter(archived_at=None, dataset__project__archived_at=None)
    due = versions.exclude(Exists(newer)).exclude(Exists(Profile.objects.filter(version=OuterRef("pk"))))
    due = due.annotate(key=key).exclude(Exists(Job.objects.filter(idempotency_key=OuterRef("key"))))
    waiting = Job.objects.filter(kind="profile", state__in=["queued", "running"])
    version = None if waiting.exists() else due.select_related("dataset__project", "created_by").order_by("pk").first()
    if version is None:
        return 0
    spec = {"dataset_id": version.dataset_id, "version_id": version.pk}
    _enqueue(version.dataset, version.created_by, version, spec, key=f"{DUE_KEY}{version.pk}")
    return 1


def export_facts(*, dataset: Dataset, folder: Path) -> Path:
    """What the database knows of every item besides its content, as contracts.profile.ProfileSpec.facts_path."""
    return _export(EXPORT_FACTS.format(int(dataset.pk)), FACTS, folder / "known.parquet")


def export_items(*, dataset: Dataset, folder: Path) -> Path:
    """Every item that is not excluded, as contracts.training.DatasetFiles.manifest_path, and in the column `result`
    the regions behind its label, where labels have them."""
    has_regions = get_problem_type(dataset.project.problem_type).label_kind not in PLAIN_LABELS
    join = f"LEFT JOIN {Annotation._meta.db_table} a ON a.id = i.label_annotation_id" if has_regions else ""
    statement = EXPORT_ITEMS.format(result="a.result::text" if join else "NULL", join=join, dataset=int(dataset.pk))
    return _export(statement, ITEMS, folder / "items.parquet")


def _export(statement: str, columns: dict[str, pa.DataType], target: Path) -> Path:
    """What a COPY says, as Parquet, streaming."""
    source = target.with_suffix(".csv")
    with connection.cursor() as cursor, open(source, "wb") as out, cursor.copy(statement) as copy:
        for block in copy:
            out.write(block)
    with pq.ParquetWriter(target, pa.schema(list(columns.items())), compression="zstd") as writer:
        if source.stat().st_size:
            for batch in _open_csv(source, columns):
                writer.write_batch(batch, row_group_size=ROW_GROUP)
    source.unlink()
    return target


def _open_csv(source: Path, columns: dict[str, pa.DataType]) -> pa_csv.CSVStreamingReader:
    return pa_csv.open_csv(
        source,
        read_options=pa_csv.ReadOptions(column_names=list(columns), block_size=BLOCK_BYTES, use_threads=False),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=pa_csv.ConvertOptions(
            column_types=columns,
            null_values=["\\N"],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


def record_profile(
    *, dataset: Dataset, version: DatasetVersion | None, job: Job, result: ProfileResult
) -> tuple[Profile, int]:
    """Keep a profile and what was measured of single items. Call within the job's transaction."""
    with transaction.atomic():
        measured = _merge_facts(dataset, result.facts_path) if result.facts_path else 0
        profile = Profile.objects.create(
            dataset=dataset,
            version=version,
            format=PROFILE_FORMAT,
            item_count=result.profile["items"],
            result=result.profile,
            seconds=result.profile["seconds"],
            job=job,
        )
        older = Profile.objects.filter(dataset=dataset, version=version).order_by("-pk")
        surplus = older.values_list("pk", flat=True)[1 if version else KEPT_PROFILES :]
        Profile.objects.filter(pk__in=list(surplus)).delete()
    return profile, measured


def _merge_facts(dataset: Dataset, path: str) -> int:
    names = ("item_id", *MEASURED)
    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE TEMP TABLE new_facts (item_id bigint, words int, language text, is_damaged boolean,
               brightness float, contrast float, sharpness float, channels smallint, is_corrupt boolean)
               ON COMMIT DROP"""
        )
        with cursor.copy(f"COPY new_facts ({', '.join(names)}) FROM STDIN") as copy, pq.ParquetFile(path) as source:
            for batch in source.iter_batches(batch_size=20_000, columns=list(names)):
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    copy.write_row(row)
        cursor.execute(MERGE, [dataset.pk])
        merged = cursor.rowcount
        cursor.execute("DROP TABLE new_facts")
    return merged
