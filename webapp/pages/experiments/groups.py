"""Pages of experiments: groups of runs that belong together."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.experiments import selectors, services
from lifecycle.projects.selectors import get_project


@login_required
@require_http_methods(["GET", "POST"])
def list_experiments(request, slug):
    project = get_project(request.user, slug, role="viewer" if request.method == "GET" else "engineer")
    entered, errors = {}, {}
    if request.method == "POST":
        entered = {"name": request.POST.get("name", ""), "description": request.POST.get("description", "")}
        try:
            experiment = services.create_experiment(project=project, user=request.user, **entered)
            messages.success(request, f"The experiment “{experiment.name}” is ready for runs.")
            return redirect("experiments:experiments", slug=slug)
        except DomainError as error:
            errors = error.fields or {"name": error.message}
    context = {
        "project": project,
        "section": "runs",
        "experiments": selectors.list_experiments(project)[:200],
        "entered": entered,
        "errors": errors,
    }
    return render(request, "experiments/experiments.html", context, status=422 if errors else 200)


@login_required
@require_POST
def edit(request, slug, experiment_id):
    project = get_project(request.user, slug, role="engineer")
    experiment = selectors.get_experiment(project, experiment_id)
    try:
        services.update_experiment(
            experiment=experiment,
            name=request.POST.get("name", ""),
            description=request.POST.get("description", ""),
        )
        messages.success(request, "Saved.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("experiments:experiments", slug=slug)
