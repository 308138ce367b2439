"""What the points of a map can be colored by, read fresh: labels change after a map was drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lifecycle.common.errors import NotFound
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.datasets.models import Collection, Item
from lifecycle.embeddings.codec import NO_CODE, Points
from lifecycle.embeddings.models import Encoder, Map, Vector
from lifecycle.embeddings.selectors import item_colors
from lifecycle.embeddings.selectors.coloring import Coloring, Reader, as_codes, as_values, to_number
from lifecycle.embeddings.selectors.maps import load_points
from lifecycle.evaluations.models import Evaluation, ItemResult

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


def color_points(drawn: Map, by: str, find_more: Callable[[Map, str], Reader | None] | None = None) -> Coloring:
    """One value a point; NotFound for what a map is not colored by.

    `by` is one of COLORS, what `item_colors.list_choices` offers, or what `find_more` knows, for rooms above this one.
    """
    reader = _find_reader(drawn, by) or (find_more(drawn, by) if find_more else None)
    if reader is None:
        raise NotFound("This map is not colored by that. Choose one of what its page offers.")
    coloring = reader.read(drawn, load_points(drawn))
    return Coloring({**coloring.legend, "title": reader.title, "by": by}, coloring.values)


def list_choices(drawn: Map) -> list[tuple[str, list[tuple[str, str]]]]:
    """(group, [(by, title)]) of everything that this map's items can be colored by."""
    return [("Labels and splits", list(COLORS)), *item_colors.list_choices(drawn.encoder.dataset)]


def _find_reader(drawn: Map, by: str) -> Reader | None:
    title = dict(COLORS).get(by)
    return Reader(title, _READERS[by]) if title else item_colors.find_reader(drawn.encoder.dataset, by)


def _by_label(drawn: Map, points: Points) -> Coloring:
    pairs = _read_column(drawn, "label")
    if get_problem_type(drawn.encoder.dataset.project.problem_type).label_kind == LabelKind.NUMBER:
        return as_values(points, [(item_id, to_number(label)) for item_id, label in pairs])
    return as_codes(points, pairs, nothing="unlabeled", link="label")


def _by_split(drawn: Map, points: Points) -> Coloring:
    return as_codes(points, _read_column(drawn, "split"), nothing="no split", link="split")


def _by_collection(drawn: Map, points: Points) -> Coloring:
    titles = dict(Collection.objects.filter(dataset=drawn.encoder.dataset_id).values_list("pk", "title"))
    pairs = [(item_id, titles.get(number, str(number))) for item_id, number in _read_column(drawn, "collection_id")]
    return as_codes(points, pairs, nothing="none")


def _by_excluded(drawn: Map, points: Points) -> Coloring:
    pairs = [(item_id, "excluded" if at else "counts") for item_id, at in _read_column(drawn, "excluded_at")]
    return as_codes(points, pairs, nothing="removed")


def _by_time(drawn: Map, points: Points) -> Coloring:
    pairs = [(item_id, at.timestamp()) for item_id, at in _read_column(drawn, "created_at")]
    return as_values(points, pairs, is_time=True)


def _by_cluster(drawn: Map, points: Points) -> Coloring:
    entries = [{"name": c["name"], "count": c["size"], "cluster": c["number"]} for c in drawn.clusters]
    codes = np.where(points.clusters < 0, NO_CODE, points.clusters).astype(np.uint16)
    nothing = {"nothing": "in no cluster", "nothing_count": int((points.clusters < 0).sum())}
    return Coloring({"entries": entries, **nothing}, codes)


def _by_predicted(drawn: Map, points: Points) -> Coloring:
    pairs, source = _read_predictions(drawn, "label", "predicted")
    coloring = as_codes(points, pairs, nothing="no prediction")
    return Coloring({**coloring.legend, "source": source}, coloring.values)


def _by_confidence(drawn: Map, points: Points) -> Coloring:
    pairs, source = _read_predictions(drawn, "confidence", "confidence")
    coloring = as_values(points, pairs)
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
