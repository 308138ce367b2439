"""The people who label: all of them for reviewers, one's own page for everybody."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.views.decorators.http import require_GET

from lifecycle.annotations import people_selectors, review_selectors
from lifecycle.common.errors import NotFound
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.charts.agreement import build_pace, build_weeks
from webapp.pages.annotations.shared import build_base


@login_required
@require_GET
def people(request, slug):
    """Everybody who labeled, those whose answers need a look first."""
    project = get_project(request.user, slug, role="reviewer")
    found = people_selectors.list_people(project)
    context = build_base(project, "people") | {"people": found, "suspects": [one for one in found if one.is_suspect]}
    return render(request, "annotations/people.html", context)


@login_required
@require_GET
def person(request, slug, user_id):
    """One person's work: speed, gold items, agreement, verdicts, and how these change."""
    project = get_project(request.user, slug, role="annotator")
    sees_all = is_allowed(project.role, "reviewer")
    if not sees_all and user_id != request.user.pk:
        raise NotFound("This page is for reviewers, and for the person it is about.")
    shown = people_selectors.get_person(project, user_id)
    hours = people_selectors.list_pace_by_hour(project, user_id)
    weeks = people_selectors.list_pace_by_week(project, user_id)
    context = build_base(project, "people" if sees_all else "me") | {
        "person": shown,
        "is_me": user_id == request.user.pk,
        "sees_all": sees_all,
        "hours_figure": build_pace(
            [one.bucket for one in hours], [one.answers for one in hours], [one.seconds for one in hours], "linear"
        ),
        "weeks_figure": build_pace(
            [one.bucket.isoformat() for one in weeks],
            [one.answers for one in weeks],
            [one.seconds for one in weeks],
            "category",
        ),
        "drift_figure": _draw_drift(project, shown),
        "mixed_up": people_selectors.count_disagreements(project, user_id) if sees_all else [],
        "partners": people_selectors.list_partners(project, user_id) if sees_all else [],
        "wrong_gold": people_selectors.list_wrong_gold(project, user_id) if sees_all else [],
        "reviews": review_selectors.list_reviews(project, request.user, role=project.role, person_id=user_id)[:10],
        "returned": review_selectors.list_returned(project, request.user) if user_id == request.user.pk else [],
    }
    return render(request, "annotations/annotator.html", context)


def _draw_drift(project, shown):
    """Agreement and gold accuracy by week; None before there is any."""
    rows = [
        {
            "monday": week["monday"].isoformat(),
            "agreed": week["agreed"],
            "items": week["pairs"],
            "gold": week["gold_right"] / week["gold_total"] if week["gold_total"] else None,
        }
        for week in people_selectors.list_weeks(project, shown)
    ]
    return build_weeks(rows, {"agreed": "agreement with others", "gold": "gold items right"}) if rows else None
