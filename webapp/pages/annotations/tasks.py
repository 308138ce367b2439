"""Tasks as a list with filters in the URL, one task with what was said about it, and what was skipped."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lifecycle.annotations import comment_selectors, queue_selectors, selectors, services
from lifecycle.annotations.models import GoldItem, Task
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services import assignment, gold_items, skips
from lifecycle.annotations.services.ordering import put_first
from lifecycle.common.errors import DomainError
from lifecycle.datasets.selectors import list_selections
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project, list_members
from webapp.pages.annotations.shared import UNDOABLE_GOLD, build_base, find_undoable_gold, read_ids

SHOWN_SELECTIONS = 50


@login_required
@require_GET
def task_list(request, slug):
    """All tasks, with counts; the filters are in the URL."""
    project = get_project(request.user, slug, role="reviewer")
    filters = queue_selectors.TaskFilters.from_query(request.GET)
    page = queue_selectors.list_task_page(project, filters, at=request.GET.get("at", ""))
    progress = selectors.count_progress(project)
    is_plain = not filters.is_narrowed
    count, is_exact = (progress.total, True) if is_plain else queue_selectors.count_tasks(project, filters)
    context = build_base(project, "tasks") | {
        "filters": filters,
        "query": filters.to_query(),
        "page": page,
        "count": count,
        "is_exact": is_exact,
        "progress": progress,
        "states": [(state, title, getattr(progress, state)) for state, title in Task.State.choices],
        "reasons": queue_selectors.count_skip_reasons(project),
        "people": [member.user for member in list_members(project) if is_allowed(member.role, "annotator")],
        "selections": list(list_selections(project)[:SHOWN_SELECTIONS]),
        "undoable_gold": find_undoable_gold(request, project),
        "max_gold": gold_items.MAX_AT_ONCE,
        "max_matching": queue_selectors.MAX_MATCHING,
    }
    return render(request, "annotations/tasks.html", context)


@login_required
@require_POST
def task_change(request, slug):
    """Assign tasks, ask for another answer, or put them first: those that were ticked, or all that match."""
    project = get_project(request.user, slug, role="reviewer")
    filters = queue_selectors.TaskFilters.from_query(QueryDict(request.POST.get("query", "")).dict())
    is_all = request.POST.get("scope") == "all"
    most = gold_items.MAX_AT_ONCE if request.POST.get("action") == "gold" else queue_selectors.MAX_MATCHING
    ids = (
        queue_selectors.list_matching_ids(project, filters)[:most] if is_all else read_ids(request.POST.getlist("task"))
    )
    try:
        messages.success(request, _change(project, request, ids))
    except DomainError as refused:
        messages.error(request, refused.message)
    query = filters.to_query()
    return redirect(reverse("annotations:tasks", args=[slug]) + (f"?{query}" if query else ""))


def _change(project, request, ids: list[int]) -> str:
    if not ids:
        raise DomainError("Tick at least one task first.")
    action = request.POST.get("action")
    if action == "assign":
        people = read_ids(request.POST.getlist("person"))
        made = assignment.assign(project=project, actor=request.user, task_ids=ids, user_ids=people)
        return f"{made:,} assignments made. Tasks that are done, or that a person answered already, were left out."
    if action == "again":
        count = services.reopen(project=project, actor=request.user, task_ids=ids)
        return f"{count:,} tasks go out again, before all others."
    if action == "first":
        return f"{put_first(project=project, task_ids=ids):,} open tasks go out before all others."
    if action == "gold":
        first = ids[: gold_items.MAX_AT_ONCE]
        golden, left_out = gold_items.mark_many(project=project, actor=request.user, task_ids=first)
        request.session[UNDOABLE_GOLD] = {"project": project.pk, "tasks": golden}
        rest = f" {left_out:,} were left out: no label with an answer behind it, or gold already." if left_out else ""
        return f"{len(golden):,} items are gold now.{rest}"
    raise DomainError("Choose what shall happen to the tasks.")


@login_required
@require_GET
def task_detail(request, slug, task_id):
    """One task: what it is, what was said about it; for reviewers also who answered what."""
    project = get_project(request.user, slug, role="annotator")
    selectors.get_task(project, request.user, task_id, role=project.role)
    task = queue_selectors.find_task_row(project, task_id)
    can_review = is_allowed(project.role, "reviewer")
    answers = selectors.list_annotations(
        project, request.user, role=project.role, task_id=task_id, current_only=True
    ).exclude(kind="withdrawn")
    context = build_base(project, "tasks" if can_review else "overview") | {
        "task": task,
        "answers": list(answers[:50]),
        "comments": list(comment_selectors.list_comments(project, request.user, task_id, role=project.role)),
        "mentionable": comment_selectors.list_mentionable(project, request.user, task, role=project.role),
        "gold": GoldItem.objects.filter(task=task, is_active=True).first() if can_review else None,
    }
    return render(request, "annotations/task.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def skipped(request, slug):
    """What people could not label, by the reason they gave; sent back to the queue by reason."""
    project = get_project(request.user, slug, role="reviewer")
    if request.method == "POST":
        reasons = request.POST.getlist("reason")
        count, has_more = skips.reopen_skipped(project=project, actor=request.user, reasons=reasons)
        rest = " There are more: send them back with another click." if has_more else ""
        messages.success(request, f"{count:,} tasks are back in the queue.{rest}")
        return redirect("annotations:skipped", slug=slug)
    context = build_base(project, "skipped") | {
        "reasons": queue_selectors.count_skip_reasons(project),
        "settings": find_settings(project),
        "progress": selectors.count_progress(project),
    }
    return render(request, "annotations/skipped.html", context)
