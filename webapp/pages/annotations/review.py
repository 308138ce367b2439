"""The review queue: one answer after the other, judged by keyboard."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from lifecycle.annotations import review_selectors, selectors
from lifecycle.annotations.models import Annotation, QualitySettings
from lifecycle.annotations.review_selectors import SAMPLES, Wanted
from lifecycle.annotations.services import review_undo, reviews
from lifecycle.annotations.services.quality import find_settings
from lifecycle.common.errors import DomainError
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.api.annotations.fields import build_fields
from webapp.pages.annotations.answer_view import build_view, list_others, list_surfaces
from webapp.pages.annotations.shared import build_base

LISTED = 40
PAGE_SIZE = 50
FILTERS = ("person", "label", "sample")


@dataclass(frozen=True)
class Place:
    """Where a reviewer is in the list: the answer shown, the ones beside it."""

    shown: Annotation | None
    before: int | None
    after: int | None


@login_required
@require_GET
def review(request, slug):
    """Answers that wait for a verdict: the list, and the one that is looked at (`?answer=`, else the first)."""
    project = get_project(request.user, slug, role="reviewer")
    context = _build(request, project, request.GET)
    return render(request, "annotations/_review.html" if request.htmx else "annotations/review.html", context)


@login_required
@require_POST
def judge(request, slug, annotation_id):
    """Accept or reject; the next answer of the same list is shown."""
    project = get_project(request.user, slug, role="reviewer")
    review_selectors.get_answer(project, annotation_id)
    given = {"project": project, "reviewer": request.user, "annotation_id": annotation_id}
    reason, error = request.POST.get("reason", ""), ""
    query = {name: request.POST.get(name, "") for name in FILTERS}
    try:
        if request.POST.get("verdict") == "accepted":
            reviews.accept(**given)
        elif request.POST.get("verdict") == "rejected":
            reviews.reject(**given, reason=reason, return_to=request.POST.get("return_to") or None)
        else:
            raise DomainError("Accept, fix or reject the answer.")
    except DomainError as refused:
        error = refused.message
        query["answer"] = str(annotation_id)
    else:
        query["answer"] = request.POST.get("next", "")
    if request.htmx:
        context = _build(request, project, query) | {"error": error}
        return render(request, "annotations/_review.html", context, status=200)
    if error:
        messages.error(request, error)
    pairs = urlencode({name: value for name, value in query.items() if value})
    return redirect(reverse("annotations:review", kwargs={"slug": slug}) + (f"?{pairs}" if pairs else ""))


@login_required
@require_POST
def take_back(request, slug, review_id):
    """Take a verdict back; the answer it was on is shown again."""
    project = get_project(request.user, slug, role="reviewer")
    review_selectors.get_review(project, review_id)
    query, error = {name: request.POST.get(name, "") for name in FILTERS}, ""
    try:
        given = review_undo.withdraw(project=project, user=request.user, review_id=review_id)
    except DomainError as refused:
        error = refused.message
    else:
        query["answer"] = str(given.pk)
    if request.htmx:
        context = _build(request, project, query) | {"error": error}
        return render(request, "annotations/_review.html", context)
    if error:
        messages.error(request, error)
    else:
        messages.success(request, "The verdict is taken back: the answer waits for one again.")
    if request.POST.get("from") == "verdicts":
        return redirect("annotations:verdicts", slug=slug)
    pairs = urlencode({name: value for name, value in query.items() if value})
    return redirect(reverse("annotations:review", kwargs={"slug": slug}) + (f"?{pairs}" if pairs else ""))


@login_required
@require_GET
def verdicts(request, slug):
    """Every verdict so far; annotators see those on their own answers, and what was sent back to them."""
    project = get_project(request.user, slug, role="annotator")
    found = review_selectors.list_reviews(
        project,
        request.user,
        role=project.role,
        person_id=_read_id(request.GET.get("person", "")),
        verdict=request.GET.get("verdict", ""),
    )
    context = build_base(project, "review") | {
        "page": Paginator(found.select_related("annotation__item"), PAGE_SIZE).get_page(request.GET.get("page")),
        "returned": review_selectors.list_returned(project, request.user),
        "sees_all": is_allowed(project.role, "reviewer"),
        "verdict": request.GET.get("verdict", ""),
    }
    return render(request, "annotations/verdicts.html", context)


def _build(request, project, given) -> dict[str, Any]:
    settings = find_settings(project)
    sample = given.get("sample", "") if given.get("sample", "") in SAMPLES else "all"
    person = _read_id(given.get("person", ""))
    wanted = Wanted(person, given.get("label", ""), sample, settings.review_share)
    waiting = review_selectors.list_pending(project, request.user, wanted)
    pending = list(waiting[:LISTED])
    place = _find_place(project, pending, _read_id(given.get("answer", "")))
    schema = selectors.find_schema(project)
    classes = list(schema.classes) if schema else []
    query = {"person": str(person or ""), "label": wanted.value, "sample": "" if sample == "all" else sample}
    context = build_base(project, "review") | {
        "pending": pending,
        "count": review_selectors.count_listed(waiting),
        "count_limit": review_selectors.COUNT_LIMIT,
        "place": place,
        "samples": SAMPLES,
        "share": settings.review_share,
        "return_to": settings.return_to,
        "return_choices": QualitySettings.ReturnTo.choices,
        "wanted": {"person": person, "label": wanted.value, "sample": sample},
        "query": urlencode({name: value for name, value in query.items() if value}),
        "people": selectors.list_people(project),
        "classes": classes,
        "last": review_selectors.find_last_own(project, request.user),
    }
    if place.shown:
        names = selectors.read_given_names(project, schema)
        view = build_view(place.shown, classes, names)
        others = list_others(review_selectors.list_beside(place.shown), place.shown.item, names)
        context |= {
            "answer": place.shown,
            "view": view,
            "surfaces": _list_surfaces(project, schema, place.shown),
            "masks": [asdict(mask) for mask in view.masks],
            "others": others,
            "drawn_others": [other.to_json() for other in others if other.is_drawn],
            "history": list(
                review_selectors.list_reviews(project, request.user, role=project.role, task_id=place.shown.task_id)[
                    :10
                ]
            ),
        }
    return context


def _list_surfaces(project, schema, answer: Annotation) -> dict[str, Any]:
    if schema is None:
        return {}
    interface = selectors.read_interface(project, schema)
    return list_surfaces(answer, interface, build_fields(project, interface, answer.task))


def _find_place(project, pending: list[Annotation], wanted: int | None) -> Place:
    ids = [one.pk for one in pending]
    if wanted is not None and wanted not in ids:  # judged meanwhile, or opened by a link: the one after it comes next
        later = [pk for pk in ids if pk > wanted]
        wanted = later[0] if later else None
    at = ids.index(wanted) if wanted in ids else 0
    if not ids:
        return Place(None, None, None)
    return Place(
        review_selectors.get_answer(project, ids[at]),
        ids[at - 1] if at else None,
        ids[at + 1] if at + 1 < len(ids) else None,
    )


def _read_id(given: str) -> int | None:
    return int(given) if given.isdecimal() and len(given) <= 18 else None
