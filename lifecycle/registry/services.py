"""Verbs of the registry: register a trained model, say which version counts, go back."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max

from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.evaluations import selectors as evaluations
from lifecycle.evaluations.models import Evaluation, EvaluationDecision
from lifecycle.experiments.models import Artifact
from lifecycle.projects.models import AuditEvent, Charter
from lifecycle.projects.services import record_event
from lifecycle.registry import rules
from lifecycle.registry.cards import write_card
from lifecycle.registry.models import Alias, Model, ModelVersion

PROMOTED = "model.promoted"


class ApprovalNeeded(Conflict):
    """The charter wants a reviewer's approval before this model may become champion."""

    code = "approval_needed"


def register(
    *, project, user, artifact: Artifact, evaluation: Evaluation | None = None, name: str = "", description: str = ""
) -> ModelVersion:
    """The next version of a model (named after the project unless said otherwise). The same artifact twice is one
    version. Without `evaluation` the artifact's newest finished one counts."""
    if artifact.run.project_id != project.pk:
        raise NotFound("There is no such trained model in this project.")
    name = name.strip() or project.slug
    problem = rules.explain_bad_name(name)
    if problem:
        raise DomainError(problem, fields={"name": problem})
    if evaluation is None:
        evaluation = evaluations.list_artifact_evaluations(artifact).filter(finished_at__isnull=False).first()
    with transaction.atomic():
        model, _ = Model.objects.get_or_create(project=project, name=name, defaults={"description": description})
        model = Model.objects.select_for_update().get(pk=model.pk)
        known = model.versions.filter(artifact=artifact).first()
        if known is not None:
            return known
        number = (model.versions.aggregate(last=Max("number"))["last"] or 0) + 1
        version = ModelVersion(model=model, number=number, artifact=artifact, evaluation=evaluation, created_by=user)
        version.card = write_card(version)
        version.save()
        _record(version, user, "model.registered", f"Registered {version} from {artifact.run}")
    return version


def promote(*, version: ModelVersion, user, alias: str = rules.CHAMPION) -> Alias:
    """Point an alias at a version. Raises ApprovalNeeded when the charter demands a reviewer's approval first."""
    problem = rules.explain_bad_alias(alias)
    if problem:
        raise DomainError(problem, fields={"alias": problem})
    if alias == rules.CHAMPION:
        _check_approval(version)
    with transaction.atomic():
        Model.objects.select_for_update().get(pk=version.model_id)
        before = Alias.objects.filter(model=version.model, name=alias).first()
        if before is not None and before.version_id == version.pk:
            return before
        moved, _ = Alias.objects.update_or_create(model=version.model, name=alias, defaults={"version": version})
        if alias == rules.CHAMPION:  # who has become champion waits no longer
            Alias.objects.filter(model=version.model, name=rules.CANDIDATE, version=version).delete()
        details = {"alias": alias, "from": before.version_id if before else None, "to": version.pk}
        _record(version, user, PROMOTED, f"Made {version} the {alias}", details)
    return moved


set_alias = promote


def remove_alias(*, version: ModelVersion, user, alias: str) -> None:
    """Take an alias away from a version; NotFound when it does not have it."""
    with transaction.atomic():
        gone, _ = Alias.objects.filter(version=version, name=alias).delete()
        if not gone:
            raise NotFound(f"{version} is not the {alias}.")
        _record(version, user, "model.alias_removed", f"{version} is no longer the {alias}", {"alias": alias})


def rollback(*, model: Model, user) -> Alias:
    """Make the champion before the present one champion again."""
    with transaction.atomic():
        model = Model.objects.select_for_update().get(pk=model.pk)
        champion = Alias.objects.filter(model=model, name=rules.CHAMPION).first()
        before = _find_champion_before(model, champion) if champion else None
        if champion is None or before is None:
            raise Conflict(f"{model} has had no other champion, so there is none to go back to.")
        details = {"alias": rules.CHAMPION, "from": champion.version_id, "to": before.pk, "is_rollback": True}
        champion.version = before
        champion.save(update_fields=["version", "updated_at"])
        _record(before, user, "model.rolled_back", f"Went back to {before} as champion", details)
    return champion


def _find_champion_before(model: Model, champion: Alias) -> ModelVersion | None:
    events = AuditEvent.objects.filter(
        verb=PROMOTED,
        object_type="model_version",
        details__alias=rules.CHAMPION,
        details__to=champion.version_id,
        details__from__isnull=False,
    )
    event = events.order_by("-pk").first()
    return model.versions.filter(pk=event.details["from"]).first() if event and event.details["from"] else None


def edit_card(*, version: ModelVersion, user, card: str) -> ModelVersion:
    """Replace the model card's Markdown."""
    if len(card) > 100_000:
        raise DomainError("The card is too long.", fields={"card": "At most 100,000 characters."})
    with transaction.atomic():
        version.card = card
        version.save(update_fields=["card", "updated_at"])
        _record(version, user, "model.card_edited", f"Edited the card of {version}")
    return version


def _check_approval(version: ModelVersion) -> None:
    charter = Charter.objects.filter(project=version.model.project_id).order_by("-version").first()
    if charter is None or not charter.requires_approval:
        return
    if version.evaluation is None:
        raise ApprovalNeeded(
            f"The charter asks for a reviewer's approval, and {version} has no evaluation yet. "
            "Evaluate its run, have the evaluation approved, and promote it then."
        )
    decisions = EvaluationDecision.objects.filter(evaluation=version.evaluation).order_by("-pk")
    newest = decisions.first()
    if newest is None:
        raise ApprovalNeeded(
            f"The charter asks for a reviewer's approval before a model becomes champion, and nobody has decided on "
            f"evaluation {version.evaluation_id} yet."
        )
    if newest.verdict != EvaluationDecision.Verdict.APPROVED:
        raise ApprovalNeeded(f"The evaluation of {version} was rejected: {newest.reason}")


def _record(version: ModelVersion, user, verb: str, summary: str, details: dict | None = None) -> None:
    record_event(
        project=version.model.project,
        actor=user,
        verb=verb,
        summary=summary,
        object_type="model_version",
        object_id=str(version.pk),
        details=details,
    )
