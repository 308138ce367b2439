"""The Chromium that tests and screenshots drive: the one on PATH, or npm's @sparticuz/chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path

from playwright.sync_api import Locator, Page, Playwright, TimeoutError, sync_playwright

from lifecycle.contracts.settings import ROOT

ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
_UNPACK = """
import chromium, { inflate } from "@sparticuz/chromium";
const path = await chromium.executablePath();
console.log(path);
"""


_running: list[Playwright] = []


@contextmanager
def open_playwright() -> Iterator[Playwright]:
    """The one of this process, started by whoever asks first: a thread can have one only."""
    if _running:
        yield _running[0]
        return
    with sync_playwright() as playwright, _patience():
        _running.append(playwright)
        yield playwright
        _running.clear()


@contextmanager
def _patience() -> Iterator[None]:
    """Tests wait until the page's scripts listen, as a person does: modules are loaded after the load event, and for
    what comes to a page later."""
    patched = [(Page, name, _and_wait) for name in ("goto", "reload", "wait_for_url")] + [(Locator, "click", _wait_and)]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in patched]
    for (owner, name, wrap), (_, _, method) in zip(patched, before, strict=True):
        setattr(owner, name, wrap(method))
    yield
    for owner, name, method in before:
        setattr(owner, name, method)


def _and_wait(navigate: Callable) -> Callable:
    @wraps(navigate)
    def go(page: Page, *args, **kwargs):
        response = navigate(page, *args, **kwargs)
        _wait_for_scripts(page)
        return response

    return go


def _wait_and(act: Callable) -> Callable:
    @wraps(act)
    def wait_first(locator: Locator, *args, **kwargs):
        _wait_for_scripts(locator.page)
        return act(locator, *args, **kwargs)

    return wait_first


def _wait_for_scripts(page: Page) -> None:
    with suppress(TimeoutError):  # a page that waits for a network it is not given is left to its test
        page.wait_for_selector("html:not([data-starting])", state="attached", timeout=5_000)


class NoChromium(Exception):
    """There is no browser; the message says how to get one."""


def find_chromium() -> tuple[str, dict[str, str]]:
    """(executable, extra environment) of the Chromium to drive."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found, {}
    if not (ROOT / "node_modules" / "@sparticuz" / "chromium").exists():
        raise NoChromium("No Chromium: put `chromium` on PATH, or run `make test` once, which installs one with npm.")
    node = shutil.which("node") or str(Path(sys.executable).parent / "node")
    libraries = Path(tempfile.gettempdir()) / "al2023" / "lib"
    environment = {"AWS_LAMBDA_JS_RUNTIME": "nodejs22.x", "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}
    unpacked = subprocess.run(
        [node, "--input-type=module", "-e", _UNPACK],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    return unpacked.stdout.strip(), {"LD_LIBRARY_PATH": str(libraries)}
