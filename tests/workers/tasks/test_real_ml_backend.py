"""The real `label-studio-ml` package answers what we ask. It wants other libraries than ours: a Python that has it is
named by LABEL_STUDIO_ML_PYTHON, and without one these tests are skipped (test_suggestion_sources has the protocol).
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

from workers.engines.suggest.backend import Backend

PYTHON = os.environ.get("LABEL_STUDIO_ML_PYTHON", "")
SCRIPT = Path(__file__).with_name("real_ml_backend.py")
PROJECT = "1.1700000000"
CONFIG = (
    '<View><Text name="words" value="$text"/>'
    '<Choices name="mood" toName="words"><Choice value="cat"/><Choice value="dog"/></Choices></View>'
)
START_SECONDS = 60
pytestmark = pytest.mark.skipif(not PYTHON, reason="LABEL_STUDIO_ML_PYTHON names no Python with label-studio-ml")


@pytest.fixture(scope="module")
def backend(tmp_path_factory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("models")
    server = subprocess.Popen([PYTHON, str(SCRIPT), str(port), str(folder)])
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/health", server)
        yield Backend(url, private_addresses="127.0.0.1")
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(url: str, server: subprocess.Popen) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and server.poll() is None:
        try:
            urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("label-studio-ml did not start")


def test_it_is_up_and_set_up(backend):
    backend.health()

    assert backend.setup(project=PROJECT, config=CONFIG, hostname="http://localhost") == "INITIAL"


def test_it_answers_to_tasks_and_to_what_is_drawn(backend):
    backend.setup(project=PROJECT, config=CONFIG, hostname="http://localhost")
    tasks = [{"id": 1, "data": {"text": "a cat"}}, {"id": 2, "data": {"text": "nothing"}}]
    asked = {"project": PROJECT, "config": CONFIG, "version": ""}

    said, version = backend.predict(tasks, **asked)
    [drawn], _ = backend.predict(tasks[:1], **asked, context={"result": []})

    assert said[0]["result"][0]["value"] == {"choices": ["cat"]} and said[1] is None and version == "INITIAL"
    assert (said[0]["score"], drawn["score"]) == (0.5, 1.0)  # it says whether it was shown what is drawn


def test_it_hears_that_it_shall_train(backend):
    backend.setup(project=PROJECT, config=CONFIG, hostname="http://localhost")
    details = {"id": 1, "title": "Words", "label_config": CONFIG}

    backend.train(project=PROJECT, details=details, config=CONFIG, annotations=[])
