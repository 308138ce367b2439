"""Keep the states a killed run continues from."""

from __future__ import annotations

from pathlib import Path

from lifecycle.common.blobs import BlobStore
from lifecycle.experiments.models import Checkpoint, Run
from lifecycle.experiments.rules import KEPT_CHECKPOINTS


def store_checkpoint(folder: str | Path, *, blobs: BlobStore) -> tuple[dict[str, str], int]:
    """Put every file under `folder` into blob storage; returns ({relative name: blob}, bytes). Writes no row."""
    root = Path(folder)
    paths = sorted(path for path in root.rglob("*") if path.is_file())
    files = {path.relative_to(root).as_posix(): blobs.put_file(path) for path in paths}
    return files, sum(path.stat().st_size for path in paths)


def record_checkpoint(*, run: Run, step: int, files: dict[str, str], byte_size: int) -> Checkpoint:
    """Write the row of a stored checkpoint and forget all but the newest few."""
    checkpoint, _ = Checkpoint.objects.update_or_create(
        run=run, step=step, defaults={"files": files, "byte_size": byte_size}
    )
    kept = Checkpoint.objects.filter(run=run).order_by("-step").values_list("pk", flat=True)[:KEPT_CHECKPOINTS]
    Checkpoint.objects.filter(run=run).exclude(pk__in=list(kept)).delete()
    return checkpoint
