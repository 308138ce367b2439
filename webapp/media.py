"""Sounds and pictures that stand in a task's data as data: addresses, served as files with ranges."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from lifecycle.common.errors import NotFound
from webapp.files import FOREVER, SANDBOX

_INLINE = re.compile(r"data:((?:audio|image)/[a-z0-9.+-]{1,40})((?:;[a-z0-9=.-]{1,60})*);base64,", re.IGNORECASE)
# a picture that is a program is not among them
_SHOWN = {
    "audio/wav", "audio/x-wav", "audio/wave", "audio/mpeg", "audio/mp3", "audio/mp4", "audio/ogg", "audio/webm",
    "audio/flac", "audio/x-flac", "audio/aac", "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp",
}  # fmt: skip


def is_inline(value: Any, kind: str) -> bool:
    """Whether a value is a sound (`audio`) or a picture (`image`) that brings its bytes along."""
    found = _INLINE.match(value) if isinstance(value, str) else None
    return bool(found) and found[1].lower().startswith(kind)  # type: ignore[index]


def respond_inline(request, value: Any) -> HttpResponseBase:
    """The bytes of a data: address, whole or the range that was asked for; NotFound where it is none."""
    found = _INLINE.match(value) if isinstance(value, str) else None
    if not found or found[1].lower() not in _SHOWN:
        raise NotFound("This task has no such sound or picture.")
    try:
        content = base64.b64decode(value[found.end() :], validate=False)
    except (binascii.Error, ValueError):
        raise NotFound("The sound or picture of this task is damaged.") from None
    response = _respond_part(request, content, found[1].lower())
    response["ETag"] = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    response["Accept-Ranges"], response["Cache-Control"] = "bytes", FOREVER
    response["Content-Security-Policy"], response["X-Content-Type-Options"] = SANDBOX, "nosniff"
    return response


def _respond_part(request, content: bytes, kind: str) -> HttpResponse:
    asked = re.fullmatch(r"bytes=(\d{1,12})-(\d{0,12})", request.headers.get("Range", "").strip(), re.ASCII)
    if asked is None:
        return HttpResponse(content, content_type=kind)
    first, last = int(asked[1]), int(asked[2]) if asked[2] else len(content) - 1
    last = min(last, len(content) - 1)
    if first > last:
        response = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{len(content)}"
        return response
    response = HttpResponse(content[first : last + 1], status=206, content_type=kind)
    response["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return response
