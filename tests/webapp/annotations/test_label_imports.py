"""Files of labels that do not fit: what is taken of them, and what is said of the rest."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from lifecycle.annotations.models import Annotation, Task
from lifecycle.annotations.services import external, label_imports
from lifecycle.common.blobs import open_blobs
from lifecycle.projects.models import Project
from tests import factories

pytestmark = pytest.mark.django_db
CHOICES = (
    '<View><Text name="t" value="$text"/><Choices name="label" toName="t">'
    '<Choice value="good"/><Choice value="bad"/></Choices></View>'
)


@pytest.fixture
def user():
    return factories.UserFactory(username="engineer")


@pytest.fixture
def project(user):
    made = external.create_project(user=user, title="Labels", config=CHOICES, settings={})
    return Project.objects.get(pk=made.pk)


@pytest.fixture
def take(project, user, settings, run_jobs):
    def send(name: str, content: str):
        blob = open_blobs(settings.STORAGE_URL).put(content.encode())
        label_imports.start_import(project=project, user=user, name=name, blob=blob)
        [job] = run_jobs()
        assert job.state == "succeeded", job.error
        return job.result

    return send


ROWS = [{"text": f"t{n}", "mood": "good", "id": n, "annotation_id": n, "annotator": 7} for n in range(30)]
TABLE = "text,mood,id,annotation_id,annotator\n" + "".join(f"t{n},good,{n},{n},7\n" for n in range(30))


@pytest.mark.parametrize(("name", "content"), [("x.csv", TABLE), ("x.json", json.dumps(ROWS))])
def test_a_table_that_answers_other_questions_brings_open_tasks_and_says_so(take, project, user, name, content):
    result = take(name, content)

    assert (result["tasks"], result["annotations"], result["unanswered"]) == (30, 0, 30)
    assert Annotation.objects.count() == 0
    assert set(Task.objects.values_list("state", flat=True)) == {"open"}
    assert len(result["said"]) == 20 and "none of the questions (“label”)" in result["said"][0]
    page = Client()
    page.force_login(user)
    shown = page.get(reverse("annotations:label-exports", args=[project.slug])).content.decode()
    assert "What was not taken" in shown and "the row answers none of the questions" in shown


def test_the_reasons_of_rows_set_aside_are_in_rest(take, project, user):
    take("x.csv", "text,label\none,good\ntwo,<b>ugly</b>\n,good\n")
    client = Client()
    client.force_login(user)

    [listed] = client.get(f"/api/v1/projects/{project.slug}/label-imports/").json()

    assert listed["counts"]["rejected"] == 2 and listed["counts"]["annotations"] == 1
    assert len(listed["said"]) == 2 and listed["said"][0].startswith("line 3: ")
