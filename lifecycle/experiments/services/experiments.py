"""Create and describe groups of runs."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from lifecycle.common.errors import Conflict, DomainError
from lifecycle.experiments.models import Experiment
from lifecycle.projects.services import record_event


def create_experiment(*, project, user, name: str, description: str = "") -> Experiment:
    """A new group of runs; raises Conflict when the project has one of that name."""
    try:
        with transaction.atomic():
            experiment = Experiment.objects.create(project=project, name=_clean_name(name), description=description)
            record_event(
                project=project,
                actor=user,
                verb="experiment.created",
                summary=f"Created the experiment “{experiment.name}”",
                object_type="experiment",
                object_id=str(experiment.pk),
            )
    except IntegrityError:
        raise Conflict(f"This project already has an experiment “{name}”.", fields={"name": "Taken."}) from None
    return experiment


def update_experiment(*, experiment: Experiment, name: str, description: str) -> Experiment:
    """Rename or describe; raises Conflict when the name is taken."""
    experiment.name, experiment.description = _clean_name(name), description
    try:
        with transaction.atomic():
            experiment.save(update_fields=["name", "description", "updated_at"])
    except IntegrityError:
        raise Conflict(f"This project already has an experiment “{name}”.", fields={"name": "Taken."}) from None
    return experiment


def _clean_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned:
        raise DomainError("An experiment needs a name.", fields={"name": "Enter a name."})
    if len(cleaned) > 120:
        raise DomainError("The name is too long.", fields={"name": "At most 120 characters."})
    return cleaned
