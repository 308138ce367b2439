"""In Chromium: from the press of a key to the next picture painted, pictures of about 2 MB, at a fast person's pace.

`python -m bench.keypress [presses]`
"""

from __future__ import annotations

import io
import json
import os
import sys

from bench import _product
from bench._annotating import CLASSES, Server, log_in, percentile

PICTURE_SIDE, PRESSES = 1664, 60


def main(presses: int = PRESSES) -> None:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps a loop running in this thread
    _product.start()
    with Server() as server:
        print(json.dumps(_measure_browser(server, presses)))


def _measure_browser(server: Server, presses: int) -> dict:
    """Key press to the next picture painted, at the pace of a fast person, pictures of about 2 MB."""
    project, annotator, byte_size = _make_pictures(presses + 20)
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import ARGUMENTS, find_chromium

    executable, environment = find_chromium()
    with sync_playwright() as playwright:
        options = {"executable_path": executable, "args": ARGUMENTS, "env": {**os.environ, **environment}}
        browser = playwright.chromium.launch(**options)
        context = browser.new_context(base_url=f"http://127.0.0.1:{server.port}")
        log_in(context, annotator, server)
        page = context.new_page()
        page.goto(f"/projects/{project.slug}/label")
        page.wait_for_selector("#annotator[data-ready=true]", state="attached")
        page.wait_for_timeout(3_000)
        page.evaluate(_WATCH)
        for _ in range(presses):
            page.keyboard.press("1")
            page.wait_for_timeout(600)
        times = page.evaluate("() => window.painted")
        browser.close()
    return {
        "what": "key press → next picture painted",
        "picture_mb": round(byte_size / 1e6, 2),
        "presses": len(times),
        "p50_ms": percentile(times, 50),
        "p95_ms": percentile(times, 95),
        "target_ms": 100,
    }


_WATCH = """() => {
  window.painted = [];
  const stage = document.querySelector('[data-part=stage]');
  addEventListener('keydown', () => {
    const start = performance.now();
    const find = () => stage.querySelector('img');
    const before = find();
    const look = () => {
      const now = find();
      if (now === before || !now || !now.complete) return requestAnimationFrame(look);
      requestAnimationFrame(() => {
        const channel = new MessageChannel(); // its message comes after the frame was painted
        channel.port1.onmessage = () => window.painted.push(performance.now() - start);
        channel.port2.postMessage(null);
      });
    };
    queueMicrotask(look);
  }, true);
}"""


def _make_pictures(count: int):
    import numpy as np
    from django.conf import settings
    from PIL import Image

    from lifecycle.accounts.models import User
    from lifecycle.annotations import services
    from lifecycle.common.blobs import open_blobs
    from lifecycle.datasets.models import Collection, Item
    from lifecycle.projects.models import Membership

    project, owner = _product.make_project("image_classification")
    services.create_schema(project=project, classes=CLASSES, created_by=owner)
    dataset = project.datasets.get()
    collection = Collection.objects.create(dataset=dataset, title="bench", created_by=owner)
    dice = np.random.default_rng(0)
    blobs, byte_size = open_blobs(settings.STORAGE_URL), 0
    for number in range(count):
        pixels = dice.integers(0, 255, (PICTURE_SIDE, PICTURE_SIDE, 3), dtype=np.uint8)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=85)
        byte_size = len(file.getvalue())
        Item.objects.create(
            dataset=dataset, collection=collection, content_hash=f"{number:064x}", blob=blobs.put(file.getvalue()),
            mime="image/jpeg", width=PICTURE_SIDE, height=PICTURE_SIDE, byte_size=byte_size,
        )  # fmt: skip
    services.open_tasks(collection=collection)
    annotator = User.objects.create(username="painter")
    Membership.objects.create(project=project, user=annotator, role=Membership.Role.ANNOTATOR)
    return project, annotator, byte_size


if __name__ == "__main__":
    main(*(int(number) for number in sys.argv[1:]))
