"""Put model versions behind an endpoint, and go back to those that were there before."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.serving import CHANNEL, Target
from lifecycle.deployments.models import Deployment, Release
from lifecycle.projects.services import record_event
from lifecycle.registry.models import ModelVersion


def release(*, deployment: Deployment, user, version: ModelVersion, note: str = "") -> Release:
    """Put one model version behind the endpoint. The inference server swaps once it is loaded and warm."""
    if version.model_id != deployment.model_id:
        sentence = f"{version} is a version of another model than the one behind this deployment."
        raise DomainError(sentence, fields={"version": sentence})
    summary = f"Released {version} to {deployment}"
    return _write(deployment, user, [build_target(version).to_json()], note, "deployment.released", summary)


def rollback(*, deployment: Deployment, user, release: Release) -> Release:
    """A new release with the targets of an earlier one. Raises Conflict when that one answers now."""
    if release.deployment_id != deployment.pk:
        raise DomainError("This release is of another deployment.")
    if release.pk == deployment.current_release_id:
        raise Conflict(f"Release {release.number} is the one that answers now.")
    summary = f"Rolled {deployment} back to release {release.number}"
    note = f"Back to release {release.number}"
    return _write(deployment, user, release.targets, note, "deployment.rolled_back", summary)


def build_target(version: ModelVersion) -> Target:
    """What the inference server needs to know to answer with this version."""
    artifact = version.artifact
    return Target(
        model_version_id=version.pk,
        version=version.number,
        label=str(version),
        artifact_hash=artifact.content_hash,
        files=artifact.files,
    )


def notify(deployment: Deployment) -> None:
    """Wake the inference server once this transaction commits; it looks by itself every second anyway."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, deployment.slug])


def _write(deployment: Deployment, user, targets: list[dict[str, Any]], note: str, verb: str, summary: str) -> Release:
    with transaction.atomic():
        locked = Deployment.objects.select_for_update(of=("self",)).get(pk=deployment.pk)
        last = locked.releases.aggregate(last=Max("number"))["last"] or 0
        written = Release.objects.create(
            deployment=locked, number=last + 1, targets=targets, note=note[:300], created_by=user
        )
        locked.current_release = written
        locked.save(update_fields=["current_release", "updated_at"])
        record_event(
            project=locked.project,
            actor=user,
            verb=verb,
            summary=summary,
            object_type="deployment",
            object_id=locked.slug,
            details={"release": written.number, "model_versions": [t["model_version_id"] for t in targets]},
        )
        notify(locked)
    deployment.current_release = written
    return written
