"""Pages of pipelines: retrain, and follow it step by step."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.contracts.recipes import get_recipe, list_recipes
from lifecycle.pipelines import rules, selectors, services, steps
from lifecycle.projects.selectors import get_project


@login_required
@require_GET
def overview(request, slug):
    project = get_project(request.user, slug)
    page = Paginator(selectors.list_pipelines(project), 50).get_page(request.GET.get("page"))
    return render(request, "pipelines/list.html", {"project": project, "section": "pipelines", "page": page})


@login_required
@require_http_methods(["GET", "POST"])
def start(request, slug):
    """GET says what a click will do; POST does it."""
    project = get_project(request.user, slug, role="engineer")
    error = None
    if request.method == "POST":
        try:
            pipeline = services.start(
                project=project,
                user=request.user,
                recipe=request.POST.get("recipe", ""),
                message=request.POST.get("message", "")[:300],
                promote="promote" in request.POST,
                release="release" in request.POST,
            )
            return redirect("pipelines:detail", slug=slug, number=pipeline.number)
        except DomainError as caught:
            error = caught
    chosen = steps.choose_recipe(project, "", None)
    context = {
        "project": project,
        "section": "pipelines",
        "error": error,
        "chosen": get_recipe(chosen["recipe"]),
        "recipes": [r for r in list_recipes(project.problem_type) if not r.is_baseline],
        "titles": [rules.STEP_TITLES[name] for name in rules.STEPS],
        "running": selectors.find_running(project),
    }
    return render(request, "pipelines/start.html", context, status=409 if error else 200)


@login_required
@require_GET
def detail(request, slug, number):
    return render(request, "pipelines/detail.html", _load(request, slug, number))


@login_required
@require_GET
def live(request, slug, number):
    """The steps, refreshing until the pipeline has ended."""
    return render(request, "pipelines/_steps.html", _load(request, slug, number))


def _load(request, slug, number) -> dict:
    project = get_project(request.user, slug)
    pipeline = selectors.get_pipeline(project, number)
    return {
        "project": project,
        "section": "pipelines",
        "pipeline": pipeline,
        "steps": selectors.list_steps(pipeline),
        "recipe": get_recipe(pipeline.spec["recipe"]),
    }


@login_required
@require_POST
def cancel(request, slug, number):
    pipeline = selectors.get_pipeline(get_project(request.user, slug, role="engineer"), number)
    try:
        services.cancel(pipeline=pipeline, user=request.user)
        messages.success(request, "The pipeline is canceled.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("pipelines:detail", slug=slug, number=number)
