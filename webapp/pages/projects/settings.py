"""A project's settings: its name, and putting it away."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.projects import services
from lifecycle.projects.selectors import get_project
from webapp.pages.accounts.forms import add_domain_error
from webapp.pages.projects.forms import NameForm


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show(request, slug):
    is_post = request.method == "POST"
    project = get_project(request.user, slug, role="owner", is_archive_open=not is_post)
    form = NameForm(request.POST if is_post else None, initial={"name": project.name})
    if is_post and form.is_valid():
        try:
            services.rename(project=project, user=request.user, name=form.cleaned_data["name"])
            messages.success(request, "The name is changed.")
            return redirect("projects:settings", slug=slug)
        except DomainError as error:
            add_domain_error(form, error)
    return render(request, "projects/settings.html", {"project": project, "section": "settings", "form": form})


@login_required
@require_POST
def archive(request, slug):
    project = get_project(request.user, slug, role="owner", is_archive_open=True)
    return _change(request, project, services.archive, "The project is archived. Nothing in it is deleted.")


@login_required
@require_POST
def restore(request, slug):
    project = get_project(request.user, slug, role="owner", is_archive_open=True)
    return _change(request, project, services.restore, "The project is back.")


def _change(request, project, verb, sentence: str):
    try:
        verb(project=project, user=request.user)
        messages.success(request, sentence)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("projects:settings", slug=project.slug)
