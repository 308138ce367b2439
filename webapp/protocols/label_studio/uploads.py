"""Tasks out of the files that scripts send instead of JSON."""

from __future__ import annotations

import csv
import io
import mimetypes
from collections.abc import Iterable
from typing import Any

import orjson
from django.core.files.uploadedfile import UploadedFile

from lifecycle.annotations.services.external_tasks import BadTasks

MAX_FILE_BYTES = 64 * 1024 * 1024
MEDIA = ("image/", "audio/")
DELIMITERS = {".csv": ",", ".tsv": "\t"}


def read_files(files: Iterable[UploadedFile]) -> tuple[list[Any], list[str]]:
    """(tasks, the endings found); BadTasks names a file that cannot be read."""
    tasks: list[Any] = []
    endings: list[str] = []
    for file in files:
        name = str(file.name)
        ending = "." + name.rpartition(".")[2].lower()
        if (file.size or 0) > MAX_FILE_BYTES:
            raise BadTasks([f"{name} has more than {MAX_FILE_BYTES // 1_000_000} MB: upload it on the project's page."])
        try:
            tasks += _read_file(ending, file.read())
        except (ValueError, csv.Error) as error:
            raise BadTasks([f"{name} cannot be read: {error}"]) from None
        endings.append(ending)
    return tasks, sorted(set(endings))


def list_media(files: Iterable[UploadedFile]) -> list[UploadedFile]:
    """The pictures and sounds among files, by their names; BadTasks where files of tasks came with them."""
    given = list(files)
    found = [file for file in given if (mimetypes.guess_type(str(file.name))[0] or "").startswith(MEDIA)]
    if found and len(found) < len(given):
        raise BadTasks(["Send pictures and sounds in one request, and files of tasks in another."])
    return found


def _read_file(ending: str, content: bytes) -> list[Any]:
    if ending == ".json":
        loaded = orjson.loads(content)
        return loaded if isinstance(loaded, list) else [loaded]
    if ending not in (*DELIMITERS, ".txt"):
        raise ValueError("files of tasks end in .json, .csv, .tsv or .txt, or are pictures or sounds")
    text = content.decode("utf-8-sig")
    if ending in DELIMITERS:
        return [{"data": dict(row)} for row in csv.DictReader(io.StringIO(text), delimiter=DELIMITERS[ending])]
    return [{"data": {"text": line}} for line in text.splitlines() if line.strip()]
