"""What people say about tasks, and the inbox of those who were named."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from lifecycle.annotations import comment_selectors, selectors
from lifecycle.annotations.services import comments as services
from lifecycle.common.errors import DomainError
from lifecycle.projects.selectors import get_project
from webapp.pages.annotations.shared import read_ids

PAGE_SIZE = 40


@login_required
@require_POST
def comment_add(request, slug, task_id):
    """Say something about a task that one may see."""
    project = get_project(request.user, slug, role="annotator")
    task = selectors.get_task(project, request.user, task_id, role=project.role)
    try:
        services.add_comment(project=project, user=request.user, task=task, body=request.POST.get("body", ""))
    except DomainError as refused:
        messages.error(request, refused.message)
    return redirect("annotations:task", slug=slug, task_id=task_id)


@login_required
@require_POST
def comment_resolve(request, slug, comment_id):
    """Close a matter, or open it again."""
    project = get_project(request.user, slug, role="annotator")
    comment = comment_selectors.get_comment(project, request.user, comment_id, role=project.role)
    if request.POST.get("action") == "reopen":
        services.reopen_comment(comment=comment)
    else:
        services.resolve(comment=comment, user=request.user)
    return redirect("annotations:task", slug=slug, task_id=comment.task_id)


@login_required
@require_http_methods(["GET", "POST"])
def inbox(request):
    """Everything the caller was told, over all projects."""
    if request.method == "POST":
        chosen = read_ids(request.POST.getlist("notice"))
        services.mark_read(user=request.user, notice_ids=chosen or None)
        return redirect("annotations:inbox")
    unread_only = request.GET.get("show") != "all"
    notices = comment_selectors.list_notices(request.user, unread_only=unread_only)
    context = {
        "page": Paginator(notices, PAGE_SIZE).get_page(request.GET.get("page")),
        "unread_only": unread_only,
        "unread": comment_selectors.count_unread(request.user),
    }
    return render(request, "annotations/inbox.html", context)
