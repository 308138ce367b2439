"""Mails are jobs: no page waits for a mail server, and how long an answer takes does not tell who has an account."""

from __future__ import annotations

from lifecycle.accounts.services import throttle
from lifecycle.jobs.models import Job
from lifecycle.jobs.services import enqueue


def request_password_reset(*, email: str, address: str) -> Job:
    """Queue a reset mail to whoever has this mail address; nobody may. Raises TooMany after many requests."""
    throttle.check(purpose="reset", account=email, address=address)
    throttle.record_failure(purpose="reset", account=email, address=address)
    return enqueue(kind="mail", title="Send a password link", spec={"template": "password-reset", "email": email})
