"""The queue's settings, and its budget: how long labels take, when they are done, what they cost."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lifecycle.annotations import budget_selectors, selectors, services
from lifecycle.annotations.models import QueueSettings
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services.ordering import request_ranking
from lifecycle.annotations.services.queue_settings import MAX_GOLD_SHARE
from lifecycle.annotations.services.stranded import settle_stranded
from lifecycle.common.errors import DomainError
from lifecycle.projects.selectors import get_project, list_members
from webapp.pages.annotations.shared import build_base, read_number

ORDERS = [
    ("time", "As they came in", "The random share is marked, and not moved ahead."),
    ("random", "At random", "Any beginning of the work stands for the whole."),
    ("uncertainty", "What the model is least sure of", "Needs suggestions with scores; the others come last."),
    ("diversity", "What is least like the rest", "Needs vectors, which drawing a map makes."),
    ("cluster", "Alike items one after the other", "Faster for people; needs vectors, which drawing a map makes."),
]
FLAGS = ("is_only_assigned", "needs_skip_reason", "has_gold_feedback")
REASONS = ("skip_reasons", "final_skip_reasons")
# shares that the form takes in percent, and what it says where one makes no sense: the service speaks of shares
PERCENTS = {"random_share": "a number from 0 to 100", "gold_share": f"a number from 0 to {100 * MAX_GOLD_SHARE:g}"}


@login_required
@require_http_methods(["GET", "POST"])
def queue(request, slug):
    """Every setting of the queue in one form; what makes no sense is said beside its field."""
    project = get_project(request.user, slug, role="engineer" if request.method == "POST" else "viewer")
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            services.change_settings(project=project, actor=request.user, **_read(request.POST))
        except DomainError as refused:
            errors = dict(refused.fields or {"overlap": refused.message})
            errors |= {name: said for name, said in PERCENTS.items() if name in errors}
        else:
            budget_selectors.forget_budget(project)
            messages.success(request, "Saved. It counts from the next item on.")
            return redirect("annotations:queue", slug=slug)
    context = build_base(project, "queue") | _describe(project, request.POST if errors else None, errors)
    return render(request, "annotations/queue.html", context, status=400 if errors else 200)


@login_required
@require_POST
def queue_rank(request, slug):
    """Have the order worked out once more, from the suggestions, vectors and items of now."""
    project = get_project(request.user, slug, role="engineer")
    request_ranking(project=project, actor=request.user)
    messages.success(request, "The order is being worked out. Nobody has to wait for it.")
    return redirect("annotations:queue", slug=slug)


@login_required
@require_POST
def queue_settle(request, slug):
    """End what nobody is left for with the answers there are."""
    project = get_project(request.user, slug, role="reviewer")
    settled = settle_stranded(project=project, actor=request.user)
    budget_selectors.forget_budget(project)
    rest = " There are more: end them with another click." if settled.has_more else ""
    words = f"{settled.done:,} ended with the answers they have, {settled.skipped:,} left the queue as skipped.{rest}"
    messages.success(request, words)
    return redirect("annotations:budget", slug=slug)


@login_required
@require_GET
def budget(request, slug):
    """What labelling takes; what it costs is for engineers."""
    project = get_project(request.user, slug)
    found = budget_selectors.measure_budget(project)
    context = build_base(project, "budget") | {"budget": found, "stranded": found.stranded}
    return render(request, "annotations/budget.html", context)


def _read(form) -> dict:
    """The settings a form sent. A form without a group of them leaves that group as it is."""
    changes: dict = {name: _whole(form[name]) for name in ("overlap", "lease_seconds") if name in form}
    changes |= {name: form[name] for name in ("order", "currency") if name in form}
    for name in PERCENTS:
        if name in form:
            number = read_number(form[name])
            changes[name] = number / 100 if isinstance(number, float) else number
    changes |= {name: form[name].splitlines() for name in REASONS if name in form}
    if "skips_to_leave" in form:
        changes["skips_to_leave"] = _whole(form["skips_to_leave"]) if form["skips_to_leave"].strip() else None
    if "is_whole" in form:  # the page's own form: a box that is not ticked sends nothing
        changes |= {name: name in form for name in FLAGS}
    if "hourly_rate" in form:
        changes["hourly_rate"] = form["hourly_rate"]
        changes["rates"] = {
            name.removeprefix("rate-"): form[name] for name in form if name.startswith("rate-") and form[name].strip()
        }
    return changes


def _whole(text: str) -> int | str:
    return int(text) if text.strip().isdecimal() and len(text) <= 9 else text


def _describe(project, sent, errors: dict[str, str]) -> dict:
    settings = find_settings(project)
    shown = {field.name: getattr(settings, field.name) for field in QueueSettings._meta.concrete_fields}
    shown |= {name: f"{100 * getattr(settings, name):g}" for name in PERCENTS}
    shown |= {name: "\n".join(getattr(settings, name)) for name in REASONS}
    if sent is not None:
        shown |= {name: sent[name] for name in shown if name in sent}
        shown |= {name: name in sent for name in FLAGS}
    members = [
        (member.user, sent.get(f"rate-{member.user_id}", "") if sent else settings.rates.get(str(member.user_id), ""))
        for member in list_members(project)
    ]
    return {
        "shown": shown,
        "errors": errors,
        "orders": ORDERS,
        "members": members,
        "settings": settings,
        "stranded": budget_selectors.measure_budget(project).stranded,
        "progress": selectors.count_progress(project),
        "in_hands": selectors.count_live_leases(project),
    }
