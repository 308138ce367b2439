"""Secrets that may call one deployment."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from lifecycle.common.errors import DomainError
from lifecycle.contracts.tokens import generate_token, hash_token
from lifecycle.deployments.models import Deployment, DeploymentKey
from lifecycle.projects.services import record_event

SHOWN_CHARACTERS = 10
MAX_NAME_LENGTH = 100


def create_key(*, deployment: Deployment, user, name: str) -> tuple[DeploymentKey, str]:
    """(the key's row, the secret). The secret is shown now and never again."""
    name = name.strip()
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        sentence = "Name the key after the program that uses it, in at most 100 characters."
        raise DomainError(sentence, fields={"name": sentence})
    secret = generate_token()
    with transaction.atomic():
        key = DeploymentKey.objects.create(
            deployment=deployment,
            name=name,
            token_hash=hash_token(secret),
            prefix=secret[:SHOWN_CHARACTERS],
            created_by=user,
        )
        _record(key, user, "deployment.key_created", f"Made the key “{name}” for {deployment}")
    return key, secret


def revoke_key(*, key: DeploymentKey, user) -> DeploymentKey:
    """The key opens nothing any more, within a few seconds; twice is as good as once."""
    if key.revoked_at is None:
        with transaction.atomic():
            key.revoked_at = timezone.now()
            key.save(update_fields=["revoked_at", "updated_at"])
            _record(key, user, "deployment.key_revoked", f"Revoked the key “{key.name}” of {key.deployment}")
    return key


def _record(key: DeploymentKey, user, verb: str, summary: str) -> None:
    record_event(
        project=key.deployment.project,
        actor=user,
        verb=verb,
        summary=summary,
        object_type="deployment",
        object_id=key.deployment.slug,
        details={"key": key.pk},
    )
