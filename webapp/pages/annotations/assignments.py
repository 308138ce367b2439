"""Who shall answer what: the load of each person, and rules that share tasks out."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from lifecycle.annotations import queue_selectors, selectors
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services import assignment
from lifecycle.common.errors import DomainError
from lifecycle.datasets.filters import ItemFilters
from lifecycle.datasets.selectors import list_collections, list_selections
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project, list_members
from webapp.pages.annotations.shared import build_base, read_ids, read_number

SHOWN = 100


@login_required
@require_http_methods(["GET", "POST"])
def assignments(request, slug):
    """The rules and what each person has before them; a new rule is applied at once, by a job."""
    project = get_project(request.user, slug, role="reviewer")
    error = ""
    if request.method == "POST":
        try:
            rule = assignment.create_rule(project=project, actor=request.user, **_read_rule(request.POST))
        except DomainError as refused:
            error = refused.message
        else:
            messages.success(request, f"“{rule.title}” is being applied. Load this page again to see what it did.")
            return redirect("annotations:assignments", slug=slug)
    schema = selectors.find_schema(project)
    sent = request.POST if error else {}
    context = build_base(project, "assignments") | {
        "error": error,
        "sent": sent,
        "rules": list(queue_selectors.list_rules(project)),
        "workloads": queue_selectors.list_workloads(project),
        "people": [
            (member.user, sent.get(f"share-{member.user_id}", ""))
            for member in list_members(project)
            if is_allowed(member.role, "annotator")
        ],
        "collections": list(list_collections(project)[:SHOWN]),
        "selections": list(list_selections(project)[:SHOWN]),
        "classes": schema.classes if schema else [],
        "settings": find_settings(project),
    }
    return render(request, "annotations/assignments.html", context, status=400 if error else 200)


def _read_rule(form) -> dict:
    names = ("collection", "selection", "language", "label", "split", "q")
    filters = ItemFilters.from_query({name: form.get(name, "").strip() for name in names})
    shares = {
        name.removeprefix("share-"): read_number(form[name])
        for name in form
        if name.startswith("share-") and form[name].strip()
    }
    per_task = form.get("people_per_task", "1")
    return {
        "title": form.get("title", ""),
        "query": filters.to_query(),
        "guess": form.get("guess", ""),
        "shares": shares,
        "people_per_task": int(per_task) if per_task.isdecimal() and len(per_task) < 4 else 0,
        "is_active": "is_active" in form,
    }


@login_required
@require_POST
def rule_change(request, slug, rule_id):
    """Apply a rule again, have it take later items or not, or forget it."""
    project = get_project(request.user, slug, role="reviewer")
    rule = queue_selectors.get_rule(project, rule_id)
    action = request.POST.get("action")
    if action == "apply":
        assignment.apply_rule(rule=rule, actor=request.user)
        messages.success(request, f"“{rule.title}” is being applied.")
    elif action == "delete":
        assignment.delete_rule(rule=rule, actor=request.user)
        messages.success(request, "The rule is gone; what it assigned stays assigned.")
    elif action in ("follow", "rest"):
        assignment.set_rule_active(rule=rule, actor=request.user, is_active=action == "follow")
        messages.success(request, "Saved.")
    else:
        messages.error(request, "Choose what shall happen to the rule.")
    return redirect("annotations:assignments", slug=slug)


@login_required
@require_POST
def assignment_take_back(request, slug):
    """Take back what a person has not answered yet."""
    project = get_project(request.user, slug, role="reviewer")
    removed = 0
    for user_id in read_ids(request.POST.getlist("person")):
        removed += assignment.unassign(project=project, actor=request.user, user_id=user_id)
    messages.success(request, f"{removed:,} tasks are open to others again.")
    return redirect("annotations:assignments", slug=slug)
