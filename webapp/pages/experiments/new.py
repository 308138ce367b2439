"""The page on which a training is set up and started."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.contracts.recipes import Recipe
from lifecycle.datasets import services as datasets
from lifecycle.experiments import selectors, services
from lifecycle.jobs.selectors import ACTIVE, find_latest
from lifecycle.projects.selectors import get_project
from webapp.pages.experiments.forms import build_fields, read_number, read_parameters

SHOWN_VERSIONS = 50


@login_required
@require_http_methods(["GET", "POST"])
def create(request, slug):
    project = get_project(request.user, slug, role="engineer")
    recipes = selectors.list_project_recipes(project)
    if not recipes:
        return render(request, "experiments/no_recipe.html", {"project": project, "section": "runs"})
    if request.method == "GET":
        entered = _prefill(project, request.GET)
        return _render(request, project, recipes, entered, {})
    recipe = next((r for r in recipes if r.key == request.POST.get("recipe")), recipes[0])
    entered = _read(request.POST, recipe)
    try:
        run = _start(project, request.user, entered)
    except DomainError as error:
        return _render(request, project, recipes, entered, error.fields, error.message)
    messages.success(request, f"{run} is queued.")
    return redirect("experiments:detail", slug=slug, number=run.number)


@login_required
@require_POST
def commit_version(request, slug):
    """Commit what is in the dataset now, then come back to the form."""
    project = get_project(request.user, slug, role="engineer")
    try:
        datasets.commit_version(dataset=project.datasets.get(name="main"), user=request.user, message="For training")
        messages.success(request, "Committing what is here now; the new version appears in the list when it is done.")
    except DomainError as error:
        messages.error(request, error.message)
    recipe = request.POST.get("recipe", "")
    return redirect(f"{reverse('experiments:new', args=[slug])}?recipe={recipe}&committing=1")


@login_required
@require_GET
def show_versions(request, slug):
    """The part of the form that refreshes itself while a version is being committed, and then chooses it."""
    project = get_project(request.user, slug, role="engineer")
    context = _describe_versions(project, read_number(request.GET.get("version")))
    if not context["is_committing"] and context["versions"]:
        context["chosen_version"] = context["versions"][0].number
    return render(request, "experiments/_data.html", {"project": project, **context})


def _describe_versions(project, chosen: int | None) -> dict[str, Any]:
    versions = list(selectors.list_versions(project)[:SHOWN_VERSIONS])
    dataset = project.datasets.filter(name="main").first()
    job = find_latest(subject_type="dataset", subject_id=dataset.pk, kind="version") if dataset else None
    return {
        "versions": versions,
        "chosen_version": chosen or (versions[0].number if versions else None),
        "commit_job": job,
        "is_committing": job is not None and job.state in ACTIVE,
    }


def _start(project, user, entered: dict[str, Any]):
    if entered["version"] is None:
        sentence = "Choose the dataset version to learn from."
        raise DomainError(sentence, fields={"dataset_version": sentence})
    if entered["seed"] is None:
        raise DomainError("The seed is not a number.", fields={"seed": "Enter a whole number, 0 or more."})
    experiment = selectors.get_experiment(project, entered["experiment"]) if entered["experiment"] else None
    return services.start_run(
        project=project,
        user=user,
        recipe=entered["recipe"],
        parameters=entered["parameters"],
        seed=entered["seed"],
        dataset_version=selectors.get_version(project, entered["version"]),
        experiment=experiment,
        name=entered["name"],
    )


def _read(posted, recipe: Recipe) -> dict[str, Any]:
    return {
        "recipe": recipe.key,
        "parameters": read_parameters(recipe, posted),
        "seed": read_number(posted.get("seed")),
        "version": read_number(posted.get("version")),
        "experiment": read_number(posted.get("experiment")),
        "name": posted.get("name", ""),
    }


def _prefill(project, query) -> dict[str, Any]:
    """What the form starts with: an earlier run (``?from=``), overruled by what the query says."""
    entered: dict[str, Any] = {
        "recipe": "",
        "parameters": {},
        "seed": 0,
        "version": None,
        "experiment": None,
        "name": "",
    }
    number = read_number(query.get("from"))
    if number:
        run = selectors.get_run(project, number)
        entered |= {"recipe": run.recipe, "parameters": run.parameters, "seed": run.seed}
        entered |= {"version": run.dataset_version.number, "experiment": run.experiment_id}
    chosen = {"recipe": query.get("recipe"), "version": read_number(query.get("version"))}
    return entered | {name: value for name, value in chosen.items() if value}


def _render(request, project, recipes, entered, errors, message: str = ""):
    recipe = next((r for r in recipes if r.key == entered["recipe"]), recipes[0])
    fields = build_fields(recipe, entered["parameters"], errors)
    context = {
        "project": project,
        "section": "runs",
        "recipes": recipes,
        "recipe": recipe,
        "basic": [f for f in fields if not f.parameter.is_advanced],
        "advanced": [f for f in fields if f.parameter.is_advanced],
        "has_advanced_error": any(f.error for f in fields if f.parameter.is_advanced),
        **_describe_versions(project, entered["version"]),
        "experiments": list(selectors.list_experiment_names(project)[:SHOWN_VERSIONS]),
        "entered": entered,
        "errors": errors,
        "message": message,
        "random_seed": secrets.randbelow(100_000),
    }
    return render(request, "experiments/new.html", context, status=422 if message else 200)
