"""Keep what a finished training leaves behind."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lifecycle.common.blobs import BlobStore
from lifecycle.contracts.training import TrainResult
from lifecycle.experiments.models import Artifact, Run
from lifecycle.projects.services import record_event

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class StoredArtifact:
    """An artifact whose files are in blob storage, and which has no row yet."""

    manifest: dict[str, Any]
    files: dict[str, str]  # {file name: blob}
    byte_size: int
    content_hash: str


def store_artifact(folder: str | Path, *, blobs: BlobStore) -> StoredArtifact:
    """Put an artifact's files into blob storage; ValueError when there is no manifest among them."""
    root = Path(folder)
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    if root / MANIFEST not in paths:
        raise ValueError("The training left no manifest.json behind, so its model cannot be used.")
    files = {path.relative_to(root).as_posix(): blobs.put_file(path) for path in paths}
    listing = "".join(f"{name} {blob}\n" for name, blob in sorted(files.items()))
    return StoredArtifact(
        manifest=json.loads((root / MANIFEST).read_text()),
        files=files,
        byte_size=sum(path.stat().st_size for path in paths),
        content_hash=hashlib.sha256(listing.encode()).hexdigest(),
    )


def record_result(*, run: Run, result: TrainResult, artifact: StoredArtifact, environment: dict[str, Any]) -> Artifact:
    """Write a finished training's scores, environment and artifact. Doing it twice leaves one artifact."""
    run.metrics = result.metrics
    run.environment = environment
    run.stopped, run.steps, run.seconds = result.stopped, result.steps, result.seconds
    run.save(update_fields=["metrics", "environment", "stopped", "steps", "seconds", "updated_at"])
    row, created = Artifact.objects.get_or_create(
        run=run,
        content_hash=artifact.content_hash,
        defaults={"manifest": artifact.manifest, "files": artifact.files, "byte_size": artifact.byte_size},
    )
    if created:
        record_event(
            project=run.project,
            actor=run.created_by,
            verb="run.finished",
            summary=f"{run} finished training",
            object_type="run",
            object_id=str(run.number),
            details={"metrics": result.metrics},
        )
    return row
