"""Gold items: which answers are right for sure, and how people do on them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from lifecycle.annotations import queue_selectors, selectors
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services import gold_items
from lifecycle.common.errors import DomainError
from lifecycle.projects.selectors import get_project
from webapp.pages.annotations.shared import UNDOABLE_GOLD, build_base, find_undoable_gold, read_ids

PAGE_SIZE = 50


@login_required
@require_GET
def gold_list(request, slug):
    """All gold items with how often they were answered right, and everybody's accuracy."""
    project = get_project(request.user, slug, role="reviewer")
    page = Paginator(queue_selectors.list_gold(project), PAGE_SIZE).get_page(request.GET.get("page"))
    context = build_base(project, "gold") | {
        "page": page,
        "people": queue_selectors.measure_gold_accuracy(project),
        "settings": find_settings(project),
        "undoable_gold": find_undoable_gold(request, project),
    }
    return render(request, "annotations/gold.html", context)


@login_required
@require_POST
def gold_undo(request, slug):
    """Take back what was made gold at once a moment ago."""
    project = get_project(request.user, slug, role="reviewer")
    tasks = find_undoable_gold(request, project)
    request.session.pop(UNDOABLE_GOLD, None)
    count = gold_items.retire_many(project=project, actor=request.user, task_ids=tasks)
    messages.success(request, f"{count:,} items are no gold items any more. Scores they gave stay.")
    return redirect("annotations:gold", slug=slug)


@login_required
@require_POST
def gold_mark(request, slug, task_id):
    """Make one answer of this task the right one, or take the task out of the gold items."""
    project = get_project(request.user, slug, role="reviewer")
    queue_selectors.find_task_row(project, task_id)
    try:
        if request.POST.get("action") == "retire":
            found = queue_selectors.get_gold(project, task_id)
            gold_items.retire(project=project, actor=request.user, gold=found)
            messages.success(request, "It is no gold item any more. Scores it gave stay.")
        else:
            _mark(project, request, task_id)
            messages.success(request, "It is gold now: others find it between their tasks and are scored on it.")
    except DomainError as refused:
        messages.error(request, refused.message)
    return redirect("annotations:task", slug=slug, task_id=task_id)


def _mark(project, request, task_id: int) -> None:
    chosen = read_ids([request.POST.get("annotation", "")])
    if not chosen:
        raise DomainError("Choose the answer that is right.")
    answer = selectors.get_annotation(project, request.user, chosen[0], role=project.role)
    if answer.task_id != task_id:
        raise DomainError("This answer belongs to another task.")
    explanation = request.POST.get("explanation", "")
    gold_items.mark(project=project, actor=request.user, annotation=answer, explanation=explanation)
