"""Every error as problem JSON (RFC 9457): type, title, status, detail, a stable code, and errors by field."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, ValidationError
from django.db import DataError, IntegrityError
from django.http import Http404, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response

from lifecycle.common.errors import DomainError
from webapp.api.renderers import dump

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"


def build_problem(status: int, detail: str, *, code: str, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """The members of a problem document. `errors` lists {"field": dotted path, "detail": sentence}."""
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    return problem | ({"errors": errors} if errors else {})


def problem_response(status: int, detail: str, *, code: str, errors=None, headers=None) -> HttpResponse:
    """A problem document outside REST framework: middleware, error handlers, protocols."""
    content = dump(build_problem(status, detail, code=code, errors=errors))
    return HttpResponse(content, status=status, content_type=CONTENT_TYPE, headers=headers)


def render_problem(exception: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler. None, for what nobody expected, becomes a 500 and a logged traceback."""
    if isinstance(exception, exceptions.APIException):
        return _render_api_exception(exception)
    described = _describe(exception)
    if described is None:
        return None
    status, detail, code, errors = described
    return _respond(build_problem(status, detail, code=code, errors=errors))


def _respond(problem: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(problem, status=problem["status"], content_type=CONTENT_TYPE, headers=headers)


def _describe(exception: Exception) -> tuple[int, str, str, list | None] | None:
    match exception:
        case DomainError():
            errors = [{"field": field, "detail": text} for field, text in exception.fields.items()]
            return exception.status, exception.message, exception.code, errors
        case Http404():
            return 404, "There is no such thing here.", "not_found", None
        case PermissionDenied():
            return 403, "You may not do this.", "forbidden", None
        case RequestDataTooBig():
            return 413, "The request is larger than this server accepts.", "too_large", None
        case SuspiciousOperation():
            return 400, "The request could not be read.", "invalid", None
        case ValidationError():
            return 400, " ".join(exception.messages), "invalid", None
        case DataError() | UnicodeEncodeError():
            return 400, "A value is out of range or holds characters that cannot be stored.", "invalid", None
        case IntegrityError():
            logger.warning("integrity error answered as a conflict", exc_info=exception)
            return 409, "This contradicts what is stored; load it again and retry.", "conflict", None
    return None


def _render_api_exception(exception: exceptions.APIException) -> Response:
    errors = None
    detail, code = str(exception.detail), _first_code(exception.get_codes())
    if isinstance(exception, exceptions.ValidationError):
        errors = list(_flatten(exception.detail))
        code = "invalid"
        detail = errors[0]["detail"] if len(errors) == 1 else "Some values are not right; see errors."
    headers = {}
    if challenge := getattr(exception, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if seconds := getattr(exception, "wait", None):
        headers["Retry-After"] = str(int(seconds) + 1)
    return _respond(build_problem(exception.status_code, detail, code=code, errors=errors), headers)


def _first_code(codes: Any) -> str:
    while isinstance(codes, list | dict):
        codes = next(iter(codes.values() if isinstance(codes, dict) else codes), "invalid")
    return str(codes)


def _flatten(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """REST framework's nested details as flat {"field", "detail"} rows; errors of the whole have field ""."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            here = path if name == "non_field_errors" else f"{path}.{name}".lstrip(".")
            yield from _flatten(inner, here)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            is_nested = isinstance(inner, dict | list)
            yield from _flatten(inner, f"{path}.{index}".lstrip(".") if is_nested else path)
    else:
        yield {"field": path, "detail": str(detail)}
