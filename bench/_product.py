"""A throw-away installation for a benchmark: durable Postgres and Redis, one project, jobs run in this process."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import time
from pathlib import Path


def start() -> Path:
    """Start the servers, migrate, and return the home folder. Call before importing anything of Django's."""
    from workers.supervisor.embedded import EmbeddedPostgres, EmbeddedRedis

    home = Path(tempfile.mkdtemp(prefix="gm-bench-"))
    home.chmod(0o755)  # Postgres runs as another user when we are root
    postgres, redis = EmbeddedPostgres(home / "pg"), EmbeddedRedis(home / "redis")
    os.environ.update(
        GRISTMILL_HOME=str(home),
        DATABASE_URL=postgres.start(),
        REDIS_URL=redis.start(),
        STORAGE_URL=f"file://{home / 'blobs'}",
        GRISTMILL_SECRET_KEY="only-for-benchmarks",
        GRISTMILL_DATABASE_POOL="off",
        DJANGO_SETTINGS_MODULE="webapp.settings",
    )

    def stop() -> None:
        redis.kill()
        postgres.kill()
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(stop)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0, skip_checks=True)
    from workers.celery import be_a_worker

    be_a_worker()
    return home


def make_project(problem_type: str, slug: str = ""):
    """(project, owner), the project with its dataset and an empty label schema."""
    from lifecycle.accounts.models import User
    from lifecycle.annotations.services import create_schema
    from lifecycle.datasets.services import create_dataset
    from lifecycle.projects.models import Membership, Project

    owner, _ = User.objects.get_or_create(username="bench", defaults={"is_superuser": True})
    slug = slug or f"bench-{problem_type.replace('_', '-')}"
    project = Project.objects.create(slug=slug, name=slug, problem_type=problem_type, created_by=owner)
    Membership.objects.create(project=project, user=owner, role=Membership.Role.OWNER)
    create_dataset(project=project)
    create_schema(project=project, classes=[], created_by=owner)
    return project, owner


def import_file(project, user, path: Path, **options):
    """Upload and import one file through the services and the real task; returns the finished collection."""
    from lifecycle.datasets import selectors, services

    collection = services.create_collection(dataset=selectors.get_dataset(project), user=user, title=path.name)
    with open(path, "rb") as file:
        services.store_file(
            project=project,
            user=user,
            name=path.name,
            file=file,
            byte_size=path.stat().st_size,
            collection=collection,
        )
    services.start_import(collection=collection, user=user, **options)
    run_jobs()
    return selectors.get_collection(project, collection.pk)


def run_jobs() -> None:
    """Run what is queued, in this process, through the runtime that workers use. Raises when a job fails."""
    import workers.tasks.card
    import workers.tasks.embed
    import workers.tasks.ingest
    import workers.tasks.inspect
    import workers.tasks.version  # noqa: F401  registers the bodies
    from lifecycle.jobs.models import Job

    while job := Job.objects.filter(state="queued").order_by("pk").first():
        run_job(job)


def run_job(job) -> None:
    """Run one job, as `run_jobs` does; its task must be imported."""
    from workers import runtime

    runtime.execute(job.pk, worker="bench")
    job.refresh_from_db()
    if job.state != "succeeded":
        raise RuntimeError(f"{job}: {job.state} {job.error}\n{job.traceback}")


def copy_out() -> float:
    """Seconds for Postgres alone to hand out all items; nothing of it is kept."""
    from django.db import connection

    start = time.perf_counter()
    with connection.cursor() as cursor, cursor.copy("COPY datasets_item TO STDOUT (FORMAT csv)") as copy:
        for _ in copy:
            pass
    return time.perf_counter() - start


def forget_peak() -> None:
    """What follows has a peak of its own."""
    Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets VmHWM


def peak_megabytes() -> float:
    """The most memory this process held, since it began or since `forget_peak`."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1000
    return float("nan")
