"""Reads on projects; the getter loads and authorizes in one call, so that no view can forget."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Case, Count, IntegerField, Prefetch, Q, QuerySet, Value, When
from django.utils import timezone

from lifecycle.accounts.models import User
from lifecycle.common.errors import Conflict, Forbidden, NotFound
from lifecycle.common.rows import Columns, read_one
from lifecycle.contracts.loop import Figure, StageState, StageSummary
from lifecycle.contracts.problems import get_problem_type
from lifecycle.projects import rules
from lifecycle.projects.models import (
    AuditEvent,
    Charter,
    Decision,
    DecisionComment,
    Membership,
    Milestone,
    Project,
    Stage,
)

_PROJECT = Columns(Project, "p")
_WITH_ROLE = f"""
SELECT {_PROJECT.sql}, (SELECT m.role FROM projects_membership m WHERE m.project_id = p.id AND m.user_id = %s)
FROM projects_project p WHERE p.slug = %s
"""


def get_project(user, slug: str, *, role: str = "viewer", is_archive_open: bool = False) -> Project:
    """The project, for whom `rules.is_allowed` lets do what asks for `role`; `project.role` is the role held.

    Raises NotFound for a stranger, so that nobody learns which projects exist, Forbidden for a member whose role does
    not reach, and Conflict where more than looking is asked of an archived project (unless `is_archive_open`).
    """
    found = read_one(_WITH_ROLE, [user.pk, slug], _PROJECT)
    project, membership = found or (None, None)
    held = _rank(user, membership)
    if project is None or held is None:
        raise NotFound("There is no such project, or you are not a member of it.")
    if not rules.is_allowed(held, role):
        raise Forbidden(_refuse(held, role))
    if project.archived_at is not None and not rules.is_open_when_archived(role) and not is_archive_open:
        raise Conflict(f"{project.name} is archived: it can only be read. An owner can restore it in its settings.")
    project.role = held
    return project


def _refuse(held: str, needed: str) -> str:
    if needed == Membership.Role.VIEWER:
        return "This shows items and labels of others. An annotator sees the items that were given to them to label."
    return f"This needs the role “{needed}” in the project; yours is “{held}”."


def find_role(user, project: Project) -> str | None:
    """The role of a user in a project: owner for site admins, None for strangers and inactive accounts."""
    if not user.is_authenticated or not user.is_active or user.is_superuser:
        return _rank(user, None)
    return _rank(user, Membership.objects.filter(project=project, user=user.pk).values_list("role", flat=True).first())


def find_roles(user, project_ids: Collection[int]) -> dict[int, str]:
    """{project: role} of a user in those of the projects where they have one."""
    if not user.is_authenticated or not user.is_active or user.is_superuser:
        held = _rank(user, None)
        return {pk: held for pk in project_ids} if held else {}
    return dict(Membership.objects.filter(user=user, project__in=project_ids).values_list("project_id", "role"))


def _rank(user, membership: str | None) -> str | None:
    """What somebody may do, given the role of their membership, if they have any."""
    if not user.is_authenticated or not user.is_active:
        return None
    return Membership.Role.OWNER if user.is_superuser else membership


def list_switcher(user, limit: int = 12) -> list[Project]:
    """The projects a person may switch to, the most recently active first; every project for site admins."""
    if user is None or not user.is_authenticated:
        return []
    projects = Project.objects.filter(archived_at=None)
    if not user.is_superuser:
        projects = projects.filter(memberships__user=user)
    return list(projects.order_by("-last_activity_at").only("slug", "name", "problem_type")[:limit])


def list_member_projects(user, *, is_archived: bool = False) -> QuerySet[Project]:
    """The projects of a person, ordered by name; every project for site admins."""
    projects = Project.objects.filter(archived_at__isnull=not is_archived)
    if not user.is_superuser:
        projects = projects.filter(memberships__user=user)
    return projects.order_by("name", "pk")


def find_charter(project: Project) -> Charter | None:
    """The newest version."""
    return Charter.objects.filter(project=project).select_related("created_by", "project").first()


def get_charter(project: Project) -> Charter:
    charter = find_charter(project)
    if charter is None:
        raise NotFound("This project has no charter yet.")
    return charter


def list_charters(project: Project) -> QuerySet[Charter]:
    """Every version, the newest first."""
    return Charter.objects.filter(project=project).select_related("created_by")


def list_members(project: Project) -> QuerySet[Membership]:
    """Members by rank, then name."""
    ranks = [When(role=role, then=Value(rank)) for role, rank in rules.ROLE_RANKS.items()]
    members = Membership.objects.filter(project=project).select_related("user", "project")
    return members.order_by(Case(*ranks, output_field=IntegerField()).desc(), "user__username")


def get_member(project: Project, user_id: int) -> Membership:
    member = list_members(project).filter(user=user_id).first()
    if member is None:
        raise NotFound("This person is not a member of the project.")
    return member


def get_account(username: str) -> User:
    """The active account with this name or mail address, to be made a member."""
    name = username.strip()
    found = User.objects.filter(Q(username=name) | Q(email__iexact=name), is_active=True).exclude(username="")
    user = found.first() if name else None
    if user is None:
        raise NotFound("There is no account with this name. Invite the person by a link instead.")
    return user


def list_milestones(project: Project, *, stage: str = "", is_done: bool | None = None) -> QuerySet[Milestone]:
    """Open ones first, by date."""
    milestones = Milestone.objects.filter(project=project).select_related("created_by", "project")
    if stage:
        milestones = milestones.filter(stage=stage)
    if is_done is not None:
        milestones = milestones.filter(done_at__isnull=not is_done)
    open_first = Case(When(done_at=None, then=Value(0)), default=Value(1), output_field=IntegerField())
    return milestones.order_by(open_first, "due_on", "-done_at", "pk")


def get_milestone(project: Project, milestone_id: int) -> Milestone:
    milestone = list_milestones(project).filter(pk=milestone_id).first()
    if milestone is None:
        raise NotFound("There is no such milestone in this project.")
    return milestone


def list_decisions(project: Project, *, search: str = "") -> QuerySet[Decision]:
    """The newest first, with `comment_count`."""
    decisions = Decision.objects.filter(project=project).select_related("created_by", "project")
    if search:
        decisions = decisions.filter(Q(title__icontains=search) | Q(body__icontains=search))
    return decisions.annotate(comment_count=Count("comments")).order_by("-created_at", "-pk")


def get_decision(project: Project, decision_id: int) -> Decision:
    """One entry with its comments."""
    comments = Prefetch("comments", DecisionComment.objects.select_related("created_by"))
    decision = list_decisions(project).filter(pk=decision_id).prefetch_related(comments).first()
    if decision is None:
        raise NotFound("There is no such decision in this project.")
    return decision


def list_activity(project: Project, *, actor: str = "", topic: str = "", search: str = "") -> QuerySet[AuditEvent]:
    """What happened, the newest first; `topic` is the first word of the verb ("run", "milestone")."""
    events = AuditEvent.objects.filter(project=project).select_related("actor")
    if actor:
        events = events.filter(actor_name=actor)
    if topic:
        events = events.filter(verb__startswith=f"{topic}.")
    if search:
        events = events.filter(summary__icontains=search)
    return events.order_by("-pk")


def list_activity_choices(project: Project, newest: int = 2_000) -> tuple[list[str], list[str]]:
    """(people, topics) among the newest events, for the filters."""
    rows = list(list_activity(project).values_list("actor_name", "verb")[:newest])
    return sorted({actor for actor, _ in rows}), sorted({verb.partition(".")[0] for _, verb in rows})


def summarize_frame(project: Project) -> StageSummary:
    """What the loop page shows of the charter and the plan."""
    charter = find_charter(project)
    if charter is None:
        return StageSummary(Stage.FRAME, StageState.READY, "No charter yet", (), "charter.edit", "Write the charter")
    today = timezone.localdate()
    due = list_milestones(project, is_done=False).filter(due_on__lt=today).count()
    metric = get_problem_type(project.problem_type).get_metric(charter.target_metric)
    limits = sum(getattr(charter, name) is not None for name in rules.LIMITS)
    goal = "no threshold" if charter.target_threshold is None else f"{charter.target_threshold:g}"
    figures = (Figure(metric.title, goal), Figure("limits", str(limits)), Figure("version", str(charter.version)))
    if due:
        headline = f"{due} {'milestone is' if due == 1 else 'milestones are'} overdue"
        return StageSummary(Stage.FRAME, StageState.ATTENTION, headline, figures, "milestones", "Look at the plan")
    return StageSummary(Stage.FRAME, StageState.DONE, "Framed", figures, "charter", "Read the charter")
