"""Pages of labelling: the tool itself, how far it is, the guide, the queue's settings."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_http_methods

from lifecycle.annotations import review_selectors, selectors, services
from lifecycle.annotations.label_studio import pick_fields
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services.quiz_gate import is_wanted as is_quiz_wanted
from lifecycle.annotations.suggestion_selectors import find_interactive, is_asked_when_opened
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.files import respond_original, respond_sound
from webapp.media import respond_inline
from webapp.pages.annotations.forms import GuideForm
from webapp.pages.annotations.guide import render_guide
from webapp.pages.annotations.shared import build_base

RECENT = 24


@login_required
@require_GET
@ensure_csrf_cookie  # the page's scripts send the token in a header
def label(request, slug):
    """The labelling tool. `?task=` opens one task, for somebody who may see it."""
    project = get_project(request.user, slug, role="annotator")
    if is_quiz_wanted(project, request.user, role=project.role):
        return redirect("annotations:quiz", slug=slug)
    schema, guide = selectors.find_schema(project), selectors.find_guide(project)
    problem, queue = get_problem_type(project.problem_type), find_settings(project)
    context = build_base(project, "label") | {
        "can_answer": selectors.can_answer(project, schema),
        "progress": selectors.count_progress(project),
        "guide_html": render_guide(guide.body, slug) if guide else "",
        "is_number": problem.label_kind == LabelKind.NUMBER,
        "setup": build_setup(request.user, project, schema, guide, queue)
        | {
            "first_task": _read_id(request.GET.get("task", "")),
            "fix": _describe_fix(request, project),
            "smart": _describe_smart(project),
            "asks_opened": is_asked_when_opened(project),
        },
    }
    return render(request, "annotations/label.html", context)


def build_setup(user, project, schema, guide, queue) -> dict:
    """What the scripts of the labelling tool start from; the schema and the guide may be None."""
    problem = get_problem_type(project.problem_type)
    return {
        "user": user.pk,
        "project": project.pk,
        "title": project.name,
        "api": reverse("api-annotations:queue", kwargs={"slug": project.slug}).removesuffix("queue/"),
        "label_kind": problem.label_kind,
        "item_kind": problem.item_kind,
        "classes": [{"name": n, "key": k} for n, k in selectors.list_classes_with_keys(schema)] if schema else [],
        "interface": selectors.read_interface(project, schema).to_json() if schema else None,
        "guide_version": guide.version if guide else None,
        "schema_version": schema.version if schema else None,
        "answers_wanted": queue.overlap,
        "skip": {"reasons": queue.skip_reasons, "needs_reason": queue.needs_skip_reason},
    }


def _describe_smart(project) -> dict | None:
    """The backend that smart tools ask."""
    source = find_interactive(project)
    return {"title": source.title} if source else None


def _describe_fix(request, project) -> dict | None:
    """The answer that a reviewer came here to better, and where they go on afterwards."""
    wanted = _read_id(request.GET.get("fix", ""))
    if wanted is None or not is_allowed(project.role, "reviewer"):
        return None
    answer = review_selectors.get_answer(project, wanted)
    back = reverse("annotations:review", kwargs={"slug": project.slug})
    return {"annotation": answer.pk, "task": answer.task_id, "result": answer.result, "back": back}


@login_required
@require_GET
def task_image(request, slug, task_id):
    """The picture of a task that was lent to the caller. Its bytes never change, so the browser may keep it."""
    project = get_project(request.user, slug, role="annotator")
    task = selectors.get_task(project, request.user, task_id, role=project.role)
    return respond_original(request, task.item)


@login_required
@require_GET
def task_sound(request, slug, task_id):
    """The sound of a task that was lent to the caller."""
    project = get_project(request.user, slug, role="annotator")
    return respond_sound(request, selectors.get_task(project, request.user, task_id, role=project.role).item)


@login_required
@require_GET
def task_media(request, slug, task_id, object_name):
    """The sound or picture that a task's data bring along for one object of the interface."""
    project = get_project(request.user, slug, role="annotator")
    task = selectors.get_task(project, request.user, task_id, role=project.role)
    interface = selectors.get_interface(project)
    one = interface.objects_by_name.get(object_name)
    if one is None:
        raise NotFound("The labelling configuration shows nothing of this name.")
    extra = (task.external or {}).get("data")
    fields = pick_fields(interface, text=task.item.text, row=task.item.row, extra=extra)
    return respond_inline(request, fields.get(one.field))


@login_required
@require_GET
def overview(request, slug):
    """How far labelling is, who did how much (for reviewers), and the newest answers one may see."""
    project = get_project(request.user, slug, role="member")
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    sees_all = is_allowed(project.role, "reviewer")
    recent = selectors.list_annotations(project, request.user, role=project.role, current_only=True)
    schema = selectors.find_schema(project)
    context = build_base(project, "overview") | {
        "progress": selectors.count_progress(project),
        "in_hands": selectors.count_live_leases(project),
        "queue": find_settings(project),
        "schema": schema,
        "can_answer": selectors.can_answer(project, schema),
        "people": selectors.list_people(project) if sees_all else [],
        "sees_all": sees_all,
        "sees_items": is_allowed(project.role, "viewer"),
        "today": selectors.count_answers_since(project, request.user, midnight),
        "seconds_per_label": selectors.measure_seconds_per_label(project, request.user),
        "recent": list(recent.exclude(kind="withdrawn").order_by("-pk")[:RECENT]),
    }
    return render(request, "annotations/overview.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def guide(request, slug):
    """Write the guide; `preview` shows what it will look like without saving it."""
    project = get_project(request.user, slug, role="reviewer" if request.method == "POST" else "member")
    current = selectors.find_guide(project)
    body, error = current.body if current else "", ""
    is_preview = False
    if request.method == "POST":
        form = GuideForm(request.POST)
        body = request.POST.get("body", "")
        is_preview = "preview" in request.POST
        if not form.is_valid():
            error = "The form could not be read. Load the page again and paste your text into it."
        elif not is_preview:
            try:
                saved = services.write_guide(project=project, actor=request.user, **form.cleaned_data)
            except DomainError as refused:
                error = refused.message
            else:
                said = f"Saved as version {saved.version}. Annotators see it from their next item on."
                is_new = saved.version != (current.version if current else 0)
                messages.success(request, said if is_new else "Nothing was changed, so there is no new version.")
                return redirect("annotations:guide", slug=slug)
    context = build_base(project, "guide") | {
        "guide": current,
        "body": body,
        "html": render_guide(body, slug),
        "is_preview": is_preview,
        "versions": list(selectors.list_guides(project)[:10]),
        "error": error,
    }
    template = "annotations/_guide_preview.html" if is_preview and request.htmx else "annotations/guide.html"
    return render(request, template, context, status=400 if error else 200)


def _read_id(given: str) -> int | None:
    return int(given) if given.isdecimal() and len(given) <= 18 else None
