"""Waiting for a job within a request, for clients that know no other way than one call and its answer."""

from __future__ import annotations

import time

from django.db import connection

from lifecycle.jobs.models import Job
from lifecycle.jobs.services import ENDED

LOOK_SECONDS = 0.3


def wait_until_ended(job: Job, *, seconds: float, look_seconds: float = LOOK_SECONDS) -> bool:
    """Whether the job ended within so many seconds; it is as it is then.

    Call it outside a transaction. While nothing is asked others may have the connection; a thread of the web server is
    held all the time, so that whoever calls it limits how many do.
    """
    ends = time.monotonic() + seconds
    while job.state not in ENDED and time.monotonic() < ends:
        if not connection.in_atomic_block:
            connection.close()
        time.sleep(look_seconds)
        job.refresh_from_db(fields=["state", "result", "error"])
    return job.state in ENDED
