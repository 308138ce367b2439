"""Vectors and the map: items encoded a second, neighbors by index against exact, bytes and frames at 100,000."""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from pathlib import Path

from bench import _product

POINTS = 100_000
PICTURES = 600
DIMENSION = 256
QUERIES = 50
PANS = 12
PLOTLY = """async ([url, n]) => {
  const script = document.createElement("script"); script.src = url;
  await new Promise((done) => { script.onload = done; document.head.append(script); });
  const box = Object.assign(document.createElement("div"), { style: "width:900px;height:600px" });
  document.body.append(box);
  const x = new Float32Array(n), y = new Float32Array(n);
  for (let i = 0; i < n; i += 1) { x[i] = Math.random(); y[i] = Math.random(); }
  await Plotly.newPlot(box, [{ type: "scattergl", mode: "markers", x, y, marker: { size: 4 } }], { dragmode: "pan" });
  const times = [], pixel = new Uint8Array(4);
  const layers = [...box.querySelectorAll("canvas")].map((canvas) => canvas.getContext("webgl")).filter(Boolean);
  for (let i = 0; i < 5; i += 1) {
    const start = performance.now();
    await Plotly.relayout(box, { "xaxis.range": [i * 0.01, 1 + i * 0.01] });
    for (const gl of layers) gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    times.push(performance.now() - start);
  }
  return times;
}"""
OWN = """async (pans) => {
  const root = document.querySelector(".map"), view = root.mapView, times = [], pixel = new Uint8Array(4);
  const gl = root.querySelector("[data-canvas]").getContext("webgl");
  for (let i = 0; i < pans; i += 1) {
    const start = performance.now();
    view.panBy(i % 2 ? 15 : -15, 5); view.paint();
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    times.push(performance.now() - start);
  }
  return times;
}"""


def main(points: int = POINTS, pictures: int = PICTURES) -> None:
    home = _product.start()
    packages = Path(__file__).resolve().parent.parent / "var" / "packages"
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop makes Django believe it is called from one
    if packages.is_dir():
        (home / "packages").symlink_to(packages)
        for row in measure_encoding(pictures):
            print(json.dumps(row))
    for row in measure_map(points):
        print(json.dumps(row))


def measure_encoding(pictures: int):
    """The embed job against a loop over the bare encoder, on real digits."""
    from django.conf import settings

    from lifecycle.embeddings import selectors, services
    from webapp.demo.material import read_digits
    from workers.engines.embed import load_encoder
    from workers.tasks import embed as task

    project, owner = _product.make_project("image_classification")
    files = read_digits(settings.PACKAGES_DIR)[:pictures]
    path = Path(settings.GRISTMILL_HOME) / "digits.zip"
    _write_zip(path, files)
    _product.import_file(project, owner, path)
    encoder = services.choose_encoder(dataset=project.datasets.get())

    class Context:
        workdir, blobs, blob_dir = path.parent, None, None

    bare = load_encoder(task.build_spec(Context(), encoder))
    contents = [content for _, content in files]
    started = time.perf_counter()
    for start in range(0, len(contents), task.BATCH):
        bare.encode(contents[start : start + task.BATCH])
    bare_rate = len(contents) / (time.perf_counter() - started)
    services.start_embedding(encoder=encoder, user=owner)
    started = time.perf_counter()
    _product.run_jobs()
    seconds = time.perf_counter() - started
    encoded = selectors.measure_coverage(encoder).encoded
    yield {
        "what": "pictures encoded by the job",
        "items": encoded,
        "per_second": round(encoded / seconds, 1),
        "raw_per_second": round(bare_rate, 1),
        "ratio": round(encoded / seconds / bare_rate, 3),
    }


def _write_zip(path: Path, files) -> None:
    import zipfile

    with zipfile.ZipFile(path, "w") as target:
        for name, content in files:
            target.writestr(name, content)


def measure_map(points: int):
    """Neighbors, payloads and frames of a dataset whose vectors are made up, in 200 crowds."""
    import numpy as np
    from django.db import transaction

    from lifecycle.embeddings import services

    project, owner = _product.make_project("tabular_classification")
    ids = _make_items(project, owner, points)
    random = np.random.default_rng(0)
    vectors = random.normal(size=(200, DIMENSION))[np.arange(points) % 200] * 0.6 + random.normal(
        size=(points, DIMENSION)
    )
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    encoder = services.choose_encoder(dataset=project.datasets.get())
    with transaction.atomic():
        services.prepare_encoder(encoder=encoder, state={"columns": []})
    started = time.perf_counter()
    for start in range(0, points, 5_000):
        _store(encoder, ids[start : start + 5_000], vectors[start : start + 5_000])
    stored = time.perf_counter() - started
    started = time.perf_counter()
    with transaction.atomic():
        encoder = services.finish_vectors(encoder=encoder)
    yield {"what": "vectors stored", "items": points, "seconds": round(stored, 1)}
    yield {"what": "index built", "items": points, "seconds": round(time.perf_counter() - started, 1)}
    yield measure_neighbors(encoder, vectors)
    drawn = _make_map(encoder, owner, ids, random)
    yield from measure_pages(project, owner, drawn)


def _store(encoder, ids, vectors) -> None:
    from django.db import transaction

    from lifecycle.embeddings import services

    with transaction.atomic():
        services.store_vectors(encoder=encoder, item_ids=ids, vectors=vectors, problems={})


def _make_items(project, owner, count: int) -> list[int]:
    from django.db import connection

    from lifecycle.datasets.models import Collection

    dataset = project.datasets.get()
    collection = Collection.objects.create(dataset=dataset, title="made up", created_by=owner)
    names = [f.column for f in dataset.items.model._meta.concrete_fields if f.column not in ("id",) and not f.null]
    given = {"dataset_id": dataset.pk, "collection_id": collection.pk, "byte_size": 10}
    columns = ", ".join(f'"{name}"' for name in [*names, "label"])
    values = ", ".join(
        "md5(n::text)" if name == "content_hash" else "now()" if name == "created_at" else str(given.get(name, "''"))
        for name in names
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO datasets_item ({columns}) SELECT {values}, 'class ' || n %% 12 "
            "FROM generate_series(1, %s) n RETURNING id",
            [count],
        )
        ids = [row[0] for row in cursor.fetchall()]
        cursor.execute("ANALYZE datasets_item")
    return ids


def measure_neighbors(encoder, vectors) -> dict:
    """Milliseconds and recall of ten neighbors through the index, against a look at every vector."""
    from lifecycle.embeddings.selectors.neighbors import find_nearest

    times: dict[bool, list[float]] = {False: [], True: []}
    hits = 0
    for vector in vectors[:: max(1, len(vectors) // QUERIES)]:
        answers = {}
        for is_exact in (False, True):
            started = time.perf_counter()
            answers[is_exact] = {i for i, _ in find_nearest(encoder, vector, limit=10, is_exact=is_exact)}
            times[is_exact].append((time.perf_counter() - started) * 1000)
        hits += len(answers[True] & answers[False])
    fast, exact = (statistics.median(times[is_exact]) for is_exact in (False, True))
    return {
        "what": "ten nearest of an item",
        "items": len(vectors),
        "median_ms": round(fast, 2),
        "raw_ms": round(exact, 2),
        "ratio": round(fast / exact, 4),
        "recall": round(hits / (10 * len(times[True])), 4),
    }


def _make_map(encoder, owner, ids, random):
    import numpy as np
    from django.conf import settings

    from lifecycle.common.blobs import open_blobs
    from lifecycle.embeddings.codec import Points, encode_points
    from lifecycle.embeddings.models import Map

    kinds = np.arange(len(ids)) % 200
    positions = (random.uniform(-0.95, 0.95, (200, 2))[kinds] + random.normal(0, 0.03, (len(ids), 2))).astype(
        np.float32
    )
    points = Points(np.array(ids), positions, (kinds % 20).astype(np.int16))
    blob = open_blobs(settings.STORAGE_URL).put(encode_points(points))
    clusters = [
        {"number": n, "name": f"Cluster {n + 1}", "size": len(ids) // 20, "x": 0.0, "y": n / 10 - 1} for n in range(20)
    ]
    return Map.objects.create(
        encoder=encoder, method="pca", points_blob=blob, clusters=clusters, point_count=len(ids),
        fitted_on=len(ids), seconds=1.0, created_by=owner,
    )  # fmt: skip


def measure_pages(project, owner, drawn):
    """Bytes and milliseconds of the map's parts, then the same page in a browser, beside Plotly."""
    from django.test import Client

    client = Client(HTTP_HOST="localhost")
    client.force_login(owner)
    base = f"/projects/{project.slug}/map"
    count = drawn.point_count
    for name, url in {
        "map page": base,
        "points": f"{base}/{drawn.pk}/points",
        "colors by label": f"{base}/{drawn.pk}/colors/label",
        "colors by import": f"{base}/{drawn.pk}/colors/collection",
    }.items():
        times = []
        for _ in range(4):
            started = time.perf_counter()
            response = client.get(url)
            times.append((time.perf_counter() - started) * 1000)
        size = len(response.content)
        yield {"what": name, "items": count, "median_ms": round(statistics.median(times[1:]), 1), "bytes": size}
    yield from _measure_browser(client, base, count)


def _measure_browser(client, base: str, count: int):
    from django.conf import settings
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.db import connections
    from django.test.testcases import LiveServerThread
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import ARGUMENTS, find_chromium

    settings.ALLOWED_HOSTS = ["*"]
    server = LiveServerThread("127.0.0.1", StaticFilesHandler, connections_override={})
    server.daemon = True
    server.start()
    server.is_ready.wait()
    url = f"http://127.0.0.1:{server.port}"
    executable, environment = find_chromium()
    with sync_playwright() as playwright:
        options = {"executable_path": executable, "args": ARGUMENTS, "env": {**os.environ, **environment}}
        browser = playwright.chromium.launch(**options)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        name = settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])
        started = time.perf_counter()
        page.goto(url + base)
        page.wait_for_selector(".map.is-drawn", timeout=60_000)
        opened = (time.perf_counter() - started) * 1000
        own = statistics.median(page.evaluate(OWN, PANS))
        plotly = statistics.median(page.evaluate(PLOTLY, [f"{url}/static/vendor/plotly/plotly.min.js", count]))
        browser.close()
    server.terminate()
    connections.close_all()
    yield {"what": "map opened and drawn in Chromium, software GL", "items": count, "median_ms": round(opened)}
    yield {
        "what": "one pan of the map, beside Plotly's scattergl",
        "items": count,
        "median_ms": round(own, 1),
        "raw_ms": round(plotly, 1),
        "ratio": round(own / plotly, 4),
    }


if __name__ == "__main__":
    main(*(int(text) for text in sys.argv[1:]))
