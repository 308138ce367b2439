"""Final labels that are more than one class, from the answers of people to the versions, exports and pages."""

from __future__ import annotations

import json

import orjson
import pytest

from lifecycle.annotations import exports, review_selectors, services
from lifecycle.annotations.models import Annotation, ConsensusRun, FinalLabel, Task
from lifecycle.annotations.services import consensus, final_labels, quality, reviews
from lifecycle.annotations.services.schemas import edit_schema
from lifecycle.contracts.label_interface.editing import LabelChange
from lifecycle.datasets import manifests, selectors
from lifecycle.datasets.models import Item
from lifecycle.datasets.selectors.versions import fetch_chunks
from lifecycle.datasets.services import start_restore
from tests import factories
from tests.lifecycle.datasets.test_import import bring, make_project, png, zip_of
from tests.lifecycle.datasets.test_versions import commit

pytestmark = pytest.mark.django_db

NEWS = ["Anna Lee lives in Oslo", "Nothing happens here", "Berlin is large"]


def span(label: str, text: str, part: str) -> dict:
    start = text.index(part)
    value = {"start": start, "end": start + len(part), "text": part, "labels": [label]}
    return {"id": part, "from_name": "label", "to_name": "item", "type": "labels", "value": value}


@pytest.fixture
def people():
    return [factories.UserFactory(username=name) for name in ("ann", "ben", "cem")]


@pytest.fixture
def news(owner, people, run_jobs):
    """Three sentences, each read by three people: about the first they differ, about the second they agree."""
    project = make_project(owner, "span_labelling", ["PER", "LOC"])
    services.change_settings(project=project, actor=owner, overlap=3)
    bring(project, owner, {"news.csv": "\n".join(["text", *NEWS]).encode()}, run_jobs)
    lee, city = span("PER", NEWS[0], "Anna Lee"), span("LOC", NEWS[0], "Oslo")
    given = {
        NEWS[0]: ([lee], [span("LOC", NEWS[0], "Anna"), city], [lee, city, span("PER", NEWS[0], "lives")]),
        NEWS[1]: ([], [], []),
        NEWS[2]: ([span("LOC", NEWS[2], "Berlin")], [span("LOC", NEWS[2], "Berlin")], []),
    }
    for task in Task.objects.select_related("item").order_by("pk"):
        for user, result in zip(people, given[task.item.text], strict=True):
            services.submit(project=project, user=user, task_id=task.pk, result=result, may_answer_any=True)
    return project


def settle(project, owner, run_jobs, **options) -> ConsensusRun:
    run = consensus.start(project=project, user=owner, **options)
    run_jobs()
    run.refresh_from_db()
    assert run.finished_at, run.job and run.job.traceback
    return run


def final_of(text: str) -> FinalLabel:
    return FinalLabel.objects.select_related("item", "annotation").get(item__text=text)


def read_manifest(project) -> dict[str, dict]:
    version = selectors.find_latest_version(project)
    columns = ["text", "label", "result", "annotation_id"]
    rows = [row for batch in manifests.read_batches(fetch_chunks(version), columns) for row in batch.to_pylist()]
    return {row["text"]: row for row in rows}


@pytest.mark.parametrize("method", ["majority", "dawid_skene"])
def test_spans_of_three_people_become_the_regions_of_a_version(news, owner, people, run_jobs, method):
    run = settle(news, owner, run_jobs, method=method)
    commit(news, owner, run_jobs)

    rows = read_manifest(news)
    merged = [(one["value"]["labels"], one["value"]["text"]) for one in orjson.loads(rows[NEWS[0]]["result"])]
    assert merged == [(["PER"], "Anna Lee"), (["LOC"], "Oslo")]
    assert rows[NEWS[0]]["label"] == "LOC, PER" and rows[NEWS[1]]["label"] == "(nothing)"
    assert orjson.loads(rows[NEWS[1]]["result"]) == [] and rows[NEWS[2]]["label"] == "LOC"
    final = final_of(NEWS[0])
    assert rows[NEWS[0]]["annotation_id"] == final.annotation_id == final.item.label_annotation_id
    assert {source["user"] for source in final.sources} == {user.pk for user in people}
    assert (run.item_count, len(run.people)) == (3, 3)


def test_a_merged_answer_knows_its_sources_and_is_nobodys_answer(news, owner, run_jobs):
    before = list(Task.objects.order_by("pk").values_list("answers", "state"))

    settle(news, owner, run_jobs)

    merged = Annotation.objects.get(kind="consensus")
    mine = set(Annotation.objects.filter(item=merged.item, kind="answer").values_list("pk", flat=True))
    assert {source["annotation"] for source in merged.sources} == mine and len(mine) == 3
    assert (merged.origin, merged.is_current, merged.user) == ("consensus", False, owner)
    assert list(Task.objects.order_by("pk").values_list("answers", "state")) == before
    assert final_of(NEWS[1]).annotation.kind == "answer"  # what all said is nobody else's
    parts = final_of(NEWS[0]).parts
    assert [(part["said"], part["is_kept"], len(part["annotations"])) for part in parts] == [
        ("PER", True, 3), ("LOC", True, 2), ("PER", False, 1),
    ]  # fmt: skip


def test_what_is_in_doubt_goes_to_review_until_somebody_looks(news, owner, run_jobs):
    quality.change_settings(project=news, actor=owner, min_posterior=0.7)
    run = settle(news, owner, run_jobs)
    doubtful = set(FinalLabel.objects.filter(is_doubtful=True).values_list("item__text", flat=True))
    assert doubtful == {NEWS[0], NEWS[2]} and run.doubtful_count == 2
    pending = review_selectors.list_pending(news, owner, review_selectors.Wanted(sample="doubtful"))
    assert {one.item.text for one in pending} == doubtful

    better = [span("PER", NEWS[0], "Anna Lee")]
    answer = pending.filter(item__text=NEWS[0]).first()
    reviews.fix(project=news, reviewer=owner, annotation_id=answer.pk, result=better)
    settle(news, owner, run_jobs)

    final = final_of(NEWS[0])
    assert (final.value, final.posterior, final.is_doubtful) == ("PER", 1.0, False)
    assert final.annotation.result == better and final.item.label_annotation_id == final.annotation_id


def test_a_second_run_over_the_same_answers_writes_nothing_anew(news, owner, run_jobs):
    first = settle(news, owner, run_jobs)
    rows = list(Annotation.objects.order_by("pk").values_list("pk", flat=True))
    finals = list(FinalLabel.objects.order_by("item").values("item", "value", "annotation", "sources", "parts"))

    second = settle(news, owner, run_jobs)

    assert list(Annotation.objects.order_by("pk").values_list("pk", flat=True)) == rows
    after = list(FinalLabel.objects.order_by("item").values("item", "value", "annotation", "sources", "parts"))
    assert after == finals and second.changed_count == 0 and second.item_count == first.item_count


class Killed(Exception):
    pass


def test_a_run_that_is_killed_half_way_comes_to_the_same(news, owner, run_jobs, monkeypatch):
    monkeypatch.setattr("lifecycle.annotations.services.merged_labels.BATCH", 1)
    run = consensus.start(project=news, user=owner)
    written = final_labels.write_batch

    def die_after_one(run, batch, recording):
        if FinalLabel.objects.exists():
            raise Killed
        return written(run, batch, recording)

    with monkeypatch.context() as patch:
        patch.setattr("lifecycle.annotations.services.merged_labels.write_batch", die_after_one)
        with pytest.raises(Killed):
            consensus.work_out(run)
    half = FinalLabel.objects.get().annotation_id
    consensus.work_out(ConsensusRun.objects.get(pk=run.pk))

    assert FinalLabel.objects.count() == 3 and Annotation.objects.filter(kind="consensus").count() == 1
    assert FinalLabel.objects.filter(annotation=half).exists()


def test_answers_that_change_meanwhile_are_left_for_the_next_run(news, owner, people, run_jobs, monkeypatch):
    run = consensus.start(project=news, user=owner)
    task = Task.objects.get(item__text=NEWS[0])
    written = final_labels.write_batch

    def change_first(run, batch, recording):
        result = [span("PER", NEWS[0], "Oslo")]
        services.submit(project=news, user=people[0], task_id=task.pk, result=result)
        return written(run, batch, recording)

    monkeypatch.setattr("lifecycle.annotations.services.merged_labels.write_batch", change_first)
    consensus.work_out(run)

    assert not FinalLabel.objects.filter(item__text=NEWS[0]).exists() and FinalLabel.objects.count() == 2


def test_an_export_of_labels_holds_the_merged_regions(news, owner, run_jobs):
    settle(news, owner, run_jobs)

    tasks = {task.body["data"]["text"]: task for task in exports.stream_tasks(news, layout="CONLL2003")}

    assert [one["value"]["text"] for one in tasks[NEWS[0]].chosen] == ["Anna Lee", "Oslo"]
    assert len(tasks[NEWS[0]].body["annotations"]) == 3, "what people said stays theirs"


def test_a_version_brings_its_merged_regions_back(news, owner, people, run_jobs):
    settle(news, owner, run_jobs)
    commit(news, owner, run_jobs)
    version, then = selectors.find_latest_version(news), final_of(NEWS[0]).annotation_id
    task = Task.objects.get(item__text=NEWS[0])
    for user in people:
        services.submit(project=news, user=user, task_id=task.pk, result=[], may_answer_any=True)
    assert Item.objects.get(text=NEWS[0]).label == "(nothing)"

    start_restore(version=version, user=owner)
    job = run_jobs()[-1]

    item = Item.objects.get(text=NEWS[0])
    assert job.state == "succeeded", job.traceback
    assert (item.label, item.label_annotation_id) == ("LOC, PER", then)
    current = Annotation.objects.filter(item=item, is_current=True)
    assert set(current.values_list("kind", "user__username")) == {("answer", name) for name in ("ann", "ben", "cem")}


def test_a_renamed_class_is_renamed_in_merged_regions_too(news, owner, run_jobs):
    settle(news, owner, run_jobs)

    edit_schema(project=news, actor=owner, changes={"label": [LabelChange("PERSON", "PER"), LabelChange("LOC", "LOC")]})

    final = final_of(NEWS[0])
    assert final.value == final.item.label == "LOC, PERSON"
    assert [one["value"]["labels"] for one in final.annotation.result] == [["PERSON"], ["LOC"]]
    assert final.item.label_annotation_id == final.annotation_id
    current = Annotation.objects.filter(item=final.item, is_current=True).values_list("pk", flat=True)
    assert {source["annotation"] for source in final.annotation.sources} == set(current)


def test_numbers_of_several_people_come_to_the_one_in_the_middle(owner, people, run_jobs):
    project = make_project(owner, "tabular_regression")
    services.change_settings(project=project, actor=owner, overlap=3)
    bring(
        project,
        owner,
        {"a.csv": b"area,rooms\n10,1\n20,2\n"},
        run_jobs,
    )
    for task in Task.objects.all():
        for user, number in zip(people, (5, 90, 7), strict=True):
            value = {"number": number}
            result = [{"from_name": "label", "to_name": "item", "type": "number", "value": value}]
            services.submit(project=project, user=user, task_id=task.pk, result=result, may_answer_any=True)

    run = settle(project, owner, run_jobs)

    final = FinalLabel.objects.first()
    assert run.item_count == 2 and run.doubtful_count == 2
    assert (final.value, final.annotation.user.username) == ("7", "cem")
    assert json.loads(json.dumps(final.parts))[0]["posterior"] == pytest.approx(0.3333)


ATTRIBUTES = """<View><Image name="img" value="$image"/>
<RectangleLabels name="box" toName="img"><Label value="red cell"/><Label value="white cell"/></RectangleLabels>
<Choices name="how" toName="img" perRegion="true"><Choice value="whole"/><Choice value="part"/></Choices>
<TextArea name="note" toName="img"/><Relations><Relation value="touches"/></Relations></View>"""


def draw(label: str, x: float, how: str = "whole") -> list[dict]:
    value = {"x": x, "y": 10, "width": 20, "height": 20, "rotation": 0, "rectanglelabels": [label]}
    named = {"id": f"{x}", "to_name": "item"}
    return [
        named | {"from_name": "label", "type": "rectanglelabels", "value": value,
                 "original_width": 40, "original_height": 40},
        named | {"from_name": "how", "type": "choices", "value": {"choices": [how]}},
    ]  # fmt: skip


def test_pictures_with_several_questions_end_in_a_version_that_trains_on_the_merged_boxes(owner, people, run_jobs):
    project = make_project(owner, "object_detection")
    services.set_config(project=project, actor=owner, config=ATTRIBUTES)
    services.change_settings(project=project, actor=owner, overlap=3)
    bring(project, owner, {"cells.zip": zip_of({"a.png": png(9, 40), "b.png": png(200, 40)})}, run_jobs)
    task = Task.objects.order_by("pk").first()
    note = {"from_name": "note", "to_name": "item", "type": "textarea", "value": {"text": ["two cells"]}}
    link = {"type": "relation", "from_id": "10", "to_id": "60", "direction": "right", "labels": ["touches"]}
    given = (
        [*draw("red cell", 10), *draw("white cell", 60), note, link],
        [*draw("red cell", 12, "part"), note],
        [*draw("white cell", 11), *draw("white cell", 61)],
    )
    for user, result in zip(people, given, strict=True):
        services.submit(project=project, user=user, task_id=task.pk, result=result, may_answer_any=True)

    settle(project, owner, run_jobs)
    commit(project, owner, run_jobs)

    version = selectors.find_latest_version(project)
    columns = ["item_id", "label", "result", "annotation_id"]
    rows = {
        row["item_id"]: row
        for batch in manifests.read_batches(fetch_chunks(version), columns)
        for row in batch.to_pylist()
    }
    row = rows[task.item_id]
    result = orjson.loads(row["result"])
    boxes = [(one["value"]["x"], one["value"]["rectanglelabels"]) for one in result if one["type"] == "rectanglelabels"]
    assert boxes == [(11, ["red cell"]), (61, ["white cell"])] and row["label"] == "red cell, white cell"
    assert [one["value"]["choices"] for one in result if one["type"] == "choices"] == [["whole"], ["whole"]]
    assert note in result and any(one["type"] == "relation" for one in result)
    assert Annotation.objects.get(pk=row["annotation_id"]).kind == "consensus"
    assert {source["annotation"] for source in Annotation.objects.get(pk=row["annotation_id"]).sources} == set(
        task.annotations.filter(kind="answer").values_list("pk", flat=True)
    )
