"""Grid mode: a page of items at once, labeled in bulk with the class keys."""

from __future__ import annotations

import json

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST

from lifecycle.annotations import grid_rules, grid_selectors, selectors
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services.queue import MAX_LEASES_AT_ONCE
from lifecycle.annotations.services.quiz_gate import is_wanted as is_quiz_wanted
from lifecycle.common.errors import DomainError
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.embeddings.selectors import find_encoder
from lifecycle.embeddings.selectors.vectors import read_vectors
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.files import respond_picture
from webapp.pages.annotations.guide import render_guide

THUMBNAIL = 320
SIZES = (12, 24, MAX_LEASES_AT_ONCE)


@login_required
@require_GET
@ensure_csrf_cookie  # the page's scripts send the token in a header
def grid(request, slug):
    """Only where an item has one class, or several out of one list: else one item is labeled at a time."""
    project = get_project(request.user, slug, role="annotator")
    if is_quiz_wanted(project, request.user, role=project.role):
        return redirect("annotations:quiz", slug=slug)
    schema, guide = selectors.find_schema(project), selectors.find_guide(project)
    problem, queue = get_problem_type(project.problem_type), find_settings(project)
    sets = grid_selectors.find_sets(project, schema)
    if problem.label_kind != LabelKind.CLASS and sets is None:
        messages.info(
            request, "Grid mode is for items with classes out of one list. Here more is asked: label one by one."
        )
        return redirect("annotations:overview", slug=slug)
    keyed = selectors.list_classes_with_keys(schema) if schema else []
    context = {
        "project": project,
        "section": "label",
        "can_answer": selectors.can_answer(project, schema),
        "can_edit": is_allowed(project.role, "engineer"),
        "can_review": is_allowed(project.role, "reviewer"),
        "guide_html": render_guide(guide.body, slug) if guide else "",
        "progress": selectors.count_progress(project),
        "has_vectors": find_encoder(project) is not None,
        "sizes": SIZES,
        "no_class_words": "No classes" if sets and sets.controls[0].required else "None of them",
        "setup": {
            "user": request.user.pk,
            "project": project.pk,
            "title": project.name,
            "api": reverse("api-annotations:queue", kwargs={"slug": slug}).removesuffix("queue/"),
            "order": reverse("annotations:grid-order", kwargs={"slug": slug}),
            "thumbnail": reverse("annotations:grid-picture", kwargs={"slug": slug, "task_id": 0}),
            "label_kind": problem.label_kind,
            "item_kind": problem.item_kind,
            "interface": sets.to_json() if sets else None,
            "classes": [{"name": name, "key": key} for name, key in keyed],
            "most": MAX_LEASES_AT_ONCE,
            "guide_version": guide.version if guide else None,
            "schema_version": schema.version if schema else None,
            "skip": {"reasons": queue.skip_reasons, "needs_reason": queue.needs_skip_reason},
        },
    }
    return render(request, "annotations/grid.html", context)


@login_required
@require_POST
def grid_order(request, slug):
    """{"tasks": [ids that the caller holds]} as a path from neighbor to neighbor: {"order": [ids]}."""
    project = get_project(request.user, slug, role="annotator")
    asked = _read_ids(request)
    items = grid_selectors.list_lent_items(project, request.user, asked)
    encoder = find_encoder(project)
    found = read_vectors(encoder, items.values()) if encoder else {}
    vectors = {task_id: found[item_id] for task_id, item_id in items.items() if item_id in found}
    return JsonResponse({"order": grid_rules.order_by_likeness(list(items), vectors)})


def _read_ids(request) -> list[int]:
    try:
        given = json.loads(request.body)["tasks"]
        ids = [int(one) for one in given]
    except (ValueError, TypeError, KeyError):
        raise DomainError("Send {“tasks”: [ids of tasks]}.") from None
    if len(ids) > 4 * MAX_LEASES_AT_ONCE or any(not 0 < one < 1 << 62 for one in ids):
        raise DomainError(f"Send at most {4 * MAX_LEASES_AT_ONCE} tasks.")
    return ids


@login_required
@require_GET
def grid_picture(request, slug, task_id):
    """A small picture of a task that was lent to the caller."""
    project = get_project(request.user, slug, role="annotator")
    task = selectors.get_task(project, request.user, task_id, role=project.role)
    return respond_picture(request, task.item, THUMBNAIL)
