"""Suggestions are shown to one arm only, what came of them is kept once, and what does not help is switched off."""

from __future__ import annotations

import pytest

from lifecycle.annotations import assistance_rules as arms
from lifecycle.annotations import rules, suggestion_selectors
from lifecycle.annotations import services as labelling
from lifecycle.annotations.models import Suggestion, SuggestionOutcome
from lifecycle.annotations.services import gold_items, suggestions
from lifecycle.common.errors import DomainError
from lifecycle.projects.selectors import list_activity

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(project, owner):
    return suggestions.create_source(project=project, actor=owner, kind="file", title="predictions.csv")


@pytest.fixture
def suggest(source):
    """suggest({task: "cat"}) stores suggestions of the source."""

    def write(values: dict):
        rows = [
            suggestions.Draft(task.pk, rules.build_result("class", said), said, 0.9) for task, said in values.items()
        ]
        suggestions.write(source=source, rows=rows)

    return write


def split(project, tasks):
    """(shown, hidden) by the project's hash."""
    settings = suggestion_selectors.find_assistance(project)
    hidden = [t for t in tasks if arms.is_hidden(settings.seed, t.pk, settings.hidden_share)]
    return [t for t in tasks if t not in hidden], hidden


def test_one_arm_sees_the_newest_suggestion_and_the_other_sees_none(project, make_tasks, suggest, owner):
    tasks = make_tasks(30)
    suggest({task: "cat" for task in tasks})
    suggest({tasks[0]: "dog"})

    shown = suggestion_selectors.list_shown(suggestion_selectors.find_active(project), tasks)
    with_, without = split(project, tasks)

    assert set(shown) == {task.pk for task in with_} and without
    assert shown[with_[0].pk][0].keys() == {"id", "result", "score", "model"}
    assert {one[0]["result"][0]["value"]["choices"][0] for one in shown.values()} <= {"cat", "dog"}


def test_gold_items_are_suggested_for_too_so_that_nobody_tells_them_by_that(
    project, make_tasks, source, suggest, owner, answer
):
    done, gold, *waiting = make_tasks(5)
    for task in (done, gold):
        marked = answer(owner, task, may_answer_any=True)
    gold_items.mark(project=project, actor=owner, annotation=marked)
    suggest({waiting[0]: "cat"})

    batches = list(suggestion_selectors.iterate_open(source, since=0, batch=2))

    assert [[one.task_id for one in batch] for batch in batches] == [[gold.pk, waiting[1].pk], [waiting[2].pk]]
    assert suggestion_selectors.count_open(project) == 4


def test_answers_to_gold_items_say_whether_people_are_right_with_and_without(
    project, make_tasks, source, owner, member, answer, monkeypatch
):
    monkeypatch.setattr("lifecycle.annotations.services.queue.random.random", lambda: 0.0)
    tasks = make_tasks(31)
    for task in tasks[:30]:
        gold_items.mark(project=project, actor=owner, annotation=answer(owner, task, "dog", may_answer_any=True))
    rows = [suggestions.Draft(t.pk, rules.build_result("class", "cat"), "cat", 0.9) for t in tasks[:30]]
    suggestions.write(source=source, rows=rows)
    labelling.change_settings(project=project, actor=owner, gold_share=0.5)
    user = member("annotator")
    lent = labelling.lease_next(project=project, user=user, count=31)
    golden = [task for task in lent if task.pk != tasks[30].pk]
    with_, without = split(project, golden)

    for task in with_:  # they follow what they are shown, which is wrong
        suggestions.record_outcome(project=project, user=user, annotation=answer(user, task, "cat", lead_time_ms=900))
    for task in without:
        suggestions.record_outcome(project=project, user=user, annotation=answer(user, task, "dog", lead_time_ms=900))

    report = suggestion_selectors.report(project, suggestion_selectors.find_assistance(project))
    assert with_ and without
    assert (report.gold_shown.value, report.gold_hidden.value) == (0, 1)
    assert (report.gold_shown.count, report.gold_hidden.count) == (len(with_), len(without))


def test_switched_off_nothing_is_shown_and_nothing_recorded(project, make_tasks, suggest, owner, member, answer):
    tasks = make_tasks(5)
    suggest({task: "cat" for task in tasks})
    suggestions.change_assistance(project=project, actor=owner, is_on=False)
    user = member("annotator")
    labelling.lease_next(project=project, user=user, count=1)

    given = answer(user, tasks[0], lead_time_ms=900)

    assert suggestion_selectors.list_shown(suggestion_selectors.find_active(project), tasks) == {}
    assert suggestions.record_outcome(project=project, user=user, annotation=given) is None


def test_what_came_of_a_suggestion_is_kept_for_both_arms_and_only_once(project, make_tasks, suggest, member, answer):
    tasks = make_tasks(30)
    suggest({task: "cat" for task in tasks})
    with_, without = split(project, tasks)
    user = member("annotator")
    labelling.lease_next(project=project, user=user, count=30)
    pk = suggestion_selectors.list_shown(suggestion_selectors.find_active(project), tasks)[with_[0].pk][0]["id"]

    first = answer(user, with_[0], lead_time_ms=900)
    for _ in range(2):
        suggestions.record_outcome(project=project, user=user, annotation=first, said={"id": pk, "outcome": "accepted"})
    changed = answer(user, with_[0], "dog")
    suggestions.record_outcome(project=project, user=user, annotation=changed)
    lie = answer(user, with_[1], "dog")
    suggestions.record_outcome(project=project, user=user, annotation=lie, said={"id": 10**9, "outcome": "accepted"})
    suggestions.record_outcome(project=project, user=user, annotation=answer(user, with_[2], "dog"))
    suggestions.record_outcome(project=project, user=user, annotation=answer(user, without[0]))

    rows = SuggestionOutcome.objects.order_by("pk").values_list("task", "arm", "verdict", "distance", "lead_time_ms")
    assert list(rows) == [
        (with_[0].pk, "shown", "accepted", 0.0, 900),
        (with_[2].pk, "shown", "corrected", 1.0, None),
        (without[0].pk, "hidden", "unseen", 0.0, None),
    ]


def test_a_bad_model_is_switched_off_by_itself_with_a_sentence_and_on_again_by_hand(
    project, make_tasks, suggest, owner, member, answer, django_capture_on_commit_callbacks, monkeypatch
):
    monkeypatch.setattr(arms, "is_hidden", lambda seed, task_id, share: task_id % 2 == 0)
    tasks = make_tasks(36)
    suggest({task: "owl" for task in tasks})
    user = member("annotator")
    labelling.lease_next(project=project, user=user, count=50)

    with django_capture_on_commit_callbacks(execute=True):
        for number, task in enumerate(tasks):
            is_shown = task.pk % 2 == 1
            lead = (3_000 if is_shown else 1_500) + 20 * (number % 7)
            given = answer(user, task, "cat", lead_time_ms=lead)
            suggestions.record_outcome(project=project, user=user, annotation=given)
    settings = suggestion_selectors.find_assistance(project)

    assert not settings.is_on and "times as long" in settings.switched_off_reason
    assert list_activity(project)[0].verb == "suggestions.switched_off"
    assert suggestion_selectors.list_shown(suggestion_selectors.find_active(project), tasks) == {}
    settings = suggestions.change_assistance(project=project, actor=owner, is_on=True)
    assert settings.is_on and settings.switched_off_reason == ""
    assert suggestion_selectors.read_window(project, settings, arms.WINDOW) == []


def test_a_newer_version_replaces_the_older_but_not_under_somebodys_eyes(project, make_tasks, suggest, source, member):
    held, free = make_tasks(2)
    suggest({held: "cat", free: "cat"})
    before = suggestion_selectors.find_newest_id()
    labelling.lease_next(project=project, user=member("annotator"), count=1)
    suggest({held: "dog", free: "dog"})

    suggestions.retire_older(source=source, before_id=before)

    kept = Suggestion.objects.order_by("pk").values_list("task", "value")
    assert list(kept) == [(held.pk, "cat"), (held.pk, "dog"), (free.pk, "dog")]


def test_the_hidden_share_cannot_be_turned_to_nothing(project, source, owner):
    with pytest.raises(DomainError, match="must stay without"):
        suggestions.change_assistance(project=project, actor=owner, hidden_share=0.0)
