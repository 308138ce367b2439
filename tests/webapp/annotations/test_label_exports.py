"""Labels out by page and REST: a job writes the file, in every layout that fits; only those who see all may have it."""

from __future__ import annotations

import csv
import io
import json

import pyarrow.parquet as pq
import pytest
from django.test import Client

from lifecycle.annotations import services
from lifecycle.annotations.models import LabelExport
from tests import factories

RESULT = [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": ["dog"]}}]


@pytest.fixture
def reviewer(project, schema, make_tasks):
    user = factories.UserFactory()
    factories.MembershipFactory(project=project, user=user, role="reviewer")
    for task in make_tasks(3)[:2]:
        services.submit(project=project, user=user, task_id=task.pk, result=RESULT, may_answer_any=True)
    return user


@pytest.fixture
def browser(reviewer):
    client = Client()
    client.force_login(reviewer)
    return client


def read(response) -> bytes:
    return b"".join(response.streaming_content)


def test_a_reviewer_exports_from_the_page(browser, project, run_jobs):
    page = f"/projects/{project.slug}/label/exports"
    assert "JSON, short" in browser.get(page).content.decode()

    browser.post(page, {"layout": "CSV", "only_annotated": "on"})
    assert "queued" in browser.get(page + "/live").content.decode().lower()
    run_jobs()

    export = LabelExport.objects.get()
    assert "Download" in browser.get(page).content.decode()
    rows = list(csv.DictReader(io.StringIO(read(browser.get(f"{page}/{export.pk}/file")).decode())))
    assert [row["label"] for row in rows] == ["dog", "dog"]
    assert "does not fit" in browser.post(page, {"layout": "COCO"}).content.decode()


def test_scripts_export_over_rest(browser, project, run_jobs):
    base = f"/api/v1/projects/{project.slug}/label-exports/"
    assert [one["key"] for one in browser.get(base + "layouts/").json()] == [
        "JSON", "JSON_MIN", "CSV", "TSV", "PARQUET"
    ]  # fmt: skip
    made = {}
    for layout in ("JSON", "PARQUET"):
        made[layout] = browser.post(base, {"layout": layout}, content_type="application/json").json()["id"]
    assert browser.get(f"{base}{made['JSON']}/").json()["state"] == "queued"
    run_jobs()

    one = browser.get(f"{base}{made['JSON']}/").json()
    tasks = json.loads(read(browser.get(f"{base}{made['JSON']}/file/")))
    table = pq.read_table(io.BytesIO(read(browser.get(f"{base}{made['PARQUET']}/file/")))).to_pylist()

    assert (one["state"], one["tasks"], len(tasks), len(table)) == ("succeeded", 3, 3, 3)
    assert tasks[0]["annotations"][0]["result"] == RESULT
    assert json.loads(table[0]["result"]) == RESULT
    assert tasks[2]["annotations"] == []
    assert table[2]["result"] is None
