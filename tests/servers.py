"""Early pytest plugin: a throw-away Postgres, Redis and home folder for this run, before Django reads its settings."""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from workers.supervisor.embedded import EmbeddedPostgres, EmbeddedRedis

postgres: EmbeddedPostgres
redis: EmbeddedRedis

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = "template_of_tests"  # a migrated database in every cluster; test databases are copies of it


def _copy_cluster(data_dir: Path) -> None:
    """Put a cluster with a migrated database at `data_dir`; it is made once for the migrations that there are now."""
    digest = hashlib.sha256()
    for path in sorted(ROOT.glob("lifecycle/*/migrations/*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    kept = ROOT / "var" / "test-clusters"
    kept.mkdir(parents=True, exist_ok=True)
    made = kept / digest.hexdigest()[:16]
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the two parts of the suite start at once
        if not made.exists():
            for old in kept.glob("????????????????*"):
                shutil.rmtree(old)
            _make_cluster(made)
        subprocess.run(["cp", "-a", made, data_dir], check=True)  # with its owner


def _make_cluster(made: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="gm-cluster-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        server = EmbeddedPostgres(home / "pg", database=TEMPLATE, durable=False)
        environment = {
            **os.environ,
            "DATABASE_URL": server.start(),
            "GRISTMILL_HOME": folder,
            "GRISTMILL_SECRET_KEY": "only-for-tests",
        }
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        try:
            subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
        finally:
            server.stop()
        subprocess.run(["cp", "-a", home / "pg", made.with_suffix(".new")], check=True)
        made.with_suffix(".new").rename(made)


def _start() -> None:
    global postgres, redis
    home = Path(tempfile.mkdtemp(prefix="gm-test-"))
    home.chmod(0o755)  # Postgres runs as another user when we are root
    _copy_cluster(home / "pg")
    postgres = EmbeddedPostgres(home / "pg", durable=False)
    redis = EmbeddedRedis(home / "redis")
    packages = ROOT / "var" / "packages"
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
    own = Path(os.environ["GRISTMILL_TEST_RUN"]) / worker  # jobs are numbered per database, and their folders by job
    own.mkdir(exist_ok=True)
    os.environ.update(GRISTMILL_HOME=str(own), STORAGE_URL=f"file://{own / 'blobs'}")
