"""The Celery app: queues, beat, and how a job id reaches a worker. Only ids travel; Postgres holds the rest."""

from __future__ import annotations

import os
import pkgutil
from contextlib import suppress
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
os.environ.setdefault("GRISTMILL_DATABASE_POOL", "off")
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")  # `migrate` makes them at every start; here they load all pages

from celery import Celery
from celery.signals import worker_process_init
from django.conf import settings
from django.db.backends.signals import connection_created
from kombu.exceptions import OperationalError

from lifecycle.common.garbage import look_seldom
from lifecycle.contracts.jobs import JOB_QUEUES, TASK_PREFIX, task_name


def _modules_of_a_worker() -> list[str]:
    """Imported by workers and beat, never by the web process: every kind of job, and the sign of life."""
    folder = Path(__file__).parent / "tasks"
    return ["workers.presence", *(f"workers.tasks.{m.name}" for m in pkgutil.iter_modules([str(folder)]))]


app = Celery("gristmill")
app.conf.update(
    broker_url=settings.ENV.broker_url,
    imports=_modules_of_a_worker(),
    result_backend=None,
    task_ignore_result=True,
    task_default_queue="io",
    task_routes={task_name(kind): {"queue": queue} for kind, queue in JOB_QUEUES.items()},
    task_serializer="json",
    accept_content=["json"],
    task_acks_late=False,  # the Job row is the truth: a message is a wake-up, and the sweeper wakes again
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=50,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={"socket_keepalive": True, "socket_connect_timeout": 5, "retry_on_timeout": True},
    task_publish_retry_policy={"max_retries": 1, "interval_start": 0.1},
    task_create_missing_queues=True,
    beat_scheduler="django_celery_beat.schedulers:DatabaseScheduler",
    beat_schedule={
        "watch-deployments": {"task": TASK_PREFIX + "beat", "schedule": 60.0, "kwargs": {"kind": "drift"}},
        "housekeeping": {"task": TASK_PREFIX + "beat", "schedule": 3600.0, "kwargs": {"kind": "housekeeping"}},
    },
    timezone="UTC",
)


@worker_process_init.connect
def be_a_worker(**_) -> None:
    """What a process does first that runs jobs."""
    look_seldom()
    connection_created.connect(_have_postgres_step_back)


def _have_postgres_step_back(connection, **_) -> None:
    """A job's queries yield to those of people as its process does: on this machine Postgres has a process for them."""
    info, own = connection.connection.info, os.getpriority(os.PRIO_PROCESS, 0)
    if info.host.startswith("/") and own > 0:
        with suppress(OSError):  # another user's: then it does not yield
            if Path(f"/proc/{info.backend_pid}/comm").read_text().strip() == "postgres":
                os.setpriority(os.PRIO_PROCESS, info.backend_pid, own)


def publish(*, kind: str, queue: str, job_id: int) -> None:
    """Wake a worker for one job; raises OSError when the broker cannot be reached. The setting JOB_PUBLISHER."""
    try:
        app.send_task(task_name(kind), kwargs={"job_id": job_id}, queue=queue)
    except OperationalError as error:
        raise ConnectionError(f"the broker does not answer: {error}") from error


def count_waiting(queue: str) -> int | None:
    """Messages in one queue of the broker; None when it cannot tell."""
    try:
        with app.connection_for_read() as connection, connection.channel() as channel:
            return channel.queue_declare(queue=queue, passive=True).message_count
    except (OperationalError, OSError, *connection_errors()):  # type: ignore[misc]  # kombu says which at run time
        return None


def connection_errors() -> tuple[type[Exception], ...]:
    return app.connection_for_read().connection_errors + app.connection_for_read().channel_errors
