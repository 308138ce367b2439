"""How a project's queue behaves: every setting is checked here, and takes effect on open tasks at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction

from lifecycle.annotations.models import QueueSettings, Task
from lifecycle.annotations.queue_selectors import find_settings
from lifecycle.annotations.services.assignment import refresh_reserved
from lifecycle.annotations.services.ordering import request_ranking
from lifecycle.common.errors import DomainError
from lifecycle.contracts.problems import get_problem_type
from lifecycle.projects.models import Membership, Project
from lifecycle.projects.services import record_event

MIN_LEASE_SECONDS, MAX_LEASE_SECONDS = 15, 3_600
MAX_OVERLAP = 20
MAX_GOLD_SHARE = 0.5
MAX_REASONS, MAX_REASON_LENGTH = 30, 100
MAX_RATE = Decimal(100_000)

Value = Any


def change_settings(*, project: Project, actor, **changes: Value) -> QueueSettings:
    """Set some of the queue's settings; the others stay. Open tasks take a new overlap on, a new order is worked out
    by a job. DomainError names every field that makes no sense.
    """
    cleaned = _clean(project, changes)
    with transaction.atomic():
        settings, _ = QueueSettings.objects.select_for_update().get_or_create(project=project)
        before = {name: getattr(settings, name) for name in cleaned}
        for name, value in cleaned.items():
            setattr(settings, name, value)
        settings.save()
        changed = {name for name, value in cleaned.items() if before[name] != value}
        if "overlap" in changed:
            _apply_overlap(project, settings.overlap)
        if changed & {"order", "random_share"}:
            request_ranking(project=project, actor=actor, redraws="random_share" in changed)
        if changed:
            _note(project, actor, settings, changed)
    return settings


def _note(project: Project, actor, settings: QueueSettings, changed: set[str]) -> None:
    said = f"Labelling queue: {settings.overlap} answer(s) per item, leases of {settings.lease_seconds} s"
    others = sorted(name.replace("_", " ") for name in changed - {"overlap", "lease_seconds"})
    record_event(
        project=project,
        actor=actor,
        verb="queue.changed",
        summary=said + (f"; changed: {', '.join(others)}" if others else ""),
    )


def _clean(project: Project, changes: Mapping[str, Value]) -> dict[str, Value]:
    cleaned, wrong = {}, {}
    for name, value in changes.items():
        try:
            cleaned[name] = _CLEANERS[name](project, value)
        except ValueError as error:
            wrong[name] = str(error)
    if wrong:
        raise DomainError("Some settings make no sense: " + "; ".join(wrong.values()) + ".", fields=wrong)
    return cleaned


def _between(low: float, high: float, words: str) -> Callable[[Project, Value], Value]:
    def check(project: Project, value: Value) -> Value:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise ValueError(words)
        return value

    return check


def _clean_order(project: Project, value: Value) -> str:
    if value not in QueueSettings.Order.values:
        raise ValueError("an order is one of " + ", ".join(QueueSettings.Order.values))
    return value


def _clean_reasons(project: Project, value: Value) -> list[str]:
    reasons = list(dict.fromkeys(" ".join(str(reason).split()) for reason in value))
    reasons = [reason for reason in reasons if reason]
    if len(reasons) > MAX_REASONS:
        raise ValueError(f"at most {MAX_REASONS} reasons")
    if any(len(reason) > MAX_REASON_LENGTH for reason in reasons):
        raise ValueError(f"a reason has at most {MAX_REASON_LENGTH} characters")
    return reasons


def _clean_people(project: Project, value: Value) -> int | None:
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_OVERLAP:
        raise ValueError(f"1 to {MAX_OVERLAP} people, or nothing")
    return value


def _clean_flag(project: Project, value: Value) -> bool:
    return bool(value)


def _clean_rate(project: Project, value: Value) -> Decimal | None:
    if value in (None, ""):
        return None
    try:
        rate = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("a rate is a number") from None
    if not rate.is_finite() or not 0 <= rate <= MAX_RATE:
        raise ValueError(f"a rate lies between 0 and {MAX_RATE:,}")
    return rate.quantize(Decimal("0.01"))


def _clean_rates(project: Project, value: Value) -> dict[str, str]:
    """{user id: rate}; people who are no members any more keep theirs, because what they did still has its price."""
    rates = {str(int(user)): _clean_rate(project, rate) for user, rate in dict(value).items()}
    members = {str(pk) for pk in Membership.objects.filter(project=project).values_list("user_id", flat=True)}
    known = members | set(find_settings(project).rates)
    if set(rates) - known:
        raise ValueError("rates are for members of the project")
    return {user: str(rate) for user, rate in rates.items() if rate is not None}


def _clean_currency(project: Project, value: Value) -> str:
    text = " ".join(str(value).split())
    if not 1 <= len(text) <= 12:
        raise ValueError("a currency has 1 to 12 characters")
    return text


_CLEANERS: dict[str, Callable[[Project, Value], Value]] = {
    "overlap": _between(1, MAX_OVERLAP, f"1 to {MAX_OVERLAP} people"),
    "lease_seconds": _between(
        MIN_LEASE_SECONDS, MAX_LEASE_SECONDS, f"{MIN_LEASE_SECONDS} to {MAX_LEASE_SECONDS} seconds"
    ),
    "order": _clean_order,
    "random_share": _between(0, 1, "the random share lies between 0 and 1"),
    "is_only_assigned": _clean_flag,
    "skip_reasons": _clean_reasons,
    "needs_skip_reason": _clean_flag,
    "skips_to_leave": _clean_people,
    "final_skip_reasons": _clean_reasons,
    "gold_share": _between(0, MAX_GOLD_SHARE, f"the share of gold items lies between 0 and {MAX_GOLD_SHARE}"),
    "has_gold_feedback": _clean_flag,
    "hourly_rate": _clean_rate,
    "rates": _clean_rates,
    "currency": _clean_currency,
}


def _apply_overlap(project: Project, overlap: int) -> None:
    from lifecycle.annotations.services.answers import settle  # it stands on webhooks, and those on the door's services

    tasks = Task.objects.filter(dataset__project=project, state=Task.State.OPEN)
    enough = list(tasks.filter(answers__gte=overlap).values_list("pk", flat=True))
    tasks.exclude(overlap=overlap).update(overlap=overlap)
    label_kind = get_problem_type(project.problem_type).label_kind
    locked = Task.objects.select_for_update(of=("self",), no_key=True).select_related("item", "dataset")
    for task in locked.filter(pk__in=enough).order_by("pk"):
        settle(task, label_kind)
    refresh_reserved(project=project)
