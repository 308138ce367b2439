"""A new project, by answering what the product must do."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from lifecycle.common.errors import DomainError
from lifecycle.contracts.problems import list_problem_types
from lifecycle.pipelines.onboarding import create_project
from webapp.pages.accounts.forms import add_domain_error
from webapp.pages.projects.forms import ProjectForm

EXAMPLES = {
    "image_classification": ("Tell handwritten digits apart", "Read digits", ("0", "1", "2"), "0.96"),
    "object_detection": ("Count the blood cells in a photograph", "Blood cells", ("red", "white", "platelet"), "0.8"),
    "span_labelling": ("Find names and places in reports", "Names in reports", ("person", "place"), "0.9"),
    "text_classification": ("Say whether a film review is fresh or rotten", "Review mood", ("fresh", "rotten"), "0.75"),
    "tabular_classification": ("Say which customers will leave", "Churn", ("stays", "leaves"), "0.85"),
    "image_labelling": ("Say what is on product photographs", "Product photos", ("shoe", "bag", "coat"), "0.9"),
    "text_labelling": ("Say what support letters are about", "Letters", ("price", "delivery", "damage"), "0.9"),
    "row_labelling": ("Say which of two answers is better", "Answers", ("helpful", "wrong"), "0.8"),
    "tabular_regression": ("Estimate the price of a diamond from its measures", "Diamond prices", (), "0.975"),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def create(request):
    """One form. "more" in the answer asks for more rows only."""
    is_post, wants_rows = request.method == "POST", "more" in request.POST
    form = ProjectForm(request.POST if is_post else None)
    if is_post and not wants_rows and form.is_valid():
        try:
            project = create_project(
                user=request.user,
                name=form.cleaned_data["name"],
                problem_type=form.cleaned_data["problem_type"],
                charter=form.read_answers(),
                classes=form.read_classes(),
            )
            return redirect("projects:loop", slug=project.slug)
        except DomainError as error:
            add_domain_error(form, error)
    kinds = [(problem, EXAMPLES.get(problem.key, ("", "", (), ""))) for problem in list_problem_types()]
    context = {"form": form, "kinds": kinds, "chosen": form["problem_type"].value(), "is_quiet": wants_rows}
    return render(request, "projects/create.html", context)
