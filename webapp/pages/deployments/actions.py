"""What a person may do to a deployment, one form each."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from lifecycle.common.errors import DomainError
from lifecycle.deployments import selectors, services
from lifecycle.projects.selectors import get_project
from lifecycle.registry.selectors import get_version
from webapp.pages.deployments.views import render_detail
from webapp.pages.experiments.forms import read_number


def _load(request, slug, deployment):
    return selectors.get_deployment(get_project(request.user, slug, role="engineer"), deployment)


def _act(request, deployment, sentence: str, verb):
    """Do it, say how it went, back to the deployment."""
    try:
        verb()
        messages.success(request, sentence)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("deployments:detail", slug=deployment.project.slug, deployment=deployment.slug)


@login_required
@require_POST
def release(request, slug, deployment):
    found = _load(request, slug, deployment)

    def verb():
        version = get_version(found.project, found.model.name, (read_number(request.POST.get("version")) or 0))
        note = request.POST.get("note", "")
        services.release(deployment=found, user=request.user, version=version, note=note)

    return _act(request, found, "Released. It takes over once it is loaded, without a failed request.", verb)


@login_required
@require_POST
def rollback(request, slug, deployment):
    found = _load(request, slug, deployment)
    number = read_number(request.POST.get("release")) or 0

    def verb():
        earlier = selectors.get_release(found, number)
        services.rollback(deployment=found, user=request.user, release=earlier)

    return _act(request, found, f"Rolling back to release {number}.", verb)


@login_required
@require_POST
def stop(request, slug, deployment):
    found = _load(request, slug, deployment)
    verb = partial(services.stop, deployment=found, user=request.user)
    return _act(request, found, "Stopped: it answers no more.", verb)


@login_required
@require_POST
def start(request, slug, deployment):
    found = _load(request, slug, deployment)
    verb = partial(services.start, deployment=found, user=request.user)
    return _act(request, found, "Started: it answers within seconds.", verb)


@login_required
@require_POST
def configure(request, slug, deployment):
    found = _load(request, slug, deployment)

    def verb():
        services.configure(
            deployment=found,
            user=request.user,
            max_queue=(read_number(request.POST.get("max_queue")) or 0),
            logs_inputs=request.POST.get("logs_inputs") == "on",
        )

    return _act(request, found, "Saved.", verb)


@login_required
@require_POST
def create_key(request, slug, deployment):
    found = _load(request, slug, deployment)
    try:
        _, secret = services.create_key(deployment=found, user=request.user, name=request.POST.get("name", ""))
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("deployments:detail", slug=slug, deployment=deployment)
    return render_detail(request, found, new_key=secret)  # in this answer only: it is stored nowhere


@login_required
@require_POST
def revoke_key(request, slug, deployment, key_id):
    found = _load(request, slug, deployment)
    key = selectors.get_key(found, key_id)
    verb = partial(services.revoke_key, key=key, user=request.user)
    return _act(request, found, f"The key “{key.name}” opens nothing any more.", verb)
