"""A worker yields to people's clicks, and so does what Postgres does for it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ASK = """
import os, django
django.setup()
from workers.celery import be_a_worker
be_a_worker()
from django.db import connection
connection.ensure_connection()
print(os.getpriority(os.PRIO_PROCESS, connection.connection.info.backend_pid))
"""


@pytest.mark.parametrize("niceness", [0, 7])
def test_postgres_works_as_nicely_for_a_worker_as_it_works_itself(niceness):
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "webapp.settings"}
    command = ["nice", "-n", str(niceness), sys.executable, "-c", ASK]

    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert int(told.stdout) == niceness
