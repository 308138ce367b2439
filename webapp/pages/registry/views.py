"""Pages of models: the list, one model's versions, and one version with its card, lineage and scores."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.deployments import selectors as deployments
from lifecycle.evaluations import selectors as evaluations
from lifecycle.experiments.selectors import get_artifact, get_key_metric
from lifecycle.projects.selectors import get_project
from lifecycle.registry import rules, selectors, services
from webapp.pages.annotations.guide import render_guide
from webapp.pages.experiments.forms import read_number

SECTION = "models"
PAGE_SIZE = 50
LISTED_VERSIONS = 5
LISTED_RUNS = 100


@login_required
@require_GET
def list_models(request, slug):
    project = get_project(request.user, slug)
    models = selectors.list_models(project)
    newest = [(model, list(model.versions.all())[:LISTED_VERSIONS]) for model in models]
    scores = selectors.read_scores((v for _, versions in newest for v in versions), project)
    context = {
        "project": project,
        "section": SECTION,
        "models": [(model, build_rows(versions, scores)) for model, versions in newest],
        "metric": get_key_metric(project),
        "registrable": selectors.list_registrable(project)[:LISTED_RUNS],
    }
    return render(request, "registry/list.html", context)


def build_rows(versions, scores) -> list[dict]:
    """Each version with its aliases and its score by the project's key metric."""
    return [
        {"version": version, "aliases": [alias.name for alias in version.aliases.all()], "score": scores[version.pk]}
        for version in versions
    ]


@login_required
@require_GET
def model(request, slug, name):
    project = get_project(request.user, slug)
    found = selectors.get_model(project, name)
    page = Paginator(selectors.list_versions(found), PAGE_SIZE).get_page(request.GET.get("page"))
    versions = list(page.object_list)
    context = {
        "project": project,
        "section": SECTION,
        "model": found,
        "page": page,
        "rows": build_rows(versions, selectors.read_scores(versions, project)),
        "metric": get_key_metric(project),
        "deployments": [d for d in deployments.list_deployments(project) if d.model_id == found.pk],
    }
    return render(request, "registry/model.html", context)


@login_required
@require_GET
def detail(request, slug, name, number):
    project = get_project(request.user, slug)
    version = selectors.get_version(project, name, number)
    aliases = [alias.name for alias in version.aliases.all()]
    standing = selectors.compare_with_champion(version)
    context = {
        "project": project,
        "section": SECTION,
        "version": version,
        "model": version.model,
        "run": version.artifact.run,
        "aliases": aliases,
        "is_champion": rules.CHAMPION in aliases,
        "is_candidate": rules.CANDIDATE in aliases,
        "standing": standing,
        "gates": evaluations.list_gates(version.evaluation) if version.evaluation else [],
        "decision": evaluations.list_decisions(version.evaluation).first() if version.evaluation else None,
        "card_html": render_guide(version.card),
        "manifest": version.artifact.manifest,
        "files": sorted(version.artifact.files),
        "deployments": _split_deployments(project, version),
        "proposed_slug": version.model.name,
    }
    return render(request, "registry/detail.html", context)


def _split_deployments(project, version) -> dict[str, list]:
    """Deployments of the model: those that answer with this version, and the others it could be released to."""
    own = [d for d in deployments.list_deployments(project) if d.model_id == version.model_id]
    live = [d for d in own if _is_behind(d, version)]
    return {"live": live, "others": [d for d in own if d not in live]}


def _is_behind(deployment, version) -> bool:
    targets = deployment.current_release.targets if deployment.current_release else []
    return any(target["model_version_id"] == version.pk for target in targets)


@login_required
@require_POST
def register(request, slug):
    project = get_project(request.user, slug, role="engineer")
    try:
        version = services.register(
            project=project,
            user=request.user,
            artifact=get_artifact(project, (read_number(request.POST.get("artifact")) or 0)),
            name=request.POST.get("name", ""),
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("registry:list", slug=slug)
    messages.success(request, f"{version} is registered.")
    return redirect_to(version)


def redirect_to(version):
    """The page of a version."""
    model = version.model
    return redirect("registry:detail", slug=model.project.slug, name=model.name, number=version.number)


@login_required
@require_POST
def promote(request, slug, name, number):
    version = selectors.get_version(get_project(request.user, slug, role="engineer"), name, number)
    alias = request.POST.get("alias", rules.CHAMPION).strip()
    return _act(
        request,
        version,
        f"{version} is the {alias}.",
        services.promote,
        version=version,
        user=request.user,
        alias=alias,
    )


@login_required
@require_POST
def remove_alias(request, slug, name, number):
    version = selectors.get_version(get_project(request.user, slug, role="engineer"), name, number)
    alias = request.POST.get("alias", "")
    sentence = f"{version} is no longer the {alias}."
    return _act(request, version, sentence, services.remove_alias, version=version, user=request.user, alias=alias)


@login_required
@require_POST
def edit_card(request, slug, name, number):
    version = selectors.get_version(get_project(request.user, slug, role="engineer"), name, number)
    card = request.POST.get("card", "").replace("\r\n", "\n")
    return _act(
        request, version, "The card is saved.", services.edit_card, version=version, user=request.user, card=card
    )


@login_required
@require_POST
def rollback(request, slug, name):
    found = selectors.get_model(get_project(request.user, slug, role="engineer"), name)
    try:
        alias = services.rollback(model=found, user=request.user)
        messages.success(request, f"{alias.version} is champion again.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("registry:model", slug=slug, name=name)


def _act(request, version, sentence: str, verb, /, **arguments):
    try:
        verb(**arguments)
        messages.success(request, sentence)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect_to(version)
