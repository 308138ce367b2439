"""Artifacts from the blob store into a local cache, opened, warmed and timed before anyone is answered by them."""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import shutil
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from lifecycle.common.blobs import BlobStore
from lifecycle.contracts.manifest import Manifest, TensorSpec
from lifecycle.contracts.serving import Target
from workers.engines.artifact import BadArtifact, Predictor
from workers.engines.artifact.predictor import DTYPES, Item

FREE_DIMENSION = 16  # what a free dimension other than the batch is warmed with
BATCH_SIZES = (1, 4, 16, 64)
MIN_GAIN = 1.1  # a larger batch must be this much faster an item
MAX_BATCH_SECONDS = 0.05


@dataclass
class LoadedModel:
    """A model that is ready to answer, with what running it costs."""

    target: Target
    predictor: Predictor
    max_batch: int
    run_seconds: float  # one row, the graph alone
    row_seconds: float  # each row of the largest batch that pays

    @property
    def manifest(self) -> Manifest:
        return self.predictor.manifest

    @property
    def can_batch(self) -> bool:
        return self.max_batch > 1

    @cached_property
    def inputs(self) -> dict[str, TensorSpec]:
        return {spec.name: spec for spec in self.manifest.inputs}

    @cached_property
    def output_names(self) -> tuple[str, ...]:
        return tuple(spec.name for spec in self.manifest.outputs)


def load_model(target: Target, *, blobs: BlobStore, cache: Path) -> LoadedModel:
    """Fetch, verify, open, warm; raises BadArtifact or OSError with a sentence for the release's page."""
    folder = fetch_artifact(target, blobs=blobs, cache=cache)
    predictor = Predictor.load(folder, threads=1)
    warm(predictor)
    return LoadedModel(target, predictor, *measure(predictor))


def fetch_artifact(target: Target, *, blobs: BlobStore, cache: Path) -> Path:
    """The artifact's files in one local folder, each file's hash checked; a second process waits for the first."""
    folder = cache / "artifacts" / target.artifact_hash
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{target.artifact_hash}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            for name, digest in target.files.items():
                _fetch_file(blobs, name, digest, partial)
            os.rename(partial, folder)
        _link_version(cache, target)
    return folder


def _fetch_file(blobs: BlobStore, name: str, digest: str, folder: Path) -> None:
    if name != Path(name).name or name in {"", ".", ".."}:
        raise BadArtifact(f"The release names a file outside its artifact: {name!r}.")
    found = hashlib.sha256()
    try:
        with blobs.open(digest) as source, (folder / name).open("wb") as out:
            while chunk := source.read(1 << 20):
                found.update(chunk)
                out.write(chunk)
    except FileNotFoundError:
        raise BadArtifact(f"The file {name} of the model is not in the blob store any more.") from None
    if found.hexdigest() != digest:
        raise BadArtifact(f"The file {name} of the model is damaged in the blob store: its hash is another.")


def _link_version(cache: Path, target: Target) -> None:
    """Where the clerk finds the manifest of a model version, also long after its release."""
    link = cache / "versions" / str(target.model_version_id)
    link.parent.mkdir(exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(Path("..") / "artifacts" / target.artifact_hash)


def read_manifest(cache: Path, model_version_id: int) -> tuple[Manifest, Path] | None:
    """Manifest and folder of a model version that was loaded here once; None for others."""
    folder = cache / "versions" / str(model_version_id)
    try:
        return Manifest.from_json((folder / "manifest.json").read_text(encoding="utf-8")), folder
    except (FileNotFoundError, ValueError):
        return None


def warm(predictor: Predictor) -> None:
    """One item all the way, so that the first client does not wait for what is loaded at first use."""
    manifest = predictor.manifest
    item: Item
    if manifest.item_kind == "image":
        picture = io.BytesIO()
        Image.new("RGB", (32, 32)).save(picture, "PNG")
        item = picture.getvalue()
    else:
        item = "warm" if manifest.item_kind == "text" else {f["name"]: None for f in manifest.features}
    predictor.predict_and_describe([item])


def measure(predictor: Predictor) -> tuple[int, float, float]:
    """(largest batch that pays, seconds of a one-row run, seconds a row in that batch); warms the session as well."""
    is_free = all(spec.shape and spec.shape[0] == -1 for spec in predictor.manifest.inputs)
    one = _time_rows(predictor, 1)
    best, best_per_row = 1, one
    for size in BATCH_SIZES[1:] if is_free else ():
        if best_per_row * size > MAX_BATCH_SECONDS:
            break
        per_row = _time_rows(predictor, size) / size
        if per_row * MIN_GAIN <= best_per_row:
            best, best_per_row = size, per_row
    return best, one, best_per_row


def _time_rows(predictor: Predictor, rows: int) -> float:
    tensors: dict[str, np.ndarray] = {}
    for spec in predictor.manifest.inputs:
        inner = [FREE_DIMENSION if size == -1 else size for size in spec.shape[1:]]
        tensors[spec.name] = np.zeros((rows if spec.shape[0] == -1 else spec.shape[0], *inner), DTYPES[spec.datatype])
    seconds = []
    for _ in range(3):
        started = time.thread_time()  # the processor's time: another process's does not count
        predictor.infer(tensors)
        seconds.append(time.thread_time() - started)
    return min(seconds)
