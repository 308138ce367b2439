"""Load on one HTTP address over kept-alive connections: wrk where it is installed, else a small asyncio client."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_SCRIPT = """
local body = io.open("{body}", "rb"):read("*a")
wrk.method, wrk.body = "{method}", body
{headers}
function done(summary, latency, requests)
  local e = summary.errors
  print(string.format('JSON {{"rps":%.1f,"p50_ms":%.3f,"p99_ms":%.3f,"errors":%d}}',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Load:
    """What came of it; `errors` counts everything but an answer of status 2xx or 3xx."""

    rps: float
    p50_ms: float
    p99_ms: float
    errors: int
    client: str


def drive(url: str, body: bytes, headers: Mapping[str, str], *, connections: int, seconds: float) -> Load:
    """Ask `url` again and again (POST with a body, GET without one) over `connections` for `seconds`."""
    if shutil.which("wrk"):
        return _drive_wrk(url, body, headers, connections, seconds)
    return asyncio.run(_drive_asyncio(url, body, headers, connections, seconds))


def _drive_wrk(url: str, body: bytes, headers: Mapping[str, str], connections: int, seconds: float) -> Load:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "body").write_bytes(body)
        lines = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in headers.items())
        method = "POST" if body else "GET"
        script = Path(folder) / "load.lua"
        script.write_text(_SCRIPT.format(body=Path(folder) / "body", method=method, headers=lines))
        command = ["wrk", f"-t{min(2, connections)}", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "20s"]
        done = subprocess.run([*command, "-s", script, url], capture_output=True, text=True, check=True)
    found = next(line for line in done.stdout.splitlines() if line.startswith("JSON "))
    return Load(**json.loads(found[5:]), client="wrk")


async def _drive_asyncio(url: str, body: bytes, headers: Mapping[str, str], connections: int, seconds: float) -> Load:
    parts = urlsplit(url)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    method = "POST" if body else "GET"
    head = f"{method} {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    deadline = time.perf_counter() + seconds
    latencies: list[float] = []
    errors = 0

    async def ask() -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        while time.perf_counter() < deadline:
            started = time.perf_counter()
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            latencies.append(time.perf_counter() - started)
            errors += answer[9:10] not in b"23"
        writer.close()

    await asyncio.gather(*(ask() for _ in range(connections)))
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * share)] * 1e3 for share in (0.5, 0.99))
    return Load(len(latencies) / seconds, p50, p99, errors, "asyncio")
