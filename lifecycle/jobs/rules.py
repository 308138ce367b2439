"""How long leases, retries and estimates are; pure functions on plain values."""

from __future__ import annotations

LEASE_SECONDS = 30  # a worker that says nothing for this long has lost the job
HEARTBEAT_SECONDS = 3
CANCEL_GRACE_SECONDS = 15  # an engine that ignores a cancel for this long is killed with its process
SILENCE_SECONDS = 10  # a process that stops in the middle of a change to a job's state holds its locks no longer
WORKER_ALIVE_SECONDS = 15
REPUBLISH_SECONDS = 10
LONGEST_BACKOFF_SECONDS = 300


def backoff_seconds(attempt: int) -> int:
    """Pause before the attempt after `attempt` (1-based): 5, 20, 80 … capped."""
    return min(5 * 4 ** (attempt - 1), LONGEST_BACKOFF_SECONDS)


def estimate_remaining_seconds(elapsed_seconds: float, fraction: float) -> float | None:
    """Time left if the work goes on at its mean speed; None while too little is done to tell."""
    if fraction < 0.02 or elapsed_seconds < 1:
        return None
    return elapsed_seconds * (1 - min(fraction, 1.0)) / fraction
