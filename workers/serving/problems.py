"""Errors a client may see, as problem JSON (RFC 9457)."""

from __future__ import annotations

import orjson

TITLES = {
    400: "Bad request",
    401: "A token is needed",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "The request took too long to arrive",
    411: "Length required",
    413: "Too large",
    415: "Unsupported media type",
    422: "The input does not fit the model",
    429: "Too many requests",
    431: "The headers are too large",
    500: "The model failed",
    503: "Not available now",
}


class Problem(Exception):
    """An expected refusal; `detail` is a sentence for whoever sent the request."""

    def __init__(self, status: int, detail: str, headers: tuple[tuple[str, str], ...] = ()):
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers

    def render(self, request_id: str = "") -> bytes:
        body = {"type": "about:blank", "title": TITLES[self.status], "status": self.status, "detail": self.detail}
        # The Open Inference Protocol's clients read "error".
        return orjson.dumps({**body, "error": self.detail, "request_id": request_id})
