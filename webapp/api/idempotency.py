"""``Idempotency-Key`` on any write: effect and answer commit together, and a repeat gets that answer."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpResponse
from rest_framework.permissions import SAFE_METHODS
from rest_framework.views import APIView

from lifecycle.accounts.models import IdempotentReply
from lifecycle.accounts.services import idempotency

HEADER = "Idempotency-Key"


class Repeated(Exception):
    """The request was answered before; carries that answer."""

    def __init__(self, reply):
        super().__init__(reply.key)
        self.reply = reply


class IdempotentWrites(APIView):
    """Base of API views. A write that fails is not recorded: sending it again tries again."""

    _reply: IdempotentReply | None = None

    def dispatch(self, request, *args, **kwargs):
        if request.method in SAFE_METHODS or HEADER not in request.headers:
            return super().dispatch(request, *args, **kwargs)
        with transaction.atomic():
            response = super().dispatch(request, *args, **kwargs)
            if response.status_code >= 400:
                transaction.set_rollback(True)
            elif self._reply is not None:
                self._record(response)
        return response

    def claim_key(self, request) -> None:
        """Called once the caller is known and allowed. Raises Repeated when this write was done before."""
        key = request.headers.get(HEADER)
        if key is None or request.method in SAFE_METHODS or not request.user.is_authenticated:
            return
        body = request._request.body if request.content_type == "application/json" else _outline(request)
        request_hash = idempotency.hash_request(request.method, request.get_full_path(), request.content_type, body)
        reply, is_new = idempotency.claim(user=request.user, key=key, request_hash=request_hash)
        if not is_new:
            raise Repeated(reply)
        self._reply = reply

    def handle_exception(self, exception):
        if isinstance(exception, Repeated):
            reply = exception.reply
            headers = {"Idempotency-Replayed": "true"}
            content_type = reply.content_type or None
            return HttpResponse(bytes(reply.body), status=reply.status, content_type=content_type, headers=headers)
        return super().handle_exception(exception)

    def _record(self, response) -> None:
        assert self._reply is not None
        if hasattr(response, "render"):
            response.render()
        content_type = response.headers.get("Content-Type", "")
        idempotency.record(
            reply=self._reply, status=response.status_code, content_type=content_type, body=response.content
        )


def _outline(request) -> bytes:
    """An upload is not read twice: its length stands for its content."""
    return str(request.META.get("CONTENT_LENGTH", "")).encode()
