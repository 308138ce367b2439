"""Labels that other tools wrote come in through a source as they do through the import page: with classes and splits,
and again."""

from __future__ import annotations

import json

import pytest

from lifecycle.annotations.selectors import find_schema
from lifecycle.datasets.models import Item
from lifecycle.jobs.models import Job
from lifecycle.sources import services
from tests import factories
from tests.workers.engines.collect.test_companions import coco, save_to_disk, write
from tests.workers.engines.collect.test_files import picture
from tests.workers.engines.ingest.test_label_formats import VOC

pytestmark = pytest.mark.django_db

RED, BLUE = picture("red", (200, 100)), picture("blue", (200, 100))
BOX = {"type": "rectanglelabels",
       "value": {"x": 10, "y": 10, "width": 20, "height": 20, "rectanglelabels": ["cat"]}}  # fmt: skip
STUDIO_PICTURES = json.dumps([{"data": {"image": "a.png"}, "annotations": [{"result": [BOX]}]}])
STUDIO_TEXTS = json.dumps([
    {"data": {"text": f"{words} upon a time"},
     "annotations": [{"result": [{"type": "labels", "value": {"start": 0, "end": 4, "labels": ["cat"]}},
                                 {"type": "choices", "value": {"choices": ["cat"]}}]}]}
    for words in ("once", "twice")
])  # fmt: skip
CONLL = "Ada B-cat\nwrote O\n\nBabbage B-cat\nbuilt O\n"
FORMATS = {
    "coco": ("object_detection", {"coco.json": coco(("a", 10)), "a.png": RED}),
    "yolo": ("object_detection", {"data.yaml": "names: [cat]", "labels/a.txt": "0 .5 .5 .2 .2", "images/a.png": RED}),
    "voc": ("object_detection", {"Annotations/a.xml": VOC.replace("<name>dog", "<name>cat"), "JPEGImages/a.png": RED}),
    "studio pictures": ("object_detection", {"tasks.json": STUDIO_PICTURES, "a.png": RED}),
    "conll": ("span_labelling", {"a.conll": CONLL}),
    "studio spans": ("span_labelling", {"tasks.json": STUDIO_TEXTS}),
    "studio texts": ("text_classification", {"tasks.json": STUDIO_TEXTS}),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path, settings):
    settings.SOURCE_FOLDERS = [str(tmp_path)]
    path = tmp_path / "set"
    path.mkdir()
    return path


@pytest.fixture
def read(owner, run_jobs):
    """Run a source; its finished collection. Fails with the job's error."""

    def run(source, **options):
        found = services.run_source(source=source, user=owner, **options).collection
        run_jobs()
        found.refresh_from_db()
        job = Job.objects.get(pk=found.job_id)
        assert job.state == "succeeded", (job.error, job.traceback)
        return found

    return run


def make(project, owner, folder):
    return services.create_source(
        dataset=project.datasets.get(), user=owner, kind="folder", title="Set", config={"path": str(folder)}
    )


@pytest.mark.parametrize("name", FORMATS)
def test_labels_come_with_their_classes_and_can_be_read_again(name, folder, owner, read):
    problem_type, files = FORMATS[name]
    project = factories.ProjectFactory(owner=owner, problem_type=problem_type)
    write(folder, files)
    source = make(project, owner, folder)

    first = read(source)
    schema = find_schema(project)
    items = list(Item.objects.filter(dataset__project=project))
    again = read(source, is_full=True)

    assert schema and tuple(schema.classes) == ("cat",)
    assert items and {item.label for item in items} == {"cat"}
    assert (first.labeled, first.accepted, again.accepted) == (len(items), len(items), 0)
    assert all("upon a time" in item.text for item in items if name.startswith("studio") and item.text)


def test_a_label_file_that_changed_changes_the_labels(folder, owner, read):
    project = factories.ProjectFactory(owner=owner, problem_type="object_detection")
    write(folder, {"data.yaml": "names: [cat, dog]\n", "labels/a.txt": "0 .5 .5 .2 .2\n", "images/a.png": RED})
    source = make(project, owner, folder)
    read(source)

    write(folder, {"labels/a.txt": "1 .5 .5 .2 .2 \n", "labels/b.txt": "0 .5 .5 .2 .2\n", "images/b.png": BLUE})
    run = read(source)

    assert (run.accepted, run.duplicates, run.rejected) == (1, 1, 0)
    assert {item.source_uri: item.label for item in Item.objects.all()} == {
        "images/a.png": "dog", "images/b.png": "cat",
    }  # fmt: skip


def test_splits_that_datasets_saved_reach_the_items(folder, owner, read):
    project = factories.ProjectFactory(owner=owner, problem_type="text_classification")
    save_to_disk(folder)

    read(make(project, owner, folder))

    assert {item.text: (item.label, item.split) for item in Item.objects.all()} == {
        "fine film": ("good", "train"), "poor film": ("bad", "train"), "other film": ("good", "test"),
    }  # fmt: skip
