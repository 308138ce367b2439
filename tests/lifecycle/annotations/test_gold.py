"""Gold items: mixed in like any task, scored, told about where the project wants it, and never counted."""

from __future__ import annotations

import pytest

from lifecycle.annotations import gold_rules, queue_selectors, services
from lifecycle.annotations.models import Annotation, GoldAttempt, Lease, Task
from lifecycle.annotations.services import gold, gold_items, gold_scores, quiz
from lifecycle.common.errors import Conflict
from tests import factories
from tests.lifecycle.annotations import drawings


@pytest.fixture
def gold_task(project, owner, make_tasks, answer):
    """A task whose right answer is dog, marked by the owner; five others wait, and gold is always mixed in."""
    task = make_tasks(6)[0]
    services.lease_next(project=project, user=owner)
    marked = answer(owner, task, "dog")
    gold_items.mark(project=project, actor=owner, annotation=marked, explanation="It barks.")
    services.change_settings(project=project, actor=owner, gold_share=0.5)
    return task


@pytest.fixture
def annotator(member):
    return member("annotator")


@pytest.fixture
def always(monkeypatch):
    """Every slot would be a gold one."""
    monkeypatch.setattr("lifecycle.annotations.services.queue.random.random", lambda: 0.0)


def box(label, x, width=10):
    value = {"x": x, "y": 0, "width": width, "height": 10, "rectanglelabels": [label]}
    return {"from_name": "label", "to_name": "item", "type": "rectanglelabels", "value": value}


def test_regions_are_scored_by_those_that_agree():
    gold_answer = [box("car", 0), box("car", 50)]

    assert gold_rules.score_regions(gold_answer, [box("car", 51), box("car", 1)]) == 1.0
    assert gold_rules.score_regions(gold_answer, [box("car", 0)]) == pytest.approx(2 / 3)
    assert gold_rules.score_regions(gold_answer, [box("dog", 0), box("car", 90)]) == 0.0
    assert gold_rules.score_regions([], []) == 1.0


@pytest.mark.parametrize("kind", drawings.DRAWN, ids=lambda kind: kind.__name__)
def test_who_draws_nearly_the_same_is_right_and_who_draws_elsewhere_is_not(kind):
    gold_answer = drawings.draw(kind, 10)

    assert gold_rules.score_regions(gold_answer, drawings.draw(kind, 10.3, region="mine")) == 1.0
    assert gold_rules.score_regions(gold_answer, drawings.draw(kind, 70)) == 0.0
    assert gold_rules.score_regions(gold_answer, drawings.draw(kind, 10, label="bus")) == 0.0


def test_relations_are_right_by_their_ends_and_their_label():
    def answer(*relations, names=("a", "b")):
        drawn = [drawings.draw(drawings.span, at, region=name)[0] for at, name in zip((0, 50), names, strict=True)]
        return [*drawn, *relations]

    gold_answer = answer(drawings.lead("a", "b", "works at"))

    assert gold_rules.score_regions(gold_answer, answer(drawings.lead("x", "y", "works at"), names=("x", "y"))) == 1.0
    for wrong in (drawings.lead("b", "a", "works at"), drawings.lead("a", "b", "owns")):
        assert gold_rules.score_regions(gold_answer, answer(wrong)) == pytest.approx(2 * 2 / 6)
    assert gold_rules.score_regions(gold_answer, answer()) == pytest.approx(2 * 2 / 5)


def test_what_is_said_of_a_region_is_right_of_that_region_only():
    def answer(colored):
        drawn = [drawings.draw(drawings.box, at, region=name)[0] for at, name in ((0, "a"), (50, "b"))]
        said = {"id": colored, "from_name": "color", "to_name": "item", "type": "choices"}
        return [*drawn, said | {"value": {"choices": ["red"]}}]

    assert gold_rules.score_regions(answer("a"), answer("a")) == 1.0
    assert gold_rules.score_regions(answer("a"), answer("b")) == pytest.approx(2 * 2 / 6)


@pytest.mark.parametrize(
    "kind, right, given, score",
    [("class", "cat", "cat", 1), ("class", "cat", "dog", 0), ("number", "1.0", "1", 1), ("number", "1", "2", 0)],
)
def test_one_value_is_right_or_wrong(kind, right, given, score):
    assert gold_rules.score_answer(kind, (right, []), (given, [])) == score


@pytest.mark.django_db
def test_an_answer_to_a_gold_item_is_scored_and_changes_nothing_else(project, annotator, gold_task, answer, always):
    lent = services.lease_next(project=project, user=annotator, count=2)
    given = answer(annotator, gold_task, "cat")

    assert gold_task in lent and len(lent) == 2
    gold_task.refresh_from_db()
    assert (gold_task.state, gold_task.answers, gold_task.item.label) == (Task.State.DONE, 1, "dog")
    assert given.kind == Annotation.Kind.GOLD
    [person] = queue_selectors.measure_gold_accuracy(project)
    assert (person.username, person.attempts, person.right) == (annotator.username, 1, 0)
    told = gold.describe_feedback(project, given)
    assert (told.is_right, told.expected_value, told.explanation) == (False, "dog", "It barks.")


@pytest.mark.django_db
def test_only_the_first_answer_counts_and_nobody_gets_the_same_gold_item_again(
    project, annotator, gold_task, answer, always
):
    services.lease_next(project=project, user=annotator, count=2)
    answer(annotator, gold_task, "cat")
    answer(annotator, gold_task, "dog")
    services.withdraw(project=project, user=annotator, task_id=gold_task.pk)
    answer(annotator, gold_task, "dog")

    assert [attempt.is_right for attempt in GoldAttempt.objects.all()] == [False]
    assert gold_task not in services.lease_next(project=project, user=annotator, count=2)


@pytest.mark.django_db
def test_who_was_asked_it_in_a_quiz_is_not_asked_again(project, annotator, gold_task, always):
    other = factories.UserFactory()
    factories.MembershipFactory(project=project, user=other, role="annotator")
    quiz.start(project=project, user=annotator)

    assert gold_task not in services.lease_next(project=project, user=annotator, count=2)
    assert gold_task in services.lease_next(project=project, user=other, count=2)


@pytest.mark.django_db
def test_who_marked_it_is_not_asked_and_without_other_work_nobody_is(project, owner, annotator, gold_task, always):
    assert gold_task not in services.lease_next(project=project, user=owner, count=5)

    Task.objects.filter(state=Task.State.OPEN).update(state=Task.State.SKIPPED)

    assert services.lease_next(project=project, user=annotator, count=3) == []


@pytest.mark.django_db
def test_a_single_task_may_be_a_gold_one_and_its_lease_is_renewed(project, annotator, gold_task, always):
    [lent] = services.lease_next(project=project, user=annotator)
    before = Lease.objects.get(task=gold_task, user=annotator).expires_at

    assert lent == gold_task
    assert services.renew(project=project, user=annotator, task_ids=[gold_task.pk]) == [gold_task.pk]
    assert Lease.objects.get(task=gold_task, user=annotator).expires_at > before
    assert services.lease_next(project=project, user=annotator, resume=True) == [gold_task]


@pytest.mark.django_db
def test_a_gold_item_is_skipped_like_any_task(project, annotator, gold_task, always):
    services.lease_next(project=project, user=annotator)

    services.skip(project=project, user=annotator, task_id=gold_task.pk, reason="dark")

    gold_task.refresh_from_db()
    assert gold_task.state == Task.State.DONE
    assert not GoldAttempt.objects.exists()


@pytest.mark.django_db
def test_feedback_is_kept_back_where_the_project_wants_that(project, owner, annotator, gold_task, answer, always):
    services.change_settings(project=project, actor=owner, has_gold_feedback=False)
    services.lease_next(project=project, user=annotator)

    assert gold.describe_feedback(project, answer(annotator, gold_task, "cat")) is None


@pytest.mark.django_db
def test_marking_finishes_a_task_that_wanted_more_answers_and_a_skip_is_never_gold(project, owner, make_tasks, answer):
    services.change_settings(project=project, actor=owner, overlap=3)
    one, two = make_tasks(2)
    services.lease_next(project=project, user=owner, count=2)
    marked = answer(owner, one, "cat")
    skipped = services.skip(project=project, user=owner, task_id=two.pk)

    gold_items.mark(project=project, actor=owner, annotation=marked)
    with pytest.raises(Conflict):
        gold_items.mark(project=project, actor=owner, annotation=skipped)

    assert Task.objects.get(pk=one.pk).state == Task.State.DONE
    assert services.lease_next(project=project, user=factories.UserFactory(), count=2) == [two]


def test_labeled_items_are_made_gold_many_at_once_and_taken_back(project, owner, make_tasks, answer):
    tasks = make_tasks(5)
    services.lease_next(project=project, user=owner, count=5)
    for task, value in zip(tasks[:3], ("dog", "cat", "owl"), strict=True):
        answer(owner, task, value)
    services.skip(project=project, user=owner, task_id=tasks[3].pk)
    gold_items.mark_many(project=project, actor=owner, task_ids=[tasks[0].pk])
    stranger = factories.ProjectFactory()

    assert gold_items.mark_many(project=stranger, actor=owner, task_ids=[tasks[1].pk]) == ([], 1)
    made, left_out = gold_items.mark_many(
        project=project, actor=owner, task_ids=[task.pk for task in tasks], explanation=" Look at the ears. "
    )

    assert (made, left_out) == ([tasks[1].pk, tasks[2].pk], 3)
    found = queue_selectors.list_gold(project, is_active=True)
    assert sorted((one.value, one.explanation) for one in found) == [
        ("cat", "Look at the ears."), ("dog", ""), ("owl", "Look at the ears."),
    ]  # fmt: skip
    assert gold_items.retire_many(project=stranger, actor=owner, task_ids=made) == 0
    assert gold_items.retire_many(project=project, actor=owner, task_ids=made) == 2
    assert [one.value for one in queue_selectors.list_gold(project, is_active=True)] == ["dog"]


def test_what_is_half_answered_is_done_once_it_is_gold(project, owner, make_tasks, answer):
    services.change_settings(project=project, actor=owner, overlap=2)
    [task] = make_tasks(1)
    services.lease_next(project=project, user=owner)
    answer(owner, task, "dog")
    task.item.refresh_from_db()
    assert task.item.label is None  # one more answer is wanted: nothing is sure yet

    assert gold_items.mark_many(project=project, actor=owner, task_ids=[task.pk]) == ([], 1)
    task.refresh_from_db()
    assert task.state == "open"


@pytest.mark.django_db
def test_another_gold_answer_scores_earlier_answers_anew(project, owner, annotator, gold_task, answer, always):
    services.lease_next(project=project, user=annotator)
    answer(annotator, gold_task, "cat")
    assert [attempt.is_right for attempt in GoldAttempt.objects.all()] == [False]
    better = answer(owner, gold_task, "cat", may_answer_any=True)

    gold_items.mark(project=project, actor=owner, annotation=better)

    assert [(one.is_right, one.score) for one in GoldAttempt.objects.all()] == [(True, 1.0)]


@pytest.mark.django_db
def test_scores_of_an_older_rule_are_worked_out_anew_by_the_clock(project, annotator, gold_task, answer, always):
    services.lease_next(project=project, user=annotator)
    answer(annotator, gold_task, "dog")
    GoldAttempt.objects.update(is_right=False, score=0.0, rule=gold_rules.RULE - 1)

    assert gold_scores.rescore_due() == 1

    assert [(one.is_right, one.rule) for one in GoldAttempt.objects.all()] == [(True, gold_rules.RULE)]
    assert gold_scores.rescore_due() == 0


@pytest.mark.django_db
def test_answers_of_an_earlier_schema_keep_their_scores(project, owner, annotator, gold_task, answer, always):
    """Their class may have another name by now."""
    services.lease_next(project=project, user=annotator)
    answer(annotator, gold_task, "dog")
    GoldAttempt.objects.update(rule=gold_rules.RULE - 1)
    services.change_schema(project=project, actor=owner, classes=["cat", "hound", "owl"], renames={"dog": "hound"})

    gold_scores.rescore_due()

    assert [(one.is_right, one.rule) for one in GoldAttempt.objects.all()] == [(True, gold_rules.RULE)]
