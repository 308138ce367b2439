"""What a webhook can be told of, and how its body is signed; stdlib only."""

from __future__ import annotations

import hashlib
import hmac

# the names Label Studio gives them, so that its receivers understand; and what it means, for people
EVENTS: dict[str, str] = {
    "ANNOTATION_CREATED": "Somebody answered or skipped an item",
    "ANNOTATION_UPDATED": "Somebody changed their answer",
    "ANNOTATIONS_DELETED": "An answer was taken back",
    "ANNOTATIONS_IMPORTED": "Labels came in with an import",
    "REVIEW_CREATED": "An answer was reviewed",
    "REVIEW_UPDATED": "A reviewed answer got another verdict",
    "REVIEWS_DELETED": "A verdict was taken back",
    "TASKS_CREATED": "Tasks came through the Label Studio door",
    "TASKS_DELETED": "Tasks were deleted through the Label Studio door",
    "PING": "A test from the settings page",
}
SIGNATURE_HEADER = "X-Gristmill-Signature"
EVENT_HEADER = "X-Gristmill-Event"
DELIVERY_HEADER = "X-Gristmill-Delivery"
TIMESTAMP_HEADER = "X-Gristmill-Timestamp"
RESERVED_HEADERS = {"host", "content-length", "content-type", "transfer-encoding", "connection"}
MAX_ATTEMPTS = 8
FIRST_PAUSE_SECONDS = 10


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """``sha256=`` and the hex HMAC of ``timestamp.body``: a receiver checks it, and that the time is recent."""
    digest = hmac.new(secret.encode(), str(timestamp).encode() + b"." + body, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"


def find_pause(attempts: int) -> int:
    """Seconds until the next try after so many: 10 s, 20 s, 40 s …, about 20 minutes in all."""
    return FIRST_PAUSE_SECONDS * 2 ** max(attempts - 1, 0)
