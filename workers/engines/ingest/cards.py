"""Finds the cards among the files of an import: what a README.md in Hugging Face's layout says about its tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from lifecycle.contracts.ingest import IngestSpec
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.formats.hub_card import is_card, read_class_names
from workers.engines.ingest.sources import SourceFile, iterate_sources

CARD = "readme.md"
MAX_CARD_BYTES = 4_000_000


def find_cards(spec: IngestSpec, names: Sequence[str]) -> tuple[set[tuple[int, int]], dict[str, list[str]]]:
    """Positions of the cards, which are no items, and {column: class names by number} that they name."""
    cards: set[tuple[int, int]] = set()
    classes: dict[str, list[str]] = {}
    if spec.item_kind == "image" or not any(_is_named_so(name) for name in names):
        return cards, classes
    for file in iterate_sources(spec.paths, spec.limits):
        if not isinstance(file, SourceFile) or not _is_named_so(file.name):
            continue
        try:
            text = file.read(MAX_CARD_BYTES).decode("utf-8", "replace")
        except Refused:
            continue  # the import itself says why
        if is_card(text):
            cards.add(file.position[:2])
            classes = read_class_names(text) | classes
    return cards, classes


def _is_named_so(name: str) -> bool:
    return PurePosixPath(name.lower()).name == CARD
