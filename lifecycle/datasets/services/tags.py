"""Names on versions that may move, and versions out of sight."""

from __future__ import annotations

import re

from django.db import transaction
from django.utils import timezone

from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.datasets.models import DatasetVersion, VersionTag
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

NAME = re.compile(r"[a-z][-a-z0-9_]{0,39}", re.ASCII)
RESERVED = re.compile(r"latest|v\d+", re.ASCII)


def tag_version(*, version: DatasetVersion, user, name: str) -> VersionTag:
    """Give a version a name; a version that had it loses it. The name may be asked for wherever a number may."""
    name = name.strip().lower()
    if not NAME.fullmatch(name) or RESERVED.fullmatch(name):
        reason = (
            "A tag starts with a letter and has letters, digits, - and _; “latest” and “v1” mean something already."
        )
        raise DomainError(reason, fields={"name": reason})
    with transaction.atomic():
        tags = VersionTag.objects.select_for_update().select_related("version")
        tag = tags.filter(dataset_id=version.dataset_id, name=name).first()
        if tag and tag.version_id == version.pk:
            return tag
        before = tag.version if tag else None
        if tag is None:
            tag = VersionTag(dataset_id=version.dataset_id, name=name)
        tag.version, tag.created_by = version, user
        tag.save()
        moved = f" (it was on {before})" if before else ""
        _record(version, user, "version.tagged", f"Tagged {version} as “{name}”{moved}")
    return tag


def untag_version(*, project: Project, user, name: str) -> None:
    """Take a name away; the version stays. NotFound when there is no such name."""
    tag = VersionTag.objects.filter(dataset__project=project, name=name).select_related("version").first()
    if tag is None:
        raise NotFound(f"No version of this project is tagged “{name[:40]}”.")
    with transaction.atomic():
        tag.delete()
        _record(tag.version, user, "version.untagged", f"Took the tag “{name}” off {tag.version}")


def archive_version(*, version: DatasetVersion, user, is_archived: bool = True) -> DatasetVersion:
    """Take a version out of the lists, or bring it back. What was trained on it still finds it."""
    names = list(VersionTag.objects.filter(version=version).values_list("name", flat=True)) if is_archived else []
    if names:
        raise Conflict(f"{version} is tagged {', '.join(names)}. Move or remove the tag first.")
    if (version.archived_at is not None) == is_archived:
        return version
    with transaction.atomic():
        version.archived_at = timezone.now() if is_archived else None
        version.save(update_fields=["archived_at", "updated_at"])
        verb = "version.archived" if is_archived else "version.unarchived"
        _record(version, user, verb, f"{'Archived' if is_archived else 'Brought back'} {version}")
    return version


def _record(version: DatasetVersion, user, verb: str, summary: str) -> None:
    record_event(
        project=version.dataset.project, actor=user, verb=verb, summary=summary, object_type="version",
        object_id=version.number,
    )  # fmt: skip
