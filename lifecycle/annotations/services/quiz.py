"""A short quiz from gold items before somebody labels: asked once, or again with each version of the guide."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from lifecycle.annotations import gold_rules, rules, selectors
from lifecycle.annotations.models import GoldItem, QualitySettings, QuizAttempt
from lifecycle.annotations.services.quality import can_have_quiz, find_settings
from lifecycle.common.errors import Conflict
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.datasets.models import Item
from lifecycle.projects.models import Project
from lifecycle.projects.rules import is_allowed


def is_wanted(project: Project, user, *, role: str, settings: QualitySettings | None = None) -> bool:
    """Whether this person has to pass the quiz before they label. Reviewers and above never have to. `settings` saves
    reading them again.
    """
    if is_allowed(role, "reviewer"):
        return False
    settings = settings or find_settings(project)
    if not settings.quiz_questions or not can_have_quiz(project):
        return False
    passed = QuizAttempt.objects.filter(project=project, user=user, is_passed=True)
    if settings.quiz_each_guide:
        passed = passed.filter(guide_version=_find_guide_version(project))
    return not passed.exists() and _list_gold(project).exists()


def require_passed(project: Project, user, *, role: str, settings: QualitySettings | None = None) -> None:
    """Conflict for who has to pass the quiz before they label."""
    if is_wanted(project, user, role=role, settings=settings):
        raise Conflict("Pass the quiz of this project first: it is on the labelling page.")


def find_open(project: Project, user) -> QuizAttempt | None:
    """The attempt that this person has not handed in."""
    return QuizAttempt.objects.filter(project=project, user=user, is_passed=None).order_by("-pk").first()


def find_newest(project: Project, user) -> QuizAttempt | None:
    return QuizAttempt.objects.filter(project=project, user=user, is_passed__isnull=False).order_by("-pk").first()


def start(*, project: Project, user) -> QuizAttempt:
    """An attempt with questions drawn at random; one that was begun goes on, unless the guide changed since."""
    version = _find_guide_version(project)
    begun = find_open(project, user)
    if begun is not None and begun.guide_version == version:
        return begun
    settings = find_settings(project)
    known = list(_list_gold(project).values_list("task__item_id", "value"))
    if not known:
        raise Conflict("There are no gold items to ask about. A reviewer marks some first.")
    drawn = random.SystemRandom().sample(known, min(max(settings.quiz_questions, 1), len(known)))
    with transaction.atomic():
        QuizAttempt.objects.filter(project=project, user=user, is_passed=None).delete()
        return QuizAttempt.objects.create(
            project=project,
            user=user,
            guide_version=version,
            questions=[{"item": item, "truth": value} for item, value in drawn],
            pass_share=settings.quiz_pass_share,
        )


def hand_in(*, project: Project, user, attempt_id: int, answers: Mapping[int, str]) -> QuizAttempt:
    """Score {item id: answer}; what is not answered is wrong."""
    kind = get_problem_type(project.problem_type).label_kind
    with transaction.atomic():
        attempts = QuizAttempt.objects.select_for_update().filter(project=project, user=user, pk=attempt_id)
        attempt = attempts.first()
        if attempt is None or attempt.is_passed is not None:
            raise Conflict("This quiz was handed in already. Load the page again.")
        for question in attempt.questions:
            given = _clean(kind, answers.get(question["item"], ""))
            truth = (question["truth"], ())
            right = given is not None and gold_rules.score_answer(kind, truth, (given, ())) >= gold_rules.RIGHT_FROM
            question |= {"answer": given, "is_right": right}
        attempt.right_count = sum(question["is_right"] for question in attempt.questions)
        attempt.is_passed = attempt.right_count >= math.ceil(attempt.pass_share * len(attempt.questions) - 1e-9)
        attempt.finished_at = timezone.now()
        attempt.save()
    return attempt


def list_questions(attempt: QuizAttempt) -> list[tuple[Item, dict]]:
    """(item, question) in the order they are asked."""
    items = Item.objects.in_bulk([question["item"] for question in attempt.questions])
    return [(items[question["item"]], question) for question in attempt.questions if question["item"] in items]


def _clean(kind: str, answer: str) -> str | None:
    text = answer.strip()
    if kind != LabelKind.NUMBER:
        return text or None
    try:
        number = float(text)
    except ValueError:
        return None
    return rules.format_number(number) if math.isfinite(number) else None


def _list_gold(project: Project):
    return GoldItem.objects.filter(
        task__dataset__project=project, is_active=True, value__isnull=False, task__item__excluded_at=None
    )


def _find_guide_version(project: Project) -> int:
    guide = selectors.find_guide(project)
    return guide.version if guide else 0
