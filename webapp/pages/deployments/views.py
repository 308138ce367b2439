"""Pages of deployments: the list, and one deployment with its releases, live numbers, log, keys and snippets."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from lifecycle.common.errors import DomainError, NotFound
from lifecycle.deployments import selectors, services
from lifecycle.projects.selectors import get_project
from lifecycle.registry.selectors import list_project_versions
from webapp.charts.deployments import build_traffic_bars
from webapp.pages.deployments import snippets
from webapp.pages.deployments.predictions import build_rows
from webapp.pages.experiments.forms import read_number

SECTION = "deploy"
SHOWN_PREDICTIONS = 10
SHOWN_RELEASES = 20
SHOWN_VERSIONS = 100


@login_required
@require_http_methods(["GET", "POST"])
def list_deployments(request, slug):
    if request.method == "POST":
        return _create(request, get_project(request.user, slug, role="engineer"))
    project = get_project(request.user, slug)
    found = list(selectors.list_deployments(project))
    recent = selectors.count_recent(found)
    context = {
        "project": project,
        "section": SECTION,
        "rows": [{"deployment": d, "recent": recent.get(d.pk), "label": read_label(d)} for d in found],
        "versions": list_project_versions(project)[:SHOWN_VERSIONS],
    }
    return render(request, "deployments/list.html", context)


def read_label(deployment) -> str:
    """What answers now, as "model v3"."""
    targets = deployment.current_release.targets if deployment.current_release else []
    return ", ".join(target["label"] for target in targets)


def _create(request, project):
    try:
        version = list_project_versions(project).filter(pk=(read_number(request.POST.get("version")) or 0)).first()
        if version is None:
            raise NotFound("Choose a model version to deploy.")
        deployment = services.create(
            project=project, user=request.user, version=version, slug=request.POST.get("slug", "")
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("deployments:list", slug=project.slug)
    messages.success(request, f"{version} is being deployed as {deployment.slug}. It answers within seconds.")
    return redirect("deployments:detail", slug=project.slug, deployment=deployment.slug)


@login_required
@require_GET
def detail(request, slug, deployment):
    return render_detail(request, selectors.get_deployment(get_project(request.user, slug), deployment))


def render_detail(request, found, *, new_key: str = ""):
    """The deployment's page; `new_key` is the secret of a key just made."""
    project = get_project(request.user, found.project.slug)
    version = selectors.find_live_version(found)
    latest = list(selectors.list_predictions(found)[:SHOWN_PREDICTIONS])
    context = {
        **build_live(project, found),
        "version": version,
        "releases": selectors.list_releases(found)[:SHOWN_RELEASES],
        "versions": selectors.list_releasable(found)[:SHOWN_VERSIONS],
        "keys": selectors.list_keys(found),
        "new_key": new_key,
        "rows": build_rows(project, latest),
        "classes": selectors.list_classes(version),
        "snippets": snippets.build(settings.SERVING_URL, found.slug, version),
    }
    return render(request, "deployments/detail.html", context)


@login_required
@require_GET
def live(request, slug, deployment):
    """The part of the deployment's page that refreshes itself."""
    project = get_project(request.user, slug)
    found = selectors.get_deployment(project, deployment)
    return render(request, "deployments/_live.html", build_live(project, found))


def build_live(project, deployment) -> dict:
    """State and live numbers."""
    traffic = selectors.measure_traffic(deployment)
    release = deployment.current_release
    return {
        "project": project,
        "section": SECTION,
        "deployment": deployment,
        "release": release,
        "label": read_label(deployment),
        "is_loading": deployment.state == "active" and release is not None and release.loaded_at is None,
        "traffic": traffic,
        "bars": build_traffic_bars(traffic),
        "feedback": selectors.measure_feedback(deployment),
    }
