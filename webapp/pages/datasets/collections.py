"""Imports on screen: upload, look and map, watch, and what came of it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.contracts.ingest import COLUMN_KINDS
from lifecycle.contracts.ingest import ROLES as COLUMN_ROLES
from lifecycle.datasets import selectors, services
from lifecycle.exploration.rules import DISPUTED
from lifecycle.jobs import services as jobs
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from lifecycle.sources import services as sources
from lifecycle.sources.selectors import find_run, may_have_contract
from webapp.files import store_posted

SHOWN_FILES = 50
SHOWN_REJECTS = 50
ROLES = {
    "text": (
        ("ignore", "—"),
        ("text", "Text"),
        ("label", "Label"),
        ("group", "Group"),
        ("split", "Split"),
        ("time", "Date"),
    ),
    "row": (
        ("feature", "Feature"),
        ("label", "Label"),
        ("group", "Group"),
        ("split", "Split"),
        ("time", "Feature and date"),
        ("ignore", "Leave out"),
    ),
    "image": (
        ("ignore", "—"),
        ("label", "Label"),
        ("group", "Group"),
        ("split", "Split"),
        ("time", "Date"),
    ),  # beside the picture
}


@login_required
@require_GET
def list_collections(request, slug):
    project = get_project(request.user, slug)
    page = Paginator(selectors.list_collections(project).select_related("source_run"), 30).get_page(
        request.GET.get("page")
    )
    context = {
        "project": project,
        "section": "collect",
        "page": page,
        "may_edit": is_allowed(project.role, "engineer"),
    }
    return render(request, "datasets/collections.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def upload(request, slug):
    """Choose files. Without JavaScript the form sends them all at once; with it, `upload.js` sends them in pieces."""
    project = get_project(request.user, slug, role="engineer")
    draft = _find_draft(project, request.POST.get("collection") or request.GET.get("collection"))
    message = ""
    if request.method == "POST":
        try:
            collection = draft or services.create_collection(
                dataset=selectors.get_dataset(project), user=request.user, title=_title(request)
            )
            store_posted(request, project, collection)
            services.inspect_collection(collection=collection, user=request.user)
            return redirect("datasets:collection", slug=slug, collection_id=collection.pk)
        except DomainError as error:
            message = error.message
    context = {
        "project": project,
        "section": "collect",
        "dataset": selectors.get_dataset(project),
        "draft": draft,
        "message": message,
        "max_bytes": settings.MAX_UPLOAD_BYTES,
        "unfinished": _list_unfinished(project, request.user, draft),
    }
    return render(request, "datasets/upload.html", context, status=400 if message else 200)


@login_required
@require_POST
def discard_upload(request, slug, upload_id):
    """Forget a file that stopped on its way in."""
    found = selectors.get_upload(get_project(request.user, slug, role="engineer"), upload_id)
    try:
        services.discard_upload(upload=found)
        messages.success(request, f"{found.name} is forgotten.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("datasets:upload", slug=slug)


@login_required
@require_GET
def show_collection(request, slug, collection_id):
    project = get_project(request.user, slug)
    collection = selectors.get_collection(project, collection_id)
    context = _describe(request, project, collection)
    return render(request, "datasets/draft.html" if collection.is_draft else "datasets/collection.html", context)


@login_required
@require_GET
def live(request, slug, collection_id):
    """The part of the page that refreshes itself until the work is done."""
    project = get_project(request.user, slug)
    collection = selectors.get_collection(project, collection_id)
    context = _describe(request, project, collection)
    return render(request, "datasets/_setup.html" if collection.is_draft else "datasets/_outcome.html", context)


@login_required
@require_POST
def inspect(request, slug, collection_id):
    """Have the files looked at (again)."""
    project = get_project(request.user, slug, role="engineer")
    collection = selectors.get_collection(project, collection_id)
    try:
        services.inspect_collection(collection=collection, user=request.user)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("datasets:collection", slug=slug, collection_id=collection_id)


@login_required
@require_http_methods(["GET", "POST"])
def start(request, slug, collection_id):
    """Import a draft, as the mapping form says. A form that is refused keeps what was chosen in it."""
    project = get_project(request.user, slug, role="engineer")
    collection = selectors.get_collection(project, collection_id)
    if request.method == "GET":  # the address of a refused form, opened anew
        return redirect("datasets:collection", slug=slug, collection_id=collection_id)
    given = {"collection": collection, "user": request.user, "license": request.POST.get("license", "")}
    try:
        mapping = read_mapping(request.POST)
        if request.POST.get("contract") == "yes":
            sources.adopt_draft(**given, mapping=mapping, title=request.POST.get("title", ""))
        else:
            is_label = request.POST.get("folders_are_labels") == "yes"
            services.start_import(
                **given, mapping=mapping, folders_are_labels=is_label, title=request.POST.get("title")
            )
    except DomainError as error:
        messages.error(request, error.message)
        context = _describe(request, project, selectors.get_collection(project, collection_id))
        if context["collection"].is_draft and not context["is_working"]:
            return render(request, "datasets/draft.html", context | _keep_chosen(request.POST, context), status=400)
    return redirect("datasets:collection", slug=slug, collection_id=collection_id)


@login_required
@require_POST
def discard(request, slug, collection_id):
    collection = selectors.get_collection(get_project(request.user, slug, role="engineer"), collection_id)
    try:
        services.discard_collection(collection=collection)
        messages.success(request, "The draft and its files are gone.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("datasets:collections", slug=slug)


@login_required
@require_POST
def cancel(request, slug, collection_id):
    """Stop an import that is running; what is in stays in."""
    project = get_project(request.user, slug, role="engineer")
    collection = selectors.get_collection(project, collection_id)
    try:
        if collection.job:
            jobs.cancel(job=collection.job)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("datasets:collection", slug=slug, collection_id=collection_id)


@login_required
@require_GET
def download_rejects(request, slug, collection_id):
    """All that was set aside, as JSON lines."""
    collection = selectors.get_collection(get_project(request.user, slug), collection_id)
    if not collection.rejects_blob:
        raise NotFound("This import set nothing aside.")
    stream = open_blobs(settings.STORAGE_URL).open(collection.rejects_blob)
    response = StreamingHttpResponse(iter(lambda: stream.read(1 << 16), b""), content_type="application/jsonl")
    response["Content-Disposition"] = f'attachment; filename="set-aside-{collection.pk}.jsonl"'
    return response


def _list_unfinished(project, user, draft) -> list:
    """What may be gone on with: of the draft that files are added to, else of all."""
    uploads = selectors.list_unfinished_uploads(project, user)
    uploads = uploads.filter(collection=draft) if draft else uploads
    return [
        {"upload": upload, "percent": 100 * upload.received // upload.byte_size} for upload in uploads[:SHOWN_FILES]
    ]


def read_mapping(posted) -> dict | None:
    """The mapping form: for each column its name, role and kind; None when there are no columns."""
    count = posted.get("columns", "0")
    columns = range(int(count)) if count.isascii() and count.isdigit() and len(count) < 5 else range(0)
    mapping: dict = {"features": [], "kinds": {}}
    for i in columns:
        name, role, kind = (posted.get(f"{field}_{i}", "") for field in ("name", "role", "kind"))
        if role == "feature":
            mapping["features"].append(name)
        elif role in COLUMN_ROLES:
            if mapping.get(role):
                raise DomainError(f"Two columns are chosen as {role}; one is possible.", fields={role: "Chosen twice."})
            mapping[role] = name
            mapping["features"] += [name] if role == "time" else []  # a date is one of rows too
        if kind in COLUMN_KINDS:
            mapping["kinds"][name] = kind
    return mapping if columns else None


def _describe(request, project, collection) -> dict:
    dataset = collection.dataset
    uploads = collection.uploads.order_by("pk")
    context = {
        "project": project,
        "section": "collect",
        "collection": collection,
        "dataset": dataset,
        "job": collection.job,
        "is_working": collection.job is not None and collection.job.state in ("queued", "running"),
        "may_edit": is_allowed(project.role, "engineer"),
    }
    if collection.is_draft:
        files = list(uploads[: SHOWN_FILES + 1])
        return context | {
            "files": files[:SHOWN_FILES],
            "has_more_files": len(files) > SHOWN_FILES,
            "preview": collection.preview,
            "columns": _pair_columns(collection.preview),
            "roles": ROLES.get(dataset.item_kind, ()),
            "kinds": COLUMN_KINDS,
            "needs_text": dataset.item_kind == "text",
            "may_have_contract": may_have_contract(collection),
            "wants_contract": True,
        }
    rejects = Paginator(selectors.list_rejects(collection), SHOWN_REJECTS).get_page(request.GET.get("page"))
    run = find_run(collection)
    return context | {
        "rejects": rejects,
        "reasons": selectors.summarize_rejects(collection),
        "disputed_tag": DISPUTED,
        "source": run.source if run else None,
    }


def _keep_chosen(posted, context: dict) -> dict:
    """The draft's form as it was sent, over what the files suggest."""
    collection, columns = context["collection"], context["columns"]
    collection.title, collection.license = posted.get("title", collection.title), posted.get("license", "")
    return {
        "preview": context["preview"] | {"folders_are_labels": posted.get("folders_are_labels") == "yes"},
        "columns": [(i, column | _read_choice(posted, i)) for i, column in columns],
        "wants_contract": posted.get("contract") == "yes",
    }


def _read_choice(posted, i: int) -> dict:
    return {field: posted[f"{field}_{i}"] for field in ("role", "kind") if f"{field}_{i}" in posted}


def _pair_columns(preview: dict) -> list[tuple[int, dict]]:
    return list(enumerate(preview.get("columns") or []))


def _find_draft(project, text: str | None):
    """The draft that more files are added to, if the URL names one."""
    if not text or not (text.isascii() and text.isdigit()):
        return None
    collection = selectors.get_collection(project, int(text))
    return collection if collection.is_draft else None


def _title(request) -> str:
    files = request.FILES.getlist("files")
    return request.POST.get("title", "").strip() or (files[0].name if len(files) == 1 else "")
