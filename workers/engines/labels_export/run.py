"""Chooses the writer of a layout, and says what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lifecycle.contracts.engine import Report, ShouldStop
from lifecycle.contracts.label_exports import LAYOUTS, LabeledTask, LabelExportResult, LabelExportSpec
from workers.engines.export.bookkeeping import OpenBlob
from workers.engines.labels_export import boxes, coco, conll, masks, tables
from workers.engines.labels_export.source import Source

WRITERS = {
    "JSON": tables.write_json,
    "JSON_MIN": tables.write_json_min,
    "CSV": tables.write_csv,
    "TSV": tables.write_tsv,
    "PARQUET": tables.write_parquet,
    "COCO": coco.write_coco,
    "YOLO": boxes.write_yolo,
    "YOLO_OBB": boxes.write_yolo_obb,
    "YOLO_SEG": boxes.write_yolo_seg,
    "VOC": boxes.write_voc,
    "BRUSH_TO_PNG": masks.write_masks,
    "CONLL2003": conll.write_conll,
}


def run(
    spec: LabelExportSpec,
    tasks: Iterable[LabeledTask],
    *,
    workdir: Path,
    report: Report,
    should_stop: ShouldStop,
    open_blob: OpenBlob,
) -> LabelExportResult:
    """One file in `workdir`. Raises ValueError for a layout that there is not, Canceled when told to stop."""
    if spec.layout not in WRITERS:
        raise ValueError(f"There is no layout “{spec.layout}”.")
    source = Source(spec, tasks, open_blob, report, should_stop)
    folder = workdir / "export"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"labels.{LAYOUTS[spec.layout].suffix}"
    WRITERS[spec.layout](source, target)
    return LabelExportResult(str(target), source.written, source.list_notes())
