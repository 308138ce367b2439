"""Sources on screen: the list, setting one up, and its page."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from lifecycle.common.errors import DomainError, NotFound
from lifecycle.contracts.problems import get_problem_type
from lifecycle.contracts.sources import COLUMN_TYPES, Contract, list_file_rules
from lifecycle.datasets import selectors as datasets
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from lifecycle.sources import exports, selectors, services
from lifecycle.sources.models import Source
from webapp.files import take_posted
from webapp.pages.datasets.collections import ROLES
from webapp.pages.sources import forms

SHOWN_RUNS = 10
SHOWN_CHANGES = 10
SHOWN_GONE = 50
NEW_COLUMN_WORDS = (
    ("ignore", "leave it out and say so"),
    ("keep", "take it in and add it to the contract"),
    ("refuse", "set the whole file aside"),
)


@login_required
@require_GET
def list_sources(request, slug):
    project = get_project(request.user, slug)
    page = Paginator(selectors.list_sources(project), 30).get_page(request.GET.get("page"))
    context = {"page": page, "rows": [(source, selectors.judge_health(source)) for source in page.object_list]}
    return render(request, "sources/list.html", _frame(project) | context)


@login_required
@require_GET
def choose(request, slug):
    project = get_project(request.user, slug, role="engineer")
    return render(request, "sources/choose.html", _frame(project))


@login_required
@require_http_methods(["GET", "POST"])
def create(request, slug, source_kind):
    """A form for one kind. A database, folder or bucket is looked at next; uploaded files are read at once."""
    project = get_project(request.user, slug, role="engineer")
    if source_kind not in forms.FIELDS:
        raise NotFound("There is no such kind of source.")
    problem: DomainError | None = None
    if request.method == "POST":
        try:
            return redirect("sources:source", slug=slug, source_id=_create(request, project, source_kind).pk)
        except DomainError as error:
            problem = error
    return _render_form(request, project, source_kind, problem)


def _create(request, project, kind: str) -> Source:
    is_upload = kind == Source.Kind.UPLOAD
    files = take_posted(request, project) if is_upload else []
    source = services.create_source(
        dataset=datasets.get_dataset(project),
        user=request.user,
        kind=kind,
        title=request.POST.get("title", ""),
        config=forms.read_config(request.POST, kind),
        secrets=forms.read_secrets(request.POST, kind),
        license=request.POST.get("license", ""),
        is_draft=not is_upload,
    )
    if is_upload:
        services.run_source(source=source, user=request.user, uploads=files)
    else:
        services.preview_source(source=source, user=request.user)
    return source


@login_required
@require_http_methods(["GET", "POST"])
def edit(request, slug, source_id):
    """Title, settings and secrets. What is typed into a secret replaces it; nothing typed leaves it."""
    project = get_project(request.user, slug, role="engineer")
    source = selectors.get_source(project, source_id)
    if source.kind not in forms.FIELDS:
        return redirect("crawls:edit", slug=slug, site_id=source_id)
    problem: DomainError | None = None
    if request.method == "POST":
        try:
            source = services.update_source(
                source=source,
                user=request.user,
                title=request.POST.get("title", ""),
                config=forms.read_config(request.POST, source.kind),
                secrets=forms.read_secrets(request.POST, source.kind),
                license=request.POST.get("license", ""),
            )
            if source.state == Source.State.DRAFT:
                services.preview_source(source=source, user=request.user)
            return redirect("sources:source", slug=slug, source_id=source_id)
        except DomainError as error:
            problem = error
    return _render_form(request, project, source.kind, problem, source)


def _render_form(request, project, kind: str, problem: DomainError | None, source: Source | None = None):
    typed = forms.read_config(request.POST, kind) if request.method == "POST" else source.config if source else {}
    secrets = [
        (name, label, name in (source.secret_names if source else ())) for name, label in forms.SECRETS.get(kind, ())
    ]
    context = {
        "kind": kind,
        "kind_label": Source.Kind(kind).label,
        "source": source,
        "fields": forms.describe_fields(kind, typed, get_problem_type(project.problem_type).item_kind),
        "secrets": secrets,
        "title": request.POST.get("title", source.title if source else ""),
        "license": request.POST.get("license", source.license if source else ""),
        "problem": problem,
        "kept_uploads": request.POST.getlist("uploads") if problem else (),
        "errors": problem.fields if problem else {},
    }
    return render(request, "sources/form.html", _frame(project) | context, status=400 if problem else 200)


@login_required
@require_GET
def show(request, slug, source_id):
    project = get_project(request.user, slug)
    source = selectors.get_source(project, source_id)
    if source.kind == Source.Kind.CRAWL:
        return redirect("crawls:site", slug=slug, site_id=source_id)
    if source.state == Source.State.DRAFT:
        return render(request, "sources/setup.html", describe_setup(project, source))
    return render(request, "sources/source.html", describe_source(project, source))


@login_required
@require_GET
def live(request, slug, source_id):
    """The part that refreshes itself while a worker looks at the source or reads it."""
    project = get_project(request.user, slug)
    source = selectors.get_source(project, source_id)
    if source.state == Source.State.DRAFT:
        return render(request, "sources/_setup.html", describe_setup(project, source))
    context = describe_source(project, source)
    response = render(request, "sources/_run.html", context)
    if not context["is_working"]:  # runs, changed rows and what is gone stand elsewhere on the page
        response["HX-Refresh"] = "true"
    return response


@login_required
@require_GET
def list_changes(request, slug, source_id):
    """Rows that got other content: who, when, which run, and both items."""
    project = get_project(request.user, slug)
    source = selectors.get_source(project, source_id)
    page = Paginator(selectors.list_changes(source), 50).get_page(request.GET.get("page"))
    return render(request, "sources/changes.html", _frame(project) | {"source": source, "page": page})


def describe_setup(project, source: Source, posted=None) -> dict:
    """The page of a draft: what was seen, and the contract to start with, or the one that was posted and refused."""
    job, preview = source.preview_job, source.preview
    contract, mapping = preview.get("contract") or {}, preview.get("mapping") or {}
    return _frame(project) | describe_contract(source, contract, mapping, {}, posted=posted) | {
        "preview": preview,
        "has_rows": bool(preview.get("columns")),
        "may_start": bool(contract.get("columns")) or source.kind in (Source.Kind.FOLDER, Source.Kind.BUCKET),
        "job": job,
        "is_working": job is not None and job.state in ("queued", "running"),
    }  # fmt: skip


def describe_source(project, source: Source) -> dict:
    """The page of a source that is set up."""
    runs = list(selectors.list_runs(source)[:SHOWN_RUNS])
    last = runs[0] if runs else None
    job = last.collection.job if last else None
    return (
        _frame(project)
        | {
            "source": source,
            "health": selectors.judge_health(source),
            "facts": describe_facts(source),
            "runs": runs,
            "last": last,
            "job": job,
            "is_working": job is not None and job.state in ("queued", "running"),
            "set_aside": describe_set_aside(last.collection) if last else None,
            "changes": selectors.list_changes(source)[:SHOWN_CHANGES],
            "row_count": selectors.count_rows(source),
            "gone": selectors.count_gone(source),
            "gone_rows": selectors.list_gone(source)[:SHOWN_GONE],
        }
        | describe_contract_card(source)
    )


def describe_contract_card(source: Source) -> dict:
    """The contract in short."""
    return {
        "contract_version": selectors.list_contract_versions(source).first(),
        "columns": (source.contract or {}).get("columns") or [],
    }


def describe_set_aside(collection) -> dict | None:
    """What a run set aside: the most frequent reasons, the first of it, and whether all can be had."""
    if not collection.rejected:
        return None
    return {
        "collection": collection,
        "reasons": datasets.summarize_rejects(collection),
        "rejects": datasets.list_rejects(collection)[:8],
        "is_kept": bool(collection.rejects_blob) or exports.has_kept_rows(collection),
    }


def describe_contract(source: Source, contract: dict, mapping: dict, observed: dict, *, posted=None) -> dict:
    """The table of columns, for setting up and for editing; what was posted stands in it when it was refused."""
    item_kind = source.dataset.item_kind
    is_crawl = source.kind == Source.Kind.CRAWL
    cursor = source.config.get("cursor_column") or ""
    rows = (
        forms.describe_posted(posted, observed)
        if posted
        else forms.describe_columns(contract, mapping, observed, [cursor])
    )
    new = forms.describe_new(rows, "feature" if item_kind == "row" else "ignore") if rows else None
    is_of_files = speaks_of_files(source, contract)
    return {
        "source": source,
        "rows": [*rows, new] if new else rows,
        "other_names": list_other_names(source, [row["name"] for row in rows]),
        "is_of_files": is_of_files,
        "has_files": _may_hold_files(source) and any(row["name"] in ("file", "bytes") for row in rows),
        "has_parts": has_parts(source, contract),
        "has_keys": not is_of_files and not is_crawl,
        "types": COLUMN_TYPES,
        "roles": ROLES.get(item_kind, ()),
        "new_columns": (posted or contract).get("new_columns", "ignore"),
        "new_column_words": NEW_COLUMN_WORDS,
    }


def speaks_of_files(source: Source, contract: dict) -> bool:
    """Does the contract speak of pictures or texts by themselves, and of no rows?"""
    is_of_files = source.dataset.item_kind == "image" or Contract.from_json(contract).is_of_files
    return is_of_files and _may_hold_files(source)


def _may_hold_files(source: Source) -> bool:
    """Can its items be files by themselves?"""
    return source.kind not in (Source.Kind.SQL, Source.Kind.CRAWL) and source.dataset.item_kind != "row"


def has_parts(source: Source, contract: dict) -> bool:
    """Is the part that a column plays said with the contract? Of a site only where whole tables are taken."""
    if source.kind == Source.Kind.CRAWL:
        return source.config.get("take") == "tables"
    return not speaks_of_files(source, contract)


def list_other_names(source: Source, names: list[str]) -> list[str]:
    """Columns that a contract could speak of besides: those that a first look saw, and what files are asked."""
    asked = [rule.name for rule in list_file_rules(source.dataset.item_kind)] if _may_hold_files(source) else []
    return [name for name in dict.fromkeys([*(source.preview.get("columns") or ()), *asked]) if name not in names]


def describe_facts(source: Source) -> list[tuple[str, str]]:
    """The settings as a person reads them; secrets only by name."""
    labels = {name: label for name, label, *_ in forms.FIELDS.get(source.kind, ())}
    facts = []
    for name, value in source.config.items():
        if name not in labels:
            continue
        shown = " ".join(value) if isinstance(value, list) else str(value)
        if shown and not (name == "overlap" and not value):
            facts.append((labels[name], shown))
    if source.cursor_value:
        facts.append(("Read up to", str(source.cursor_value.get("value", ""))))
    return facts


def _frame(project) -> dict:
    return {"project": project, "section": "collect", "may_edit": is_allowed(project.role, "engineer")}
