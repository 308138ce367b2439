"""Pages of monitoring: what comes in and goes out now, beside what the model was trained on."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.deployments import selectors as deployments
from lifecycle.monitoring import rules, selectors, services
from lifecycle.projects.selectors import get_project
from webapp.charts import monitoring as charts


@login_required
@require_GET
def overview(request, slug):
    """Every deployment of a project with its verdict; straight to the only one when there is one."""
    project = get_project(request.user, slug)
    live = list(deployments.list_deployments(project))
    if len(live) == 1:
        return redirect("monitoring:detail", slug=slug, deployment=live[0].slug)
    rows = [{"deployment": d, "window": selectors.compare_window(d)} for d in live]
    return render(request, "monitoring/overview.html", {"project": project, "section": "monitor", "rows": rows})


@login_required
@require_GET
def detail(request, slug, deployment):
    return render(request, "monitoring/detail.html", _load(request, slug, deployment))


@login_required
@require_GET
def drift(request, slug, deployment):
    """The part of the page that refreshes itself."""
    return render(request, "monitoring/_drift.html", _load(request, slug, deployment))


def _load(request, slug, deployment) -> dict:
    project = get_project(request.user, slug)
    found = deployments.get_deployment(project, deployment)
    window = selectors.compare_window(found)
    features = [
        {
            "drift": feature,
            "verdict": feature.verdict,
            "figure": charts.draw_shares(feature),
        }
        for feature in window.features
    ]
    return {
        "project": project,
        "section": "monitor",
        "deployment": found,
        "window": window,
        "features": features,
        "enough": rules.ENOUGH_PREDICTIONS,
        "reports": list(selectors.list_reports(found)[:60]),
        "history": charts.draw_history(list(selectors.list_reports(found)[:200])),
        "alerts": list(selectors.list_alerts(project, is_open=True).filter(deployment=found)),
    }


@login_required
@require_GET
def alerts(request, slug):
    project = get_project(request.user, slug)
    state = request.GET.get("state", "open")
    found = selectors.list_alerts(project, is_open={"open": True, "resolved": False}.get(state))
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    return render(
        request, "monitoring/alerts.html", {"project": project, "section": "monitor", "page": page, "state": state}
    )


@login_required
@require_POST
def resolve(request, slug, alert_id):
    alert = selectors.get_alert(get_project(request.user, slug, role="engineer"), alert_id)
    try:
        services.resolve(alert=alert, user=request.user)
        messages.success(request, "The alert is resolved. It comes back by itself if the cause does.")
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("monitoring:alerts", slug=slug)
