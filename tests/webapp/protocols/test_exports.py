"""Labels leave through the door in every format that fits them, and come back the same."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from label_studio_sdk.core.api_error import ApiError
from PIL import Image

from lifecycle.accounts.services import tokens
from lifecycle.annotations.models import Annotation, Task
from lifecycle.annotations.services import external_exports, label_imports
from lifecycle.common.blobs import open_blobs
from lifecycle.datasets.models import Item
from lifecycle.jobs import waiting
from lifecycle.jobs.models import Job
from lifecycle.projects.models import Project
from tests import factories
from tests.webapp.protocols.conftest import TEXT_CONFIG, choose

NER = (
    '<View><Labels name="what" toName="t"><Label value="PER"/><Label value="LOC"/></Labels>'
    '<Text name="t" value="$text"/></View>'
)
BOXES = (
    '<View><Image name="pic" value="$image"/>'
    '<RectangleLabels name="box" toName="pic"><Label value="car"/><Label value="bus"/></RectangleLabels></View>'
)
MOODS = ("good", "bad", "שמח 🙂")


def list_labels(exported: list[dict]) -> list[tuple]:
    """What must be the same in every project: data, results and predictions, without ids and times."""
    return [
        (
            task["data"],
            [
                (one["result"], one["was_cancelled"], one["lead_time"], one["ground_truth"])
                for one in task["annotations"]
            ],
            [(one["result"], one["score"], one["model_version"]) for one in task["predictions"]],
        )
        for task in exported
    ]


def test_create_import_page_annotate_export_and_import_again(client):
    first = client.projects.create(title="First", label_config=TEXT_CONFIG)
    tasks = [
        {
            "data": {"text": f"text {n} שלום 🙂", "n": n},
            "annotations": [{"result": choose(MOODS[n % 3]), "ground_truth": n % 5 == 0}] if n % 2 else [],
            "predictions": [{"model_version": "m1", "score": n / 200, "result": choose(MOODS[n % 3])}],
        }
        for n in range(200)
    ]
    client.projects.import_tasks(first.id, request=tasks)
    paged = list(client.tasks.list(project=first.id, page_size=70))
    for task in paged[:10:2]:
        client.annotations.create(task.id, result=choose("good"), lead_time=1.25)
    exported = client.projects.exports.as_json(first.id)

    second = client.projects.create(title="Second", label_config=TEXT_CONFIG)
    done = client.projects.import_tasks(second.id, request=exported)
    again = client.projects.exports.as_json(second.id)

    assert len(paged) == len(exported) == done.task_count == 200
    assert done.annotation_count == 105
    assert list_labels(again) == list_labels(exported)
    labels = [
        list(Task.objects.filter(dataset__project=pk).order_by("pk").values_list("item__label", flat=True))
        for pk in (first.id, second.id)
    ]
    assert labels[0] == labels[1]


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
texts = st.one_of(words, st.sampled_from(["שלום עולם", "👩‍👩‍👧 🙂", "a\u200fb", " x ", "=1+1", "é e\u0301"])).filter(
    str.strip
)
spans = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9), st.sampled_from(["PER", "LOC"])), max_size=4)


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("Taxonomy", [[["A", "other"]], [["B", "other"], ["A"]], [["B"]]]),
        ("Choices", [[["A", "other"]], [["B", "other"]], ["one"], ["other"]]),
    ],
)
def test_one_name_in_two_branches_comes_back_as_it_was(client, tag, said):
    config = f"""<View><Text name="t" value="$text"/><{tag} name="topic" toName="t" choice="multiple">
        <Choice value="A"><Choice value="one"/><Choice value="other"/></Choice>
        <Choice value="B"><Choice value="other"/></Choice></{tag}></View>"""
    kind = tag.lower()
    results = [[{"from_name": "topic", "to_name": "t", "type": kind, "value": {kind: one}}] for one in said]
    tasks = [{"data": {"text": f"text {n}"}, "annotations": [{"result": one}]} for n, one in enumerate(results)]
    first = client.projects.create(title="First", label_config=config)

    client.projects.import_tasks(first.id, request=tasks)
    exported = client.projects.exports.as_json(first.id)
    second = client.projects.create(title="Second", label_config=config)
    client.projects.import_tasks(second.id, request=exported)

    values = [entry["value"][kind] for task in exported for one in task["annotations"] for entry in one["result"]]
    assert values == said
    assert list_labels(client.projects.exports.as_json(second.id)) == list_labels(exported)


def mark(found) -> list[dict]:
    return [
        {"id": f"r{place}", "from_name": "what", "to_name": "t", "type": "labels", "origin": "manual",
         "value": {"start": start, "end": start + length, "text": "🙂", "labels": [label]}}
        for place, (start, length, label) in enumerate(found)
    ]  # fmt: skip


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
@given(rows=st.dictionaries(texts, st.lists(spans, max_size=2, unique_by=repr), min_size=1, max_size=6))
def test_any_spans_come_back_the_same(client, rows):
    tasks = [
        {"data": {"text": text}, "annotations": [{"result": mark(one)} for one in found]}
        for text, found in rows.items()
    ]
    first = client.projects.create(title="a", label_config=NER)
    client.projects.import_tasks(first.id, request=tasks)
    exported = client.projects.exports.as_json(first.id)
    second = client.projects.create(title="b", label_config=NER)
    client.projects.import_tasks(second.id, request=exported)

    assert [task["data"]["text"] for task in exported] == list(rows)
    assert [[one["result"] for one in task["annotations"]] for task in exported] == [
        [mark(one) for one in found] for found in rows.values()
    ]
    assert list_labels(client.projects.exports.as_json(second.id)) == list_labels(exported)


def test_small_exports_come_in_the_formats_that_fit(client, text_project):
    rows = [{"data": {"text": f"=text {n}"}, "annotations": [{"result": choose("good")}]} for n in range(3)]
    client.projects.import_tasks(text_project.id, request=rows)
    exports = client.projects.exports

    assert exports.list_formats(text_project.id) == ["JSON", "JSON_MIN", "CSV", "TSV", "PARQUET"]
    table = exports.as_pandas(text_project.id)
    assert list(table["mood"]) == ["good"] * 3 and list(table["text"]) == [f"'=text {n}" for n in range(3)]
    assert json.loads(exports.as_binary(text_project.id, export_type="JSON_MIN"))[0]["mood"] == "good"
    assert b"\t" in exports.as_binary(text_project.id, export_type="TSV")
    with pytest.raises(ApiError) as caught:
        exports.as_binary(text_project.id, export_type="COCO")
    assert caught.value.status_code == 400


def test_large_exports_are_written_by_a_job_while_the_script_waits(client, text_project, worked, monkeypatch):
    rows = [{"data": {"text": f"text {n}"}, "annotations": [{"result": choose(MOODS[n % 3])}]} for n in range(9)]
    client.projects.import_tasks(text_project.id, request=[*rows, {"data": {"text": "nobody"}}])
    exports = client.projects.exports
    small = exports.as_pandas(text_project.id)
    monkeypatch.setattr("webapp.protocols.label_studio.exports.CONVERTED_AT_ONCE", 5)

    table = exports.as_pandas(text_project.id)
    every = b"".join(exports.download_sync(text_project.id, export_type="TSV", download_all_tasks=True))

    assert list(table["text"]) == list(small["text"]) and list(table["mood"]) == list(small["mood"])
    assert set(small.columns) <= set(table.columns)
    assert b"nobody" in every
    assert pd.read_parquet(io.BytesIO(exports.as_binary(text_project.id, export_type="PARQUET"))).shape[0] == 10
    assert exports.list(text_project.id) == []  # made for the request, and gone with it


def test_a_large_export_that_fails_or_takes_too_long_says_so(client, text_project, worked, monkeypatch):
    client.projects.import_tasks(text_project.id, request=[{"data": {"text": "one"}}])
    monkeypatch.setattr("webapp.protocols.label_studio.exports.CONVERTED_AT_ONCE", 0)

    with monkeypatch.context() as patch:
        patch.setattr(waiting.time, "sleep", lambda seconds: Job.objects.update(state=Job.State.FAILED, error="Full."))
        with pytest.raises(ApiError) as failed:
            client.projects.exports.as_binary(text_project.id, export_type="CSV")
    with monkeypatch.context() as patch:
        patch.setattr(external_exports, "WAIT_SECONDS", 0)
        with pytest.raises(ApiError) as late:
            client.projects.exports.as_binary(text_project.id, export_type="CSV")
    for _ in range(2):
        external_exports._waiting.acquire()
    try:
        with pytest.raises(ApiError) as busy:
            client.projects.exports.as_binary(text_project.id, export_type="CSV")
    finally:
        external_exports._waiting.release(2)

    assert [one.value.status_code for one in (failed, late, busy)] == [409, 409, 409]
    assert "was not finished. Full." in str(failed.value.body) and "It goes on" in str(late.value.body)
    assert "Ask again" in str(busy.value.body)


def test_spans_leave_as_conll(client):
    made = client.projects.create(title="Names", label_config=NER)
    result = [
        {
            "from_name": "what",
            "to_name": "t",
            "type": "labels",
            "value": {"start": 0, "end": 4, "text": "Anna", "labels": ["PER"]},
        }
    ]
    client.projects.import_tasks(
        made.id, request=[{"data": {"text": "Anna went home"}, "annotations": [{"result": result}]}]
    )

    assert b"Anna -X- _ B-PER" in client.projects.exports.as_binary(made.id, export_type="CONLL2003")


def test_boxes_leave_as_coco_and_yolo_and_their_pictures_are_found_again(client, engineer):
    made = client.projects.create(title="Cars", label_config=BOXES)
    project = Project.objects.get(pk=made.id)
    dataset = project.datasets.get()
    item = factories.ItemFactory(
        dataset=dataset, text="", blob="a" * 64, content_hash="a" * 64, mime="image/png", width=100, height=50
    )
    task = Task.objects.create(dataset=dataset, item=item)
    value = {"x": 10, "y": 10, "width": 50, "height": 20, "rotation": 0, "rectanglelabels": ["car"]}
    result = [{"id": "r", "from_name": "box", "to_name": "pic", "type": "rectanglelabels", "original_width": 100,
               "original_height": 50, "image_rotation": 0, "value": value}]  # fmt: skip
    client.annotations.create(task.pk, result=result)

    coco = zipfile.ZipFile(io.BytesIO(client.projects.exports.as_binary(made.id, export_type="COCO")))
    [name] = [name for name in coco.namelist() if name.endswith(".json")]
    assert json.loads(coco.read(name))["annotations"][0]["bbox"] == [10, 5, 50, 10]
    assert any(
        "labels" in name
        for name in zipfile.ZipFile(
            io.BytesIO(client.projects.exports.as_binary(made.id, export_type="YOLO"))
        ).namelist()
    )

    exported = client.projects.exports.as_json(made.id)
    second = client.projects.create(title="Cars again", label_config=BOXES)
    client.projects.import_tasks(second.id, request=exported)

    [copied] = client.projects.exports.as_json(second.id)
    assert copied["annotations"][0]["result"] == result
    assert Task.objects.get(dataset__project=second.id).item.blob == "a" * 64


def test_pictures_of_other_servers_are_fetched_by_a_job(client, engineer, run_jobs, monkeypatch):
    made = client.projects.create(title="Far cars", label_config=BOXES)
    drawn = io.BytesIO()
    Image.new("RGB", (100, 50)).save(drawn, "PNG")
    monkeypatch.setattr("workers.label_pictures.fetch", lambda address, **rules: drawn.getvalue())
    value = {"x": 10, "y": 10, "width": 50, "height": 20, "rotation": 0, "rectanglelabels": ["car"]}
    result = [{"id": "r", "from_name": "box", "to_name": "pic", "type": "rectanglelabels", "value": value}]
    tasks = [{"data": {"image": "https://example.org/a.png"}, "annotations": [{"result": result}]}]

    client.projects.import_tasks(made.id, request=tasks)
    [job] = run_jobs()
    [task] = client.projects.exports.as_json(made.id)

    assert (job.state, job.result["annotations"], job.result["rejected"]) == ("succeeded", 1, 0)
    assert task["annotations"][0]["result"] == result
    assert Task.objects.get(pk=task["id"]).item.width == 100


def send_files(user, project_id: int, *files):
    _, secret = tokens.issue(user=user, name="upload", scope="write")
    return Client().post(
        f"/label-studio/api/projects/{project_id}/import",
        {name: SimpleUploadedFile(name, content) for name, content in files},
        headers={"Authorization": f"Token {secret}"},
    )


def test_picture_files_become_tasks(client, engineer, run_jobs):
    made = client.projects.create(title="Cars", label_config=BOXES)
    drawn = io.BytesIO()
    Image.new("RGB", (90, 60), "teal").save(drawn, "PNG")

    sent = send_files(engineer, made.id, ("a.png", drawn.getvalue()), ("broken.png", b"\x89PNG no"))
    [job] = run_jobs()

    assert sent.status_code == 201 and sent.json()["import"] == job.pk
    [task] = client.tasks.list(project=made.id)
    assert (job.state, job.result["accepted"], job.result["rejected"]) == ("succeeded", 1, 1)
    assert Task.objects.get(pk=task.id).item.width == 90 and task.data["image"].startswith("/label-studio/data/")


def test_files_that_fit_no_task_are_refused_by_name(client, engineer, text_project):
    for name, said in (("a.png", "show no pictures"), ("a.bin", "files of tasks end in")):
        refused = send_files(engineer, text_project.id, (name, b"\x89PNG"))
        assert refused.status_code == 400 and said in str(refused.json()["validation_errors"])


def test_labels_of_a_picture_archive_find_their_pictures_again(client, engineer, run_jobs):
    made = client.projects.create(title="Cars", label_config=BOXES)
    project = Project.objects.get(pk=made.id)
    dataset = project.datasets.get()
    digest = open_blobs(django_settings.STORAGE_URL).put(b"a picture")
    item = factories.ItemFactory(
        dataset=dataset, text="", blob=digest, content_hash=digest, mime="image/png", width=100, height=50,
        event_time=datetime(2024, 5, 1, 14, 30, tzinfo=UTC),
    )  # fmt: skip
    task = Task.objects.create(dataset=dataset, item=item)
    value = {"x": 10.0, "y": 10.0, "width": 50.0, "height": 20.0, "rotation": 0, "rectanglelabels": ["bus"]}
    result = [{"id": "r1", "from_name": "box", "to_name": "pic", "type": "rectanglelabels", "original_width": 100,
               "original_height": 50, "image_rotation": 0, "value": value}]  # fmt: skip
    client.annotations.create(task.pk, result=result)
    export = external_exports.start_export(project=project, user=engineer, layout="COCO")
    run_jobs()
    export.refresh_from_db()
    Annotation.objects.all().delete()
    with open_blobs(django_settings.STORAGE_URL).open(export.blob) as file, zipfile.ZipFile(file) as archive:
        [picture] = json.loads(archive.read("result.json"))["images"]
    assert picture["date_captured"] == "2024-05-01 14:30:00"

    label_imports.start_import(project=project, user=engineer, name="coco.zip", blob=export.blob)
    [job] = run_jobs()

    assert (job.state, job.result["tasks"], job.result["new_tasks"], job.result["annotations"]) == (
        "succeeded",
        1,
        0,
        1,
    )
    assert client.projects.exports.as_json(made.id)[0]["annotations"][0]["result"] == result


def test_a_snapshot_is_made_by_a_job_converted_and_downloaded(client, text_project, run_jobs):
    rows = [{"data": {"text": f"text {n}"}, "annotations": [{"result": choose("good")}]} for n in range(3)]
    client.projects.import_tasks(text_project.id, request=rows)
    exports = client.projects.exports
    made = exports.create(text_project.id, title="Friday")
    assert made.status == "created"
    run_jobs()
    assert exports.get(text_project.id, made.id).status == "completed"
    exports.convert(text_project.id, made.id, export_type="CSV")
    run_jobs()

    assert exports.get(text_project.id, made.id).converted_formats[0].status == "completed"
    assert len(json.loads(b"".join(exports.download(text_project.id, made.id)))) == 3
    assert b"text 1" in b"".join(exports.download(text_project.id, made.id, export_type="CSV"))
    assert [one.title for one in exports.list(text_project.id)] == ["Friday"]

    exports.delete(text_project.id, made.id)

    assert exports.list(text_project.id) == []


@pytest.fixture
def shop(settings, tmp_path):
    """The address of a server that has two pictures."""
    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"
    for name, color in (("one.png", "teal"), ("two.png", "red")):
        Image.new("RGB", (90, 60), color).save(tmp_path / name)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_an_import_tells_a_script_what_it_left_out_and_keeps_the_picture_behind_a_bad_answer(
    client, engineer, shop, run_jobs
):
    made = client.projects.create(title="Cars", label_config=BOXES)
    value = {"x": 1.0, "y": 1.0, "width": 5.0, "height": 5.0, "rotation": 0, "rectanglelabels": ["spaceship"]}
    region = {"id": "r", "from_name": "box", "to_name": "pic", "type": "rectanglelabels", "original_width": 90,
              "original_height": 60, "image_rotation": 0, "value": value}  # fmt: skip
    client.projects.import_tasks(made.id, request=[
        {"data": {"image": f"{shop}/one.png"}, "annotations": [{"result": [region]}]},
        {"data": {"image": f"{shop}/two.png"}},
        {"data": {"image": f"{shop}/gone.png"}},
    ])  # fmt: skip
    [job] = [one for one in run_jobs() if one.kind == "label_import"]

    _, secret = tokens.issue(user=engineer, name="look", scope="write")
    address = f"/label-studio/api/projects/{made.id}/imports/{job.pk}"
    told = Client().get(address, headers={"Authorization": f"Token {secret}"}).json()

    assert (told["status"], told["task_count"], told["annotation_count"]) == ("completed", 2, 0)
    error = told["error"]
    assert error.startswith("2 were set aside or taken in part.")
    assert "spaceship" in error and "The task is taken without it." in error and "gone.png" in error
    page = Client()
    page.force_login(engineer)
    shown = page.get(f"/projects/{Project.objects.get(pk=made.id).slug}/collections").content.decode()
    assert "draft" not in shown


def test_tasks_of_pictures_elsewhere_are_there_when_the_call_returns_and_keep_their_addresses(
    client, engineer, shop, worked
):
    made = client.projects.create(title="Cars", label_config=BOXES)
    one, two = f"{shop}/one.png?size=full", f"{shop}/two.png"

    task = client.tasks.create(project=made.id, data={"image": one, "ref": 7})
    brought = client.projects.import_tasks(
        made.id, request=[{"image": two}, {"image": one, "ref": 7}], return_task_ids=True
    )
    with pytest.raises(ApiError) as refused:
        client.tasks.create(project=made.id, data={"image": f"{shop}/gone.png"})

    assert task.data == {"image": one, "ref": 7} and brought.task_ids[1] == task.id
    listed = {found.id: found.data["image"] for found in client.tasks.list(project=made.id)}
    assert listed == {task.id: one, brought.task_ids[0]: two}
    assert refused.value.status_code == 400 and "gone.png" in str(refused.value.body)
    assert "could not be fetched: the server answered 404" in str(refused.value.body)
    written = b"".join(client.projects.exports.download_sync(made.id, export_type="JSON", download_all_tasks=True))
    [exported] = [found for found in json.loads(written) if found["id"] == task.id]
    assert exported["data"] == {"image": one, "ref": 7}
    changed = client.tasks.update(str(task.id), data={"image": f"{one}&signed=again", "ref": 7})
    assert changed.data["image"] == f"{one}&signed=again"


def test_an_import_that_takes_too_long_goes_on_and_is_named(client, shop, run_jobs):
    made = client.projects.create(title="Cars", label_config=BOXES)

    with pytest.raises(ApiError) as late:
        client.tasks.create(project=made.id, data={"image": f"{shop}/one.png"})
    [job] = run_jobs()

    assert late.value.status_code == 409 and f"import {job.pk}" in str(late.value.body)
    assert len(list(client.tasks.list(project=made.id))) == 1


def test_files_leave_under_the_names_that_they_came_with(client, engineer, shop, worked):
    made = client.projects.create(title="Cars", label_config=BOXES)
    value = {"x": 1.0, "y": 1.0, "width": 5.0, "height": 5.0, "rotation": 0, "rectanglelabels": ["car"]}
    region = {"id": "r", "from_name": "box", "to_name": "pic", "type": "rectanglelabels", "original_width": 90,
              "original_height": 60, "image_rotation": 0, "value": value}  # fmt: skip
    client.projects.import_tasks(
        made.id, request=[{"data": {"image": f"{shop}/one.png"}, "annotations": [{"result": [region]}]}]
    )
    drawn = io.BytesIO()
    Image.new("RGB", (90, 60), "gold").save(drawn, "PNG")
    send_files(engineer, made.id, ("Löwe 2.png", drawn.getvalue()))

    [own] = [task for task in client.tasks.list(project=made.id) if "/label-studio/" in task.data["image"]]
    shown = Client()
    shown.force_login(engineer)
    archive = zipfile.ZipFile(io.BytesIO(client.projects.exports.as_binary(made.id, export_type="COCO")))
    named = json.loads(archive.read("result.json"))["images"]

    assert own.data["image"].endswith("/L%C3%B6we_2.png")
    assert shown.get(own.data["image"]).getvalue() == drawn.getvalue()
    export = external_exports.start_export(
        project=Project.objects.get(pk=made.id), user=engineer, layout="YOLO_WITH_IMAGES"
    )
    waiting.time.sleep(0)
    export.refresh_from_db()
    with open_blobs(django_settings.STORAGE_URL).open(export.blob) as file, zipfile.ZipFile(file) as written:
        lists = [name for name in written.namelist() if name.endswith(".txt") and name.startswith("labels")]

    assert [one["file_name"].endswith(end) for one, end in zip(named, ("_one.png", "_2.png"), strict=True)] == [
        True
    ] * 2
    item = Item.objects.get(source_uri__endswith="one.png")
    assert lists == [f"labels/one_{item.pk}_{item.content_hash[:8]}.txt"]


def test_labels_find_pictures_of_one_name_by_their_folders_and_are_refused_where_it_may_be_either(
    client, engineer, run_jobs
):
    made = client.projects.create(title="Cars", label_config=BOXES)
    project = Project.objects.get(pk=made.id)
    for number, source in enumerate(["up.zip!train/a.rf.1.png", "up.zip!val/a.rf.1.png", "up.zip!b.png"]):
        factories.ItemFactory(
            dataset=project.datasets.get(), text="", blob=f"{number:064x}", content_hash=f"{number:064x}",
            mime="image/png", width=100, height=50, source_uri=source,
        )  # fmt: skip
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("data.yaml", "names: [car, bus]\n")
        for name in ("labels/val/a.rf.1.txt", "a.rf.1.txt", "labels/0a1b2c3d-b.txt"):
            archive.writestr(name, "1 0.5 0.5 0.2 0.2\n")
    blob = label_imports.store_file(SimpleUploadedFile("labels.zip", packed.getvalue()))

    label_imports.start_import(project=project, user=engineer, name="labels.zip", blob=blob, layout="YOLO")
    [job] = run_jobs()

    labeled = Item.objects.filter(task__annotations__isnull=False).order_by("pk")
    assert [item.source_uri for item in labeled] == ["up.zip!val/a.rf.1.png", "up.zip!b.png"]
    assert (job.result["annotations"], job.result["rejected"]) == (2, 1)
    assert "may be any of 2 pictures" in job.result["said"][0] and "up.zip!train/a.rf.1.png" in job.result["said"][0]
