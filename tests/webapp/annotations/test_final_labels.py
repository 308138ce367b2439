"""Final labels of boxes on the pages and over REST: what was done, who said what, what is in doubt."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation, Task
from lifecycle.annotations.services import consensus, external_exports
from tests import factories
from tests.lifecycle.annotations.merging.shapes import box

pytestmark = pytest.mark.django_db


@pytest.fixture
def cells(owner):
    return factories.ProjectFactory(owner=owner, problem_type="object_detection")


@pytest.fixture
def people(cells):
    found = []
    for name, role in (("ann", "annotator"), ("ben", "annotator"), ("rita", "reviewer")):
        user = factories.UserFactory(username=name)
        factories.MembershipFactory(project=cells, user=user, role=role)
        found.append(user)
    return found


@pytest.fixture
def item(cells, owner, people):
    """One picture that three people drew boxes on; one of them draws one too many, one misses one."""
    services.create_schema(project=cells, classes=["red", "white", "platelet"], created_by=owner)
    services.change_settings(project=cells, actor=owner, overlap=3)
    collection = factories.CollectionFactory(dataset=cells.datasets.get())
    item = factories.ItemFactory(
        dataset=collection.dataset, collection=collection, text="", blob="a" * 64, width=200, height=100
    )
    services.open_tasks(collection=collection)
    task = Task.objects.get(item=item)
    given = (
        [box("red", 10, 10), box("white", 50, 50)],
        [box("red", 11, 10)],
        [box("red", 12, 10), box("white", 51, 50), box("platelet", 80, 80)],
    )
    for user, result in zip(people, given, strict=True):
        services.submit(project=cells, user=user, task_id=task.pk, result=result, may_answer_any=True)
    consensus.work_out(consensus.start(project=cells, user=owner))
    item.refresh_from_db()
    return item


def read(client, name: str, user, project, *more) -> str:
    client.force_login(user)
    answer = client.get(reverse(name, args=[project.slug, *more]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_item_shows_its_final_regions_with_their_sources(client, cells, item, people):
    page = read(client, "datasets:item", people[2], cells, item.pk)

    card = page[page.index('id="final-label"') :]
    assert card.count("<polygon") == 2 and "in doubt" in card
    assert "ann, ben, rita" in card and "ann, rita" in card and "left out: platelet" in card
    assert card.count("weight 1.00") == 3
    assert "owner · consensus" not in page, "what was merged is nobody's answer"


def test_below_a_reviewer_nobody_learns_who_drew_what(client, cells, item):
    viewer = factories.UserFactory()
    factories.MembershipFactory(project=cells, user=viewer, role="viewer")
    page = read(client, "datasets:item", viewer, cells, item.pk)

    card = page[page.index('id="final-label"') : page.index("Where it comes from")]
    assert "2 of 3" in card and "ben" not in card and "rita" not in card


def test_an_answer_that_came_later_is_said(client, cells, item, people, owner):
    services.submit(project=cells, user=people[0], task_id=item.task.pk, result=[], may_answer_any=True)

    assert "another label by now" in read(client, "datasets:item", owner, cells, item.pk)


def test_the_page_of_quality_says_what_is_done_and_lists_what_is_in_doubt(client, cells, item, owner):
    page = read(client, "annotations:quality", owner, cells)

    assert "at least half of the people drew" in page
    doubtful = page[page.index('id="doubtful"') :]
    assert f"Item {item.pk}" in doubtful and "67 %" in doubtful


def test_a_project_without_a_question_offers_nothing(client, owner):
    project = factories.ProjectFactory(owner=owner, problem_type="object_detection")

    assert 'id="consensus"' not in read(client, "annotations:quality", owner, project)


def test_rest_gives_the_regions_in_full(cells, item, owner):
    client = APIClient()
    client.force_authenticate(owner)
    where = f"/api/v1/projects/{cells.slug}/quality/consensus/labels/"

    [body] = client.get(where).json()["results"]

    merged = Annotation.objects.get(kind="consensus")
    assert (body["annotation"], body["result"]) == (item.label_annotation_id, merged.result)
    assert body["value"] == item.label == "red, white" and body["is_doubtful"]
    assert [(part["said"], part["is_kept"]) for part in body["parts"]] == [
        ("red", True), ("white", True), ("platelet", False),
    ]  # fmt: skip
    assert {source["annotation"] for source in body["sources"]} == {one["annotation"] for one in merged.sources}
    assert client.get(where, {"is_doubtful": "false"}).json()["results"] == []
    assert len(client.get(where, {"is_doubtful": "true", "item": item.pk}).json()["results"]) == 1


def test_a_merged_result_is_found_by_its_id_with_its_sources(cells, item, owner):
    client = APIClient()
    client.force_authenticate(owner)

    body = client.get(f"/api/v1/projects/{cells.slug}/annotations/{item.label_annotation_id}/").json()

    assert (body["kind"], body["is_current"], len(body["sources"])) == ("consensus", False, 3)


def test_an_export_holds_the_merged_label_in_place_of_everybodys_answers(cells, item, owner, run_jobs):
    api = APIClient()
    api.force_authenticate(owner)
    base = f"/api/v1/projects/{cells.slug}/label-exports/"
    found = {}
    for only_final in (False, True):
        asked = {"layout": "JSON", "only_final": only_final}
        made = api.post(base, asked, format="json").json()
        run_jobs()
        answer = api.get(f"{base}{made['id']}/file/")
        found[only_final] = json.loads(b"".join(answer.streaming_content))[0]["annotations"]

    (final,) = found[True]
    merged = Annotation.objects.get(pk=item.label_annotation_id)
    assert len(found[False]) == 3 and not any("is_final" in one for one in found[False])
    assert (final["id"], final["is_final"], final["result"]) == (merged.pk, True, merged.result)
    assert 0 < final["posterior"] <= 1
    assert {source["annotation"] for source in final["sources"]} == {one["id"] for one in found[False]}


@pytest.mark.parametrize("layout", ["JSON", "JSON_MIN", "CSV", "PARQUET"])
def test_a_merged_label_fits_every_layout_of_answers(cells, item, owner, run_jobs, layout, tmp_path):
    export = external_exports.start_export(project=cells, user=owner, layout=layout, only_final=True)
    run_jobs()

    export.refresh_from_db()

    assert (export.only_final, export.task_count, bool(export.blob)) == (True, 1, True)
