"""Calls of the inference server on behalf of a person who tries a deployment in the browser."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import orjson
from django.conf import settings

from lifecycle.common.errors import DomainError
from lifecycle.contracts.serving import sign_call

TIMEOUT_SECONDS = 15
MAX_ANSWER_BYTES = 10 * 2**20


class ServingDown(DomainError):
    """The inference server cannot be reached."""

    code = "serving_down"
    status = 503


@dataclass(frozen=True)
class Answer:
    """What the inference server said, and how long it took seen from here."""

    status: int
    body: dict[str, Any]
    request_id: str
    milliseconds: float

    @property
    def is_good(self) -> bool:
        return self.status == 200


def predict(slug: str, body: bytes, content_type: str, *, request_id: str = "") -> Answer:
    """Ask one deployment; `request_id` (a UUID) is the server's choice when empty. Raises ServingDown."""
    headers = {"Content-Type": content_type, "Authorization": f"Bearer {sign_call(settings.SECRET_KEY, slug)}"}
    request = urllib.request.Request(
        f"{settings.SERVING_URL}/v1/{slug}/predict",
        data=body,
        method="POST",
        headers=headers | ({"X-Request-Id": request_id} if request_id else {}),
    )
    started = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as found:
            return _read(found, found.status, started)
    except urllib.error.HTTPError as error:
        return _read(error, error.code, started)
    except (OSError, TimeoutError) as error:
        raise ServingDown(
            "The inference server does not answer. Check that its process runs (make run shows it), then try again."
        ) from error


def _read(found, status: int, started: float) -> Answer:
    content = found.read(MAX_ANSWER_BYTES)
    milliseconds = (time.perf_counter() - started) * 1e3
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        body = {"detail": "The inference server gave an answer that cannot be read."}
    return Answer(status, body, found.headers.get("X-Request-Id", ""), milliseconds)
