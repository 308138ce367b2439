"""An in-memory stand-in for the broker, with the publisher's real interface."""

from __future__ import annotations

messages: list[dict] = []


def publish(*, kind: str, queue: str, job_id: int) -> None:
    messages.append({"kind": kind, "queue": queue, "job_id": job_id})
