"""Is this really a sound? Says by its content what kind it is; nothing is decoded, browsers do that."""

from __future__ import annotations

from pathlib import PurePosixPath

from workers.engines.ingest.errors import Refused

HEAD_BYTES = 64
SUFFIXES = (
    ".wav", ".wave", ".mp3", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".aac", ".weba", ".webm", ".aif", ".aiff",
)  # fmt: skip
M4A_BRANDS = (b"M4A ", b"M4B ", b"mp41", b"mp42", b"isom", b"iso2", b"iso5", b"iso6", b"dash")
KNOWN = "WAV, MP3, FLAC, Ogg, M4A, AAC and WebM can be"


def is_named_so(name: str) -> bool:
    """Whether a file says of itself that it is a sound: it is then no table, whatever is in it."""
    return PurePosixPath(name.lower()).suffix in SUFFIXES


def sniff(head: bytes) -> str:
    """The type that the first HEAD_BYTES of a file show; empty where it is no sound that browsers play."""
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "audio/wav"
    if head.startswith(b"fLaC"):
        return "audio/flac"
    if head.startswith(b"OggS"):
        return "audio/ogg"
    if head.startswith(b"ID3"):
        return "audio/mpeg"
    if head[4:8] == b"ftyp" and head[8:12] in M4A_BRANDS:
        return "audio/mp4"
    if head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head:
        return "audio/webm"
    return _sniff_frame(head)


def _sniff_frame(head: bytes) -> str:
    """MPEG audio without a tag begins with a frame: eleven bits set, then fields that have forbidden values.

    Layer I (both bits) is left out: nobody has such files, and UTF-16 text begins with the same two bytes.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return ""
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if head[1] & 0xF6 == 0xF0 and head[2] >> 2 & 15 < 13:  # ADTS: layer 0 and a known sampling rate
        return "audio/aac"
    is_frame = version != 1 and layer in (1, 2) and head[2] >> 4 not in (0, 15) and head[2] >> 2 & 3 != 3
    return "audio/mpeg" if is_frame else ""


def check_sound(content: bytes) -> str:
    """MIME type by content. Raises Refused with the reason."""
    if not content:
        raise Refused("the file is empty")
    mime = sniff(content[:HEAD_BYTES])
    if not mime:
        raise Refused(f"this is not a sound in a format that can be read ({KNOWN})")
    if mime == "audio/wav" and not _has_samples(content):
        raise Refused("the WAV file holds no sound")
    return mime


def _has_samples(content: bytes) -> bool:
    """Whether there is a format, and after it a data chunk with something in it."""
    at, has_format = 12, False
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        if name == b"data":
            return has_format and size > 0 and at + 8 < len(content)
        has_format = has_format or name == b"fmt "
        at += 8 + size + size % 2
    return False
