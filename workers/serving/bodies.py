"""What a request's body asks for: unpacked within bounds, then read by the door it came through."""

from __future__ import annotations

import logging
import zlib

from workers.serving import v1, v2
from workers.serving.calls import Call
from workers.serving.http import MAX_BODY_BYTES, Request
from workers.serving.problems import Problem

logger = logging.getLogger(__name__)

DOOR_V1, DOOR_V2 = 0, 1  # positions in spool.DOORS


def read_input(call: Call) -> None:
    """Parse the request's body; a refusal becomes the call's problem."""
    request = call.request
    try:
        body = _decompress(request) if b"content-encoding" in request.headers else request.body
        if call.door == DOOR_V1:
            v1.read_input(call, request.headers.get(b"content-type", b""), body)
        else:
            v2.read_input(call, request.headers, body)
    except Problem as problem:
        call.problem = problem
    except Exception:
        logger.exception("a request body could not be read")
        call.problem = Problem(400, "The request cannot be read.")


def _decompress(request: Request) -> bytes:
    """The body behind ``Content-Encoding: gzip`` or ``deflate``, never more than a plain body may be."""
    encoding = request.headers[b"content-encoding"].lower()
    if encoding == b"identity":
        return request.body
    if encoding not in (b"gzip", b"deflate"):
        raise Problem(415, "The body may be compressed by gzip or deflate only.")
    stream = zlib.decompressobj(wbits=47 if encoding == b"gzip" else 15)
    try:
        body = stream.decompress(request.body, MAX_BODY_BYTES + 1)
    except zlib.error:
        raise Problem(400, f"The body is not valid {encoding.decode()}.") from None
    if len(body) > MAX_BODY_BYTES:
        raise Problem(413, f"A request may be {MAX_BODY_BYTES // 2**20} MB at most, also when it is unpacked.")
    if not stream.eof:
        raise Problem(400, f"The {encoding.decode()} body ends too early.")
    return body
