"""What a person does to a source: start, run, correct, edit its contract, schedule, pause, delete."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.contracts.wording import count_words
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from lifecycle.sources import exports, selectors, services
from lifecycle.sources.models import SourceRun
from webapp.files import take_posted
from webapp.pages.sources import forms
from webapp.pages.sources.sources import describe_contract, describe_setup, describe_source, has_parts

CONTENT_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}


@login_required
@require_POST
def look(request, slug, source_id):
    """Have the source looked at (again)."""
    return _do(request, slug, source_id, lambda source: services.preview_source(source=source, user=request.user))


@login_required
@require_http_methods(["GET", "POST"])
def start(request, slug, source_id):
    """The setup is done: keep the contract, and read the source for the first time. A refused form keeps its words."""
    project = get_project(request.user, slug, role="engineer")
    source = selectors.get_source(project, source_id)
    if request.method == "GET":  # the address of a refused form, opened anew
        return redirect("sources:source", slug=slug, source_id=source_id)
    try:
        contract, mapping = forms.read_contract(request.POST)
        kept = mapping if source.preview.get("columns") else None
        said = contract if contract["columns"] else None  # nothing to see yet: the first run writes one
        activated = services.activate_source(source=source, user=request.user, mapping=kept, contract=said)
        services.run_source(source=activated, user=request.user)
    except DomainError as error:
        messages.error(request, error.message)
        if selectors.get_source(project, source_id).state == source.State.DRAFT:
            return render(request, "sources/setup.html", describe_setup(project, source, request.POST), status=400)
    return redirect("sources:source", slug=slug, source_id=source_id)


@login_required
@require_POST
def run(request, slug, source_id):
    """Read what is new, or everything again."""
    is_full = request.POST.get("full") == "yes"
    return _do(
        request, slug, source_id, lambda source: services.run_source(source=source, user=request.user, is_full=is_full)
    )


@login_required
@require_POST
def fix(request, slug, source_id):
    """Corrected files, or new ones for a source of uploads: read under the same contract."""

    def go(source):
        files = take_posted(request, source.dataset.project)
        trigger = SourceRun.Trigger.PERSON if source.kind == source.Kind.UPLOAD else SourceRun.Trigger.FIX
        services.run_source(source=source, user=request.user, uploads=files, trigger=trigger)

    return _do(request, slug, source_id, go)


@login_required
@require_http_methods(["GET", "POST"])
def contract(request, slug, source_id):
    """The contract's editor, with what the last run saw in each column."""
    project = get_project(request.user, slug, role="viewer" if request.method == "GET" else "engineer")
    source = selectors.get_source(project, source_id)
    problem = ""
    is_proposal = not source.contract and bool(source.preview.get("contract"))
    rules, mapping = source.preview["contract"] if is_proposal else source.contract, source.mapping
    if request.method == "POST":
        try:
            rules, mapping = forms.read_contract(request.POST)
            source = services.save_contract(source=source, user=request.user, contract=rules)
            if has_parts(source, rules) and (source.mapping or mapping.get("label") or mapping.get("text")):
                services.update_source(source=source, user=request.user, mapping=mapping)
            messages.success(request, "The contract is saved; it counts from the next run on.")
            return redirect("sources:contract", slug=slug, source_id=source_id)
        except DomainError as error:
            problem = error.message
    last = selectors.list_runs(source).exclude(observed={}).first()
    observed = last.observed if last else {}
    context = describe_contract(source, rules, mapping, observed, posted=request.POST if problem else None) | {
        "project": project,
        "section": "collect",
        "may_edit": is_allowed(project.role, "engineer"),
        "versions": selectors.list_contract_versions(source)[:50],
        "is_proposal": is_proposal,
        "problem": problem,
    }
    return render(request, "sources/contract.html", context, status=400 if problem else 200)


@login_required
@require_http_methods(["GET", "POST"])
def schedule(request, slug, source_id):
    """Never, every so often, or by a cron line. A line that is refused stands in the form again."""
    project = get_project(request.user, slug, role="engineer")
    source = selectors.get_source(project, source_id)
    when, line = request.POST.get("when", ""), request.POST.get("cron", "").strip()
    minutes = int(when) if when.isascii() and when.isdigit() and len(when) < 7 else None
    if request.method == "POST":
        try:
            services.set_schedule(
                source=source,
                user=request.user,
                cron=line if when == "cron" else "",
                interval_minutes=minutes,
                is_scheduled=when != "never",
            )
        except DomainError as error:
            messages.error(request, error.message)
            source.cron, source.interval_minutes, source.is_scheduled = line[:100], minutes, when != "never"
            context = describe_source(project, source) | {"is_by_line": when == "cron"}
            return render(request, "sources/source.html", context, status=400)
        messages.success(request, "The schedule is saved." if when != "never" else "This source runs by hand only.")
    return redirect("sources:source", slug=slug, source_id=source_id)


@login_required
@require_POST
def pause(request, slug, source_id):
    """Pause an active source, resume a paused one."""

    def go(source):
        change = services.resume_source if source.state == source.State.PAUSED else services.pause_source
        change(source=source, user=request.user)

    return _do(request, slug, source_id, go)


@login_required
@require_POST
def settle_gone(request, slug, source_id):
    """Exclude the items of rows and files that are gone, or take that back."""

    def go(source):
        if request.POST.get("action") == "restore":
            count = services.restore_gone(source=source, user=request.user)
            messages.success(request, f"Took {count_words(count, 'item')} back in.")
            return
        count = services.exclude_gone(source=source, user=request.user)
        messages.success(
            request, f"Excluded {count_words(count, 'item')} from the versions to come. You can take that back."
        )

    return _do(request, slug, source_id, go)


@login_required
@require_POST
def delete(request, slug, source_id):
    project = get_project(request.user, slug, role="engineer")
    source = selectors.get_source(project, source_id)
    try:
        services.delete_source(source=source, user=request.user)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("sources:source", slug=slug, source_id=source_id)
    messages.success(request, f"The source “{source.title}” is gone; the items that came from it stay.")
    return redirect("sources:list", slug=slug)


@login_required
@require_GET
def download(request, slug, source_id, collection_id, kind):
    """What a run set aside, as csv or jsonl."""
    source = selectors.get_source(get_project(request.user, slug), source_id)
    found = selectors.get_run(source, collection_id)
    response = StreamingHttpResponse(
        exports.stream_quarantine(found.collection, kind), content_type=CONTENT_TYPES[kind]
    )
    response["Content-Disposition"] = f'attachment; filename="set-aside-{collection_id}.{kind}"'
    return response


def _do(request, slug: str, source_id: int, action: Callable):
    """One service call for an engineer, its refusal as a message, and back to the source."""
    source = selectors.get_source(get_project(request.user, slug, role="engineer"), source_id)
    try:
        action(source)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("sources:source", slug=slug, source_id=source_id)
