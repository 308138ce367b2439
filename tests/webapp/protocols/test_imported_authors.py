"""Every annotation that an import brings is kept, under the name of who gave it and with its date."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from label_studio_sdk.core.api_error import ApiError

from lifecycle.accounts.models import User
from lifecycle.annotations import people_selectors, review_selectors
from lifecycle.annotations.models import Annotation, Assignment
from lifecycle.annotations.services import agreement, external_exports, label_imports, reviews
from lifecycle.projects.models import Project
from tests import factories
from tests.webapp.protocols.conftest import TEXT_CONFIG, choose


def tell(text: str, *answers) -> dict:
    """A task with (who, mood, more) answers."""
    said = [{"completed_by": who, "result": choose(mood), **more} for who, mood, more in answers]
    return {"data": {"text": text}, "annotations": said}


def list_said(project_id: int) -> Counter:
    rows = Annotation.objects.filter(task__dataset__project=project_id, is_current=True)
    return Counter(rows.values_list("item__text", "user", "value"))


def test_people_who_agree_are_all_kept(client, text_project):
    tasks = [tell(f"text {n}", (2_000, "good", {}), (5_000, "good" if n % 3 else "bad", {})) for n in range(30)]

    done = client.projects.import_tasks(text_project.id, request=tasks)
    again = client.projects.import_tasks(text_project.id, request=tasks)

    assert (done.annotation_count, again.annotation_count) == (60, 0)
    exported = client.projects.exports.as_json(text_project.id)
    assert [len({one["completed_by"] for one in task["annotations"]}) for task in exported] == [2] * 30


def test_the_same_words_twice_in_one_task_are_two_answers(client, text_project):
    tasks = [{"data": {"text": "twice"}, "annotations": [{"result": choose("good")}, {"result": choose("good")}]}]

    assert client.projects.import_tasks(text_project.id, request=tasks).annotation_count == 2
    assert client.projects.import_tasks(text_project.id, request=tasks).annotation_count == 0


def test_an_answer_keeps_its_author_and_its_date(client, engineer, text_project):
    project = Project.objects.get(pk=text_project.id)
    ann = factories.UserFactory(username="ann", email="ann@example.org")
    factories.MembershipFactory(project=project, user=ann, role="annotator")
    stranger = factories.UserFactory(username="stranger", email="stranger@example.org")
    day = {"created_at": "2024-01-05T10:00:00.000000Z"}
    people = [
        ann.pk,
        {"id": 1, "email": "ANN@example.org"},
        stranger.pk,
        {"email": "stranger@example.org"},
        engineer.pk,
    ]

    client.projects.import_tasks(text_project.id, request=[tell("t", *[(who, "good", day) for who in people])])

    rows = list(Annotation.objects.order_by("pk").select_related("user"))
    assert [row.created_at.isoformat() for row in rows] == ["2024-01-05T10:00:00+00:00"] * 5
    assert [row.user for row in rows[:2]] == [ann, ann] and rows[4].user == engineer
    one, two = (row.user for row in rows[2:4])
    assert len({one, two, stranger}) == 3
    for placeholder in (one, two):
        assert not placeholder.is_active and not placeholder.has_usable_password() and not placeholder.email
        with pytest.raises(Exception, match="valid username"):
            User.username_validator(placeholder.username)
    [task] = client.projects.exports.as_json(text_project.id)
    assert {one["created_at"][:10] for one in task["annotations"]} == {"2024-01-05"}


def test_a_date_that_is_none_is_refused_by_name(client, text_project):
    with pytest.raises(ApiError, match="created_at must be a date"):
        client.projects.import_tasks(text_project.id, request=[tell("t", (1, "good", {"created_at": "yesterday"}))])


def test_only_an_engineer_speaks_for_others(client, connect, text_project):
    project = Project.objects.get(pk=text_project.id)
    ann, rev = factories.UserFactory(username="ann"), factories.UserFactory(username="rev")
    factories.MembershipFactory(project=project, user=ann, role="annotator")
    factories.MembershipFactory(project=project, user=rev, role="reviewer")
    client.projects.import_tasks(text_project.id, request=[{"text": "one"}])
    [task] = client.tasks.list(project=text_project.id)

    with pytest.raises(ApiError) as refused:
        connect(rev).annotations.create(task.id, result=choose("bad"), completed_by=ann.pk)
    given = [client.annotations.create(task.id, result=choose("good"), completed_by=ann.pk) for _ in range(2)]
    own = connect(rev).annotations.create(task.id, result=choose("bad"), completed_by=rev.pk)

    assert refused.value.status_code == 403
    assert given[0].id == given[1].id and given[0].completed_by == ann.pk
    assert own.completed_by == rev.pk
    assert list_said(project.pk) == Counter({("one", ann.pk, "good"): 1, ("one", rev.pk, "bad"): 1})


answers = st.lists(st.tuples(st.sampled_from([11_111, 22_222, 33_333]), st.sampled_from(["good", "bad"])), max_size=5)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
@given(rows=st.lists(answers, min_size=1, max_size=5).filter(any))
@pytest.mark.parametrize("layout", ["JSON", "JSON_MIN", "CSV", "PARQUET"])
def test_answers_of_several_people_come_back_the_same_through_the_database(client, engineer, run_jobs, layout, rows):
    first, second = (
        Project.objects.get(pk=client.projects.create(title=title, label_config=TEXT_CONFIG).id) for title in "ab"
    )
    tasks = [tell(f"text {n}", *[(who, mood, {}) for who, mood in found]) for n, found in enumerate(rows)]
    client.projects.import_tasks(first.pk, request=tasks)
    export = external_exports.start_export(project=first, user=engineer, layout=layout)
    run_jobs()
    export.refresh_from_db()

    for wanted in (sum(map(len, rows)), 0):  # a second time brings nothing new
        label_imports.start_import(project=second, user=engineer, name="x", blob=export.blob, layout=layout)
        [job] = run_jobs()
        assert (job.state, job.result["annotations"], job.result["rejected"]) == ("succeeded", wanted, 0)

    def list_by_name(project):
        told = Annotation.objects.filter(task__dataset__project=project).order_by("pk")
        return sorted(told.values_list("item__text", "value", "created_at"))

    assert list_by_name(second) == list_by_name(first)
    names = Annotation.objects.filter(task__dataset__project=second).values("user").distinct().count()
    assert names == len({who for found in rows for who, _ in found})


def test_imported_answers_are_compared_and_their_authors_are_people(client, text_project):
    project = Project.objects.get(pk=text_project.id)
    tasks = [tell(f"t{n}", (2_000, "good", {}), (5_000, "bad" if n == 0 else "good", {})) for n in range(10)]
    client.projects.import_tasks(text_project.id, request=tasks)
    client.projects.import_tasks(text_project.id, request=[tell("t0", (None, "good", {}))])  # nobody is named

    found = agreement.compare_answers(project)
    people = people_selectors.list_people(project)

    assert (found["items"], found["answers"]) == (10, 20)
    assert [(one.username[:4], one.answers) for one in people] == [("2000", 10), ("5000", 10)]
    assert people_selectors.list_beside_each_other(project, first="good", second="bad").count() == 1


def test_what_people_said_in_another_tool_is_reviewed_like_what_they_say_here(client, engineer, text_project):
    project = Project.objects.get(pk=text_project.id)
    tasks = [tell("one", (2_000, "good", {}), (None, "bad", {}), (engineer.pk, "good", {}))]
    client.projects.import_tasks(text_project.id, request=tasks)
    waiting = review_selectors.list_pending(project, engineer, review_selectors.Wanted(sample="imported"))

    theirs, unknown = waiting
    assert (theirs.value, unknown.value) == ("good", "bad")  # what the engineer said is not theirs to review
    assert list(review_selectors.list_pending(project, engineer, review_selectors.Wanted())) == [theirs]
    reviews.accept(project=project, reviewer=engineer, annotation_id=unknown.pk)
    sent_back = reviews.reject(
        project=project, reviewer=engineer, annotation_id=theirs.pk, reason="no", return_to="same"
    )
    assert waiting.all().count() == 0 and sent_back.return_to == ""
    assert not Assignment.objects.exists()
    assert Annotation.objects.filter(is_current=True).count() == 2
