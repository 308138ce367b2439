"""Liveness for probes and numbers for Prometheus."""

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from lifecycle.common.blobs import open_blobs


def _check_postgres() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _check_redis() -> None:
    cache.get("healthz")


def _check_blobs() -> None:
    open_blobs(settings.STORAGE_URL).check()


CHECKS = {"postgres": _check_postgres, "redis": _check_redis, "blobs": _check_blobs}


@require_safe
def healthz(request):
    """200 with each part's state, or 503 when one part is down."""
    parts = {}
    for name, check in CHECKS.items():
        try:
            check()
            parts[name] = "ok"
        except Exception as error:  # noqa: BLE001 (any failure of a part is what this page reports)
            parts[name] = f"down: {type(error).__name__}"
    healthy = all(state == "ok" for state in parts.values())
    return JsonResponse({"status": "ok" if healthy else "down", "parts": parts}, status=200 if healthy else 503)


@require_safe
def metrics(request):
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
