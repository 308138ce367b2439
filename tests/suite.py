"""What `make test` runs: the tests that may share a database server beside those that kill theirs, both at once.

The serial tests restart Postgres, kill workers and wait a lot; they have servers of their own, so they cost the others
only their share of the processor. Their output comes last, in one piece.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

PYTEST = [sys.executable, "-m", "pytest", "--durations=40", "--durations-min=2"]
# a file is one unit of work, so that what its fixtures start or train is made by one process only
PARALLEL = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-m", "not long and not serial"]
SERIAL = ["-p", "no:cacheprovider", "-m", "serial and not long"]
TESTS = Path(__file__).parent


# What the tests import, in two halves. A fresh install holds no bytecode: compiled here once, on both cores, instead of
# by each of the processes that start at the same moment.
WARM = (
    "import torch.onnx, torch.utils.data; from workers.engines import embed, evaluate, findings, project, train",
    "import django; django.setup(); import workers.celery as c; c.app.loader.import_default_modules(); "
    "import webapp.urls, scrapy.crawler, schemathesis, label_studio_sdk, playwright.sync_api, moto.server, umap",
)


def warm_up() -> None:
    """Fails nothing: what cannot be imported, its test will say."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "webapp.settings"}
    for one in [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL) for code in WARM
    ]:
        one.wait()


def list_serial_files() -> list[str]:
    """Only these: to load the tests of all the others costs half a minute."""
    marked = [path for path in TESTS.rglob("*.py") if "pytest.mark.serial" in path.read_text()]
    return sorted(str(path.parent if path.name == "conftest.py" else path) for path in marked if path.stem != "suite")


def main() -> int:
    """Exit code 0 when both parts pass."""
    warm_up()
    with tempfile.TemporaryFile() as told:
        command = [*PYTEST, *SERIAL, *list_serial_files()]
        serial = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT)
        try:
            parallel = subprocess.run([*PYTEST, *PARALLEL], check=False).returncode
            alone = serial.wait()
        finally:
            serial.kill()
        told.seek(0)
        sys.stdout.flush()
        sys.stdout.buffer.write(told.read())
    return parallel or alone


if __name__ == "__main__":
    sys.exit(main())
