"""A loaded process looks for garbage seldom, and never again through what it has loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from lifecycle.common.garbage import OF_A_PAGE, OF_A_WORKER

START_A_WORKER = "import workers.celery; from celery.signals import worker_process_init as started; started.send(None)"


@pytest.mark.parametrize("start, new_objects", [("import webapp.wsgi", OF_A_PAGE), (START_A_WORKER, OF_A_WORKER)])
def test_a_started_process_looks_seldom(start, new_objects):
    code = f"{start}; import gc; print(gc.get_threshold()[0], gc.get_freeze_count() > 10_000)"

    told = subprocess.run(
        [sys.executable, "-c", code], env=os.environ.copy(), capture_output=True, text=True, check=True
    )

    assert told.stdout.split() == [str(new_objects), "True"]
