"""All projects of a person at a glance: stage, health, people, activity, milestone; few queries for any number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from lifecycle.contracts.problems import get_problem_type
from lifecycle.datasets.models import DatasetVersion, Item
from lifecycle.deployments.models import Deployment, Prediction
from lifecycle.evaluations.models import Evaluation
from lifecycle.experiments.models import Artifact
from lifecycle.jobs.models import Job
from lifecycle.monitoring.models import Alert
from lifecycle.projects import rules
from lifecycle.projects.models import Membership, Milestone, Project, Stage
from lifecycle.projects.selectors import list_member_projects
from lifecycle.registry.models import ModelVersion

ORDER = (
    Stage.COLLECT,
    Stage.LABEL,
    Stage.VERSION,
    Stage.TRAIN,
    Stage.EVALUATE,
    Stage.OPTIMIZE,
    Stage.DEPLOY,
    Stage.MONITOR,
)
SORTS = {"activity": "-last_activity_at", "name": "name", "created": "-created_at"}
RECENT = timedelta(days=1)


@dataclass(frozen=True)
class Card:
    """One project as its list shows it."""

    project: Project
    problem: str
    role: str
    stage: str
    reached: frozenset[str]
    health: str
    health_reason: str
    people: list[Any]
    next_milestone: Milestone | None

    @property
    def is_overdue(self) -> bool:
        due = self.next_milestone.due_on if self.next_milestone else None
        return due is not None and due < timezone.localdate()


@dataclass(frozen=True)
class PortfolioFilters:
    """What the list is narrowed to; empty means everything. `show` is "active" or "archived"."""

    search: str = ""
    problem_type: str = ""
    stage: str = ""
    health: str = ""
    show: str = "active"
    sort: str = "activity"


def list_portfolio(user, filters: PortfolioFilters) -> list[Card]:
    """Cards of the person's projects, in order, in five queries."""
    projects = list_member_projects(user, is_archived=filters.show == "archived")
    if filters.search:
        projects = projects.filter(Q(name__icontains=filters.search) | Q(slug__icontains=filters.search))
    if filters.problem_type:
        projects = projects.filter(problem_type=filters.problem_type)
    found = list(_with_facts(projects).order_by(SORTS.get(filters.sort, SORTS["activity"]), "pk"))
    cards = _build_cards(user, found)
    if filters.stage:
        cards = [card for card in cards if card.stage == filters.stage]
    if filters.health:
        cards = [card for card in cards if card.health == filters.health]
    return cards


def describe_project(user, project: Project) -> Card:
    """The card of one project."""
    found = list(_with_facts(Project.objects.filter(pk=project.pk)))
    return _build_cards(user, found)[0]


def _with_facts(projects: QuerySet[Project]) -> QuerySet[Project]:
    def exists(queryset: QuerySet, path: str) -> Exists:
        return Exists(queryset.filter(**{path: OuterRef("pk")}))

    return projects.annotate(
        has_collect=exists(Item.objects.all(), "dataset__project"),
        has_label=exists(Item.objects.filter(label__isnull=False), "dataset__project"),
        has_version=exists(DatasetVersion.objects.all(), "dataset__project"),
        has_train=exists(Artifact.objects.filter(run__is_baseline=False), "run__project"),
        has_evaluate=exists(
            Evaluation.objects.filter(finished_at__isnull=False, artifact__run__is_baseline=False), "project"
        ),
        has_optimize=exists(ModelVersion.objects.all(), "model__project"),
        has_deploy=exists(Deployment.objects.filter(state=Deployment.State.ACTIVE), "project"),
        has_monitor=exists(Prediction.objects.all(), "deployment__project"),
    )


def _build_cards(user, projects: list[Project]) -> list[Card]:
    keys = [project.pk for project in projects]
    people, roles = _collect_people(user, keys)
    milestones, overdue = _collect_milestones(keys)
    alerts = _count(Alert.objects.filter(resolved_at=None, deployment__project__in=keys), "deployment__project")
    since = timezone.now() - RECENT
    failed = _count(Job.objects.filter(project__in=keys, state=Job.State.FAILED, finished_at__gte=since), "project")
    cards = []
    for project in projects:
        reached = frozenset(stage.value for stage in ORDER if getattr(project, f"has_{stage.value}"))
        health, reason = rules.compute_health(
            open_alerts=alerts[project.pk], failed_jobs=failed[project.pk], overdue=overdue[project.pk]
        )
        card = Card(
            project=project,
            problem=get_problem_type(project.problem_type).title,
            role=roles.get(project.pk, "owner"),
            stage=rules.compute_stage(reached, [stage.value for stage in ORDER]),
            reached=reached,
            health=health,
            health_reason=reason,
            people=people[project.pk],
            next_milestone=milestones.get(project.pk),
        )
        cards.append(card)
    return cards


def _count(rows: QuerySet, path: str) -> dict[int, int]:
    found = rows.order_by().annotate(key=F(path)).values_list("key").annotate(n=Count("pk"))
    return defaultdict(int, dict(found))


def _collect_people(user, keys: Iterable[int]) -> tuple[dict[int, list], dict[int, str]]:
    """(people by project, highest role first; the person's own role by project)."""
    rows = Membership.objects.filter(project__in=keys).select_related("user")
    people: dict[int, list] = defaultdict(list)
    roles = {}
    for row in sorted(rows, key=lambda m: (-rules.ROLE_RANKS[m.role], m.user.username)):
        people[row.project_id].append(row.user)
        if row.user_id == user.pk and not user.is_superuser:
            roles[row.project_id] = row.role
    return people, roles


def _collect_milestones(keys: Iterable[int]) -> tuple[dict[int, Milestone], dict[int, int]]:
    """(the next open milestone with a date, how many are overdue), by project."""
    nearest: dict[int, Milestone] = {}
    overdue: dict[int, int] = defaultdict(int)
    today = timezone.localdate()
    for row in Milestone.objects.filter(project__in=keys, done_at=None, due_on__isnull=False).order_by("due_on", "pk"):
        nearest.setdefault(row.project_id, row)
        overdue[row.project_id] += row.due_on is not None and row.due_on < today
    return nearest, overdue
