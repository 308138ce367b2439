"""Encode what has no vector yet; and encode what somebody looks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from lifecycle.contracts.embeddings import EncoderKind, EncoderSpec
from lifecycle.embeddings import selectors, services
from lifecycle.embeddings.models import Encoder
from workers.runtime import JobContext, job_task
from workers.tasks.files import fetch_files

BATCH = 256


@job_task("embed", queue="cpu")
def embed(context: JobContext) -> dict[str, Any]:
    encoder = selectors.load_encoder(context.spec["encoder_id"])
    return encode_missing(context, encoder, context.report)


@job_task("search", queue="io")
def search(context: JobContext) -> dict[str, Any]:
    from workers.engines import embed as engine  # onnxruntime: only where something is encoded

    wanted = selectors.load_search(context.spec["search_id"])
    value = wanted.text or context.blobs.fetch(wanted.blob, context.blob_dir)
    vector = engine.encode_one(build_spec(context, wanted.encoder), value)
    with context.recording():
        services.record_search(search=wanted, vector=vector)
    return {"search": wanted.pk}


def encode_missing(context: JobContext, encoder: Encoder, report: Any) -> dict[str, Any]:
    """Vectors for every item without one; each batch is committed, so that a killed attempt costs one batch."""
    from workers.engines import embed as engine

    report.progress(0.0, "Opening the encoder")
    opened = engine.load_encoder(build_spec(context, encoder), lambda: selectors.sample_values(encoder))
    with context.recording():
        encoder = services.prepare_encoder(encoder=encoder, state=opened.state)
    result = engine.run(
        opened,
        selectors.iterate_missing(encoder, batch=BATCH, find_file=_finder(context)),
        total=selectors.count_missing(encoder),
        write=_writer(context, encoder),
        report=report,
        should_stop=context.should_stop,
    )
    with context.recording():
        services.finish_vectors(encoder=encoder)
    return {"encoder": encoder.pk, "encoded": result.encoded, "unreadable": result.unreadable}


def build_spec(context: JobContext, encoder: Encoder) -> EncoderSpec:
    """What the engine is given: where weights lie, the model's files, and what earlier vectors depend on."""
    folder = context.workdir / "artifact"
    if encoder.model_version is not None:
        fetch_files(encoder.model_version.artifact.files, folder, blobs=context.blobs, cache=context.blob_dir)
    return EncoderSpec(
        kind=EncoderKind(encoder.kind),
        item_kind=encoder.dataset.item_kind,
        weights_dir=str(settings.PACKAGES_DIR),
        cache_dir=str(Path(settings.GRISTMILL_HOME) / "cache" / "encoders"),
        artifact_dir=str(folder) if encoder.model_version is not None else "",
        state=encoder.state,
    )


def _finder(context: JobContext) -> Callable[[str], Path]:
    blobs, folder = context.blobs, context.blob_dir
    return lambda digest: blobs.fetch(digest, folder)


def _writer(context: JobContext, encoder: Encoder) -> Callable[[Sequence[int], Any], None]:
    def write(item_ids: Sequence[int], encoded: Any) -> None:
        with context.recording():
            services.store_vectors(
                encoder=encoder,
                item_ids=item_ids,
                vectors=encoded.vectors,
                problems=encoded.problems,
                labels=encoded.labels,
                confidences=encoded.confidences,
            )

    return write
