"""Reads on deployments: releases, keys, the log of predictions, live numbers, what feedback says of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, FloatField, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone

from lifecycle.common.errors import NotFound
from lifecycle.contracts.loop import Figure, StageState, StageSummary
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.deployments.models import Deployment, DeploymentKey, Feedback, Prediction, Release
from lifecycle.projects.models import Stage
from lifecycle.registry import selectors as registry
from lifecycle.registry.models import ModelVersion

MAX_NUMBER = 2**31 - 1
WINDOW_MINUTES = 60
MEASURED_ROWS = 20_000  # the newest so many answers make the percentiles


@dataclass(frozen=True)
class Traffic:
    """Live numbers of one deployment over the last `minutes`."""

    minutes: int
    requests: int
    refused: int  # answered 4xx
    errors: int  # answered 5xx
    p50_ms: float | None
    p95_ms: float | None
    last_at: datetime | None
    by_minute: list[tuple[datetime, int, int]]  # (minute, requests, of these not answered 200)


@dataclass(frozen=True)
class FeedbackSummary:
    """What feedback says of a deployment's answers; `score` is accuracy, or the mean absolute error of numbers."""

    count: int  # predictions with a truth
    score: float | None
    is_number: bool
    value_count: int
    value_total: float | None


@dataclass(frozen=True)
class PredictionFilters:
    """What the log shows; empty means all."""

    status: str = ""  # ok | refused | error
    label: str = ""
    feedback: str = ""  # with | without | wrong
    max_confidence: float | None = None
    request_id: uuid.UUID | None = None
    release: int | None = None  # its number


def list_deployments(project) -> QuerySet[Deployment]:
    """A project's deployments, active ones first."""
    found = Deployment.objects.filter(project=project).select_related("current_release", "model", "created_by")
    return found.order_by("state", "slug")


def get_deployment(project, slug: str) -> Deployment:
    """One deployment of a project; NotFound when it has none such."""
    found = Deployment.objects.filter(project=project, slug=slug)
    deployment = found.select_related("current_release", "model", "project", "created_by").first()
    if deployment is None:
        raise NotFound("There is no such deployment in this project.")
    return deployment


def list_releases(deployment: Deployment) -> QuerySet[Release]:
    return Release.objects.filter(deployment=deployment).select_related("created_by").order_by("-number")


def get_release(deployment: Deployment, number: int) -> Release:
    release = list_releases(deployment).filter(number=min(number, MAX_NUMBER)).first()
    if release is None:
        raise NotFound(f"There is no release {number} of this deployment.")
    return release


def list_keys(deployment: Deployment) -> QuerySet[DeploymentKey]:
    """Keys that still open the door first."""
    keys = DeploymentKey.objects.filter(deployment=deployment).select_related("created_by")
    return keys.order_by("-revoked_at", "-pk")


def get_key(deployment: Deployment, key_id: int) -> DeploymentKey:
    key = DeploymentKey.objects.filter(deployment=deployment, pk=key_id).select_related("deployment__project").first()
    if key is None:
        raise NotFound("There is no such key of this deployment.")
    return key


def find_live_version(deployment: Deployment) -> ModelVersion | None:
    """The model version behind the current release."""
    targets = deployment.current_release.targets if deployment.current_release else []
    if not targets:
        return None
    found = ModelVersion.objects.filter(pk=targets[0]["model_version_id"])
    return found.select_related("model__project", "artifact__run").first()


def list_releasable(deployment: Deployment) -> QuerySet[ModelVersion]:
    """Versions of the deployment's model, newest first."""
    return registry.list_versions(deployment.model)


def measure_traffic(deployment: Deployment, *, minutes: int = WINDOW_MINUTES) -> Traffic:
    """Requests, errors and latency of the last `minutes`."""
    since = timezone.now() - timedelta(minutes=minutes)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT date_trunc('minute', at) AS minute, count(*), count(*) FILTER (WHERE status BETWEEN 400 AND 499),
                   count(*) FILTER (WHERE status >= 500)
            FROM deployments_prediction WHERE deployment_id = %s AND at >= %s GROUP BY 1 ORDER BY 1
            """,
            [deployment.pk, since],
        )
        rows = cursor.fetchall()
        cursor.execute(
            """
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_ms),
                   percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms)
            FROM (SELECT latency_ms FROM deployments_prediction
                  WHERE deployment_id = %s AND at >= %s AND status = 200 ORDER BY at DESC LIMIT %s) newest
            """,
            [deployment.pk, since, MEASURED_ROWS],
        )
        p50, p95 = cursor.fetchone()
    last = Prediction.objects.filter(deployment=deployment).order_by("-at").values_list("at", flat=True).first()
    return Traffic(
        minutes=minutes,
        requests=sum(row[1] for row in rows),
        refused=sum(row[2] for row in rows),
        errors=sum(row[3] for row in rows),
        p50_ms=p50,
        p95_ms=p95,
        last_at=last,
        by_minute=[(minute, total, refused + failed) for minute, total, refused, failed in rows],
    )


def count_recent(deployments: Iterable[Deployment], *, minutes: int = WINDOW_MINUTES) -> dict[int, dict[str, int]]:
    """{deployment id: {"requests", "errors"}} of the last `minutes`, in one query."""
    since = timezone.now() - timedelta(minutes=minutes)
    found = Prediction.objects.filter(deployment__in=[d.pk for d in deployments], at__gte=since)
    rows = (
        found.order_by()
        .values("deployment")
        .annotate(requests=Count("pk"), errors=Count("pk", filter=Q(status__gte=500)))
    )
    return {row["deployment"]: {"requests": row["requests"], "errors": row["errors"]} for row in rows}


def list_predictions(deployment: Deployment, filters: PredictionFilters | None = None) -> QuerySet[Prediction]:
    """The log, newest first."""
    filters = filters or PredictionFilters()
    found = Prediction.objects.filter(deployment=deployment)
    bounds = {"ok": (200, 399), "refused": (400, 499), "error": (500, 599)}.get(filters.status)
    if bounds:
        found = found.filter(status__range=bounds)
    if filters.label:
        found = found.filter(output__label=filters.label)
    if filters.max_confidence is not None:
        found = found.annotate(confidence=Cast(KT("output__confidence"), FloatField()))
        found = found.filter(confidence__lte=filters.max_confidence)
    if filters.request_id:
        found = found.filter(request_id=filters.request_id)
    if filters.release:
        found = found.filter(release_id__in=deployment.releases.filter(number=filters.release).values("pk"))
    return _filter_feedback(found, filters.feedback).order_by("-at", "-pk")


def _filter_feedback(predictions: QuerySet[Prediction], wanted: str) -> QuerySet[Prediction]:
    said = Feedback.objects.filter(request_id=OuterRef("request_id"))
    if wanted == "with":
        return predictions.filter(Exists(said))
    if wanted == "without":
        return predictions.filter(~Exists(said))
    if wanted == "wrong":
        predictions = predictions.annotate(answer=KT("output__label"))
        differs = said.filter(truth__isnull=False).exclude(truth=OuterRef("answer"))
        return predictions.filter(Exists(differs), answer__isnull=False)
    return predictions


def get_prediction(deployment: Deployment, request_id: uuid.UUID) -> Prediction:
    prediction = Prediction.objects.filter(deployment=deployment, request_id=request_id).first()
    if prediction is None:
        raise NotFound("There is no such prediction in this deployment's log (it is written within a second).")
    return prediction


def find_feedback(project, request_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Feedback]:
    """{request id: newest feedback}, in one query."""
    found = Feedback.objects.filter(project=project, request_id__in=list(request_ids)).order_by("pk")
    return {feedback.request_id: feedback for feedback in found}


def list_feedback(project, *, deployment: Deployment | None = None) -> QuerySet[Feedback]:
    """Feedback of a project, newest first."""
    found = Feedback.objects.filter(project=project).select_related("created_by")
    if deployment is not None:
        found = found.filter(request_id__in=Prediction.objects.filter(deployment=deployment).values("request_id"))
    return found.order_by("-pk")


def measure_feedback(deployment: Deployment) -> FeedbackSummary:
    """How often the answers turned out right. Of several truths for one prediction the newest counts."""
    is_number = get_problem_type(deployment.project.problem_type).label_kind == LabelKind.NUMBER
    measure = (
        "avg(abs((p.output->>'value')::float8 - f.truth::float8))"
        if is_number
        else "avg(CASE WHEN p.output->>'label' = f.truth THEN 1.0::float8 ELSE 0.0 END)"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT count(f.truth), {measure} FILTER (WHERE f.truth IS NOT NULL), count(f.value), sum(f.value)
            FROM (SELECT DISTINCT ON (request_id) request_id, truth, value FROM deployments_feedback
                  WHERE project_id = %s ORDER BY request_id, id DESC) f
            JOIN deployments_prediction p ON p.request_id = f.request_id AND p.deployment_id = %s AND p.status = 200
            """,
            [deployment.project_id, deployment.pk],
        )
        count, score, value_count, value_total = cursor.fetchone()
    return FeedbackSummary(count, score, is_number, value_count, value_total)


def list_classes(version: ModelVersion | None) -> list[str]:
    """The classes a live version answers with; empty for numbers."""
    return list(version.artifact.manifest.get("classes") or ()) if version else []


def list_columns(version: ModelVersion | None) -> list[dict[str, Any]]:
    """The columns a live version of rows asks for: name, kind and, of a category, its values."""
    return list(version.artifact.manifest.get("features") or ()) if version else []


def summarize_deploy(project) -> StageSummary:
    """What the loop page shows of deployments."""
    deployments = list(list_deployments(project))
    if not deployments:
        if ModelVersion.objects.filter(model__project=project).exists():
            headline = "A registered model can be deployed"
            return StageSummary(Stage.DEPLOY, StageState.READY, headline, (), "deploy", "Deploy a model")
        return StageSummary(Stage.DEPLOY, StageState.EMPTY, "Needs a registered model")
    active = [d for d in deployments if d.state == Deployment.State.ACTIVE]
    recent = count_recent(active)
    requests = sum(row["requests"] for row in recent.values())
    errors = sum(row["errors"] for row in recent.values())
    figures = (Figure("live", f"{len(active):,}"), Figure("requests in the last hour", f"{requests:,}"))
    state, headline = _describe_state(active, errors)
    return StageSummary(Stage.DEPLOY, state, headline, figures, "deployments", "See deployments")


def _describe_state(active: list[Deployment], errors: int) -> tuple[StageState, str]:
    broken = [d.slug for d in active if d.current_release and d.current_release.load_error]
    loading = [d.slug for d in active if d.current_release and d.current_release.loaded_at is None]
    if broken:
        return StageState.ATTENTION, f"{broken[0]} could not load its newest release"
    if errors:
        return StageState.ATTENTION, f"{errors:,} requests failed in the last hour"
    if loading:
        return StageState.WORKING, f"{loading[0]} is loading"
    if not active:
        return StageState.READY, "All deployments are stopped"
    return StageState.DONE, f"{active[0].slug} answers" if len(active) == 1 else f"{len(active)} deployments answer"


def find_version(project, model_version_id: int) -> ModelVersion | None:
    """The model version behind a logged prediction; None when it has been deleted."""
    found = ModelVersion.objects.filter(model__project=project, pk=model_version_id)
    return found.select_related("model", "artifact__run").first()
