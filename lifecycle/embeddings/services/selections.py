"""What can be done with a selection of any size, and selecting a cluster of a map."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from django.db import transaction

from lifecycle.annotations.services import request_labels
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.datasets.models import Selection
from lifecycle.datasets.selectors import list_selected_ids
from lifecycle.datasets.services import create_selection, exclude_items, restore_items
from lifecycle.embeddings.models import Map
from lifecycle.embeddings.selectors.maps import load_points
from lifecycle.projects.models import Project

AT_ONCE = 5_000
Change = Callable[[Project, object, list[int]], int]
ACTIONS: dict[str, Change] = {
    "exclude": lambda project, user, ids: exclude_items(project=project, user=user, item_ids=ids),
    "restore": lambda project, user, ids: restore_items(project=project, user=user, item_ids=ids),
    "label": lambda project, user, ids: request_labels(project=project, actor=user, item_ids=ids),
}


def change_selection(*, project: Project, user, selection: Selection, action: str) -> int:
    """Exclude, restore or send to labelling all items of a selection, or none. Returns how many changed."""
    change = ACTIONS.get(action)
    if change is None:
        raise DomainError(f"Choose one of {', '.join(ACTIONS)}.", fields={"action": "Not known."})
    ids = list(list_selected_ids(project, selection.pk))
    with transaction.atomic():
        return sum(change(project, user, ids[start : start + AT_ONCE]) for start in range(0, len(ids), AT_ONCE))


def select_cluster(*, drawn: Map, number: int, user) -> Selection:
    """The items of one cluster as a selection named after it; NotFound for a cluster the map does not have."""
    name = next((cluster["name"] for cluster in drawn.clusters if cluster["number"] == number), None)
    if name is None:
        raise NotFound("The map has no such cluster.")
    points = load_points(drawn)
    ids = points.item_ids[np.flatnonzero(points.clusters == number)].tolist()
    return create_selection(project=drawn.encoder.dataset.project, user=user, item_ids=ids, title=name)
