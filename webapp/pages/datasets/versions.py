"""Versions on screen: commit, look inside, compare, download."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from lifecycle.annotations.authors import find_authors
from lifecycle.common.errors import DomainError
from lifecycle.datasets import rules, selectors, services
from lifecycle.datasets.manifests import CHANGES
from lifecycle.datasets.settling import list_empty_splits
from lifecycle.datasets.splitting import EVENT_TIME, KINDS, TITLES, SplitPolicy
from lifecycle.jobs import selectors as jobs
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.charts import datasets as charts
from webapp.files import respond_version
from webapp.pages.datasets.version_actions import describe_exports

PAGE_SIZE = 60


@login_required
@require_http_methods(["GET", "POST"])
def list_versions(request, slug):
    """All versions; posting commits another one."""
    project = get_project(request.user, slug, role="engineer" if request.method == "POST" else "viewer")
    dataset = selectors.get_dataset(project)
    if request.method == "POST":
        try:
            _commit(request, dataset)
        except DomainError as error:
            return _refuse(request, project, dataset, error)
        return redirect("datasets:versions", slug=slug)
    return render(request, "datasets/versions.html", _describe_list(request, project, dataset))


@login_required
@require_http_methods(["GET", "POST"])
def change_splits(request, slug):
    """Shares, and how items fall into splits."""
    project = get_project(request.user, slug, role="engineer" if request.method == "POST" else "viewer")
    dataset = selectors.get_dataset(project)
    if request.method == "POST":
        try:
            services.update_splits(dataset=dataset, user=request.user, **_read_splits(request.POST))
        except DomainError as error:
            return _refuse(request, project, dataset, error)
        messages.success(request, "The next commit puts items that are in no version yet where this says.")
    return redirect("datasets:versions", slug=slug)


@login_required
@require_GET
def live(request, slug):
    """The list and the running commit, refreshed until it is done."""
    project = get_project(request.user, slug)
    return render(request, "datasets/_versions.html", _describe_list(request, project, selectors.get_dataset(project)))


@login_required
@require_GET
def show_version(request, slug, number):
    project = get_project(request.user, slug)
    version = selectors.get_version(project, number)
    chosen = {name: request.GET.get(name, "") for name in ("split", "label")}
    split = chosen["split"] if chosen["split"] in rules.SPLITS else ""
    number_of_page = _page_number(request)
    is_unlabeled = request.GET.get("labeled") == "no"
    lines, total = selectors.list_version_items(
        version,
        page=number_of_page,
        size=PAGE_SIZE,
        split=split,
        label=chosen["label"] or None,
        is_unlabeled=is_unlabeled,
    )
    context = {
        "project": project,
        "section": "version",
        "version": version,
        "figure": charts.draw_balance(version.summary, version.classes),
        "splits": [
            (s, version.summary["splits"].get(s, 0), version.summary["labeled"].get(s, 0)) for s in rules.SPLITS
        ],
        "empty_splits": list_empty_splits(version),
        "lines": lines,
        "page": Paginator(range(total), PAGE_SIZE).get_page(number_of_page),
        "total": total,
        "chosen": chosen | {"split": split, "is_unlabeled": is_unlabeled},
        "others": selectors.list_versions(project).exclude(pk=version.pk)[:50],
        "dataset": version.dataset,
        "sources": selectors.describe_sources(version)[:20],
        **describe_exports(project, version),
    }
    return render(request, "datasets/version.html", context)


@login_required
@require_GET
def show_diff(request, slug, old, new):
    project = get_project(request.user, slug)
    before, after = (selectors.get_version(project, number) for number in (old, new))
    counts = selectors.compare_versions(before, after)
    asked = request.GET.get("change", "")
    change = asked if asked in CHANGES else next((name for name in CHANGES if counts[name]), "added")
    number = _page_number(request)
    lines = selectors.list_changes(before, after, change=change, page=number, size=PAGE_SIZE)
    authors = find_authors(project, [pk for line in lines for pk in (line.old_annotation_id, line.new_annotation_id)])
    context = {
        "project": project,
        "section": "version",
        "old": before,
        "new": after,
        "counts": [(name, counts[name]) for name in CHANGES],
        "change": change,
        "lines": [
            (line, authors.get(line.new_annotation_id or 0), authors.get(line.old_annotation_id or 0)) for line in lines
        ],
        "page": Paginator(range(counts[change]), PAGE_SIZE).get_page(number),
        "versions": selectors.list_versions(project)[:100],
    }
    return render(request, "datasets/diff.html", context)


@login_required
@require_GET
def choose_diff(request, slug):
    """The form that picks two versions leads here, and on to their difference."""
    project = get_project(request.user, slug)
    numbers = [request.GET.get(name, "") for name in ("old", "new")]
    if not all(n.isascii() and n.isdigit() and len(n) < 10 for n in numbers):
        return redirect("datasets:versions", slug=project.slug)
    return redirect("datasets:diff", slug=project.slug, old=int(numbers[0]), new=int(numbers[1]))


@login_required
@require_GET
def download(request, slug, number, kind):
    return respond_version(get_project(request.user, slug), number, kind)


def _commit(request, dataset) -> None:
    splits = _read_splits(request.POST)
    if any(splits["ratios"].values()):
        services.update_splits(dataset=dataset, user=request.user, **splits)
    services.commit_version(dataset=dataset, user=request.user, message=request.POST.get("message", ""))


def _read_splits(posted) -> dict[str, Any]:
    """Shares and policy as they were sent."""
    ratios = {split: posted.get(split, "") for split in rules.SPLITS}
    return {"ratios": ratios, "policy": {"kind": posted.get("kind", "ratio"), "column": posted.get("column", "")}}


def _refuse(request, project, dataset, error: DomainError):
    """The page with what is wrong, and with what was typed."""
    messages.error(request, error.message)
    typed, context = _read_splits(request.POST), _describe_list(request, project, dataset)
    if any(typed["ratios"].values()):
        context |= {"shares": list(typed["ratios"].items()), "chosen": typed["policy"], "is_refused": True}
    context["message"] = request.POST.get("message", "")
    return render(request, "datasets/versions.html", context, status=400)


def _describe_list(request, project, dataset) -> dict:
    is_archive = request.GET.get("archived") == "yes"
    everything = selectors.list_versions(project)
    versions = everything.filter(archived_at__isnull=not is_archive)
    page = Paginator(versions, 30).get_page(request.GET.get("page"))
    latest = everything.first()
    job = jobs.find_latest(subject_type="dataset", subject_id=dataset.pk, kind="version")
    ratios = rules.check_ratios(dataset.split_ratios or rules.DEFAULT_RATIOS)
    shares = [(split, f"{round(ratios[split] * 100, 2):g}") for split in rules.SPLITS]
    policy = SplitPolicy.from_json(dataset.split_policy)
    return {
        "project": project,
        "section": "version",
        "page": page,
        "latest": latest,
        "job": job,
        "is_working": job is not None and job.state in ("queued", "running"),
        "dataset": dataset,
        "has_items": dataset.items.filter(excluded_at=None).exists(),
        "has_changes": selectors.has_uncommitted_changes(dataset, latest),
        "ratios": shares,
        "shares": shares,  # in the form: these, or what was typed and refused
        "chosen": {"kind": policy.kind, "column": policy.column},
        "may_edit": is_allowed(project.role, "engineer"),
        "is_archive": is_archive,
        "has_archived": is_archive or everything.filter(archived_at__isnull=False).exists(),
        "policy": policy,
        "policy_title": policy.describe(),
        "event_time": EVENT_TIME,
        "has_dates": policy.column == EVENT_TIME or dataset.items.filter(event_time__isnull=False).exists(),
        "policies": [(kind, TITLES[kind]) for kind in KINDS],
        "columns": [column["name"] for column in dataset.columns],
    }


def _page_number(request) -> int:
    text = request.GET.get("page", "1")
    return min(max(int(text), 1), 100_000) if text.isascii() and text.isdigit() and len(text) < 7 else 1
