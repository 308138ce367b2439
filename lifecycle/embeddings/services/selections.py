"""Selecting a cluster of a map."""

from __future__ import annotations

import numpy as np

from lifecycle.common.errors import NotFound
from lifecycle.datasets.models import Selection
from lifecycle.datasets.services import create_selection
from lifecycle.embeddings.models import Map
from lifecycle.embeddings.selectors.maps import load_points


def select_cluster(*, drawn: Map, number: int, user) -> Selection:
    """The items of one cluster as a selection named after it; NotFound for a cluster the map does not have."""
    name = next((cluster["name"] for cluster in drawn.clusters if cluster["number"] == number), None)
    if name is None:
        raise NotFound("The map has no such cluster.")
    points = load_points(drawn)
    ids = points.item_ids[np.flatnonzero(points.clusters == number)].tolist()
    return create_selection(project=drawn.encoder.dataset.project, user=user, item_ids=ids, title=name)
