"""Pages of jobs: one per job that lives, one per project, and one for the whole site with workers and queues."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from lifecycle.common.errors import DomainError, NotFound
from lifecycle.jobs import selectors, services
from lifecycle.jobs.models import Job
from lifecycle.projects.selectors import get_project
from webapp.pages.jobs.links import find_subject_url

FILTERS = ("state", "kind", "queue", "search")


@login_required
@require_GET
def list_all(request):
    if not request.user.is_superuser:
        raise NotFound("There is no such page.")
    return _render_list(request, project=None)


@login_required
@require_GET
def list_project(request, slug):
    return _render_list(request, project=get_project(request.user, slug))


def _render_list(request, *, project):
    filters = {name: request.GET.get(name, "").strip() for name in FILTERS}
    page = Paginator(selectors.list_jobs(project, **filters), 50).get_page(request.GET.get("page"))
    context = {
        "project": project,
        "section": "jobs",
        "page": page,
        "filters": filters,
        "states": Job.State.choices,
        "queues": selectors.summarize_queues(),
        "workers": selectors.list_workers(),
    }
    template = "jobs/_list.html" if request.htmx and not request.htmx.boosted else "jobs/list.html"
    return render(request, template, context)


@login_required
@require_GET
def detail(request, slug, job_id):
    return render(request, "jobs/detail.html", _load(request, slug, job_id))


@login_required
@require_GET
def live(request, slug, job_id):
    """The part of the job page that refreshes itself until the job has ended; then with what can be done about that."""
    return render(request, "jobs/_live.html", _load(request, slug, job_id) | {"is_swapped": True})


def _load(request, slug, job_id) -> dict:
    project = get_project(request.user, slug)
    job = selectors.get_job(project, job_id)
    lines = selectors.list_log(job)
    return {
        "project": project,
        "section": "jobs",
        "job": job,
        "attempts": list(job.attempts.all()),
        "lines": lines,
        "last_line": lines[-1].pk if lines else 0,
        "waiting_reason": selectors.explain_waiting(job),
        "remaining_seconds": selectors.estimate_remaining_seconds(job),
        "is_active": job.state in selectors.ACTIVE,
        "subject_url": find_subject_url(project, job),
    }


@login_required
@require_GET
def log(request, slug, job_id):
    """Log lines after ``?after=<id>`` as JSON, for the live log."""
    project = get_project(request.user, slug)
    job = selectors.get_job(project, job_id)
    after = request.GET.get("after", "0")
    lines = selectors.list_log(job, after=int(after) if after.isdecimal() else 0)
    rows = [{"id": line.pk, "at": line.at.isoformat(), "level": line.level, "text": line.text} for line in lines]
    return JsonResponse({"lines": rows, "is_active": job.state in selectors.ACTIVE})


@login_required
@require_POST
def cancel(request, slug, job_id):
    return _act(request, slug, job_id, services.cancel, "The job stops within a few seconds.")


@login_required
@require_POST
def retry(request, slug, job_id):
    return _act(request, slug, job_id, services.retry, "The job is queued again.")


def _act(request, slug, job_id, verb, sentence: str):
    project = get_project(request.user, slug, role="engineer")
    job = selectors.get_job(project, job_id)
    try:
        verb(job=job)
        messages.success(request, sentence)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("jobs:detail", slug=slug, job_id=job_id)
