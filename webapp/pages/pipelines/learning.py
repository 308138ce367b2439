"""Pages of active learning: its curve beside the random arm's, its rounds, start, stop and settings."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from lifecycle.annotations.models import QueueSettings
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services.ordering import FROM_VECTORS
from lifecycle.annotations.services.queue_settings import change_settings as change_queue
from lifecycle.common.errors import DomainError
from lifecycle.contracts.problems import get_problem_type
from lifecycle.contracts.recipes import list_recipes
from lifecycle.experiments.selectors import get_key_metric
from lifecycle.pipelines import assistance, learning, learning_selectors, selectors
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.charts.assistance import draw_curves

ROUNDS = 50
DRAWN = 500
MAX_DIGITS = 9


@login_required
@require_safe
def overview(request, slug):
    return render(request, "pipelines/learning.html", _describe(request, get_project(request.user, slug)))


@login_required
@require_POST
def change(request, slug):
    """Save the settings; `start`, `stop` and `round` are buttons of the same form. A round goes by what was typed."""
    project = get_project(request.user, slug, role="engineer")
    try:
        said = _act(request, project)
    except DomainError as refused:
        context = _describe(request, project) | {"error": refused.message, "sent": request.POST}
        return render(request, "pipelines/learning.html", context, status=400)
    messages.success(request, said)
    return redirect("pipelines:learning", slug)


def _act(request, project) -> str:
    if "stop" in request.POST:
        learning.stop(project=project, user=request.user)
        return "Stopped. A round that is on its way ends as it would."
    every = request.POST.get("every_labels", "")
    if not every.isdecimal() or len(every) > MAX_DIGITS:
        raise DomainError("Say after how many labels a round begins.")
    loop = learning.change_settings(
        project=project,
        user=request.user,
        every_labels=int(every),
        recipe=request.POST.get("recipe", ""),
        compares="compares" in request.POST,
    )
    if "orders" in request.POST:
        change_queue(project=project, actor=request.user, order=QueueSettings.Order.UNCERTAINTY)
    if "round" in request.POST:
        turn = learning.start_round(loop=loop, user=request.user)
        return f"Saved. Round {turn.number} is on its way."
    if "start" in request.POST:
        learning.start(project=project, user=request.user)
        return "Started. Rounds begin by themselves from now on."
    return "Saved."


def _describe(request, project) -> dict:
    loop, rounds = learning_selectors.find_loop(project), learning_selectors.list_rounds(project)
    metric = get_key_metric(project)
    drawn = list(rounds[:DRAWN])
    queue = find_settings(project)
    new = learning_selectors.count_new_labels(project, rounds)
    is_plain = get_problem_type(project.problem_type).label_kind in assistance.SUGGESTED_KINDS
    return {
        "project": project,
        "section": "label",
        "loop": loop,
        "page": Paginator(rounds, ROUNDS).get_page(request.GET.get("page")),
        "metric": metric,
        "chart": draw_curves(drawn, metric.title, reverse("pipelines:detail", args=[project.slug, 0]))
        if any(turn.value is not None for turn in drawn)
        else None,
        "running": selectors.find_running(project),
        "new_labels": new,
        "queue": queue,
        "random_percent": round(100 * queue.random_share),
        "is_by_uncertainty": queue.order == QueueSettings.Order.UNCERTAINTY,
        "is_by_vectors": queue.order in FROM_VECTORS,
        "recipes": [recipe for recipe in list_recipes(project.problem_type) if not recipe.is_baseline],
        "is_plain": is_plain,
        "can_edit": is_allowed(project.role, "engineer"),
    }
