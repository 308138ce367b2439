"""What the door counts: in as many statements for a page of projects as for one, and by whom it is asked."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from lifecycle.annotations import external_counts, rules, services
from lifecycle.annotations.models import Task
from lifecycle.datasets.models import Dataset
from lifecycle.projects.models import Membership
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def make_project(owner):
    """A text project with four tasks: two answered by the owner, one skipped, one left out of the dataset."""

    def make():
        project = factories.ProjectFactory(owner=owner, problem_type="text_classification")
        services.create_schema(project=project, classes=["cat", "dog"], created_by=owner)
        collection = factories.CollectionFactory(dataset=Dataset.objects.get(project=project))
        for _ in range(4):
            factories.ItemFactory(dataset=collection.dataset, collection=collection)
        services.open_tasks(collection=collection)
        one, two, three, four = Task.objects.filter(dataset=collection.dataset).order_by("pk")
        common = {"project": project, "user": owner, "may_answer_any": True}
        for task in (one, two, four):
            services.submit(task_id=task.pk, result=rules.build_result("class", "cat"), **common)
        services.skip(task_id=three.pk, reason="dark", **common)
        type(four.item).objects.filter(pk=four.item_id).update(excluded_at="2026-01-01T00:00:00Z")
        return project

    return make


def read(user, path: str):
    client = APIClient()
    client.force_authenticate(user)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(f"/label-studio/api/{path}")
    assert answer.status_code == 200, answer.content
    return answer.json(), len(asked)


def test_a_list_of_projects_costs_as_many_statements_as_one(owner, make_project):
    make_project()
    one, few = read(owner, "projects/")
    [make_project() for _ in range(4)]

    five, many = read(owner, "projects/")

    assert (len(one["results"]), len(five["results"])) == (1, 5)
    assert many == few <= 10
    assert {
        (p["task_number"], p["total_annotations_number"], p["skipped_annotations_number"]) for p in five["results"]
    } == {(3, 3, 1)}


def test_a_list_counts_everything_for_a_reviewer_and_ones_own_for_an_annotator(owner, make_project):
    mine, other = make_project(), make_project()
    person = factories.UserFactory()
    Membership.objects.create(project=mine, user=person, role="annotator")
    Membership.objects.create(project=other, user=person, role="reviewer")

    listed, _ = read(person, "projects/")

    counts = {p["id"]: (p["task_number"], p["num_tasks_with_annotations"]) for p in listed["results"]}
    assert counts == {mine.pk: (3, 0), other.pk: (3, 2)}


def test_a_filtered_page_of_tasks_is_counted_once(owner, make_project):
    project = make_project()
    plain, statements = read(owner, f"tasks/?project={project.pk}")

    filtered, more = read(owner, f"tasks/?project={project.pk}&only_annotated=true")

    assert (plain["total"], plain["total_annotations"], filtered["total"]) == (3, 2, 3)
    assert more <= statements + 1


def test_labels_are_counted_of_the_tasks_that_are_asked_for_and_skips_are_none(owner, make_project):
    project = make_project()
    first = Task.objects.filter(dataset__project=project).order_by("pk").first()
    person = factories.UserFactory()
    Membership.objects.create(project=project, user=person, role="annotator")
    asked = {"filters": {"conjunction": "and", "items": [
        {"filter": "filter:tasks:id", "operator": "equal", "type": "Number", "value": first.pk}]}}  # fmt: skip
    query = f"tasks/?project={project.pk}&query={json.dumps(asked)}"

    chosen, _ = read(owner, query)
    own, _ = read(person, f"tasks/?project={project.pk}")

    assert (chosen["total"], chosen["total_annotations"], chosen["total_predictions"]) == (1, 1, 0)
    assert (own["total"], own["total_annotations"]) == (0, 0)


def test_very_many_answers_are_counted_twice_a_minute_and_tasks_each_time(owner, make_project, monkeypatch):
    monkeypatch.setattr(external_counts, "MANY_TASKS", 2)
    project = make_project()
    before = external_counts.count_project(project, owner, role="owner")
    task = Task.objects.filter(dataset__project=project, state="skipped").get()
    services.withdraw(project=project, user=owner, task_id=task.pk)

    after = external_counts.count_project(project, owner, role="owner")

    assert (before["skips"], after["skips"], before["finished"], after["finished"]) == (1, 1, 2, 2)
