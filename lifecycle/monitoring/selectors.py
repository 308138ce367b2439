"""Reads on live traffic: its distributions against the model's reference, reports and alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from lifecycle.common.errors import NotFound
from lifecycle.contracts.loop import Figure, StageState, StageSummary
from lifecycle.deployments.models import Deployment, Prediction
from lifecycle.monitoring import rules
from lifecycle.monitoring.models import Alert, DriftReport
from lifecycle.projects.models import Stage
from lifecycle.registry.models import ModelVersion

WINDOW = 1000  # predictions; the newest N are "now"


@dataclass(frozen=True)
class Window:
    """The newest predictions of one model version, and how they compare with its reference."""

    model_version: ModelVersion | None
    count: int
    start: datetime | None
    end: datetime | None
    features: list[rules.FeatureDrift]

    @property
    def worst(self) -> rules.FeatureDrift | None:
        """The feature that moved furthest, beyond what chance explains if any did."""
        measured = [f for f in self.features if f.psi is not None]
        return max(measured, key=lambda f: (f.verdict in ("moved", "drifted"), f.psi), default=None)

    @property
    def verdict(self) -> str:
        return self.worst.verdict if self.worst else "unknown"


def compare_window(deployment: Deployment, *, size: int = WINDOW) -> Window:
    """The newest `size` good answers of the model version that answers now, against its stored reference."""
    newest = Prediction.objects.filter(deployment=deployment, status=200).order_by("-at")
    first = newest.values_list("model_version_id", flat=True).first()
    known = ModelVersion.objects.select_related("artifact", "model")
    version = known.filter(pk=first).first() if first is not None else None
    if version is None or first is None:
        return Window(None, 0, None, None, [])
    rows = list(newest.filter(model_version_id=first).values_list("at", "features", "output")[:size])
    reference = version.artifact.manifest.get("reference") or {}
    inputs = rules.compare(
        reference.get("inputs", {}), _columns(reference.get("inputs", {}), [r[1] for r in rows]), side="input"
    )
    outputs = rules.compare(
        reference.get("outputs", {}), _columns(reference.get("outputs", {}), [r[2] for r in rows]), side="output"
    )
    return Window(version, len(rows), rows[-1][0], rows[0][0], outputs + inputs)


def _columns(reference: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [(row or {}).get(name) for row in rows] for name in reference}


def list_reports(deployment: Deployment) -> QuerySet[DriftReport]:
    return DriftReport.objects.filter(deployment=deployment).order_by("-pk")


def get_report(deployment: Deployment, report_id: int) -> DriftReport:
    """One stored drift report of a deployment; NotFound when it has none such."""
    report = DriftReport.objects.filter(deployment=deployment, pk=report_id).first()
    if report is None:
        raise NotFound("There is no such drift report for this deployment.")
    return report


def list_alerts(project, *, is_open: bool | None = None) -> QuerySet[Alert]:
    alerts = Alert.objects.filter(deployment__project=project).select_related("deployment")
    if is_open is not None:
        alerts = alerts.filter(resolved_at__isnull=is_open)
    return alerts.order_by("-pk")


def get_alert(project, alert_id: int) -> Alert:
    """One alert of a project; NotFound when it has none such."""
    alert = list_alerts(project).filter(pk=alert_id).first()
    if alert is None:
        raise NotFound("There is no such alert in this project.")
    return alert


def summarize_monitor(project) -> StageSummary:
    """The monitor stage of the loop page."""
    alerts = list_alerts(project, is_open=True).count()
    live = Deployment.objects.filter(project=project, state=Deployment.State.ACTIVE)
    if not live.exists():
        return StageSummary(Stage.MONITOR, StageState.EMPTY, "Nothing is live yet.")
    newest = DriftReport.objects.filter(deployment__project=project).order_by("-pk").first()
    answered = Prediction.objects.filter(deployment__in=live).aggregate(n=Count("pk"))["n"]
    figures = (
        Figure("predictions", f"{answered:,}"),
        Figure("open alerts", f"{alerts:,}"),
        Figure("worst PSI", "–" if newest is None or newest.worst_psi is None else f"{newest.worst_psi:.2f}"),
    )
    if alerts:
        newest_alert = list_alerts(project, is_open=True).first()
        headline = newest_alert.summary if newest_alert else "An alert is open."
        return StageSummary(Stage.MONITOR, StageState.ATTENTION, headline, figures, "alerts", "Look at the alerts")
    if not answered:
        return StageSummary(
            Stage.MONITOR, StageState.READY, "Waiting for the first prediction.", figures, "tryit", "Try the endpoint"
        )
    headline = "Watching live traffic."
    return StageSummary(Stage.MONITOR, StageState.DONE, headline, figures, "monitor", "Open the monitor")
