"""Gives older texts and pictures what came later: fingerprints, prints and pairs of crops, and languages that a
profile had no time for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lifecycle.contracts.engine import Canceled
from lifecycle.datasets import services as datasets
from lifecycle.datasets.selectors import load_dataset
from lifecycle.exploration import services
from workers.crops import find_crops, measure_picture
from workers.engines.ingest.fingerprints import compute_picture, compute_texts
from workers.engines.profile.texts import find_language
from workers.runtime import JobContext, job_task

MOST_COMPARED = 20_000  # pictures of one job


@job_task("catch_up", queue="io")
def catch_up(context: JobContext) -> dict[str, Any]:
    dataset = load_dataset(context.spec["dataset_id"])

    def report(fraction: float, message: str) -> None:
        if context.should_stop():
            raise Canceled
        context.report.progress(fraction, message)

    def print_contents(contents: Sequence[tuple[str, str]]) -> list[int | None]:
        if dataset.item_kind == "text":
            return compute_texts([text for _, text in contents])
        return [measure_picture(context.blobs, blob, compute_picture) for blob, _ in contents]

    how: dict[str, Any] = {"dataset": dataset, "recording": context.recording, "report": report}
    printed = datasets.fill_content_prints(print_contents=print_contents, **how)
    viewed, compared = find_crops(context, dataset, most_prints=datasets.MOST_PRINTED["image"], most=MOST_COMPARED)
    found = {"printed": printed, "viewed": viewed, "compared": compared}
    return found | {"languages": services.look_up_languages(find_language=find_language, **how)}
