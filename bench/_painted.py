"""When a browser painted the next picture, for any page: in the window and visible, decoded, and a frame painted since.

Pictures are told from each other by their width, which grows: nothing that a page does with addresses changes that. The
times are up to one frame late, for every page alike. The browser's own Element Timing says nothing of pictures out of
a blob, as one of the pages shows them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

PACE_MS, PATIENCE_MS, BETWEEN_KEYS_MS = 500, 30_000, 120
MUTE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"  # pages that call home do not wait for an answer

_WATCH = """(first) => {
  const seen = (window.benchSeen = { presses: [], paints: [] });
  let shown = first;
  const isSeen = (image) => {
    const { top, bottom, left, right } = image.getBoundingClientRect();
    const isInWindow = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
    return isInWindow && image.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  };
  const find = () => [...document.images].find(
    (image) => image.complete && image.naturalWidth > shown && isSeen(image));
  const waitForPaint = () => new Promise((done) => requestAnimationFrame(() => {
    const channel = new MessageChannel(); // its message comes after the frame was painted
    channel.port1.onmessage = () => done(performance.now());
    channel.port2.postMessage(null);
  }));
  const look = async () => {
    const image = find();
    const width = image?.naturalWidth;
    // with decoding="sync" no frame is painted without it, and to ask would decode it once more
    const isDecoded = image && (image.decoding === 'sync' || await image.decode().then(() => true, () => false));
    if (isDecoded && image.naturalWidth === width) {
      seen.paints.push([await waitForPaint(), width]);
      shown = width;
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  addEventListener('keydown', ({ key, timeStamp }) => seen.presses.push([key, timeStamp]), true);
}"""
_IS_NEXT = "(at) => window.benchSeen.paints.some(([time]) => time > at)"


@contextmanager
def open_browser(address: str) -> Iterator:
    """A page of a fresh Chromium at `address`, without any network but this machine's."""
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import ARGUMENTS, find_chromium

    executable, environment = find_chromium()
    with sync_playwright() as playwright:
        options = {"executable_path": executable, "env": {**os.environ, **environment}}
        browser = playwright.chromium.launch(args=[*ARGUMENTS, MUTE], **options)
        context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900})
        context.set_default_timeout(PATIENCE_MS)
        yield context.new_page()
        browser.close()


def measure(page, keys: Sequence[str], presses: int, *, warm: int, shown: int) -> list[float]:
    """Milliseconds from the last of `keys` to the next picture painted, item by item; the first `warm` are left out.

    `shown` is the width of the picture on screen, in its own pixels; those to come are wider, each than the one before.
    Raises when a press brings no other picture.
    """
    page.evaluate(_WATCH, shown)
    took = []
    for _ in range(warm + presses):
        page.wait_for_timeout(PACE_MS)
        for key in keys[:-1]:
            page.keyboard.press(key)
            page.wait_for_timeout(BETWEEN_KEYS_MS)
        page.keyboard.press(keys[-1])
        at = _find_press(page, keys[-1])
        page.wait_for_function(_IS_NEXT, arg=at, polling=50)
        took.append(page.evaluate("() => window.benchSeen.paints.at(-1)[0]") - at)
    return took[warm:]


def _find_press(page, key: str) -> float:
    """When the browser got the newest press, in the page's milliseconds."""
    name, at = page.evaluate("() => window.benchSeen.presses.at(-1)")
    if name.lower() != key.split("+")[-1].lower():
        raise RuntimeError(f"The page heard {name}, not {key}.")
    return at
