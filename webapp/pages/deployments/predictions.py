"""The log of a deployment: its list, one prediction, the picture it was asked about, and feedback on it."""

from __future__ import annotations

import json
import uuid
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.deployments import rules, selectors, services
from lifecycle.deployments.services import FeedbackRow
from lifecycle.projects.selectors import get_project
from webapp.pages.experiments.forms import read_number

SECTION = "deploy"
PAGE_SIZE = 50
MAX_PAGE = 10_000
SHOWN_CHARACTERS = 160
STATUSES = (("ok", "answered"), ("refused", "refused"), ("error", "failed"))
FEEDBACK = (("with", "with feedback"), ("without", "without feedback"), ("wrong", "answered wrong"))
SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
    b"RIFF": "image/webp",
}


def build_rows(project, predictions) -> list[dict]:
    """Each prediction with its newest feedback and its input and output in a few words."""
    said = selectors.find_feedback(project, [p.request_id for p in predictions])
    return [_build_row(prediction, said.get(prediction.request_id)) for prediction in predictions]


def _build_row(prediction, feedback) -> dict:
    given = prediction.input or {}
    output = prediction.output or {}
    answer = output.get("label", output.get("value"))
    truth = feedback.truth if feedback else None
    return {
        "prediction": prediction,
        "has_image": isinstance(given.get("image"), str),
        "text": _shorten(given),
        "answer": f"{answer:.6g}" if isinstance(answer, float) else answer,
        "confidence": output.get("confidence"),
        "error": output.get("error"),
        "feedback": feedback,
        "is_right": None if truth is None or "label" not in output else truth == output["label"],
    }


def _shorten(given: dict) -> str:
    if "text" in given:
        text = str(given["text"])
    elif "row" in given:
        text = ", ".join(f"{key} {value}" for key, value in given["row"].items())
    elif "tensors" in given:
        text = f"{len(given['tensors'])} tensor(s)"
    else:
        return ""
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def read_filters(query) -> selectors.PredictionFilters:
    """Filters from the URL; what makes no sense is left out."""
    try:
        request_id = uuid.UUID(query.get("request_id", "").strip())
    except ValueError:
        request_id = None
    return selectors.PredictionFilters(
        status=query.get("status", ""),
        label=query.get("label", ""),
        feedback=query.get("feedback", ""),
        max_confidence=rules.parse_number(query.get("max_confidence", "")),
        request_id=request_id,
        release=read_number(query.get("release")) or None,
    )


@login_required
@require_GET
def list_predictions(request, slug, deployment):
    project = get_project(request.user, slug)
    found = selectors.get_deployment(project, deployment)
    filters = read_filters(request.GET)
    page = min(max(1, read_number(request.GET.get("page")) or 1), MAX_PAGE)
    start = (page - 1) * PAGE_SIZE
    rows = list(selectors.list_predictions(found, filters)[start : start + PAGE_SIZE + 1])
    version = selectors.find_live_version(found)
    context = {
        "project": project,
        "section": SECTION,
        "deployment": found,
        "rows": build_rows(project, rows[:PAGE_SIZE]),
        "page_number": page,
        "has_next": len(rows) > PAGE_SIZE,
        "filters": filters,
        "given": request.GET,
        "classes": selectors.list_classes(version),
        "statuses": STATUSES,
        "feedback_choices": FEEDBACK,
    }
    return render(request, "deployments/predictions.html", context)


@login_required
@require_GET
def detail(request, slug, deployment, request_id):
    project = get_project(request.user, slug)
    found = selectors.get_deployment(project, deployment)
    prediction = selectors.get_prediction(found, request_id)
    row = build_rows(project, [prediction])[0]
    version = selectors.find_version(project, prediction.model_version_id)
    probabilities = (prediction.output or {}).get("probabilities") or {}
    context = {
        "project": project,
        "section": SECTION,
        "deployment": found,
        "row": row,
        "prediction": prediction,
        "version": version,
        "classes": selectors.list_classes(version),
        "bars": build_bars(probabilities),
        "input_json": json.dumps(prediction.input, indent=1, ensure_ascii=False) if prediction.input else "",
        "output_json": json.dumps(prediction.output, indent=1, ensure_ascii=False),
        "features": prediction.features.items(),
    }
    return render(request, "deployments/prediction.html", context)


def build_bars(probabilities: dict[str, float], limit: int = 12) -> list[dict]:
    """The most probable classes with their share in percent."""
    ranked = sorted(probabilities.items(), key=lambda pair: -pair[1])[:limit]
    return [{"label": label, "value": value, "percent": round(100 * value, 1)} for label, value in ranked]


@login_required
@require_GET
def show_image(request, slug, deployment, request_id):
    """The picture a prediction was asked about, as it was sent; only ever shown as a picture."""
    found = selectors.get_deployment(get_project(request.user, slug), deployment)
    kept = (selectors.get_prediction(found, request_id).input or {}).get("image")
    digest = kept if isinstance(kept, str) else ""
    try:
        stream = open_blobs(settings.STORAGE_URL).open(digest)
    except FileNotFoundError:
        raise NotFound("The picture was not kept.") from None
    head = stream.read(16)
    kind = next((kind for signature, kind in SIGNATURES.items() if head.startswith(signature)), "")
    stream.close()
    stream = open_blobs(settings.STORAGE_URL).open(digest)
    response = FileResponse(stream, content_type=kind or "application/octet-stream", as_attachment=not kind)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response


@login_required
@require_POST
def record_feedback(request, slug, deployment):
    project = get_project(request.user, slug, role="reviewer")
    found = selectors.get_deployment(project, deployment)
    wants_json = "application/json" in request.headers.get("Accept", "")
    try:
        row = _read_feedback(request.POST)
        services.record_feedback(project=project, user=request.user, row=row)
    except DomainError as error:
        if wants_json:
            raise
        messages.error(request, error.message)
    else:
        if wants_json:
            return JsonResponse({"request_id": str(row.request_id), "truth": row.truth, "value": row.value})
        messages.success(request, "Thank you: the feedback is kept.")
    return redirect(_read_next(request, found))


def _read_feedback(form) -> FeedbackRow:
    try:
        request_id = uuid.UUID(form.get("request_id", ""))
    except ValueError:
        raise DomainError("Feedback needs the request id of a prediction.") from None
    value = form.get("value", "").strip()
    number = rules.parse_number(value)
    if value and number is None:
        raise DomainError("The value must be a number.", fields={"value": "Not a number."})
    return FeedbackRow(
        request_id=request_id,
        truth=form.get("truth", "").strip() or None,
        value=number,
        comment=form.get("comment", "").strip(),
        idempotency_key=form.get("idempotency_key", "").strip()[:120] or None,
    )


def _read_next(request, deployment) -> str:
    """Where the form was, when that is a page of ours."""
    wanted = request.POST.get("next", "")
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return urlsplit(wanted)._replace(scheme="", netloc="").geturl()
    from django.urls import reverse

    return reverse("deployments:detail", args=[deployment.project.slug, deployment.slug])
