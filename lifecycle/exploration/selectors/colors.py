"""What a map can be colored by besides: what profiles measured, what a scan found, tags."""

from __future__ import annotations

from collections.abc import Mapping

from lifecycle.embeddings import selectors as embeddings
from lifecycle.embeddings.codec import Points
from lifecycle.embeddings.models import Map
from lifecycle.embeddings.selectors import Coloring, Reader, as_codes, as_values
from lifecycle.exploration import rules
from lifecycle.exploration.models import Finding, ItemFacts, ItemTag, Scan, Tag

TAG, FINDING = "tag.", "finding."
MAX_TAGS = 200
MEASURES: Mapping[str, dict[str, str]] = {  # kind of items -> {field of ItemFacts: title}
    "text": {"words": "Words", "language": "Language", "is_damaged": "Wrong encoding"},
    "image": {
        "brightness": "Brightness",
        "contrast": "Contrast",
        "sharpness": "Sharpness",
        "channels": "Channels",
        "is_corrupt": "Unreadable",
    },
    "row": {},
}


def list_colors(drawn: Map) -> list[tuple[str, list[tuple[str, str]]]]:
    """(group, [(by, title)]) of everything that this map can be colored by."""
    dataset = drawn.encoder.dataset
    tags = Tag.objects.filter(dataset=dataset).values_list("name", flat=True)[:MAX_TAGS]
    has_scan = Scan.objects.filter(dataset=dataset).exists()
    more = [
        ("Measured by the profile", list(MEASURES[dataset.item_kind].items())),
        ("Doubts", [(FINDING + kind.value, title) for kind, title in rules.TITLES.items()] if has_scan else []),
        ("Tags", [(TAG + name, name) for name in tags]),
    ]
    return embeddings.list_choices(drawn) + [(title, choices) for title, choices in more if choices]


def color_points(drawn: Map, by: str) -> Coloring:
    """One value a point; NotFound for what the map is not colored by."""
    return embeddings.color_points(drawn, by, _find_reader)


def _find_reader(drawn: Map, by: str) -> Reader | None:
    dataset = drawn.encoder.dataset
    if by in MEASURES[dataset.item_kind]:
        return Reader(MEASURES[dataset.item_kind][by], lambda drawn, points: _read_measure(drawn, points, by))
    if by.startswith(TAG):
        tag = Tag.objects.filter(dataset=dataset, name=by.removeprefix(TAG).replace("\0", "")).first()
        return Reader(f"Tagged {tag}", lambda drawn, points: _read_tag(points, tag)) if tag else None
    kind = by.removeprefix(FINDING)
    titles = {known.value: title for known, title in rules.TITLES.items()}
    if by.startswith(FINDING) and kind in titles:
        return Reader(f"{titles[kind]}: score", lambda drawn, points: _read_finding(drawn, points, kind))
    return None


def _read_measure(drawn: Map, points: Points, by: str) -> Coloring:
    pairs = list(ItemFacts.objects.filter(dataset=drawn.encoder.dataset_id).values_list("item_id", by))
    if by in ("language", "channels"):
        return as_codes(points, [(item, None if value is None else str(value)) for item, value in pairs],
                        nothing="not known")  # fmt: skip
    if by.startswith("is_"):
        words = {True: "yes", False: "no", None: None}
        return as_codes(points, [(item, words[value]) for item, value in pairs], nothing="not measured")
    return as_values(points, pairs)


def _read_tag(points: Points, tag: Tag) -> Coloring:
    tagged = ItemTag.objects.filter(tag=tag).values_list("item_id", flat=True)
    return as_codes(points, [(item, "tagged") for item in tagged.order_by()], nothing="not tagged")


def _read_finding(drawn: Map, points: Points, kind: str) -> Coloring:
    scan = Scan.objects.filter(dataset=drawn.encoder.dataset_id).order_by("-pk").values("pk")[:1]
    return as_values(
        points, list(Finding.objects.filter(scan__in=scan, kind=kind).values_list("item_id", "score").order_by())
    )
