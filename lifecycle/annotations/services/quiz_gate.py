"""Whether somebody has to pass the quiz of a project before they label there (services.quiz)."""

from __future__ import annotations

from lifecycle.annotations import selectors
from lifecycle.annotations.models import GoldItem, QualitySettings, QuizAttempt
from lifecycle.annotations.services.quality import find_settings
from lifecycle.common.errors import Conflict
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed

FORM_KINDS = (LabelKind.CLASS, LabelKind.NUMBER)


def is_wanted(project: Project, user, *, role: str, settings: QualitySettings | None = None) -> bool:
    """Whether this person has to pass the quiz before they label. Reviewers and above never have to. `settings` saves
    reading them again.
    """
    if is_allowed(role, "reviewer"):
        return False
    settings = settings or find_settings(project)
    if not settings.quiz_questions:
        return False
    passed = QuizAttempt.objects.filter(project=project, user=user, is_passed=True)
    if settings.quiz_each_guide:
        passed = passed.filter(guide_version=find_guide_version(project))
    return not passed.exists() and list_gold(project).exists()


def require_passed(project: Project, user, *, role: str, settings: QualitySettings | None = None) -> None:
    """Conflict for who has to pass the quiz before they label."""
    if is_wanted(project, user, role=role, settings=settings):
        raise Conflict("Pass the quiz of this project first: it is on the labelling page.")


def list_gold(project: Project):
    found = GoldItem.objects.filter(task__dataset__project=project, is_active=True, task__item__excluded_at=None)
    return found if is_in_tool(project) else found.filter(value__isnull=False)


def find_guide_version(project: Project) -> int:
    guide = selectors.find_guide(project)
    return guide.version if guide else 0


def is_in_tool(project: Project) -> bool:
    """Whether the quiz is asked in the labelling tool: a form has no room for what is drawn or has several parts."""
    return get_problem_type(project.problem_type).label_kind not in FORM_KINDS
