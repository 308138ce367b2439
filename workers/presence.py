"""A thread in each worker's main process: says "I am alive, I listen on these queues", and sweeps."""

from __future__ import annotations

import logging
import os
import socket
import threading

from celery.signals import worker_ready, worker_shutdown
from django.db import DatabaseError, close_old_connections, connection

from lifecycle.jobs import rules, services
from lifecycle.pipelines import services as pipelines
from workers.celery import count_waiting

logger = logging.getLogger(__name__)
_stop = threading.Event()
_thread: threading.Thread | None = None


def start(*, name: str, queues: list[str], concurrency: int) -> None:
    """Begin; returns at once."""
    global _thread
    _stop.clear()
    _thread = threading.Thread(target=_run, args=(name, queues, concurrency), name="presence", daemon=True)
    _thread.start()


def stop() -> None:
    """End, waiting at most a heartbeat."""
    _stop.set()
    if _thread is not None:
        _thread.join(timeout=rules.HEARTBEAT_SECONDS)


def _run(name: str, queues: list[str], concurrency: int) -> None:
    while True:
        try:
            close_old_connections()
            services.report_worker(
                name=name, queues=queues, hostname=socket.gethostname(), pid=os.getpid(), concurrency=concurrency
            )
            services.sweep(count_waiting=count_waiting)
            pipelines.sweep()
        except DatabaseError as error:
            logger.warning("the database does not answer, trying again: %s", error)
            connection.close()
        if _stop.wait(rules.HEARTBEAT_SECONDS):
            return


@worker_ready.connect
def _on_ready(sender=None, **_) -> None:
    queues = [queue.name for queue in sender.task_consumer.queues]
    start(name=sender.hostname, queues=queues, concurrency=sender.pool.num_processes)


@worker_shutdown.connect
def _on_shutdown(**_) -> None:
    stop()
