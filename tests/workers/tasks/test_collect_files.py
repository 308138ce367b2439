"""Files of a folder that change, and files that people correct: the path says which item it is."""

from __future__ import annotations

import io
import json

import pytest

from lifecycle.annotations.models import Annotation
from lifecycle.datasets.models import Item
from lifecycle.datasets.services.uploads import store_file
from lifecycle.sources import services
from lifecycle.sources.models import SourceRowChange
from tests import factories
from tests.workers.engines.collect.test_companions import coco, write
from tests.workers.engines.collect.test_files import picture
from tests.workers.engines.ingest.test_label_formats import tar_of, zip_of
from tests.workers.tasks.test_collect import folder, read  # noqa: F401

pytestmark = pytest.mark.django_db
WIDE = (100, 100)


@pytest.fixture
def files(folder, owner):  # noqa: F811
    """files("text_classification") is a source of files, and its folder."""

    def create(problem_type):
        place = folder / "set"
        place.mkdir()
        project = factories.ProjectFactory(owner=owner, problem_type=problem_type)
        return place, services.create_source(
            dataset=project.datasets.get(), user=owner, kind="folder", title="Set", config={"path": str(place)}
        )

    return create


@pytest.fixture
def send(read, owner):  # noqa: F811
    """Send a file back as a correction."""

    def run(source, name, content):
        upload = store_file(project=source.dataset.project, user=owner, name=name, file=io.BytesIO(content),
                            byte_size=len(content))  # fmt: skip
        return read(source, uploads=[upload.pk], trigger="fix")

    return run


def standing():
    return {item.source_uri: item for item in Item.objects.filter(excluded_at=None)}


@pytest.mark.parametrize("kind", ["picture", "text", "member"])
def test_an_edited_file_takes_the_place_of_its_item(kind, files, read, owner):  # noqa: F811
    place, source = files("text_classification" if kind == "text" else "image_classification")
    one, two, other = (
        (b"a fine film about mills", b"a fine film about water mills", b"a poor film about trains")
        if kind == "text" else (picture("red"), picture("blue"), picture("green"))
    )  # fmt: skip
    suffix = ".txt" if kind == "text" else ".png"
    pack = (lambda a: {"set.zip": zip_of({f"good/a{suffix}": a, f"bad/b{suffix}": other})}) if kind == "member" else (
        lambda a: {f"good/a{suffix}": a, f"bad/b{suffix}": other})  # fmt: skip
    uri = f"set.zip!good/a{suffix}" if kind == "member" else f"good/a{suffix}"
    write(place, pack(one))
    read(source)
    old = standing()[uri]
    Item.objects.filter(pk=old.pk).update(split="test")

    write(place, pack(two))
    run = read(source)

    new = standing()[uri]
    assert len(standing()) == 2 and new.pk != old.pk and (new.label, new.split) == ("good", "test")
    change = SourceRowChange.objects.get()
    assert (change.old_item_id, change.new_item_id, change.key) == (old.pk, new.pk, f"file={uri}")
    assert (run.updated, run.gone) == (1, 0)


def test_a_corrected_file_is_the_one_that_was_set_aside_in_its_folder(files, read, send):  # noqa: F811
    place, source = files("image_classification")
    write(place, {"cat/a.png": picture("red"), "cat/bad.png": b"\x89PNG broken", "dog/b.png": picture("green")})
    assert read(source).collection.rejected == 1

    run = send(source, "bad.png", picture("blue"))

    item = standing()["cat/bad.png"]
    assert (run.collection.accepted, item.label) == (1, "cat")
    write(place, {"cat/bad.png": picture("white")})  # at last somebody mends it where it lies
    read(source)
    assert standing()["cat/bad.png"].pk != item.pk and len(standing()) == 3
    assert SourceRowChange.objects.get().old_item_id == item.pk


def test_a_corrected_file_whose_name_stands_in_several_folders_is_a_new_one(files, read, send):  # noqa: F811
    place, source = files("image_classification")
    write(place, {"cat/a.png": picture("red"), "dog/a.png": picture("green")})
    read(source)

    send(source, "a.png", picture("blue"))
    assert sorted(standing()) == ["a.png", "cat/a.png", "dog/a.png"]

    send(source, "dog/a.png", picture("white"))
    assert sorted(standing()) == ["a.png", "cat/a.png", "dog/a.png"] and SourceRowChange.objects.count() == 1


@pytest.mark.parametrize("pack", [zip_of, tar_of])
@pytest.mark.parametrize("form", ["coco", "yolo", "metadata"])
def test_labels_that_changed_reach_pictures_in_an_archive_that_did_not(form, pack, files, read):  # noqa: F811
    is_drawn = form != "metadata"
    place, source = files("object_detection" if is_drawn else "image_classification")
    name = "pictures.zip" if pack is zip_of else "pictures.tar.gz"
    write(place, {name: pack({"a.png": picture("red", WIDE), "b.png": picture("blue", WIDE)})})
    labels = {
        "coco": lambda left: {"coco.json": coco(("a", left), ("b", 30))},
        "yolo": lambda left: {"data.yaml": "names: [cat, dog]\n", "a.txt": f"0 {left / 100} 0.5 0.2 0.2\n"},
        "metadata": lambda left: {"metadata.csv": f"file_name,label\na.png,{'cat' if left < 20 else 'dog'}\n"},
    }[form]
    write(place, labels(15))
    read(source)
    item = Item.objects.get(source_uri=f"{name}!a.png")
    before = item.label_annotation_id

    write(place, labels(40))
    run = read(source)

    item.refresh_from_db()
    result = Annotation.objects.get(pk=item.label_annotation_id).result
    assert run.collection.accepted == 0 and run.collection.labeled == 1
    assert item.label_annotation_id != before and Annotation.objects.filter(pk=before).exists()
    if is_drawn:
        assert round(result[0]["value"]["x"]) == {"coco": 40, "yolo": 30}[form], json.dumps(result)
    else:
        assert item.label == "dog"


def test_labels_in_an_archive_that_changed_reach_pictures_beside_it(files, read):  # noqa: F811
    place, source = files("object_detection")
    write(place, {"a.png": picture("red", WIDE), "labels.zip": zip_of({"coco.json": coco(("a", 10))})})
    read(source)

    write(place, {"labels.zip": zip_of({"coco.json": coco(("a", 40))})})
    run = read(source)

    item = Item.objects.get()
    assert run.collection.labeled == 1
    assert round(Annotation.objects.get(pk=item.label_annotation_id).result[0]["value"]["x"]) == 40
