"""A source from its first draft to its end, and its schedule."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from lifecycle.common import secrets as vault
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.sources import Contract
from lifecycle.datasets.models import Collection, Dataset
from lifecycle.datasets.services.collections import check_mapping
from lifecycle.projects.services import record_event
from lifecycle.sources import rules
from lifecycle.sources.models import ContractVersion, Source

Secrets = Mapping[str, str | None]


def create_source(
    *,
    dataset: Dataset,
    user,
    kind: str,
    title: str,
    config: Mapping[str, Any],
    secrets: Secrets | None = None,
    license: str = "",
    is_draft: bool = False,
) -> Source:
    """A new source; nothing is read yet. A draft is looked at and described before its first run."""
    if kind not in Source.Kind.values:
        raise DomainError(f"“{kind}” is no kind of source; use one of {', '.join(Source.Kind.values)}.")
    given = dict(secrets or {})
    if kind == Source.Kind.SQL and (password := rules.find_password(str(config.get("url") or ""))):
        given.setdefault("password", password)
    source = Source(
        dataset=dataset,
        kind=kind,
        title=_check_title(title),
        config=rules.check_config(kind, config),
        license=license.strip()[:100],
        state=Source.State.DRAFT if is_draft else Source.State.ACTIVE,
        created_by=user,
    )
    _set_secrets(source, given)
    with transaction.atomic():
        source.save()
        _tell(source, user, "source.created", "Added")
    return source


def update_source(
    *,
    source: Source,
    user,
    title: str | None = None,
    config: Mapping[str, Any] | None = None,
    secrets: Secrets | None = None,
    mapping: Mapping[str, Any] | None = None,
    license: str | None = None,
) -> Source:
    """Change what is given and leave the rest. A secret that is given replaces the old one; an empty one removes it."""
    with transaction.atomic():
        locked = lock(source)
        if title is not None:
            locked.title = _check_title(title)
        if license is not None:
            locked.license = license.strip()[:100]
        given = dict(secrets or {})
        if config is not None:
            _change_config(locked, config, given)
        if mapping is not None:
            locked.mapping = check_mapping(mapping, locked.dataset.item_kind) if mapping else {}
        _set_secrets(locked, given)
        locked.save()
        _tell(locked, user, "source.changed", "Changed")
    return locked


def _change_config(source: Source, config: Mapping[str, Any], secrets: dict[str, str | None]) -> None:
    if source.kind == Source.Kind.SQL and (password := rules.find_password(str(config.get("url") or ""))):
        secrets.setdefault("password", password)
    clean = rules.check_config(source.kind, config)
    place = {"sql": ("url", "query", "table", "cursor_column", "picture_column")}.get(source.kind, ())
    if any(clean.get(name) != source.config.get(name) for name in place):
        source.cursor_value = {}
    source.config = clean


def set_secrets(*, source: Source, user, secrets: Secrets) -> Source:
    """Set or replace secrets; an empty value removes one. They are never shown again."""
    return update_source(source=source, user=user, secrets=secrets)


def delete_source(*, source: Source, user) -> None:
    """Forget a source, its contract and its history of changes. The items that came from it stay."""
    with transaction.atomic():
        locked = lock(source)
        check_idle(locked)
        _tell(locked, user, "source.deleted", "Removed")
        locked.delete()


def activate_source(*, source: Source, user, mapping: Mapping[str, Any] | None = None,
                    contract: Mapping[str, Any] | None = None) -> Source:  # fmt: skip
    """A draft is described: from now on it can be run."""
    with transaction.atomic():
        locked = lock(source)
        if mapping is not None:
            locked.mapping = check_mapping(mapping, locked.dataset.item_kind) if mapping else {}
        locked.state = Source.State.ACTIVE
        locked.save(update_fields=["mapping", "state", "updated_at"])
        if contract:
            locked = save_contract(source=locked, user=user, contract=contract, origin="preview")
    return locked


def pause_source(*, source: Source, user) -> Source:
    """Keep the schedule and stop following it."""
    with transaction.atomic():
        locked = lock(source)
        if locked.state != Source.State.ACTIVE:
            raise Conflict("Only an active source can be paused.")
        locked.state, locked.next_run_at = Source.State.PAUSED, None
        locked.save(update_fields=["state", "next_run_at", "updated_at"])
        _tell(locked, user, "source.paused", "Paused")
    return locked


def resume_source(*, source: Source, user) -> Source:
    """Follow the schedule again, from now on."""
    with transaction.atomic():
        locked = lock(source)
        if locked.state != Source.State.PAUSED:
            raise Conflict("This source is not paused.")
        locked.state = Source.State.ACTIVE
        locked.next_run_at = find_next(locked)
        locked.save(update_fields=["state", "next_run_at", "updated_at"])
        _tell(locked, user, "source.resumed", "Resumed")
    return locked


def set_schedule(*, source: Source, user, cron: str = "", interval_minutes: int | None = None,
                 is_scheduled: bool = True) -> Source:  # fmt: skip
    """Run by a cron line (UTC) or every so many minutes; `is_scheduled` false keeps the plan and stops following it."""
    if cron and interval_minutes:
        raise DomainError("Give a cron line or an interval, not both.", fields={"cron": "Choose one."})
    if is_scheduled and not (cron or interval_minutes):
        raise DomainError("Say when: a cron line or an interval in minutes.", fields={"cron": "Say when."})
    with transaction.atomic():
        locked = lock(source)
        locked.cron, locked.interval_minutes = " ".join(cron.split())[:100], interval_minutes
        locked.is_scheduled = is_scheduled
        next_run_at = _compute_next(locked)  # also for a paused source: a line that cannot be kept is refused now
        locked.next_run_at = next_run_at if is_scheduled and locked.state == Source.State.ACTIVE else None
        locked.save(update_fields=["cron", "interval_minutes", "is_scheduled", "next_run_at", "updated_at"])
        _tell(locked, user, "source.scheduled", "Changed the schedule of")
    return locked


def save_contract(*, source: Source, user, contract: Mapping[str, Any], origin: str = "edited") -> Source:
    """A new version of the contract, unless nothing changed. Runs that are under way keep the one they began with."""
    clean = rules.check_contract(contract).to_json()
    if source.kind == Source.Kind.CRAWL and clean["key"]:
        raise DomainError("What a site gives is known by its page: a crawl takes no key.", fields={"key": "Not here."})
    with transaction.atomic():
        locked = lock(source)
        latest = locked.contract_versions.first()
        if latest and latest.contract == clean:
            return locked
        if latest and latest.contract["key"] != clean["key"] and locked.rows.exists():
            locked.rows.filter(gone_at=None).delete()  # other keys name nothing; the next full run writes them anew
        number = latest.number + 1 if latest else 1
        ContractVersion.objects.create(source=locked, number=number, contract=clean, origin=origin, created_by=user)
        locked.contract = clean
        locked.save(update_fields=["contract", "updated_at"])
        if origin == "edited":
            _tell(locked, user, "source.contract", f"Contract v{number} for")
    return locked


def set_mapping(*, source: Source, mapping: Mapping[str, Any]) -> None:
    """Which column plays which part, where the source's own settings say it."""
    clean = check_mapping(mapping, source.dataset.item_kind) if mapping else {}
    Source.objects.filter(pk=source.pk).exclude(mapping=clean).update(mapping=clean)


def take_turn(*, source: Source, collection: Collection) -> None:
    """An earlier run goes on: it is the last one from here. Raises Conflict while another is waiting or under way."""
    locked = lock(source)
    check_idle(locked)
    locked.last_collection = collection
    locked.save(update_fields=["last_collection", "updated_at"])


def read_contract(source: Source) -> Contract:
    """The contract that counts now; an empty one until there is one."""
    return Contract.from_json(source.contract)


def lock(source: Source) -> Source:
    """The row, locked until the transaction ends, as it is now."""
    locked = Source.objects.select_for_update(of=("self",)).select_related("dataset__project", "created_by",
                                                                           "last_collection__job")  # fmt: skip
    return locked.get(pk=source.pk)


def check_idle(source: Source) -> None:
    """Raises Conflict while a run of the source is waiting or under way."""
    job = source.last_collection.job if source.last_collection else None
    if job is not None and job.state in ("queued", "running"):
        raise Conflict("This source is being read right now; wait for it or cancel that run first.")


def find_next(source: Source) -> datetime | None:
    """When an active source with a schedule comes due next; None for the others."""
    if source.state != Source.State.ACTIVE or not source.is_scheduled:
        return None
    return _compute_next(source)


def _compute_next(source: Source) -> datetime | None:
    try:
        return rules.compute_next(cron=source.cron, interval_minutes=source.interval_minutes, after=timezone.now())
    except ValueError as error:
        raise DomainError(str(error), fields={"cron": str(error)}) from None


def _set_secrets(source: Source, given: Secrets) -> None:
    if not given:
        return
    allowed = rules.list_secret_names(source.kind)
    unknown = [name for name in given if allowed and name not in allowed]
    if unknown:
        raise DomainError(f"A source of this kind has no secret “{unknown[0]}”; it has: {', '.join(allowed)}.")
    for name, value in given.items():
        if value:
            rules.check_secret(name, value)
    values = _read_old_secrets(source, given)
    for name, value in given.items():
        if value:
            values[name] = value
        else:
            values.pop(name, None)
    source.secrets, source.secret_names = vault.encrypt(values), sorted(values)


def _read_old_secrets(source: Source, given: Secrets) -> dict[str, str]:
    """Those that stay; when the key is lost, entering all of them anew still works."""
    try:
        return vault.decrypt(source.secrets)
    except vault.LostKey:
        if set(source.secret_names) <= set(given):
            return {}
        raise


def _check_title(title: str) -> str:
    text = "".join(c for c in title.strip() if c.isprintable())[:200]
    if not text:
        raise DomainError("Give the source a name.", fields={"title": "Give it a name."})
    return text


def _tell(source: Source, user, verb: str, said: str) -> None:
    record_event(
        project=source.dataset.project,
        actor=user,
        verb=verb,
        summary=f"{said} the source “{source.title}”",
        object_type="source",
        object_id=source.pk,
    )
