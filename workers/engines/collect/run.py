"""The collecting itself: source → checked rows → import → keys. May be killed at any moment and started again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from lifecycle.contracts.engine import Report, ShouldStop
from lifecycle.contracts.ingest import ColumnMapping, IngestSpec, PutBlobs
from lifecycle.contracts.sources import (
    FILE_COLUMNS,
    CollectResult,
    CollectSpec,
    ColumnRule,
    Contract,
    Observed,
    list_file_rules,
)
from workers.engines.collect.binding import Binder
from workers.engines.collect.phases import Phase
from workers.engines.collect.quarantine import Quarantine
from workers.engines.collect.screener import Screener, Stage
from workers.engines.collect.sightings import Places, Sightings, write_coverage
from workers.engines.ingest import run as importing

BATCH_ROWS = 2_000


def run(
    spec: CollectSpec, *, workdir: str | Path, report: Report, should_stop: ShouldStop, put_blobs: PutBlobs
) -> CollectResult:
    """Read everything `spec` names that is new. Raises SourceError, SourceUnreachable, Canceled."""
    folder = Path(workdir) / "collect"
    stage = _find_stage(folder) or _make_stage(spec, folder, Phase(report, 0.0, 0.4), should_stop)
    mapping = ColumnMapping.from_json(stage.mapping) if stage.mapping else spec.mapping
    imported = importing.run(
        IngestSpec(
            item_kind=spec.item_kind,
            paths=tuple(stage.paths),
            mapping=mapping,
            label_kind=spec.label_kind,
            folders_are_labels=spec.folders_are_labels,
            known_classes=spec.known_classes,
            known_columns=spec.known_columns,
            known_spreads=spec.known_spreads,
            splits=stage.splits,
            listed=stage.listed,
            limits=spec.limits,
        ),
        workdir=workdir,
        report=Phase(report, 0.4, 0.8),
        should_stop=should_stop,
        put_blobs=put_blobs,
    )
    contract = Contract.from_json(stage.contract)
    file_rules = _choose_file_rules(spec, stage, contract)
    rejects = folder / "rejects.jsonl"
    shutil.copyfile(folder / "screened.jsonl", rejects)
    quarantine = Quarantine(rejects, spec.limits.rejects, start=stage.set_aside)
    sightings = Sightings(folder / "sightings.tsv", earlier=folder / "screened.tsv")
    is_base = spec.kind == "sql" and spec.paths is None
    places = Places(stage.files, is_base=is_base, is_listed=bool(stage.standing))
    binder = Binder(
        folder / "chunks", stage.tables, places, file_rules, quarantine, sightings,
        companions=stage.companions, binds_all=is_base or bool(stage.standing),
    )  # fmt: skip
    bound = binder.bind(imported.parts, imported.rejects_path, folder / "bound")
    quarantine.close()
    sightings.close()
    is_told = bool(stage.standing) or (is_base and not spec.cursor_value)
    is_told = is_told and imported.rejected <= spec.limits.rejects
    seen = binder.observe()
    report.progress(0.9, f"{bound.accepted:,} fit, {quarantine.count:,} set aside")
    return CollectResult(
        parts=tuple(bound.parts),
        keys=tuple(bound.keys),
        token=stage.token,
        read=stage.read,
        accepted=bound.accepted,
        rejected=quarantine.count,
        rejects_path=str(rejects),
        marks_path=str(folder / "marks.tsv") if (folder / "marks.tsv").exists() else "",
        columns=imported.columns,
        spreads=imported.spreads,
        classes=imported.classes,
        mapping=(imported.mapping or mapping) if stage.tables else None,
        contract=_extend(contract, file_rules, seen),
        cursor_value=stage.cursor_value,
        observed=_add_up(stage.observed, seen),
        notes=tuple(stage.notes),
        coverage=write_coverage(sightings, places, stage.files, stage.standing, folder) if is_told else None,
    )


def _choose_file_rules(spec: CollectSpec, stage: Stage, contract: Contract) -> list[ColumnRule]:
    """What files by themselves are held to: the contract, or the rules that the first of them write."""
    if len(stage.paths) == len(stage.tables):
        return []
    if not spec.contract.columns:
        return list(list_file_rules(spec.item_kind))
    names = {name for name, _ in FILE_COLUMNS}
    return [rule for rule in contract.columns if rule.name in names]


def _extend(contract: Contract, file_rules: Sequence[ColumnRule], seen: Mapping[str, Observed]) -> Contract:
    """With the rules of the files that were seen. What both have is labels, and the names of folders are any words."""
    held = {rule.name: rule for rule in file_rules if rule.name in seen}
    new = [rule for name, rule in held.items() if not contract.find(name)]
    has_labels = "label" in held and seen["label"].seen
    said = [held["label"] if rule.name == "label" and has_labels else rule for rule in contract.columns]
    return replace(contract, columns=(*new, *said))


def _add_up(rows: Mapping[str, Any], files: Mapping[str, Observed]) -> dict[str, Observed]:
    """What was seen in each column, of rows and of files."""
    found = {name: Observed.from_json(values) for name, values in rows.items()}
    return found | {name: found.get(name, Observed()).add(seen) for name, seen in files.items()}


def _find_stage(folder: Path) -> Stage | None:
    path = folder / "stage.json"
    if not path.exists():
        return None
    raw = json.loads(path.read_text())
    return Stage(**{**raw, "paths": [tuple(pair) for pair in raw["paths"]]})


def _make_stage(spec: CollectSpec, folder: Path, report: Report, should_stop: ShouldStop) -> Stage:
    """Screening from its start; downloads of an earlier attempt are kept, half a stage is not."""
    for name in ("chunks", "texts"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
    quarantine = Quarantine(folder / "screened.jsonl", spec.limits.rejects)
    sightings = Sightings(folder / "screened.tsv")
    stage = Screener(spec, folder, quarantine, sightings, report, should_stop).read()
    quarantine.close()
    sightings.close()
    stage.set_aside = quarantine.count
    temporary = folder / "stage.tmp"
    temporary.write_text(json.dumps(asdict(stage)))
    temporary.replace(folder / "stage.json")
    return stage
