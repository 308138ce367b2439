"""Brush masks as black and white PNGs, with a list that says which belongs to what."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import orjson
from PIL import Image

from workers.engines.export.archive import Archive
from workers.engines.labels_export import brush
from workers.engines.labels_export.shapes import list_shapes
from workers.engines.labels_export.source import Source, name_file

LIST = "masks.jsonl"
BROKEN = "masks that cannot be read were left out"
UNSAFE = re.compile(r"[^\w.-]")
OTHER = "entries that are no masks were left out"


def write_masks(source: Source, target: Path) -> None:
    """masks/task-<id>-annotation-<id>-<control>-<class>-<n>.png, and masks.jsonl with a line a picture."""
    lines = target.with_name(LIST)
    with Archive(target) as archive, open(lines, "wb") as out:
        for task in source.read_answered():
            listed = []
            shapes = [shape for shape in list_shapes(task.chosen or ()) if shape.kind == "brush"]
            for _ in range(len(task.chosen or ()) - len(shapes)):
                source.leave_out(OTHER)
            for number, shape in enumerate(shapes):
                try:
                    mask = brush.decode(shape.value["rle"], task.item.width or 0, task.item.height or 0)
                except (KeyError, TypeError, ValueError):
                    source.leave_out(BROKEN)
                    continue
                stem = f"task-{task.body['id']}-annotation-{task.chosen_id}-{shape.control}-{shape.label}-{number}"
                name = f"masks/{UNSAFE.sub('_', stem)[:150]}.png"
                archive.add(name, _draw(mask))
                listed.append({"file": name, "label": shape.label, "control": shape.control, "id": shape.id})
            if source.spec.with_pictures:
                archive.add(f"images/{name_file(task)}", source.read_blob(task.item.blob))
            size = {"width": task.item.width, "height": task.item.height}
            out.write(orjson.dumps({"picture": name_file(task), **size, "masks": listed}) + b"\n")
            source.written += 1
        out.flush()
        archive.add_file(LIST, lines, is_packed=True)


def _draw(mask: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * 255).save(file, "PNG")
    return file.getvalue()
