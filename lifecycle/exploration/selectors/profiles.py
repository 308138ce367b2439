"""The newest profile of what is in now or of a version, and whether it is still what is there."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from lifecycle.contracts.profile import PROFILE_FORMAT
from lifecycle.datasets.models import Dataset, DatasetVersion, Item
from lifecycle.exploration.models import Profile


def find_profile(dataset: Dataset, version: DatasetVersion | None = None) -> Profile | None:
    """The newest profile in today's format; None before the first."""
    found = Profile.objects.filter(dataset=dataset, version=version, format=PROFILE_FORMAT)
    return found.order_by("-pk").first()


def has_changed_since(dataset: Dataset, moment: datetime) -> bool:
    """Whether items came in, were labeled or excluded after this moment."""
    items = Item.objects.filter(dataset=dataset)
    newest = items.order_by("-pk").first()
    if newest is not None and newest.created_at > moment:
        return True
    return items.filter(Q(labeled_at__gt=moment) | Q(excluded_at__gt=moment)).exists()


def load_version(version_id: int | None) -> DatasetVersion | None:
    """For a job, which was authorized when it was made."""
    return DatasetVersion.objects.select_related("dataset").get(pk=version_id) if version_id else None
