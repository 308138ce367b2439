"""Tasks one after another, how far the export is, and what a layout could not hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lifecycle.contracts.engine import Canceled, Report, ShouldStop
from lifecycle.contracts.file_names import EXTENSIONS
from lifecycle.contracts.label_exports import LabeledTask, LabelExportSpec
from workers.engines.export.bookkeeping import Bookkeeping, OpenBlob

LOOK_EVERY = 500
UNSIZED = "pictures without a known size were left out"


@dataclass
class Source(Bookkeeping):
    """What every layout is handed."""

    spec: LabelExportSpec
    tasks: Iterable[LabeledTask]
    open_blob: OpenBlob
    report: Report
    should_stop: ShouldStop
    left_out: Counter[str] = field(default_factory=Counter)
    written: int = 0

    def read_tasks(self) -> Iterator[LabeledTask]:
        """All of them. Raises Canceled when told to stop."""
        total = max(self.spec.task_count, 1)
        for seen, task in enumerate(self.tasks, start=1):
            if seen % LOOK_EVERY == 0:
                if self.should_stop():
                    raise Canceled
                self.report.progress(min(0.95 * seen / total, 0.95), f"{seen:,} of {total:,} tasks")
            yield task

    def read_answered(self) -> Iterator[LabeledTask]:
        """Tasks with pictures of a known size that have an answer, also one with nothing in it."""
        for task in self.read_tasks():
            if task.chosen is None:
                continue
            if task.item.blob and task.item.width and task.item.height:
                yield task
            else:
                self.leave_out(UNSIZED)


def name_file(task: LabeledTask) -> str:
    """The picture's file name; of letters that are safe everywhere."""
    return f"{task.item.name}.{EXTENSIONS.get(task.item.mime, 'png')}"


def list_answers(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A task's annotations but for those that were skipped."""
    return [one for one in body["annotations"] if not one.get("was_cancelled")]
