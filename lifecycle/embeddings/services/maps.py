"""Drawing maps: asked for here, computed by a worker, recorded here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from django.db import transaction

from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.embeddings import Cluster, MapMethod
from lifecycle.embeddings.models import Encoder, Map
from lifecycle.embeddings.services.encoders import ACTIVE, check_items, lock_encoder
from lifecycle.jobs import services as jobs
from lifecycle.projects.services import record_event

KEPT_MAPS = 5  # of one encoder and method
NEIGHBORS = (2, 200)


def draw_map(
    *,
    encoder: Encoder,
    user,
    method: str = MapMethod.UMAP,
    seed: int = 0,
    neighbors: int = 15,
    min_distance: float = 0.1,
) -> Map:
    """Have a worker encode what has no vector yet, lay everything out on a plane and find its clusters."""
    check_parameters(method, neighbors, min_distance)
    with transaction.atomic():
        locked = lock_encoder(encoder)
        check_items(locked.dataset)
        waiting = locked.maps.filter(job__state__in=ACTIVE, method=method).first()
        if waiting is not None:
            return waiting
        parameters = {"seed": int(seed), "neighbors": int(neighbors), "min_distance": float(min_distance)}
        drawn = Map.objects.create(encoder=locked, method=method, parameters=parameters, created_by=user)
        project = locked.dataset.project
        drawn.job = jobs.enqueue(
            kind="map",
            title=f"Draw a {drawn.get_method_display()} map of the items",
            spec={"map_id": drawn.pk},
            project=project,
            created_by=user,
            subject_type="map",
            subject_id=drawn.pk,
        )
        drawn.save(update_fields=["job", "updated_at"])
        record_event(
            project=project,
            actor=user,
            verb="map.started",
            summary=f"Started drawing a {drawn}",
            object_type="map",
            object_id=str(drawn.pk),
        )
    return drawn


def check_parameters(method: str, neighbors: int, min_distance: float) -> None:
    """Raises DomainError with the field that makes no sense."""
    if method not in Map.Method.values:
        raise DomainError("A map is drawn with PCA, UMAP or t-SNE.", fields={"method": "Choose pca, umap or tsne."})
    low, high = NEIGHBORS
    if not low <= neighbors <= high:
        sentence = f"A number from {low} to {high}."
        raise DomainError(f"Neighbors: {sentence.lower()}", fields={"neighbors": sentence})
    if not 0 <= min_distance <= 1:
        raise DomainError("The least distance is from 0 to 1.", fields={"min_distance": "From 0 to 1."})


def record_map(
    *, drawn: Map, points_blob: str, clusters: Sequence[Cluster], point_count: int, fitted_on: int, seconds: float
) -> Map:
    """What the worker drew; older maps of the same kind go. Call within the job's transaction."""
    row = Map.objects.select_for_update().get(pk=drawn.pk)
    row.points_blob, row.clusters = points_blob, [asdict(cluster) for cluster in clusters]
    row.point_count, row.fitted_on, row.seconds = point_count, fitted_on, seconds
    row.save()
    done = Map.objects.filter(encoder=row.encoder_id, method=row.method).exclude(points_blob="")
    Map.objects.filter(pk__in=list(done.values_list("pk", flat=True)[KEPT_MAPS:])).delete()
    return row


def delete_map(*, drawn: Map, user) -> None:
    """Remove a map; Conflict while it is being drawn."""
    if drawn.job is not None and drawn.job.state in ACTIVE:
        raise Conflict("This map is being drawn. Cancel its job first.")
    with transaction.atomic():
        record_event(
            project=drawn.encoder.dataset.project,
            actor=user,
            verb="map.deleted",
            summary=f"Removed a {drawn}",
            object_type="map",
            object_id=str(drawn.pk),
        )
        drawn.delete()
