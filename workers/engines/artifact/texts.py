"""Texts to token ids, the same way in training and in serving."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from workers.engines.artifact.errors import BadInput

MAX_CHARACTERS = 1_000_000


def check_text(item: object) -> str:
    """The item as valid Unicode; raises BadInput for anything but a text of sensible length."""
    if not isinstance(item, str):
        raise BadInput("A text must be sent as a string.")
    if len(item) > MAX_CHARACTERS:
        raise BadInput(f"The text is longer than {MAX_CHARACTERS:,} characters.")
    return item.encode("utf-8", "replace").decode("utf-8")  # lone surrogates become question marks


def encode_texts(tokenizer: Tokenizer, texts: Sequence[str], operation: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Token ids as int64 [texts, longest], cut to `max_length`, padded with `pad_id` on the right.

    The names come from the ``tokenize`` operation: `ids`, and `mask` (1 on tokens) where the graph wants one.
    """
    limit = int(operation["max_length"])
    # No token is shorter than nothing, and almost none longer than 40 characters: cut before the tokenizer's work.
    cut = [text[: limit * 40] for text in texts]
    encoded = [tokenizer.encode(cut[0])] if len(cut) == 1 else tokenizer.encode_batch(cut)
    lists = [_cut_ids(e.ids, e.special_tokens_mask, limit) for e in encoded]
    width = max(int(operation.get("min_length", 1)), max((len(ids) for ids in lists), default=0))
    ids = np.full((len(lists), width), int(operation["pad_id"]), dtype=np.int64)
    mask = np.zeros((len(lists), width), dtype=np.int64)
    for i, row in enumerate(lists):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = 1
    arrays = {operation["ids"]: ids}
    if operation.get("mask"):
        arrays[operation["mask"]] = mask
    return arrays


def _cut_ids(ids: list[int], special: list[int], limit: int) -> list[int]:
    """At most `limit` ids; a closing special token is kept at the end."""
    if len(ids) <= limit:
        return ids
    return [*ids[: limit - 1], ids[-1]] if special[-1] else ids[:limit]


def describe_text(text: str) -> dict[str, float]:
    """What monitoring compares: length in characters, and words."""
    return {"length": float(len(text)), "words": float(len(text.split()))}
