"""Where a version comes from: a server by its name, or files that are here already."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

from .cache import ContentFolder, default_folder
from .chunks import Chunks, Piece
from .errors import LoaderError, NotReachable
from .fetching import Fetcher
from .reference import Reference
from .remote import Remote
from .version import Facts, LoadedVersion


def load(
    host: str,
    reference: str,
    *,
    token: str | None = None,
    cache: str | Path | None = None,
    download: bool = True,
    workers: int = 8,
    progress: bool = True,
) -> LoadedVersion:
    """A version of a dataset on a Gristmill server, e.g. ``load("https://host", "shoes/main@gold", token=…)``.

    `token` may come from GRISTMILL_TOKEN. With `download` false, nothing but a list of its pieces is fetched now: a
    stream and iteration fetch texts, rows and files as they go, everything else what it needs. A version that was
    loaded before is read from the cache when the server is away. Raises LoaderError with a sentence.
    """
    wanted = Reference.parse(reference)
    folder = Path(cache) if cache else default_folder()
    remote = Remote(host, wanted.project, token or os.environ.get("GRISTMILL_TOKEN"))
    remembered = folder / "versions" / f"{_as_name(host)}-{wanted.project}-{wanted.dataset}-{wanted.version}.json"
    try:
        manifest = remote.get_manifest(wanted.dataset, wanted.version)
    except NotReachable as error:
        if not remembered.exists():
            raise
        warnings.warn(f"{error}. Going on with what was loaded before.", stacklevel=2)
        manifest = json.loads(remembered.read_text())
    content = ContentFolder(folder / "blobs")
    fetcher = Fetcher(remote, manifest["number"], content, workers=workers, progress=progress)
    remembered.parent.mkdir(parents=True, exist_ok=True)
    remembered.write_text(json.dumps(manifest))
    facts = Facts(**{name: manifest[name] for name in Facts.names() if name in manifest})
    pieces = [Piece(chunk["blob"], chunk["rows"], chunk.get("splits")) for chunk in manifest["chunks"]]
    chunks = Chunks(pieces=pieces, fetcher=fetcher)
    version = LoadedVersion(chunks, content, facts, fetcher=fetcher, scratch=folder / "arrays")
    if download:
        version.download()
    return version


def open_files(
    manifest: str | Path | Sequence[str | Path],
    blob_dir: str | Path,
    *,
    classes: Sequence[str] = (),
    name: str = "local",
    label_kind: str = "",
) -> LoadedVersion:
    """The same over a manifest (one Parquet file or several) and a folder of blobs that are on this machine.
    `label_kind` says what is asked (class, number, regions, spans, free); left out, the labels themselves have to."""
    paths = [Path(manifest)] if isinstance(manifest, str | Path) else [Path(path) for path in manifest]
    for path in paths:
        if not path.is_file():
            raise LoaderError(f"There is no manifest at {path}.")
    return LoadedVersion(
        Chunks(paths), ContentFolder(blob_dir), Facts(project=name, classes=list(classes), label_kind=label_kind)
    )


def _as_name(host: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in host.split("://")[-1].strip("/"))
