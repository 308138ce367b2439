"""Try a deployment in the browser: a picture, a text or a row in, the answer with its probabilities out."""

from __future__ import annotations

from typing import Any

import orjson
from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from lifecycle.common.errors import DomainError
from lifecycle.deployments import rules, selectors
from lifecycle.projects.selectors import get_project
from webapp.pages.deployments import serving
from webapp.pages.deployments.predictions import SECTION, build_bars

MAX_IMAGE_BYTES = 32 * 2**20
MAX_CHOICES = 200


@login_required
@require_http_methods(["GET", "POST"])
def try_it(request, slug, deployment):
    project = get_project(request.user, slug)
    found = selectors.get_deployment(project, deployment)
    version = selectors.find_live_version(found)
    manifest = version.artifact.manifest if version else {}
    context = {
        "project": project,
        "section": SECTION,
        "deployment": found,
        "version": version,
        "kind": manifest.get("item_kind", ""),
        "text": request.POST.get("text", ""),
        "fields": build_fields(manifest, request.POST),
        "classes": selectors.list_classes(version),
        **(_ask(request, found, manifest) if request.method == "POST" and version else {}),
    }
    template = "deployments/_result.html" if request.headers.get("X-Part") == "result" else "deployments/try.html"
    return render(request, template, context)


def _ask(request, deployment, manifest: dict[str, Any]) -> dict[str, Any]:
    """The answer as the result part shows it; what went wrong is in `problem`."""
    try:
        answer = serving.predict(deployment.slug, *_read_body(request, manifest))
    except DomainError as error:
        return {"problem": error.message}
    if not answer.is_good:
        return {"problem": answer.body.get("detail", "The inference server refused this input.")}
    prediction = answer.body["prediction"]
    return {
        "answer": answer,
        "prediction": prediction,
        "model_version": answer.body["model_version"],
        "bars": build_bars(prediction.get("probabilities") or {}),
    }


def _read_body(request, manifest: dict[str, Any]) -> tuple[bytes, str]:
    """(body, content type) for the inference server. Raises DomainError for an empty form."""
    kind = manifest.get("item_kind")
    if kind == "image":
        upload = request.FILES.get("image")
        if upload is None:
            raise DomainError("Choose or drop a picture first.")
        if upload.size > MAX_IMAGE_BYTES:
            raise DomainError(f"The picture is larger than {MAX_IMAGE_BYTES // 2**20} MB.")
        return upload.read(), "image/*"
    if kind == "text":
        return orjson.dumps({"text": request.POST.get("text", "")}), "application/json"
    row = {f["name"]: rules.parse_cell(request.POST.get(f"x.{f['name']}", ""), f["kind"]) for f in manifest["features"]}
    return orjson.dumps({"row": row}), "application/json"


def build_fields(manifest: dict[str, Any], given) -> list[dict[str, Any]]:
    """One field of the row's form for each column, filled with what was sent or with a typical value."""
    features = manifest.get("features") or ()
    reference = (manifest.get("reference") or {}).get("inputs") or {}
    typical = rules.propose_row(features, reference)
    fields = []
    for feature in features:
        name = f"x.{feature['name']}"
        value = given.get(name, typical[feature["name"]])
        choices = [str(c) for c in feature.get("categories") or ()][:MAX_CHOICES]
        fields.append(
            {
                "name": name,
                "title": feature["name"],
                "kind": feature["kind"],
                "value": "" if value is None else str(value),
                "choices": choices,
            }
        )
    return fields
