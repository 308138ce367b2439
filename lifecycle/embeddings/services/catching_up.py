"""New items get their vectors by themselves, where somebody has had the dataset encoded before."""

from __future__ import annotations

import logging

from lifecycle.common.errors import DomainError
from lifecycle.datasets.models import Collection
from lifecycle.embeddings.models import Encoder
from lifecycle.embeddings.selectors.encoders import has_newer_items, list_in_use
from lifecycle.embeddings.services.encoders import ACTIVE, start_embedding

logger = logging.getLogger(__name__)


def catch_up() -> list[Encoder]:
    """Encode what came since the last time, once nothing more is coming in. For the clock.

    An encoder whose last job failed or was canceled is left alone: a person decides about it.
    """
    collecting = set(Collection.objects.filter(job__state__in=ACTIVE).values_list("dataset", flat=True))
    started = []
    for encoder in list_in_use():
        if encoder.dataset_id in collecting or not has_newer_items(encoder):
            continue
        user = encoder.job.created_by if encoder.job else None
        try:
            started.append(start_embedding(encoder=encoder, user=user))
        except DomainError as error:
            logger.warning("encoder %s was not started: %s", encoder.pk, error)
    return started
