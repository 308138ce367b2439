"""One artifact over a stream of items in batches: an answer each, how sure it is, and what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle.contracts.engine import Canceled, Report, ShouldStop
from workers.engines.artifact import BadInput, Predictor

SIGNIFICANT_DIGITS = 4  # of a suggested number: more would look like knowledge


@dataclass(frozen=True)
class Asked:
    """An item under a key of the caller's; `content` is a file's path, a text or a row."""

    key: int
    content: Any


@dataclass(frozen=True)
class Answered:
    """`value` is a class or a number as text. `score` is the probability of the class; `uncertainty` is 1 minus the
    margin to the second one. Both are None for numbers: the model does not say how sure it is."""

    key: int
    value: str
    score: float | None
    uncertainty: float | None


@dataclass(frozen=True)
class Result:
    written: int
    unreadable: int


def load(artifact_dir: str | Path) -> Predictor:
    """The model of an artifact folder; raises BadArtifact."""
    return Predictor.load(artifact_dir)


def run(
    predictor: Predictor,
    batches: Iterable[Sequence[Asked]],
    *,
    total: int,
    write: Callable[[Sequence[Answered]], None],
    report: Report,
    should_stop: ShouldStop,
) -> Result:
    """Answer everything; each batch is handed to `write` before the next one is read. Raises Canceled."""
    seen = written = 0
    for batch in batches:
        if should_stop():
            raise Canceled
        answers = answer_batch(predictor, batch, report)
        write(answers)
        seen, written = seen + len(batch), written + len(answers)
        report.progress(min(1.0, seen / total) if total else 1.0, f"{written:,} of {total:,} items")
    return Result(written, seen - written)


def answer_batch(predictor: Predictor, batch: Sequence[Asked], report: Report) -> list[Answered]:
    """Answers for those items that the model can read; the others are logged."""
    keys, decoded = [], []
    for asked in batch:
        try:
            decoded += predictor.decode([_read(asked.content)])
            keys.append(asked.key)
        except (BadInput, OSError) as error:
            report.log(f"Nothing is suggested for task {asked.key}: {error}", "warning")
    return [build_answer(key, said) for key, said in zip(keys, predictor.predict_decoded(decoded), strict=True)]


def build_answer(key: int, prediction: Mapping[str, Any]) -> Answered:
    """A prediction as a suggestion."""
    if "value" in prediction:
        return Answered(key, f"{float(prediction['value']):.{SIGNIFICANT_DIGITS}g}", None, None)
    first, second = sorted([*prediction["probabilities"].values(), 0.0], reverse=True)[:2]
    return Answered(key, prediction["label"], float(first), 1 - float(first - second))


def _read(content: Any) -> Any:
    return content.read_bytes() if isinstance(content, Path) else content
