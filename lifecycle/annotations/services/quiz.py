"""A short quiz from gold items before somebody labels: asked once, or again with each version of the guide.

One class or one number is asked in a form, handed in as a whole; everything else in the labelling tool, an item at a
time. What is said in a quiz never becomes a label.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from lifecycle.annotations import gold_rules, rules
from lifecycle.annotations.answer_words import describe_answer
from lifecycle.annotations.models import GoldItem, QuizAttempt, Task
from lifecycle.annotations.services.answers import read_answer
from lifecycle.annotations.services.gold import Feedback
from lifecycle.annotations.services.quality import find_settings
from lifecycle.annotations.services.quiz_gate import find_guide_version, is_in_tool, list_gold
from lifecycle.common.errors import Conflict, NotFound
from lifecycle.contracts.label_interface import NOTHING
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.datasets.models import Item
from lifecycle.projects.models import Project


@dataclass(frozen=True)
class Told:
    """A question that was answered, in words; the same words for both where only places differ."""

    is_right: bool
    said: str
    truth: str
    explanation: str


def find_open(project: Project, user) -> QuizAttempt | None:
    """The attempt that this person has not handed in."""
    return QuizAttempt.objects.filter(project=project, user=user, is_passed=None).order_by("-pk").first()


def find_newest(project: Project, user) -> QuizAttempt | None:
    return QuizAttempt.objects.filter(project=project, user=user, is_passed__isnull=False).order_by("-pk").first()


def start(*, project: Project, user) -> QuizAttempt:
    """An attempt with questions drawn at random; one that was begun goes on, unless the guide changed since or nothing
    of it can be answered any more.
    """
    version = find_guide_version(project)
    begun = find_open(project, user)
    if begun is not None and begun.guide_version == version and (not is_in_tool(project) or list_open(begun)):
        return begun
    settings = find_settings(project)
    known = list(list_gold(project).values_list("pk", "task_id", "task__item_id", "value"))
    if not known:
        raise Conflict("There are no gold items to ask about. A reviewer marks some first.")
    drawn = random.SystemRandom().sample(known, min(max(settings.quiz_questions, 1), len(known)))
    with transaction.atomic():
        QuizAttempt.objects.filter(project=project, user=user, is_passed=None).delete()
        return QuizAttempt.objects.create(
            project=project,
            user=user,
            guide_version=version,
            questions=[{"gold": g, "task": task, "item": item, "truth": value} for g, task, item, value in drawn],
            pass_share=settings.quiz_pass_share,
        )


def hand_in(*, project: Project, user, attempt_id: int, answers: Mapping[int, str]) -> QuizAttempt:
    """Score {item id: answer}; what is not answered is wrong."""
    kind = get_problem_type(project.problem_type).label_kind
    if is_in_tool(project):
        raise Conflict("This quiz is answered in the labelling tool, an item at a time.")
    with transaction.atomic():
        attempt = _lock(project, user, attempt_id)
        for question in attempt.questions:
            given = _clean(kind, answers.get(question["item"], ""))
            truth = (question["truth"], ())
            right = given is not None and gold_rules.score_answer(kind, truth, (given, ())) >= gold_rules.RIGHT_FROM
            question |= {"answer": given, "is_right": right}
        _finish(attempt)
    return attempt


def answer(
    *, project: Project, user, attempt_id: int, task_id: int, result: Any, schema_version: int | None = None
) -> Feedback:
    """Judge a Label Studio result as an answer to a gold item is judged; the last one ends the attempt. The first
    answer to a question counts: another one is told what was said of that, which makes repeats harmless.
    """
    if not is_in_tool(project):
        raise Conflict("This quiz is a form: it is handed in on its page.")
    with transaction.atomic():
        attempt = QuizAttempt.objects.select_for_update().filter(project=project, user=user, pk=attempt_id).first()
        question = next((one for one in attempt.questions if one["task"] == task_id), None) if attempt else None
        gold = GoldItem.objects.filter(pk=question["gold"]).first() if question else None
        if attempt is None or question is None or gold is None:
            raise NotFound("Your quiz does not ask this. Load the page again.")
        if "is_right" not in question and attempt.is_passed is None:
            _, read, value = read_answer(project=project, result=result, shown_schema=schema_version)
            kind = get_problem_type(project.problem_type).label_kind
            score = gold_rules.score_answer(kind, (gold.value, gold.result), (value, read))
            question |= {"answer": value, "result": read, "is_right": score >= gold_rules.RIGHT_FROM}
            if list_open(attempt):
                attempt.save()
            else:
                _finish(attempt)
    return _tell(question, gold)


def list_questions(attempt: QuizAttempt) -> list[tuple[Item, dict]]:
    """(item, question) in the order they are asked."""
    items = Item.objects.in_bulk([question["item"] for question in attempt.questions])
    return [(items[question["item"]], question) for question in attempt.questions if question["item"] in items]


def list_told(attempt: QuizAttempt) -> list[tuple[Item, Told]]:
    """(item, what there is to tell about its question) in the order they were asked."""
    golds = GoldItem.objects.in_bulk([question["gold"] for question in attempt.questions if "gold" in question])
    return [(item, _describe(one, golds.get(one.get("gold")))) for item, one in list_questions(attempt)]


def list_open(attempt: QuizAttempt) -> list[Task]:
    """The tasks of questions that were not answered and still have a right answer, in order."""
    asked = [one for one in attempt.questions if "is_right" not in one and "gold" in one]
    golds = GoldItem.objects.filter(pk__in=[one["gold"] for one in asked]).select_related("task__item")
    tasks = {gold.pk: gold.task for gold in golds}
    return [tasks[one["gold"]] for one in asked if one["gold"] in tasks]


def list_answered(attempt: QuizAttempt) -> list[tuple[Task, dict, Feedback]]:
    """(task, question with what was said of it, what there is to tell about that), newest first."""
    given = [one for one in attempt.questions if "result" in one]
    golds = GoldItem.objects.select_related("task__item").in_bulk([one["gold"] for one in given])
    known = [(golds[one["gold"]], one) for one in given if one["gold"] in golds]
    return [(gold.task, one, _tell(one, gold)) for gold, one in reversed(known)]


def _tell(question: Mapping[str, Any], gold: GoldItem) -> Feedback:
    return Feedback(bool(question.get("is_right")), gold.result, gold.value, gold.explanation)


def _describe(question: Mapping[str, Any], gold: GoldItem | None) -> Told:
    """What is drawn goes before the class it comes to: two boxes of a class are no answer in itself."""
    said = _in_words(question.get("answer"), question.get("result", ()))
    truth = _in_words(question.get("truth"), gold.result if gold and "result" in question else ())
    return Told(bool(question.get("is_right")), said, truth, gold.explanation if gold else "")


def _in_words(value: str | None, result: Sequence[Any]) -> str:
    drawn = describe_answer(None, result)
    return describe_answer(value, ()) if drawn == NOTHING else drawn


def _lock(project: Project, user, attempt_id: int) -> QuizAttempt:
    attempt = QuizAttempt.objects.select_for_update().filter(project=project, user=user, pk=attempt_id).first()
    if attempt is None or attempt.is_passed is not None:
        raise Conflict("This quiz was handed in already. Load the page again.")
    return attempt


def _finish(attempt: QuizAttempt) -> None:
    """Count what was right. A question that can not be answered any more is not asked: it leaves the attempt."""
    attempt.questions = [question for question in attempt.questions if "is_right" in question]
    attempt.right_count = sum(question["is_right"] for question in attempt.questions)
    attempt.is_passed = attempt.right_count >= math.ceil(attempt.pass_share * len(attempt.questions) - 1e-9)
    attempt.finished_at = timezone.now()
    attempt.save()


def _clean(kind: str, answer: str) -> str | None:
    text = answer.strip()
    if kind != LabelKind.NUMBER:
        return text or None
    try:
        number = float(text)
    except ValueError:
        return None
    return rules.format_number(number) if math.isfinite(number) else None
