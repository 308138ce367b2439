"""Texts with spans out of CoNLL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lifecycle.contracts.label_exports import SPANS
from lifecycle.contracts.label_imports import Draft, LabelImportSpec, Rejected
from lifecycle.contracts.label_interface import Control
from workers.engines.ingest.formats.conll import BadSentence, Sentence
from workers.engines.ingest.formats.conll import read_conll as read_sentences
from workers.engines.labels_import.regions import find_label


def read_conll(spec: LabelImportSpec) -> Iterator[Draft | Rejected]:
    """A text for each sentence: its tokens with one blank between them."""
    controls = [control for control in spec.interface.controls if control.type in SPANS]
    field = spec.interface.main_object.field if spec.interface.main_object else "text"
    if not controls:
        raise ValueError("The label schema of this project asks for no spans.")
    with open(spec.path, encoding="utf-8-sig") as lines:
        for found in read_sentences(lines):
            place = f"line {found.line}"
            if isinstance(found, BadSentence):
                yield Rejected(place, found.reason)
                continue
            result, problems = _build(controls, found)
            yield from (Rejected(place, problem) for problem in problems)
            entries = spec.interface.swap_names(result)
            yield Draft(place, {"data": {field: found.text}, "annotations": [{"result": entries}]})


def _build(controls: list[Control], found: Sentence) -> tuple[list[dict[str, Any]], list[str]]:
    result: list[dict[str, Any]] = []
    problems: list[str] = []
    for number, span in enumerate(found.spans, start=1):
        fitting = [(one, label) for one in controls if (label := find_label(one, span.label)) is not None]
        if not fitting:
            problems.append(f"“{span.label[:40]}” is no label of the schema")
            continue
        control, label = fitting[0]
        text = found.text[span.start : span.end]
        value: dict[str, Any] = {"start": span.start, "end": span.end, "text": text, control.type: [label]}
        result.append(
            {
                "id": f"r{number}",
                "from_name": control.name,
                "to_name": control.to[0],
                "type": control.type,
                "value": value,
            }
        )
    return result, problems
