"""Tasks that everybody answered or skipped: found, and ended with the answers they have."""

from __future__ import annotations

import pytest

from lifecycle.annotations import services
from lifecycle.annotations.models import Task
from lifecycle.annotations.services.stranded import settle_stranded
from lifecycle.annotations.stranded_selectors import list_stranded
from lifecycle.projects.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def leave(project, owner, member, make_tasks, answer):
    """leave({"cat", "skip"}, {"skip", "skip"}) are tasks of which the owner and the annotator said so much."""

    def make(*said: tuple[str, ...], overlap: int = 2):
        services.change_settings(project=project, actor=owner, overlap=overlap, skips_to_leave=overlap + 1)
        people = [owner, member("annotator")]
        tasks = make_tasks(len(said))
        for task, words in zip(tasks, said, strict=True):
            for person, word in zip(people, words, strict=False):
                if word == "skip":
                    services.skip(project=project, user=person, task_id=task.pk, may_answer_any=True)
                else:
                    answer(person, task, word, may_answer_any=True)
        return tasks

    return make


def test_only_what_everybody_answered_or_skipped_is_stranded(project, member, leave):
    tasks = leave(("cat", "skip"), ("skip", "skip"), ("cat",), ("skip",), ("cat", "dog"), ())
    member("viewer")  # does not label

    assert list_stranded(project) == [tasks[0].pk, tasks[1].pk]
    newcomer = member("reviewer")
    assert list_stranded(project) == []
    newcomer.is_active = False
    newcomer.save()
    assert list_stranded(project) == [tasks[0].pk, tasks[1].pk]


def test_more_answers_wanted_than_there_are_people_strands_too(project, leave):
    [task] = leave(("cat", "dog"), overlap=3)

    assert list_stranded(project) == [task.pk]


def test_stranded_tasks_end_with_the_answers_they_have(project, owner, leave):
    answered, skipped, waiting = leave(("cat", "skip"), ("skip", "skip"), ("cat",))

    settled = settle_stranded(project=project, actor=owner)

    assert (settled.done, settled.skipped, settled.has_more) == (1, 1, False)
    for task in (answered, skipped, waiting):
        task.refresh_from_db()
    assert [task.state for task in (answered, skipped, waiting)] == ["done", "skipped", "open"]
    assert (answered.item.label, answered.overlap) == ("cat", 1)
    assert AuditEvent.objects.filter(verb="tasks.settled").count() == 1
    assert settle_stranded(project=project, actor=owner).done == 0
    assert AuditEvent.objects.filter(verb="tasks.settled").count() == 1


def test_what_was_ended_so_is_asked_again_with_a_click(project, owner, leave):
    answered, skipped = leave(("cat", "skip"), ("skip", "skip"))
    settle_stranded(project=project, actor=owner)

    services.reopen(project=project, actor=owner, task_ids=[answered.pk, skipped.pk])

    assert {task.pk for task in Task.objects.filter(state="open")} == {answered.pk, skipped.pk}
    assert services.lease_next(project=project, user=owner) == [skipped]  # it gave the other one its answer
