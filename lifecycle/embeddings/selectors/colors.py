"""What the points of a map can be colored by, read fresh: labels change after a map was drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lifecycle.common.errors import NotFound
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.datasets.models import Collection, Item
from lifecycle.embeddings.codec import NO_CODE, Points
from lifecycle.embeddings.models import Encoder, Map, Vector
from lifecycle.embeddings.selectors.maps import load_points
from lifecycle.evaluations.models import Evaluation, ItemResult

SHOWN_ENTRIES = 40  # more classes than that share the last color
COLORS = (
    ("label", "Label"),
    ("cluster", "Cluster"),
    ("split", "Split"),
    ("collection", "Import"),
    ("predicted", "Predicted class"),
    ("confidence", "Confidence"),
    ("excluded", "Excluded"),
    ("time", "Time it came in"),
)


@dataclass(frozen=True)
class Coloring:
    """`legend` is what `codec.encode_colors` sends; `values` are aligned with the map's points."""

    legend: dict[str, Any]
    values: np.ndarray


def color_points(drawn: Map, by: str) -> Coloring:
    """One value a point; NotFound for what a map is not colored by."""
    title = dict(COLORS).get(by)
    if title is None:
        raise NotFound(f"A map is colored by one of {', '.join(name for name, _ in COLORS)}.")
    points = load_points(drawn)
    coloring = _READERS[by](drawn, points)
    return Coloring({**coloring.legend, "title": title, "by": by}, coloring.values)


def _by_label(drawn: Map, points: Points) -> Coloring:
    pairs = _read_column(drawn, "label")
    if get_problem_type(drawn.encoder.dataset.project.problem_type).label_kind == LabelKind.NUMBER:
        numbers = [(item_id, float(label)) for item_id, label in pairs if label is not None]
        return _as_values(points, numbers)
    return _as_codes(points, pairs, nothing="unlabeled", link="label")


def _by_split(drawn: Map, points: Points) -> Coloring:
    return _as_codes(points, _read_column(drawn, "split"), nothing="no split", link="split")


def _by_collection(drawn: Map, points: Points) -> Coloring:
    titles = dict(Collection.objects.filter(dataset=drawn.encoder.dataset_id).values_list("pk", "title"))
    pairs = [(item_id, titles.get(number, str(number))) for item_id, number in _read_column(drawn, "collection_id")]
    return _as_codes(points, pairs, nothing="none")


def _by_excluded(drawn: Map, points: Points) -> Coloring:
    pairs = [(item_id, "excluded" if at else "counts") for item_id, at in _read_column(drawn, "excluded_at")]
    return _as_codes(points, pairs, nothing="removed")


def _by_time(drawn: Map, points: Points) -> Coloring:
    pairs = [(item_id, at.timestamp()) for item_id, at in _read_column(drawn, "created_at")]
    coloring = _as_values(points, pairs)
    return Coloring({**coloring.legend, "is_time": True}, coloring.values)


def _by_cluster(drawn: Map, points: Points) -> Coloring:
    entries = [{"name": c["name"], "count": c["size"], "cluster": c["number"]} for c in drawn.clusters]
    codes = np.where(points.clusters < 0, NO_CODE, points.clusters).astype(np.uint16)
    nothing = {"nothing": "in no cluster", "nothing_count": int((points.clusters < 0).sum())}
    return Coloring({"entries": entries, **nothing}, codes)


def _by_predicted(drawn: Map, points: Points) -> Coloring:
    pairs, source = _read_predictions(drawn, "label", "predicted")
    coloring = _as_codes(points, pairs, nothing="no prediction")
    return Coloring({**coloring.legend, "source": source}, coloring.values)


def _by_confidence(drawn: Map, points: Points) -> Coloring:
    pairs, source = _read_predictions(drawn, "confidence", "confidence")
    coloring = _as_values(points, pairs)
    return Coloring({**coloring.legend, "source": source}, coloring.values)


_READERS = {
    "label": _by_label,
    "cluster": _by_cluster,
    "split": _by_split,
    "collection": _by_collection,
    "predicted": _by_predicted,
    "confidence": _by_confidence,
    "excluded": _by_excluded,
    "time": _by_time,
}


def _read_column(drawn: Map, name: str) -> list[tuple[int, Any]]:
    return list(Item.objects.filter(dataset=drawn.encoder.dataset_id).values_list("pk", name).order_by())


def _read_predictions(drawn: Map, own: str, evaluated: str) -> tuple[list[tuple[int, Any]], str]:
    """(item id, value) of the newest model that encoded this dataset, else of the newest evaluation; and which."""
    encoders = Encoder.objects.filter(dataset=drawn.encoder.dataset_id, kind=Encoder.Kind.MODEL, dimension__gt=0)
    encoder = drawn.encoder if drawn.encoder.kind == Encoder.Kind.MODEL else encoders.first()
    if encoder is not None:
        rows = Vector.objects.filter(encoder=encoder, embedding__isnull=False).values_list("item_id", own)
        return list(rows.order_by()), str(encoder)
    done = Evaluation.objects.filter(project=drawn.encoder.dataset.project_id, finished_at__isnull=False)
    evaluation = done.select_related("artifact__run").order_by("-pk").first()
    if evaluation is None:
        return [], ""
    results = ItemResult.objects.filter(evaluation=evaluation).values_list("item_id", evaluated)
    return list(results.order_by()), f"{evaluation.artifact.run}, {evaluation.split} split"


def _places(points: Points, ids: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """(positions among the points, which of the ids are on the map)."""
    wanted = np.asarray(ids, dtype=np.int64)
    places = np.searchsorted(points.item_ids, wanted)
    places = np.minimum(places, max(len(points.item_ids) - 1, 0))
    is_known = points.item_ids[places] == wanted if len(points.item_ids) else np.zeros(len(wanted), bool)
    return places[is_known], is_known


def _as_codes(points: Points, pairs: Sequence[tuple[int, Any]], *, nothing: str, link: str = "") -> Coloring:
    """Codes by how often a value occurs; those beyond the shown ones share the last entry."""
    places, is_known = _places(points, [item_id for item_id, _ in pairs])
    present = [value for (_, value), known in zip(pairs, is_known, strict=True) if known]
    counts = Counter(value for value in present if value not in (None, ""))
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    kept = ranked[:SHOWN_ENTRIES]
    codes_of = {value: code for code, (value, _) in enumerate(kept)}
    entries = [{"name": str(value), "count": count, **({"filter": link} if link else {})} for value, count in kept]
    if len(ranked) > SHOWN_ENTRIES:
        rest = sum(count for _, count in ranked[SHOWN_ENTRIES:])
        entries.append({"name": f"{len(ranked) - SHOWN_ENTRIES} others", "count": rest})
    other = len(kept)
    codes = np.full(len(points.item_ids), NO_CODE, dtype=np.uint16)
    codes[places] = [NO_CODE if value in (None, "") else codes_of.get(value, other) for value in present]
    legend = {"entries": entries, "nothing": nothing, "nothing_count": int((codes == NO_CODE).sum())}
    return Coloring(legend, codes)


def _as_values(points: Points, pairs: Sequence[tuple[int, Any]]) -> Coloring:
    places, is_known = _places(points, [item_id for item_id, _ in pairs])
    numbers = [value for (_, value), known in zip(pairs, is_known, strict=True) if known]
    values = np.full(len(points.item_ids), np.nan, dtype=np.float64)
    values[places] = [np.nan if value is None else value for value in numbers]
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    scaled = (values - low) / ((high - low) or 1.0)
    legend = {"low": low, "high": high, "nothing_count": int((~np.isfinite(values)).sum())}
    return Coloring(legend, scaled.astype(np.float32))
