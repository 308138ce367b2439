"""Keep the scores of a finished evaluation, overall and per item."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from django.db import connection
from django.utils import timezone

from lifecycle.contracts.evaluation import EvaluateResult
from lifecycle.evaluations.models import Evaluation, ItemResult
from lifecycle.projects.services import record_event

COLUMNS = ("item_id", "truth", "predicted", "confidence", "loss", "is_correct")
BATCH_ROWS = 50_000


def record_result(*, evaluation: Evaluation, result: EvaluateResult, items_blob: str) -> Evaluation:
    """Write scores, details and one row an item; doing it again replaces them."""
    _copy_items(evaluation, Path(result.items_path))
    evaluation.metrics, evaluation.details = result.metrics, result.details
    evaluation.latency_ms, evaluation.model_bytes = result.latency_ms, result.model_bytes
    evaluation.item_count, evaluation.items_blob = result.count, items_blob
    evaluation.finished_at = timezone.now()
    evaluation.save()
    run = evaluation.artifact.run
    record_event(
        project=evaluation.project,
        actor=evaluation.created_by,
        verb="evaluation.finished",
        summary=f"Evaluated {run} on {evaluation.dataset_version} {evaluation.split}",
        object_type="evaluation",
        object_id=str(evaluation.pk),
        details={"metrics": result.metrics},
    )
    return evaluation


def _copy_items(evaluation: Evaluation, path: Path) -> None:
    ItemResult.objects.filter(evaluation=evaluation).delete()
    columns = ", ".join(("evaluation_id", *COLUMNS))
    statement = f"COPY evaluations_itemresult ({columns}) FROM STDIN WITH (FORMAT csv)"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for batch in pq.ParquetFile(path).iter_batches(BATCH_ROWS, columns=list(COLUMNS)):
            copy.write(_render_csv(evaluation.pk, batch))


def _render_csv(evaluation_id: int, batch: pa.RecordBatch) -> bytes:
    """Rows as Postgres' CSV: quoted strings, and nothing at all for null. A NaN confidence is no confidence."""
    table = pa.table({name: batch.column(name) for name in COLUMNS})
    confidence = table["confidence"].cast(pa.float64())
    known = pc.if_else(pc.is_finite(confidence), confidence, pa.scalar(None, pa.float64()))
    table = table.set_column(table.column_names.index("confidence"), "confidence", known)
    table = table.add_column(0, "evaluation_id", pa.array([evaluation_id] * len(table), pa.int64()))
    out = io.BytesIO()
    pyarrow.csv.write_csv(table, out, pyarrow.csv.WriteOptions(include_header=False))
    return out.getvalue()
