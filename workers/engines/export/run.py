"""Chooses the writer of a layout, and says what came of it."""

from __future__ import annotations

from pathlib import Path

from lifecycle.contracts.engine import Report, ShouldStop
from lifecycle.contracts.exports import LAYOUTS, ExportResult, ExportSpec
from workers.engines.export import pictures, regions, spans, tables
from workers.engines.export.bookkeeping import OpenBlob
from workers.engines.export.items import FindSources, Source

WRITERS = {
    "parquet": tables.write_parquet,
    "csv": tables.write_csv,
    "huggingface": pictures.write_huggingface,
    "folders": pictures.write_folders,
    "coco": regions.write_coco,
    "yolo": regions.write_yolo,
    "voc": regions.write_voc,
    "conll": spans.write_conll,
}


def run(
    spec: ExportSpec,
    *,
    workdir: Path,
    report: Report,
    should_stop: ShouldStop,
    open_blob: OpenBlob,
    find_sources: FindSources = lambda item_ids: {},
) -> ExportResult:
    """One file in `workdir`; pictures and sounds are called as where they come from.

    Raises ValueError for a layout that there is not, Canceled when told to stop.
    """
    if spec.layout not in WRITERS:
        raise ValueError(f"There is no layout “{spec.layout}”.")
    source = Source(spec, open_blob, report, should_stop, find_sources)
    folder = workdir / "export"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"export.{LAYOUTS[spec.layout].suffix}"
    WRITERS[spec.layout](source, target)
    return ExportResult(str(target), source.written, source.list_notes())
