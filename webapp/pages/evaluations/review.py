"""The page on which reviewers approve or reject what evaluations show."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.evaluations import comparison, selectors, services
from lifecycle.evaluations.models import Evaluation
from lifecycle.evaluations.rules import Outcome
from lifecycle.experiments import selectors as experiments
from lifecycle.projects.selectors import get_project
from lifecycle.registry import selectors as registry

PAGE_SIZE = 10


@login_required
@require_GET
def list_awaiting(request, slug):
    project = get_project(request.user, slug, role="reviewer")
    metric = experiments.get_key_metric(project)
    page = Paginator(selectors.list_awaiting(project), PAGE_SIZE).get_page(request.GET.get("page"))
    champion = registry.find_champion(project)
    context = {
        "project": project,
        "section": "review",
        "metric": metric,
        "page": page,
        "cards": [_build_card(evaluation, champion, metric) for evaluation in page.object_list],
        "champion": champion,
        "decided": selectors.list_evaluations(project, verdict="approved")[:5],
        "rejected": selectors.list_evaluations(project, verdict="rejected")[:5],
    }
    return render(request, "evaluations/review.html", context)


def _build_card(evaluation: Evaluation, champion, metric) -> dict:
    """One evaluation beside baseline, charter and champion, with the items that change."""
    baseline = selectors.find_baseline(evaluation)
    reference = _find_champion_evaluation(evaluation, champion)
    gates = selectors.list_gates(evaluation)
    counts = comparison.count_outcomes(reference, evaluation) if reference else {}
    scores = selectors.compare_scores(evaluation.project, evaluation.metrics, baseline.metrics if baseline else {})
    beside = selectors.compare_scores(evaluation.project, evaluation.metrics, reference.metrics if reference else {})
    rows = [
        {"metric": a.metric, "value": a.value, "baseline": a.reference, "champion": b.reference, "gain": b.gain}
        for a, b in zip(scores, beside, strict=False)
    ]
    return {
        "evaluation": evaluation,
        "run": evaluation.artifact.run,
        "gates": gates,
        "verdict": selectors.judge(evaluation, baseline=baseline, gates=gates),
        "rows": sorted(rows, key=lambda row: row["metric"].key != metric.key),
        "reference": reference,
        "fixed": counts.get(Outcome.FIXED, 0),
        "broke": counts.get(Outcome.BROKE, 0),
        "changed": selectors.attach_items(selectors.list_item_results(evaluation, only="mistakes")[:6]),
    }


def _find_champion_evaluation(evaluation: Evaluation, champion) -> Evaluation | None:
    """The champion's scores on the very same items; None when it was not evaluated on them."""
    if champion is None or champion.artifact_id == evaluation.artifact_id:
        return None
    return selectors.find_evaluation(champion.artifact, evaluation.dataset_version, evaluation.split)


@login_required
@require_POST
def decide(request, slug, evaluation_id):
    project = get_project(request.user, slug, role="reviewer")
    evaluation = selectors.get_evaluation(project, evaluation_id)
    try:
        decision = services.decide(
            evaluation=evaluation,
            user=request.user,
            verdict=request.POST.get("verdict", ""),
            reason=request.POST.get("reason", ""),
        )
        messages.success(request, f"{decision.verdict.capitalize()}. The reason is kept in the audit trail.")
    except DomainError as error:
        messages.error(request, error.message)
    back = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith("/"):
        return redirect(back)
    return redirect("evaluations:detail", slug=slug, evaluation_id=evaluation_id)
