"""Items per second out of `.stream(…)`, by itself and through torch's DataLoader: from this machine's disk, from a
Gristmill server into an empty cache, and beside them the same files read from a plain HTTP server and from the disk.

Wall time, since most of it is waiting; server and reader share the cores, so read the ratios.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from bench import _product
from bench.import_images import write_pictures
from bench.import_rows import write_table

ITEMS = 10_000
BATCH = 128
HANDS = 8  # connections at once, of the plain reader as of the loader
SERVER = """
import functools, http.server, sys
class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version, disable_nagle_algorithm, wbufsize = "HTTP/1.1", True, 1 << 16
    log_message = lambda *_: None
found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=sys.argv[1]))
print(found.server_port, flush=True)
found.serve_forever()
"""


def make_versions(home: Path, count: int) -> tuple[str, dict[str, str]]:
    """A token, and {kind: reference} of a version of pictures and one of rows; the pictures lie in home/files too."""
    from lifecycle.accounts.services import tokens
    from lifecycle.datasets import selectors, services

    write_pictures(home / "files", home / "pictures.zip", count)
    write_table(home / "table.csv", count)
    found = {}
    for kind, problem, name, mapping in (
        ("pictures", "image_classification", "pictures.zip", {}),
        ("rows", "tabular_regression", "table.csv", {"mapping": {"label": "price"}}),
    ):
        project, owner = _product.make_project(problem)
        _product.import_file(project, owner, home / name, **mapping)
        services.commit_version(dataset=selectors.get_dataset(project), user=owner)
        _product.run_jobs()
        found[kind] = f"{project.slug}/main@1"
    _, token = tokens.issue(user=owner, name="bench", scope="read")
    return token, found


def measure(batches: Iterable[list]) -> float:
    """Items per second of one epoch."""
    start = time.perf_counter()
    seen = sum(len(batch) for batch in batches)
    return round(seen / (time.perf_counter() - start), 1)


def decode(items: list[dict]) -> list:
    """Pictures in memory, as a training would have them; rows as they are."""
    return [decode_picture(item["image"]) if "image" in item else item["row"] for item in items]


def decode_picture(content: bytes) -> bytes:
    """Its pixels."""
    from PIL import Image

    return Image.open(io.BytesIO(content)).convert("RGB").tobytes()


def load_batches(stream, workers: int) -> Iterable[list]:
    """The stream as a training reads it: in batches, decoded in DataLoader's processes."""
    from torch.utils.data import DataLoader

    return DataLoader(stream, batch_size=BATCH, num_workers=workers, collate_fn=decode)


def read_files(paths: Iterable[Path]) -> Iterator[list]:
    """Every file opened and decoded, one after another: what any reader of these files does."""
    for path in paths:
        yield [decode_picture(path.read_bytes())]


def read_over_http(port: int, names: list[str]) -> Iterator[list]:
    """Every file asked for over HANDS kept-alive connections and decoded as it comes."""
    import requests

    free: SimpleQueue[requests.Session] = SimpleQueue()
    for _ in range(HANDS):
        free.put(requests.Session())

    def fetch(name: str) -> bytes:
        session = free.get()
        try:
            return session.get(f"http://127.0.0.1:{port}/{name}").content
        finally:
            free.put(session)

    with ThreadPoolExecutor(HANDS) as pool:
        for content in pool.map(fetch, names):
            yield [decode_picture(content)]


def measure_plain(folder: Path) -> dict[str, float]:
    """The raw limits: the files from the disk, and from a plain HTTP server."""
    paths = sorted(folder.rglob("*.png"))
    names = [path.relative_to(folder).as_posix() for path in paths]
    with subprocess.Popen([sys.executable, "-c", SERVER, str(folder)], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            return {"disk": measure(read_files(paths)), "http": measure(read_over_http(port, names))}
        finally:
            server.kill()


def measure_streams(open_version: Callable, kind: str) -> dict[str, float]:
    """Into an empty cache, then from what is there; alone and through DataLoader's workers."""
    found = {}
    for workers in (0, 2):
        version = open_version(f"{kind}-{workers}")
        for place in ("server", "cache"):
            found[f"{place}, {workers} workers"] = measure(load_batches(version.stream(shuffle=True), workers))
    return found


def print_rates(kind: str, count: int, rates: dict[str, float], plain: dict[str, float]) -> None:
    """Pictures beside the same files; of rows there are none, so that they stand beside themselves from the cache."""
    local = rates["cache, 0 workers"]
    for name, rate in rates.items():
        if kind == "rows":
            limit, raw = "itself, from the cache", local
        elif "server" in name:
            limit, raw = "plain HTTP server", plain["http"]
        else:
            limit, raw = "files read one by one", plain["disk"]
        line = {
            "what": f"stream of {kind}, {name}", "items": count, "per_s": rate, "raw_limit": limit, "raw_per_s": raw,
            "ratio": round(rate / raw, 3),
        }  # fmt: skip
        print(json.dumps(line), flush=True)


def main(count: int = ITEMS) -> None:
    home = _product.start()
    token, references = make_versions(home, count)
    plain = measure_plain(home / "files")
    from bench._annotating import Server
    from lifecycle.loader import load

    with Server() as server:
        for kind, reference in references.items():

            def open_version(name: str, reference=reference):
                return load(
                    f"http://127.0.0.1:{server.port}",
                    reference,
                    token=token,
                    cache=home / name,
                    download=False,
                    progress=False,
                )

            print_rates(kind, count, measure_streams(open_version, kind), plain)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ITEMS)
