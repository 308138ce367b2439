"""What labelling takes and costs: seconds per label, what is left, when it is done, for how much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from lifecycle.annotations import budget_rules as rules
from lifecycle.annotations.queue_selectors import count_passed_on, count_skip_reasons, find_settings
from lifecycle.annotations.stranded_selectors import list_stranded
from lifecycle.projects.models import Membership, Project

DAYS = 14
NEWEST = 500  # answers of each person that seconds per label are measured on
KEPT_SECONDS = 60

# the index on (user, newest) answers both; nothing reads all annotations of a large project
_LEADS = """
SELECT n.user_id, n.lead_time_ms FROM unnest(%(users)s::bigint[]) u (id)
CROSS JOIN LATERAL (
    SELECT a.user_id, a.lead_time_ms FROM annotations_annotation a
    JOIN annotations_task t ON t.id = a.task_id JOIN datasets_dataset d ON d.id = t.dataset_id
    WHERE a.user_id = u.id AND d.project_id = %(project)s AND a.origin = 'human' AND a.kind = 'answer'
      AND a.lead_time_ms IS NOT NULL AND a.created_at > %(since)s
    ORDER BY a.created_at DESC LIMIT %(newest)s) n
"""
_DAYS = """
SELECT a.user_id, (a.created_at AT TIME ZONE 'UTC')::date, count(*)
FROM annotations_annotation a
JOIN annotations_task t ON t.id = a.task_id JOIN datasets_dataset d ON d.id = t.dataset_id
WHERE a.user_id = ANY(%(users)s) AND a.created_at > %(since)s AND d.project_id = %(project)s
  AND a.origin = 'human' AND a.kind = 'answer' AND a.previous_id IS NULL
GROUP BY 1, 2
"""
_LEFT = """
SELECT coalesce(sum(t.answers), 0), coalesce(sum(t.overlap - t.answers) FILTER (WHERE t.state = 'open'), 0)
FROM annotations_task t JOIN datasets_dataset d ON d.id = t.dataset_id WHERE d.project_id = %(project)s
"""


@dataclass(frozen=True)
class PersonBudget:
    """One person's share of the last two weeks."""

    user_id: int
    username: str
    labels: int
    seconds: rules.Seconds | None
    rate: float | None


@dataclass(frozen=True)
class Budget:
    """Everything the budget view shows; costs are None where no rate is set."""

    given: int  # answers so far
    left: int  # answers that open tasks still want
    skipped: list[tuple[str, int]]  # (reason, tasks out of the queue), the most frequent first; not in `left`
    passed_on: int  # open tasks that somebody skipped; in `left`
    stranded: int  # open tasks that everybody answered or skipped, so that nobody is left for them; in `left`
    seconds: rules.Seconds | None
    pace: rules.Estimate | None  # labels a day
    end: rules.End | None
    hourly: float | None
    currency: str
    cost_left: rules.Estimate | None
    cost_so_far: rules.Estimate | None
    people: list[PersonBudget]

    @property
    def skipped_count(self) -> int:
        return sum(count for _, count in self.skipped)


def measure_budget(project: Project, *, now: datetime | None = None) -> Budget:
    """The budget, at most a minute old."""
    key = f"budget:{project.pk}"
    found = None if now else cache.get(key)
    if found is None:
        found = _measure(project, now or timezone.now())
        cache.set(key, found, KEPT_SECONDS)
    return found


def forget_budget(project: Project) -> None:
    """Measured anew when somebody looks next."""
    cache.delete(f"budget:{project.pk}")


def _measure(project: Project, now: datetime) -> Budget:
    settings = find_settings(project)
    people = dict(Membership.objects.filter(project=project).values_list("user_id", "user__username"))
    since = (now - timedelta(days=DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
    where = {"project": project.pk, "users": list(people), "since": since, "newest": NEWEST}
    leads, days, (given, left) = _query(_LEADS, where), _query(_DAYS, where), _query(_LEFT, where)[0]
    by_person: dict[int, list[int]] = {}
    for user, lead in leads:
        by_person.setdefault(user, []).append(lead)
    labels: dict[int, int] = {}
    for user, _, count in days:
        labels[user] = labels.get(user, 0) + count
    rates = {int(user): float(rate) for user, rate in settings.rates.items()}
    default = None if settings.hourly_rate is None else float(settings.hourly_rate)
    seconds = rules.estimate_seconds([lead for _, lead in leads])
    pace = rules.estimate_pace(_count_days(days, now.date()))
    hourly = rules.blend_rate(labels, rates, default)
    costs: list[rules.Estimate | None] = [None, None]
    if seconds is not None and hourly is not None:
        costs = [rules.estimate_cost(count, seconds.mean, hourly) for count in (left, given)]
    return Budget(
        given=given,
        left=left,
        skipped=count_skip_reasons(project),
        passed_on=count_passed_on(project),
        stranded=len(list_stranded(project)),
        seconds=seconds,
        pace=pace,
        end=rules.estimate_end(left, pace, now),
        hourly=hourly,
        currency=settings.currency,
        cost_left=costs[0],
        cost_so_far=costs[1],
        people=_list_people(people, labels, by_person, rates, default),
    )


def _list_people(
    people: Mapping[int, str],
    labels: Mapping[int, int],
    leads: Mapping[int, list[int]],
    rates: Mapping[int, float],
    default: float | None,
) -> list[PersonBudget]:
    """Those who labeled in the last two weeks, the most first."""
    found = [
        PersonBudget(
            user, name, labels.get(user, 0), rules.estimate_seconds(leads.get(user, [])), rates.get(user, default)
        )
        for user, name in people.items()
        if user in labels or user in leads
    ]
    return sorted(found, key=lambda person: (-person.labels, person.username))


def _count_days(rows: list[tuple[int, date, int]], today: date) -> list[float]:
    """Labels of each day since the first one, at most two weeks back."""
    by_day: dict[date, int] = {}
    for _, day, count in rows:
        by_day[day] = by_day.get(day, 0) + count
    if not by_day:
        return []
    first = min(by_day)
    return [by_day.get(first + timedelta(days=place), 0) for place in range((today - first).days + 1)]


def _query(statement: str, where: dict) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, where)
        return cursor.fetchall()
