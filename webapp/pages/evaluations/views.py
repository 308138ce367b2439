"""Pages of evaluations: the list, and one evaluation with its verdict and charts."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.evaluations import rules, selectors, services
from lifecycle.evaluations.models import Evaluation
from lifecycle.experiments import selectors as experiments
from lifecycle.experiments.rules import measure_gain
from lifecycle.jobs import selectors as jobs
from lifecycle.jobs.models import Job
from lifecycle.projects.selectors import get_project
from webapp.charts import evaluation as charts
from webapp.pages.experiments.forms import read_number

PAGE_SIZE = 50
CLASS_SORTS = ("class", "precision", "recall", "f1", "support")
VERDICTS = ("undecided", "approved", "rejected")


@login_required
@require_http_methods(["GET", "POST"])
def list_evaluations(request, slug):
    if request.method == "POST":
        return _start(request, get_project(request.user, slug, role="engineer"))
    project = get_project(request.user, slug)
    filters = {"state": request.GET.get("state", ""), "verdict": request.GET.get("verdict", "")}
    run = read_number(request.GET.get("run"))
    found = selectors.list_evaluations(project, **filters, run=run)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)
    context = {
        "project": project,
        "section": "evaluations",
        "page": page,
        "rows": build_rows(page.object_list, experiments.get_key_metric(project)),
        "metric": experiments.get_key_metric(project),
        "filters": filters,
        "run": run,
        "states": Job.State.choices,
        "verdicts": VERDICTS,
        "runs": experiments.list_runs(project, experiments.RunFilters(state=Job.State.SUCCEEDED))[:100],
        "versions": experiments.list_versions(project)[:50],
        "splits": rules.SPLITS,
    }
    return render(request, "evaluations/list.html", context)


def _start(request, project):
    """Evaluate a finished run's model on a version and split."""
    try:
        run = experiments.get_run(project, read_number(request.POST.get("run")) or 0)
        artifact = experiments.find_artifact(run)
        if artifact is None:
            raise DomainError(f"{run} has not left a model behind yet.")
        evaluation = services.evaluate(
            project=project,
            user=request.user,
            artifact=artifact,
            dataset_version=experiments.get_version(project, read_number(request.POST.get("version")) or 0),
            split=request.POST.get("split", ""),
        )
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("evaluations:list", slug=project.slug)
    return redirect("evaluations:detail", slug=project.slug, evaluation_id=evaluation.pk)


def build_rows(evaluations, metric) -> list[dict]:
    """Each evaluation with its key score and how much better than the baseline it is."""
    baselines = selectors.find_baselines(evaluations)
    rows = []
    for evaluation in evaluations:
        baseline = baselines.get((evaluation.dataset_version_id, evaluation.split))
        reference = baseline.metrics.get(metric.key) if baseline and baseline.pk != evaluation.pk else None
        score = evaluation.metrics.get(metric.key)
        gain = measure_gain(score, reference, higher_is_better=metric.higher_is_better)
        rows.append({"evaluation": evaluation, "score": score, "gain": gain, "baseline": baseline})
    return rows


@login_required
@require_GET
def detail(request, slug, evaluation_id):
    project = get_project(request.user, slug)
    evaluation = selectors.get_evaluation(project, evaluation_id)
    if evaluation.finished_at is None:
        return _render_unfinished(request, project, evaluation)
    baseline = selectors.find_baseline(evaluation)
    gates = selectors.list_gates(evaluation)
    metric = experiments.get_key_metric(project)
    scores = selectors.compare_scores(project, evaluation.metrics, baseline.metrics if baseline else {})
    is_regression = "scatter" in evaluation.details
    context = {
        "project": project,
        "section": "evaluations",
        "evaluation": evaluation,
        "run": evaluation.artifact.run,
        "job": evaluation.job,
        "baseline": baseline,
        "gates": gates,
        "verdict": selectors.judge(evaluation, baseline=baseline, gates=gates),
        "metric": metric,
        "scores": sorted(scores, key=lambda row: row.metric.key != metric.key),
        "decisions": selectors.list_decisions(evaluation),
        "is_regression": is_regression,
        "mistakes": selectors.list_surest_mistakes(evaluation),
        "mistake_count": 0 if is_regression else selectors.count_mistakes(evaluation),
        "comparable": selectors.list_comparable(evaluation)[:20],
        "can_decide": project.role in ("owner", "engineer", "reviewer"),
        "can_edit": project.role in ("owner", "engineer"),
        **(_draw_regression if is_regression else _draw_classification)(project, evaluation, request.GET),
    }
    return render(request, "evaluations/detail.html", context)


def _render_unfinished(request, project, evaluation: Evaluation):
    job = evaluation.job
    context = {
        "project": project,
        "section": "evaluations",
        "evaluation": evaluation,
        "run": evaluation.artifact.run,
        "job": job,
        "is_active": job is not None and job.state in jobs.ACTIVE,
        "waiting_reason": jobs.explain_waiting(job) if job else "",
        "remaining_seconds": jobs.estimate_remaining_seconds(job) if job else None,
        "can_edit": project.role in ("owner", "engineer"),
    }
    is_live = request.htmx and not request.htmx.boosted
    return render(request, "evaluations/_waiting.html" if is_live else "evaluations/waiting.html", context)


def link_items(project, evaluation: Evaluation, **query) -> str:
    """The page of the items behind a part of a chart."""
    url = reverse("evaluations:items", args=[project.slug, evaluation.pk])
    return f"{url}?{urlencode(query)}" if query else url


def _draw_classification(project, evaluation: Evaluation, query) -> dict:
    details = evaluation.details

    def link(truth: str, predicted: str) -> str:
        return link_items(project, evaluation, truth=truth, predicted=predicted)

    has_many = len(details["confusion"]["classes"]) > charts.MAX_MATRIX_CLASSES
    return {
        "confusion": charts.build_confusion(details["confusion"], link),
        "confusion_height": 620 if has_many else min(160 + 34 * len(details["confusion"]["classes"]), 760),
        "confusions": charts.list_confusions(details["confusion"], 10),
        "has_many_classes": has_many,
        "roc": charts.build_roc(details["roc"]),
        "precision_recall": charts.build_precision_recall(details["precision_recall"]),
        "curves_are_chosen": len(details["roc"]) > charts.MAX_CURVES,
        "max_curves": charts.MAX_CURVES,
        "calibration": charts.build_calibration(details["calibration"]),
        "per_class": _sort_classes(details["per_class"], query.get("classes", "f1")),
        "class_sort": query.get("classes", "f1"),
        "class_sorts": CLASS_SORTS,
    }


def _sort_classes(rows: list[dict], sort: str) -> list[dict]:
    """Rows of the per-class table; unknown values last, whichever way it is sorted."""
    key, descending = sort.lstrip("-"), sort.startswith("-")
    if key not in CLASS_SORTS:
        key = "f1"
    known = sorted((r for r in rows if r[key] is not None), key=lambda r: r[key], reverse=descending)
    return known + [r for r in rows if r[key] is None]


def _draw_regression(project, evaluation: Evaluation, query) -> dict:
    details = evaluation.details

    def link_item(item_id: int) -> str:
        return reverse("datasets:item", args=[project.slug, item_id])

    def link_range(low: float, high: float) -> str:
        return link_items(project, evaluation, low=low, high=high)

    return {
        "residuals": charts.build_residuals(details["residuals"]),
        "scatter": charts.build_scatter(details["scatter"], link_item),
        "error_by_quantile": charts.build_error_by_quantile(details["error_by_quantile"], link_range),
    }


@login_required
@require_POST
def evaluate_again(request, slug, evaluation_id):
    project = get_project(request.user, slug, role="engineer")
    evaluation = selectors.get_evaluation(project, evaluation_id)
    try:
        services.evaluate(
            project=project,
            user=request.user,
            artifact=evaluation.artifact,
            dataset_version=evaluation.dataset_version,
            split=evaluation.split,
            is_again=True,
        )
        messages.success(request, "The evaluation is queued again.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("evaluations:detail", slug=slug, evaluation_id=evaluation_id)
