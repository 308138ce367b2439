"""What the file of an item is called where it leaves, and how such a name, or one's own, finds the item again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote

MAX_NAME_BYTES = 120  # of what the file was called before; file systems take 255 with everything around it
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif", "image/bmp": "bmp",
              "image/tiff": "tif", "audio/wav": "wav", "audio/mpeg": "mp3", "audio/flac": "flac", "audio/ogg": "ogg",
              "audio/mp4": "m4a", "audio/aac": "aac", "audio/webm": "webm"}  # fmt: skip
UPLOAD_PREFIX = re.compile(r"^[0-9a-f]{8}-(?=.)")  # Label Studio puts it before the name of an uploaded file
SAME_PLACE = dict.fromkeys(("labels", "annotations", "jpegimages"), "images")  # where labels and pictures lie apart
_EXPORTED = re.compile(r"(?:^|_)(?P<item>\d{1,18})_(?P<hash>[0-9a-f]{8})$", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ADDRESS = re.compile(r"https?://[^/]*", re.IGNORECASE)
_UNSAFE = re.compile(r"[^\w-]+")


def name_item(item_id: int, content_hash: str, source_uri: str | None = None) -> str:
    """A file name without its ending that no other item has: what it was called where it came from, the item's number,
    the start of its hash. Of letters, digits, “_” and “-”."""
    own = f"{item_id}_{content_hash[:8]}"
    before = _read_stem(source_uri or "")
    return f"{before}_{own}" if before else own


def name_file(item_id: int, content_hash: str, mime: str | None, source_uri: str | None = None) -> str:
    """`name_item` with the ending that its content has."""
    return f"{name_item(item_id, content_hash, source_uri)}.{EXTENSIONS.get(mime or '', 'png')}"


def read_name(source_uri: str, mime: str | None) -> str:
    """What a file was called where it came from, in safe letters and with the ending that its content has; empty where
    that is not known."""
    before = _read_stem(source_uri)
    return f"{before}.{EXTENSIONS[mime]}" if before and mime in EXTENSIONS else ""


def read_item(stem: str) -> tuple[int, str] | None:
    """(item, start of its hash) of a name that `name_item` made; None for any other."""
    found = _EXPORTED.search(stem)
    return (int(found["item"]), found["hash"]) if found else None


def list_stems(name: str) -> list[str]:
    """What the file of a name may be called elsewhere, without its ending: so, or without what an upload put before."""
    stem = PurePosixPath(name.replace("\\", "/")).stem
    return list(dict.fromkeys(one for one in (stem, UPLOAD_PREFIX.sub("", stem)) if one))


def find_closest(name: str, places: Iterable[str]) -> list[str]:
    """Those of these places, of files called like `name`, whose folders above fit best: one, or several that fit
    equally well."""
    scored = [(_count_common(name, place), place) for place in places]
    best = max((score for score, _ in scored), default=0)
    return [place for score, place in scored if score == best]


def fold_folder(name: str) -> str:
    """A folder's name for comparisons: in small letters, that of labels like that of their pictures."""
    return SAME_PLACE.get(name.lower(), name.lower())


def _count_common(name: str, place: str) -> int:
    mine, theirs = _split(name)[:-1], _split(place)[:-1]
    common = 0
    for one, other in zip(reversed(mine), reversed(theirs), strict=False):
        if fold_folder(one) != fold_folder(other):
            break
        common += 1
    return common


def _split(path: str) -> list[str]:
    return re.split(r"[/!]", path.replace("\\", "/"))


def _read_stem(source_uri: str) -> str:
    """What a file was called, of any address, path or place in an archive; empty where that says nothing."""
    if address := _ADDRESS.match(source_uri):
        source_uri = unquote(re.split(r"[?#]", source_uri[address.end() :])[0])
    last = re.split(r"[/!#]", source_uri.replace("\\", "/"))[-1]
    stem = PurePosixPath(last).stem if last else ""
    stem = _EXPORTED.sub("", stem)  # as another installation, or this one, called it
    if _DIGEST.fullmatch(stem):
        return ""
    clean = _UNSAFE.sub("_", unicodedata.normalize("NFC", stem)).strip("_")
    return clean.encode()[:MAX_NAME_BYTES].decode(errors="ignore").strip("_")
