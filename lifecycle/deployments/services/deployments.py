"""Open an endpoint, stop it, start it again, change its limits."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from lifecycle.common.errors import DomainError, NotFound
from lifecycle.deployments import rules
from lifecycle.deployments.models import Deployment
from lifecycle.deployments.services.releases import notify, release
from lifecycle.projects.services import record_event
from lifecycle.registry.models import ModelVersion


def create(
    *, project, user, version: ModelVersion, slug: str = "", max_queue: int = 256, logs_inputs: bool = True
) -> Deployment:
    """A new endpoint that answers with `version`; without `slug` its address is made from the model's name."""
    if version.model.project_id != project.pk:
        raise NotFound("There is no such model version in this project.")
    _check_queue(max_queue)
    slug = slug.strip()
    problem = rules.explain_bad_slug(slug) if slug else ""
    if problem:
        raise DomainError(problem, fields={"slug": problem})
    try:
        with transaction.atomic():
            deployment = Deployment.objects.create(
                project=project,
                model=version.model,
                slug=slug or _propose_slug(version.model.name),
                max_queue=max_queue,
                logs_inputs=logs_inputs,
                created_by=user,
            )
            release(deployment=deployment, user=user, version=version, note="First release")
            _record(deployment, user, "deployment.created", f"Deployed {version} as {deployment.slug}")
    except IntegrityError:
        sentence = "Another deployment has this address already."
        raise DomainError(f"{sentence} Choose another one.", fields={"slug": sentence}) from None
    return deployment


def _propose_slug(name: str) -> str:
    base = rules.propose_slug(name, set())
    return rules.propose_slug(
        name, set(Deployment.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    )


def stop(*, deployment: Deployment, user) -> Deployment:
    """Answer no more; releases, keys and the log stay."""
    return _set_state(deployment, user, Deployment.State.STOPPED, "deployment.stopped", f"Stopped {deployment}")


def start(*, deployment: Deployment, user) -> Deployment:
    """Answer again with the current release."""
    return _set_state(deployment, user, Deployment.State.ACTIVE, "deployment.started", f"Started {deployment}")


def configure(*, deployment: Deployment, user, max_queue: int, logs_inputs: bool) -> Deployment:
    """Change how many requests may wait, and whether inputs are kept."""
    _check_queue(max_queue)
    with transaction.atomic():
        deployment.max_queue, deployment.logs_inputs = max_queue, logs_inputs
        deployment.save(update_fields=["max_queue", "logs_inputs", "updated_at"])
        details = {"max_queue": max_queue, "logs_inputs": logs_inputs}
        _record(deployment, user, "deployment.configured", f"Changed the limits of {deployment}", details)
        notify(deployment)
    return deployment


def _check_queue(max_queue: int) -> None:
    if not 1 <= max_queue <= rules.MAX_QUEUE:
        sentence = f"The queue must hold 1 to {rules.MAX_QUEUE:,} requests."
        raise DomainError(sentence, fields={"max_queue": sentence})


def _set_state(deployment: Deployment, user, state: str, verb: str, summary: str) -> Deployment:
    with transaction.atomic():
        changed = Deployment.objects.filter(pk=deployment.pk).exclude(state=state).update(state=state)
        if changed:
            _record(deployment, user, verb, summary)
            notify(deployment)
    deployment.state = state
    return deployment


def _record(deployment: Deployment, user, verb: str, summary: str, details: dict | None = None) -> None:
    record_event(
        project=deployment.project,
        actor=user,
        verb=verb,
        summary=summary,
        object_type="deployment",
        object_id=deployment.slug,
        details=details,
    )
