"""Verbs of monitoring: take a drift report, raise and resolve alerts."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from lifecycle.common.errors import Conflict
from lifecycle.deployments.models import Deployment, Prediction
from lifecycle.monitoring import rules, selectors
from lifecycle.monitoring.models import Alert, DriftReport
from lifecycle.projects.models import Charter
from lifecycle.projects.services import record_event

ERROR_SHARE = 0.05
TRAFFIC_MINUTES = 10


def watch(*, deployment: Deployment) -> DriftReport | None:
    """Compare the newest traffic with the reference, keep the report, raise or resolve alerts.

    Returns None when too little has come in since the last report for a new one to say anything.
    """
    window = selectors.compare_window(deployment)
    last = selectors.list_reports(deployment).first()
    check_traffic(deployment=deployment)
    if window.count < rules.ENOUGH_PREDICTIONS or (last and last.window_end == window.end):
        return None
    assert window.model_version is not None and window.start is not None and window.end is not None
    with transaction.atomic():
        report = DriftReport.objects.create(
            deployment=deployment,
            model_version_id=window.model_version.pk,
            window_start=window.start,
            window_end=window.end,
            prediction_count=window.count,
            features=[feature.to_json() for feature in window.features],
            worst_psi=window.worst.psi if window.worst else None,
        )
        _judge_drift(deployment, window, report)
    return report


def check_traffic(*, deployment: Deployment) -> None:
    """Raise or resolve the alerts on errors and latency of the last minutes."""
    since = timezone.now() - timedelta(minutes=TRAFFIC_MINUTES)
    recent = list(
        Prediction.objects.filter(deployment=deployment, at__gte=since)
        .order_by("-at")
        .values_list("status", "latency_ms")[:10_000]
    )
    failed = sum(status >= 500 for status, _ in recent)
    share = failed / len(recent) if recent else 0.0
    is_failing = len(recent) >= rules.ENOUGH_PREDICTIONS and share > ERROR_SHARE
    _settle(deployment, "errors", Alert.Level.CRITICAL if is_failing else None, f"{share:.0%} of requests failed.")
    charter = Charter.objects.filter(project=deployment.project).order_by("-version").first()
    limit = charter.max_latency_ms if charter else None
    p95 = sorted(ms for _, ms in recent)[int(0.95 * (len(recent) - 1))] if recent else 0.0
    is_slow = limit is not None and len(recent) >= rules.ENOUGH_PREDICTIONS and p95 > limit
    sentence = f"p95 latency is {p95:.1f} ms; the charter allows {limit:g} ms." if limit else ""
    _settle(deployment, "latency", Alert.Level.WARNING if is_slow else None, sentence)


def resolve(*, alert: Alert, user) -> Alert:
    """A person says that an alert is dealt with. Raises Conflict when it already is."""
    if alert.resolved_at is not None:
        raise Conflict("This alert is already resolved.")
    with transaction.atomic():
        alert.resolved_at = timezone.now()
        alert.save(update_fields=["resolved_at", "updated_at"])
        record_event(
            project=alert.deployment.project,
            actor=user,
            verb="alert.resolved",
            summary=f"Resolved the alert “{alert.summary}”",
            object_type="alert",
            object_id=alert.pk,
        )
    return alert


def _judge_drift(deployment: Deployment, window: selectors.Window, report: DriftReport) -> None:
    worst = window.worst
    level = None
    if worst and worst.psi is not None and worst.verdict == "drifted":
        level = Alert.Level.CRITICAL if worst.psi >= rules.PSI_CRITICAL else Alert.Level.WARNING
    name = f"{worst.side} “{worst.name}”" if worst else ""
    summary = f"The {name} has drifted: PSI {worst.psi:.2f} over {window.count} predictions." if worst else ""
    _settle(deployment, "drift", level, summary, details={"report_id": report.pk})


def _settle(deployment: Deployment, kind: str, level: str | None, summary: str, details: dict | None = None) -> None:
    """One open alert per deployment and kind: raised, kept up to date, or resolved when the cause is gone."""
    with transaction.atomic():
        Deployment.objects.select_for_update().get(pk=deployment.pk)
        current = Alert.objects.filter(deployment=deployment, kind=kind, resolved_at=None).first()
        if level is None and current is not None:
            current.resolved_at = timezone.now()
            current.save(update_fields=["resolved_at", "updated_at"])
        elif level is not None and current is not None:
            current.level, current.summary, current.details = level, summary, details or {}
            current.save(update_fields=["level", "summary", "details", "updated_at"])
        elif level is not None:
            alert = Alert.objects.create(
                deployment=deployment, kind=kind, level=level, summary=summary, details=details or {}
            )
            record_event(
                project=deployment.project,
                actor=None,
                verb="alert.raised",
                summary=f"{deployment.slug}: {summary}",
                object_type="alert",
                object_id=alert.pk,
            )
