"""Early pytest plugin: a throw-away Postgres, Redis and home folder for this run, before Django reads its settings."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from workers.supervisor.embedded import EmbeddedPostgres, EmbeddedRedis

postgres: EmbeddedPostgres
redis: EmbeddedRedis


def _start() -> None:
    global postgres, redis
    home = Path(tempfile.mkdtemp(prefix="gm-test-"))
    home.chmod(0o755)  # Postgres runs as another user when we are root
    postgres = EmbeddedPostgres(home / "pg", durable=False)
    redis = EmbeddedRedis(home / "redis")
    packages = Path(__file__).resolve().parent.parent / "var" / "packages"
    os.environ.setdefault("GRISTMILL_PACKAGES", str(packages))
    os.environ["OMP_NUM_THREADS"] = "1"  # the run has both cores already; a library that resets its threads resets here
    os.environ.update(
        GRISTMILL_HOME=str(home),
        DATABASE_URL=postgres.start(),
        REDIS_URL=redis.start(),
        STORAGE_URL=f"file://{home / 'blobs'}",
        GRISTMILL_SECRET_KEY="only-for-tests",
        GRISTMILL_TEST_RUN=str(home),
        GRISTMILL_DATABASE_POOL="off",
    )

    def stop() -> None:
        redis.kill()
        postgres.kill()
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(stop)


if "GRISTMILL_TEST_RUN" not in os.environ:  # pytest-xdist's workers inherit the first process's servers
    _start()

if worker := os.environ.get("PYTEST_XDIST_WORKER"):  # a cache of its own: a test that clears it clears no other's
    number = 1 + int(worker.removeprefix("gw"))
    os.environ["REDIS_URL"] = os.environ["REDIS_URL"].replace("db=0", f"db={number}")
