"""Reads on the people who label: how fast, how right, how much they agree, and how that changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from lifecycle.annotations import quality_rules, review_selectors, selectors
from lifecycle.annotations.authors import IS_SAID, SAID
from lifecycle.annotations.models import AgreementReport, Annotation, ConsensusRun, GoldAttempt
from lifecycle.annotations.queue_selectors import measure_gold_accuracy
from lifecycle.annotations.review_selectors import Tally
from lifecycle.annotations.uses import is_plain
from lifecycle.common.errors import NotFound
from lifecycle.projects.models import Project

MAIN = "label"  # what the control that answers the project's question is called
WEEKS = 26
_MONDAY = date(1970, 1, 5)

_PACE = f"""
SELECT {{bucket}} AS bucket, count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY a.lead_time_ms) / 1000.0
FROM annotations_annotation a
JOIN annotations_task t ON t.id = a.task_id
JOIN datasets_dataset d ON d.id = t.dataset_id
WHERE d.project_id = %(project)s AND a.user_id = %(user)s AND {SAID} AND a.kind = 'answer'
  AND a.created_at >= %(since)s
GROUP BY bucket ORDER BY bucket
"""


@dataclass(frozen=True)
class Pace:
    """How many answers in one hour of the day or one week, and their median seconds; None without a timed one."""

    bucket: Any
    answers: int
    seconds: float | None


@dataclass(frozen=True)
class Person:
    """One person's work in a project; what is not known is None."""

    user_id: int
    username: str
    answers: int
    skips: int
    seconds_per_label: float | None
    last_at: Any
    agreed: float | None = None
    compared_items: int = 0
    agreed_weeks: list[tuple[date, float, int]] = field(default_factory=list)
    with_others: float | None = None  # agreement beyond chance, see outliers.Standing
    among_others: float | None = None
    alpha_without: float | None = None
    gold_right: int = 0
    gold_total: int = 0
    skill: float | None = None  # how often they are right, as the last Dawid-Skene consensus has it
    reviews: Tally = Tally()
    reasons: list[str] = field(default_factory=list)

    @property
    def is_suspect(self) -> bool:
        return bool(self.reasons)

    @property
    def verdict(self) -> str:
        return " ".join(self.reasons)

    @property
    def gold_accuracy(self) -> float | None:
        return self.gold_right / self.gold_total if self.gold_total else None


@dataclass(frozen=True)
class Partner:
    """Somebody who answered the same items: the share on which both say the same, or the F1 of what they drew, and
    Cohen's kappa where there is one."""

    user_id: int
    username: str
    items: int
    agreed: float | None
    kappa: float | None


def find_report(project: Project) -> AgreementReport | None:
    """The newest comparison of answers."""
    return AgreementReport.objects.filter(project=project).select_related("created_by").order_by("-pk").first()


def list_reports(project: Project) -> Any:
    return AgreementReport.objects.filter(project=project).select_related("created_by").order_by("-pk")


def choose_control(report: AgreementReport | None, name: str = "") -> tuple[str, dict[str, Any]]:
    """(name, report) of one question: the one asked for, else the main one, else the first; ("", {}) for none."""
    controls = report.result.get("controls", {}) if report else {}
    chosen = next((one for one in (name, MAIN, *controls) if one in controls), "")
    return chosen, controls.get(chosen, {})


def list_people(project: Project) -> list[Person]:
    """Everybody who labeled here, those whose answers need a look first."""
    _, compared = choose_control(find_report(project))
    agreed = {row["user"]: row for row in compared.get("people", [])}
    gold = {row.user_id: row for row in measure_gold_accuracy(project)}
    skills = _read_skills(project, compared)
    reviews = review_selectors.tally_reviews(project)
    people = selectors.list_people(project)
    records = [
        quality_rules.build_record(
            one.username,
            compared,
            agreed.get(one.user_id, {}),
            skill=skills.get(one.user_id),
            gold_right=gold[one.user_id].right if one.user_id in gold else 0,
            gold_total=gold[one.user_id].attempts if one.user_id in gold else 0,
            reviews_accepted=reviews.get(one.user_id, Tally()).accepted,
            reviews_total=reviews.get(one.user_id, Tally()).total,
        )
        for one in people
    ]
    reasons = quality_rules.judge_people(records)
    found = []
    for one, record in zip(people, records, strict=True):
        row = agreed.get(one.user_id, {})
        found.append(
            Person(
                **{name: getattr(one, name) for name in ("user_id", "username", "answers", "skips", "last_at")},
                seconds_per_label=one.seconds_per_label,
                agreed=row.get("agreed"),
                compared_items=record.items,
                agreed_weeks=[(find_monday(week), share, count) for week, share, count in row.get("weeks", [])],
                with_others=record.with_others,
                among_others=record.among_others,
                alpha_without=row.get("without"),
                gold_right=record.gold_right,
                gold_total=record.gold_total,
                skill=record.skill,
                reviews=reviews.get(one.user_id, Tally()),
                reasons=reasons.get(one.username, []),
            )
        )
    return sorted(found, key=lambda person: (not person.is_suspect, -person.answers, person.username))


def get_person(project: Project, user_id: int) -> Person:
    found = next((person for person in list_people(project) if person.user_id == user_id), None)
    if found is None:
        raise NotFound("This person labeled nothing in this project yet.")
    return found


def list_pace_by_hour(project: Project, user_id: int) -> list[Pace]:
    """Answers by hour of the day (0 to 23, in the server's time zone), of the last WEEKS weeks."""
    zone = timezone.get_current_timezone_name()
    rows = _measure(project, user_id, "extract(hour FROM a.created_at AT TIME ZONE %(zone)s)::int", zone=zone)
    found = {pace.bucket: pace for pace in rows}
    return [found.get(hour, Pace(hour, 0, None)) for hour in range(24)]


def list_pace_by_week(project: Project, user_id: int) -> list[Pace]:
    """Answers by week (its Monday), of the last WEEKS weeks."""
    zone = timezone.get_current_timezone_name()
    return _measure(project, user_id, "date_trunc('week', a.created_at AT TIME ZONE %(zone)s)::date", zone=zone)


def list_gold_by_week(project: Project, user_id: int) -> list[tuple[date, int, int]]:
    """(Monday, right, answered) of the gold items that this person was shown."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT date_trunc('week', g.created_at)::date, count(*) FILTER (WHERE g.is_right), count(*)
            FROM annotations_goldattempt g
            JOIN annotations_golditem i ON i.id = g.gold_id
            JOIN annotations_task t ON t.id = i.task_id
            JOIN datasets_dataset d ON d.id = t.dataset_id
            WHERE d.project_id = %s AND g.user_id = %s GROUP BY 1 ORDER BY 1
            """,
            [project.pk, user_id],
        )
        return cursor.fetchall()


def list_weeks(project: Project, person: Person) -> list[dict[str, Any]]:
    """{"monday", "agreed", "pairs", "gold_right", "gold_total"} of each week with a comparison or a gold item."""
    empty = {"agreed": None, "pairs": 0, "gold_right": 0, "gold_total": 0}
    weeks: dict[date, dict[str, Any]] = {}
    for monday, share, count in person.agreed_weeks:
        weeks.setdefault(monday, dict(empty)).update(agreed=share, pairs=count)
    for monday, right, count in list_gold_by_week(project, person.user_id):
        weeks.setdefault(monday, dict(empty)).update(gold_right=right, gold_total=count)
    return [{"monday": monday} | weeks[monday] for monday in sorted(weeks)]


def count_disagreements(project: Project, user_id: int, limit: int = 12) -> list[tuple[str, str, int]]:
    """(what they say, what the other says, how often), most frequent first, from the newest comparison."""
    _, compared = choose_control(find_report(project))
    names = compared.get("confusion", {}).get("classes", [])
    counts: dict[tuple[str, str], int] = {}
    for pair in compared.get("pairs", []):
        for x, y, count in pair.get("cells", []) if user_id in (pair["a"], pair["b"]) else []:
            mine, theirs = (x, y) if pair["a"] == user_id else (y, x)
            if mine != theirs:
                key = names[mine], names[theirs]
                counts[key] = counts.get(key, 0) + count
    found = sorted(((mine, theirs, count) for (mine, theirs), count in counts.items()), key=lambda row: -row[2])
    return found[:limit]


def list_partners(project: Project, user_id: int) -> list[Partner]:
    """Whom somebody was compared with, the one they agree with least first, from the newest comparison."""
    report = find_report(project)
    _, compared = choose_control(report)
    names = report.result["people"] if report else {}
    found = []
    for pair in compared.get("pairs", []):
        if user_id in (pair["a"], pair["b"]):
            other = pair["b"] if pair["a"] == user_id else pair["a"]
            agreed, beyond_chance = pair.get("percent", pair.get("f1")), pair.get("kappa")
            found.append(Partner(other, names.get(str(other), ""), pair["items"], agreed, beyond_chance))
    return sorted(found, key=lambda one: (one.agreed is None, one.agreed, -one.items))


def list_wrong_gold(project: Project, user_id: int, limit: int = 10) -> list[GoldAttempt]:
    """The newest gold items that somebody got wrong, with what they said."""
    wrong = GoldAttempt.objects.filter(gold__task__dataset__project=project, user=user_id, is_right=False)
    return list(wrong.select_related("annotation", "gold__task").order_by("-pk")[:limit])


def list_beside_each_other(
    project: Project, *, first: str = "", second: str = "", user_a: int | None = None, user_b: int | None = None
):
    """Current answers saying `first` on items where somebody (else) says `second`; of two people where named. Without
    classes, on items where the other says something else."""
    from django.db.models import Exists, OuterRef

    said = Annotation.objects.filter(IS_SAID, is_current=True, kind="answer")
    other = said.filter(task=OuterRef("task")).exclude(user=OuterRef("user"))
    interface = selectors.find_interface(project)
    is_value_all = interface is None or is_plain(interface)
    if second or is_value_all:
        other = other.filter(value=second) if second else other.exclude(value=OuterRef("value"))
    if user_b:
        other = other.filter(user=user_b)
    found = said.filter(Exists(other), task__dataset__project=project)
    if not second and not is_value_all:
        found = found.filter(task__disagreement__gt=0)
    if first:
        found = found.filter(value=first)
    if user_a:
        found = found.filter(user=user_a)
    return found.select_related("item", "user", "task").order_by("pk")


def find_monday(week: int) -> date:
    """The first day of a week as reports count them."""
    return _MONDAY + timedelta(weeks=week)


def _read_skills(project: Project, compared: dict[str, Any]) -> dict[int, float]:
    """{person: how often they are right}: as the comparison has it, else as the last consensus by this method has."""
    found = {row["user"]: row["skill"] for row in compared.get("people", []) if row.get("skill") is not None}
    if found:
        return found
    run = ConsensusRun.objects.filter(project=project, method="dawid_skene", finished_at__isnull=False).first()
    return {row["user"]: row["accuracy"] for row in run.people if row["accuracy"] is not None} if run else {}


def _measure(project: Project, user_id: int, bucket: str, **more: Any) -> list[Pace]:
    since = timezone.now() - timedelta(weeks=WEEKS)
    with connection.cursor() as cursor:
        cursor.execute(_PACE.format(bucket=bucket), {"project": project.pk, "user": user_id, "since": since, **more})
        return [Pace(*row) for row in cursor.fetchall()]
