"""The map of a project's items: draw it, look at it, color it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.contracts.embeddings import ENCODER_TITLES, choose_encoder_kind
from lifecycle.datasets import selectors as datasets
from lifecycle.embeddings import selectors, services
from lifecycle.embeddings.codec import encode_colors
from lifecycle.embeddings.models import Map
from lifecycle.exploration import selectors as exploration
from lifecycle.exploration.view_queries import read_place
from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.files import FOREVER
from webapp.pages.exploration.acts import take_notice

BINARY = "application/octet-stream"
SHOWN_MAPS = 12
OTHER = "other"


@login_required
@require_GET
def show_map(request, slug):
    """The newest map, or the one the URL names; without one, what to do to get it."""
    project = get_project(request.user, slug)
    number = request.GET.get("map", "")
    drawn = selectors.get_map(project, int(number)) if _is_id(number) else selectors.find_map(project)
    if drawn is not None and not drawn.points_blob:
        drawn = selectors.find_map(project)
    return render(request, "embeddings/map.html", _describe(request, project, drawn))


@login_required
@require_GET
def live(request, slug):
    """The part that tells how far the work is; once it is done, the browser loads the page with the new map."""
    project = get_project(request.user, slug)
    context = _describe_work(project)
    response = render(request, "embeddings/_work.html", context)
    if context["job"] is None:
        response["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def draw(request, slug):
    """Have a map drawn, items without a vector encoded first."""
    project = get_project(request.user, slug, role="engineer")
    try:
        services.draw_map(
            encoder=_choose_encoder(request, project), user=request.user, method=request.POST.get("method", "umap")
        )
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("embeddings:map", slug=project.slug)


@login_required
@require_POST
def encode(request, slug):
    """Encode the items that have no vector yet, without drawing."""
    project = get_project(request.user, slug, role="engineer")
    try:
        services.start_embedding(encoder=_choose_encoder(request, project), user=request.user)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("embeddings:map", slug=project.slug)


@login_required
@require_POST
def delete_encoder(request, slug, encoder_id):
    """Remove an encoder's vectors and maps."""
    project = get_project(request.user, slug, role="engineer")
    encoder = selectors.get_encoder(project, encoder_id)
    try:
        services.delete_encoder(encoder=encoder, user=request.user)
        messages.success(request, f"Removed the vectors made with {encoder}.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("embeddings:map", slug=project.slug)


@login_required
@require_GET
def show_points(request, slug, map_id):
    """Ids, positions and clusters in binary (see lifecycle.embeddings.codec); the browser keeps them."""
    drawn = selectors.get_map(get_project(request.user, slug), map_id)
    tag = f'"{drawn.points_blob[:32]}"'
    if drawn.points_blob and request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified()
    response = HttpResponse(selectors.read_points(drawn), content_type=BINARY)
    response["Cache-Control"], response["ETag"] = FOREVER, tag
    return response


@login_required
@require_GET
def show_colors(request, slug, map_id, color):
    """One value a point, in binary, as they are now; `colors/other?by=` for names that no path can hold."""
    drawn = selectors.get_map(get_project(request.user, slug), map_id)
    coloring = exploration.color_points(drawn, request.GET.get("by", "") if color == OTHER else color)
    return HttpResponse(encode_colors(coloring.legend, coloring.values), content_type=BINARY)


def _describe(request, project: Project, drawn: Map | None) -> dict[str, Any]:
    dataset = datasets.get_dataset(project)
    color = request.GET.get("color", "")
    selection = request.GET.get("selection", "")
    chosen = _find_selection(project, int(selection)) if _is_id(selection) else None
    kind = choose_encoder_kind(dataset.item_kind)
    choices = exploration.list_colors(drawn) if drawn else []
    offered = {by for _, group in choices for by, _ in group}
    encoders = [(encoder, selectors.measure_coverage(encoder)) for encoder in selectors.list_encoders(project)]
    return _describe_work(project) | {
        "dataset": dataset,
        "map": drawn,
        "maps": list(selectors.list_maps(project).exclude(points_blob="")[:SHOWN_MAPS]),
        "encoders": encoders,
        "usable": selectors.list_usable_models(project),
        "default_title": ENCODER_TITLES[kind],
        "colors": choices,
        "color": color if color in offered else "label",
        "new_items": sum(c.missing for encoder, c in encoders if drawn and encoder.pk == drawn.encoder_id),
        "has_items": dataset.items.filter(excluded_at=None).exists(),
        "selection": chosen,
        "place": ",".join(map(repr, read_place(request.GET.get("at", "")) or ())),
        "views": exploration.list_views(project, "map"),
        "view_page": "map",
        "query": request.GET.urlencode(),
        "here": request.get_full_path(),
        "notice": take_notice(request, project),
        "may_save": is_allowed(project.role, "reviewer"),
        "is_searchable": dataset.item_kind in ("text", "image"),
        "may_edit": is_allowed(project.role, "engineer"),
        "item_url": reverse("datasets:item", args=[project.slug, 0])[:-1],
    }


def _describe_work(project: Project) -> dict[str, Any]:
    job = selectors.find_last_job(project)
    is_working = job is not None and job.state in services.ACTIVE
    return {
        "project": project,
        "section": "map",
        "job": job if is_working else None,
        "failed": job if job is not None and job.state == "failed" else None,
    }


def _choose_encoder(request, project: Project):
    """The encoder a form names: the dataset's usual one, or a version of one of the project's models."""
    number, version = request.POST.get("model_version", ""), None
    if number:
        version = selectors.get_usable_model(project, int(number) if _is_id(number) else 0)
    return services.choose_encoder(dataset=datasets.get_dataset(project), model_version=version)


def _find_selection(project: Project, selection_id: int):
    return datasets.list_selections(project).filter(pk=selection_id).first()


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
