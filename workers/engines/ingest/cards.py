"""Finds the cards among the files of an import: what Hugging Face's layout says about the tables beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import orjson

from lifecycle.contracts.ingest import IngestLimits, Paths
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.formats.hub_card import is_card, is_info, read_class_names, read_info_names
from workers.engines.ingest.sources import SourceFile, iterate_sources

CARDS = ("readme.md", "dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json")
MAX_CARD_BYTES = 4_000_000


def find_cards(
    paths: Paths, limits: IngestLimits, names: Sequence[str]
) -> tuple[set[tuple[int, int]], dict[str, list[str]]]:
    """Positions of the cards, which are no items, and {column: class names by number} that they name."""
    cards: set[tuple[int, int]] = set()
    classes: dict[str, list[str]] = {}
    if not any(may_be_card(name) for name in names):
        return cards, classes
    for file in iterate_sources(paths, limits):
        if not isinstance(file, SourceFile) or not may_be_card(file.name):
            continue
        try:
            said = _read_card(file)
        except Refused:
            continue  # the import itself says why
        if said is not None:
            cards.add(file.position[:2])
            classes = said | classes
    return cards, classes


def may_be_card(name: str) -> bool:
    """By its name; only the content says whether it is one."""
    return PurePosixPath(name.lower()).name in CARDS


def _read_card(file: SourceFile) -> dict[str, list[str]] | None:
    """{column: class names}; None when the file is no card."""
    content = file.read(MAX_CARD_BYTES)
    name = PurePosixPath(file.name.lower()).name
    if not name.endswith(".json"):
        text = content.decode("utf-8", "replace")
        return read_class_names(text) if is_card(text) else None
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return read_info_names(found) if is_info(name, found) else None
