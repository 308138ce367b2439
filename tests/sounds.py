"""Sounds for tests: real WAV files out of the standard library, and the first bytes of the other formats."""

from __future__ import annotations

import io
import math
import wave
from array import array

RATE = 8_000
HEADS = {
    "audio/mpeg": b"\xff\xfb\x90\x64" + bytes(400),  # MPEG-1 layer III, 128 kbit/s, 44.1 kHz
    "audio/flac": b"fLaC\x00\x00\x00\x22" + bytes(60),
    "audio/ogg": b"OggS\x00\x02" + bytes(60),
    "audio/mp4": b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00M4A mp42isom" + bytes(40),
    "audio/aac": b"\xff\xf1\x50\x80\x02\x1f\xfc" + bytes(60),
    "audio/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + bytes(60),
}


def build_wav(seconds: float = 1.0, *, low: float = 200.0, high: float = 1_500.0, rate: int = RATE) -> bytes:
    """A sine that sweeps from `low` to `high` hertz, mono, 16 bits; no two (low, high) give the same bytes."""
    count = int(seconds * rate)
    samples = array("h")
    phase = 0.0
    for place in range(count):
        phase += 2 * math.pi * (low + (high - low) * place / count) / rate
        samples.append(int(20_000 * math.sin(phase)))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return out.getvalue()
