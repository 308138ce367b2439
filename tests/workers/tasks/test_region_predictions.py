"""Suggestions of regions out of what detectors write: COCO results, YOLO with confidences, tables of spans."""

from __future__ import annotations

import hashlib
import json
import zipfile

import numpy as np
import pytest

from lifecycle.annotations import services as labelling
from lifecycle.annotations.models import Suggestion, SuggestionSource, Task
from lifecycle.annotations.services import external
from lifecycle.annotations.services.prediction_files import import_file
from tests.factories import CollectionFactory, ItemFactory, ProjectFactory
from workers.engines.labels_export import brush, contours

pytestmark = pytest.mark.django_db
CONFIG = (
    '<View><Image name="img" value="$image"/>'
    '<RectangleLabels name="box" toName="img"><Label value="cat"/><Label value="big dog"/></RectangleLabels>'
    "{more}</View>"
)
OUTLINES = '<PolygonLabels name="outline" toName="img"><Label value="cat"/></PolygonLabels>'
MASKS = '<BrushLabels name="mask" toName="img"><Label value="cat"/></BrushLabels>'


def make_project(owner, config: str, **items):
    project = ProjectFactory(owner=owner, problem_type=items.pop("problem_type"))
    external.update_project(project=project, actor=owner, config=config)
    collection = CollectionFactory(dataset=project.datasets.get())
    for name, content in items.items():
        digest = hashlib.sha256(name.encode()).hexdigest()
        ItemFactory(
            dataset=collection.dataset,
            collection=collection,
            content_hash=digest,
            source_uri=f"in/{name}.jpg",
            **content(digest),
        )
    labelling.open_tasks(collection=collection)
    return project


@pytest.fixture
def draw(owner):
    """draw(config) makes a project of two pictures, a and b, of 200 × 100 pixels."""

    def picture(digest):
        return {"blob": digest, "text": "", "mime": "image/jpeg", "width": 200, "height": 100}

    return lambda more="": make_project(
        owner, CONFIG.format(more=more), problem_type="object_detection", a=picture, b=picture
    )


@pytest.fixture
def send(owner, run_jobs, tmp_path):
    """send(project, "x.json", content) imports a file, of {name: content} a zip; returns its source."""

    def read(project, name, content) -> SuggestionSource:
        path = tmp_path / name
        if isinstance(content, dict):
            with zipfile.ZipFile(path, "w") as archive:
                for member, text in content.items():
                    archive.writestr(member, text)
        else:
            path.write_text(content, encoding="utf-8")
        source = import_file(project=project, actor=owner, path=path, file_name=name)
        run_jobs()
        return SuggestionSource.objects.select_related("job").get(pk=source.pk)

    return read


def list_made(source) -> dict[str, tuple]:
    """{picture: (score, [(what, label, first numbers)])}"""
    found = {}
    for one in Suggestion.objects.filter(source=source).select_related("task__item"):
        said = []
        for entry in one.result:
            value = entry["value"]
            place = [round(value[name], 3) for name in ("x", "y", "width", "height") if name in value]
            said.append((entry["type"], value[entry["type"]][0], place))
        found[one.task.item.source_uri.removeprefix("in/").removesuffix(".jpg")] = (one.score, said)
    return found


CAT = ("rectanglelabels", "cat", [10.0, 20.0, 25.0, 50.0])
DOG = ("rectanglelabels", "big dog", [0.0, 0.0, 5.0, 10.0])


def test_coco_results_find_their_pictures_by_name_and_by_the_ids_of_our_export(draw, send):
    project = draw()
    b = Task.objects.get(item__source_uri="in/b.jpg").pk
    results = [
        {"image_id": "a", "category_id": 0, "bbox": [20, 20, 50, 50], "score": 0.9},
        {"image_id": b, "category_id": "cat", "bbox": [20, 20, 50, 50], "score": 0.5},
        {"image_id": "a", "category_id": 1, "bbox": [0, 0, 10, 10], "score": 0.7},
        {"image_id": "a", "category_id": 9, "bbox": [0, 0, 10, 10], "score": 0.7},
        {"image_id": "other.png", "category_id": 0, "bbox": [0, 0, 10, 10], "score": 0.7},
        {"category_id": 0},
    ]

    source = send(project, "results.json", json.dumps(results))

    made = list_made(source)
    assert made["a"] == (pytest.approx(0.8), [CAT, DOG]) and made["b"] == (0.5, [CAT])
    assert (source.written, source.unmatched) == (2, 3)
    assert [said.split(":")[0] for said in source.said] == ["Entry 6", "Entry 4", "Image other.png"]


def test_an_archive_of_coco_says_what_the_numbers_of_its_results_mean(draw, send):
    whole = {
        "images": [{"id": 7, "file_name": "images/b.jpg", "width": 400, "height": 200}],  # they were enlarged
        "annotations": [],
        "categories": [{"id": 3, "name": "cat"}],
    }
    results = [{"image_id": 7, "category_id": 3, "bbox": [40, 40, 100, 100], "score": 0.25}]

    source = send(draw(), "coco.zip", {"instances.json": json.dumps(whole), "results.json": json.dumps(results)})

    assert list_made(source) == {"b": (0.25, [CAT])}


def test_a_whole_coco_with_scores_is_taken_too(draw, send):
    whole = {
        "images": [{"id": 7, "file_name": "b.jpg", "width": 200, "height": 100}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "bbox": [20, 20, 50, 50], "score": 0.25}],
        "categories": [{"id": 3, "name": "cat"}],
    }

    assert list_made(send(draw(), "whole.json", json.dumps(whole))) == {"b": (0.25, [CAT])}


def test_masks_are_taken_where_the_project_draws_them(draw, send):
    packed = {"size": [100, 200], "counts": "PP13KSO10"}  # no mask of this size: the runs do not fit
    runs = {"size": [100, 200], "counts": [0, 100, 19_900]}  # the first column
    results = [
        {"image_id": "a", "category_id": "cat", "segmentation": runs, "bbox": [0, 0, 1, 100], "score": 1.0},
        {"image_id": "b", "category_id": "cat", "segmentation": packed, "bbox": [0, 0, 1, 100], "score": 1.0},
    ]

    source = send(draw(MASKS), "results.json", json.dumps(results))

    [made] = Suggestion.objects.filter(source=source)
    mask = brush.decode(made.result[0]["value"]["rle"], 200, 100)
    assert mask[:, 0].all() and mask.sum() == 100
    assert source.unmatched == 1 and source.said[0].startswith("Entry 2")


def test_masks_become_their_outlines_where_the_project_asks_for_polygons(draw, send):
    disk = np.hypot(*np.mgrid[-50:50, -100:100]) < 40
    runs = np.flatnonzero(np.diff(np.concatenate(([0], disk.T.ravel(), [0]))))  # by columns, as COCO counts
    counts = np.diff(np.concatenate(([0], runs, [disk.size]))).tolist()
    entry = {"category_id": "cat", "segmentation": {"size": [100, 200], "counts": counts}, "bbox": [60, 10, 80, 80]}
    whole = {
        "images": [{"id": 7, "file_name": "b.jpg", "width": 200, "height": 100}],
        "annotations": [entry | {"id": 1, "image_id": 7, "category_id": 3}],
        "categories": [{"id": 3, "name": "cat"}],
    }
    project = draw(OUTLINES)

    for name, content in (("results.json", [entry | {"image_id": "b", "score": 0.5}]), ("whole.json", whole)):
        source = send(project, name, json.dumps(content))
        [made] = Suggestion.objects.filter(source=source)
        assert (made.result[0]["type"], source.unmatched) == ("polygonlabels", 0)
        corners = [(x / 100 * 200, y) for x, y in made.result[0]["value"]["points"]]
        painted = contours.fill(corners, 200, 100)
        assert (painted & disk).sum() / (painted | disk).sum() > 0.97
        assert len(corners) < 60  # few enough to be worked on; the exact edge has hundreds


def test_a_mask_of_nothing_has_no_outline_and_says_so(draw, send):
    nothing = {"size": [100, 200], "counts": [20_000]}
    results = [{"image_id": "a", "category_id": "cat", "segmentation": nothing, "bbox": [0, 0, 1, 1], "score": 1.0}]

    source = send(draw(OUTLINES), "results.json", json.dumps(results))

    assert not Suggestion.objects.filter(source=source).exists() and "nothing of it is painted" in source.said[0]


@pytest.mark.parametrize("classes", [{"classes.txt": "big dog\ncat\n"}, {}])
def test_yolo_with_confidences_needs_no_list_of_classes(draw, send, classes):
    cat, dog = (1, 0) if classes else (0, 1)
    lines = f"{cat} 0.225 0.45 0.25 0.5 0.9\n{dog} 0.025 0.05 0.05 0.1 0.7\n"

    source = send(draw(), "labels.zip", classes | {"labels/a.txt": lines, "labels/b.txt": ""})

    assert list_made(source) == {"a": (pytest.approx(0.8), [CAT, DOG])}


@pytest.mark.parametrize("content", [{"readme.md": "x"}, {"a.json": "[{"}])
def test_an_archive_of_something_else_says_so(draw, send, content):
    assert send(draw(), "x.zip", content).job.state == "failed"


def test_a_table_of_spans_is_one_suggestion_an_item(owner, send):
    config = (
        '<View><Text name="t" value="$text"/><Labels name="ner" toName="t"><Label value="PER"/><Label value="LOC"/>'
        "</Labels></View>"
    )
    project = make_project(
        owner, config, problem_type="span_labelling",
        a=lambda digest: {"text": "Ada met Bo in Ulm"},
        b=lambda digest: {"text": "nobody"},
    )  # fmt: skip
    a, b = Task.objects.order_by("item__source_uri").values_list("pk", flat=True)
    rows = [
        (a, 0, 3, "PER", 0.9), (a, 14, 17, "LOC", 0.7), (b, 0, 6, "ORG", 0.5), (b, 2, "x", "PER", 0.5),
        (a, 8, 10, "PER", 0.5),
    ]  # fmt: skip
    table = "task_id,start,end,label,score\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)

    source = send(project, "spans.csv", table)

    [made] = Suggestion.objects.filter(source=source)
    assert made.task_id == a and made.score == pytest.approx(0.8)
    assert [(one["value"]["start"], one["value"]["end"], one["value"]["labels"]) for one in made.result] == [
        (0, 3, ["PER"]), (14, 17, ["LOC"]),
    ]  # fmt: skip
    assert "whole numbers" in source.said[0] and "together" in source.said[1] and "ORG" in source.said[2]
