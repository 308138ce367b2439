"""Encodes a stream of items batch by batch; what is written stays written, so a killed run costs one batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from lifecycle.contracts.embeddings import PRETRAINED_PACKAGES, Content, EmbedResult, EncoderKind, EncoderSpec
from lifecycle.contracts.engine import Canceled, Report, ShouldStop
from workers.engines.embed.encoded import Encoded, Encoder
from workers.engines.embed.encoders import load_encoder
from workers.engines.embed.errors import EncoderRefused

Write = Callable[[Sequence[int], Encoded], None]


def run(
    encoder: Encoder,
    batches: Iterable[Sequence[Content]],
    *,
    total: int,
    write: Write,
    report: Report,
    should_stop: ShouldStop,
) -> EmbedResult:
    """Encode every batch and hand it to `write(item ids, encoded)`; raises Canceled between two batches."""
    done = unreadable = 0
    for batch in batches:
        if should_stop():
            raise Canceled
        encoded = encoder.encode([content.value for content in batch])
        write([content.item_id for content in batch], encoded)
        done += len(batch)
        unreadable += len(encoded.problems)
        for place, sentence in list(encoded.problems.items())[:5]:
            report.log(f"Item {batch[place].item_id} has no vector: {sentence}", "warning")
        report.progress(min(done / max(total, 1), 1.0), f"Encoded {done:,} of {total:,} items")
    return EmbedResult(encoded=done - unreadable, unreadable=unreadable)


def encode_one(spec: EncoderSpec, value: Any) -> np.ndarray:
    """The vector of one text or picture, float32 [dimension]; raises EncoderRefused with the reason.

    A process keeps the pretrained encoders it used last: opening one takes longer than encoding a sentence.
    """
    is_kept = spec.kind in PRETRAINED_PACKAGES
    encoder = _recall(spec.kind, spec.weights_dir, spec.cache_dir) if is_kept else load_encoder(spec)
    encoded = encoder.encode([value])
    if encoded.problems:
        raise EncoderRefused(encoded.problems[0])
    return encoded.vectors[0]


@lru_cache(maxsize=2)
def _recall(kind: EncoderKind, weights_dir: str, cache_dir: str) -> Encoder:
    return load_encoder(EncoderSpec(kind, "", weights_dir, cache_dir))
