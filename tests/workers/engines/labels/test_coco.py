"""COCO of any size: regions in any order find their pictures, and memory does not grow with them."""

from __future__ import annotations

import json
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.contracts.label_imports import Draft, LabelImportSpec, Rejected
from lifecycle.contracts.label_interface import parse_interface
from tests.memory import Peak
from workers.engines import labels_import

BOXES = parse_interface(
    '<View><Image name="o" value="$image"/><RectangleLabels name="b" toName="o"><Label value="cat"/></RectangleLabels>'
    "</View>"
)


def read(path) -> list:
    return list(labels_import.read(LabelImportSpec(str(path), path.name, BOXES)))


def write(path, pictures, annotations, **more):
    listed = [{"id": key, "file_name": f"{key}.png", "width": 100, "height": 100} for key in pictures]
    content = {"annotations": annotations, "images": listed, "categories": [{"id": 1, "name": "cat"}], **more}
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def annotate(number: int, picture) -> dict:
    return {"id": number, "image_id": picture, "category_id": 1, "bbox": [number % 50, 1.5, 10, 10]}


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(
    st.lists(st.one_of(st.integers(0, 9), st.sampled_from(["a", "שלום"])), unique=True, max_size=6),
    st.lists(st.one_of(st.integers(0, 12), st.sampled_from(["a", "שלום"])), max_size=15),
)
def test_every_region_comes_with_its_picture_in_the_files_order(tmp_path, pictures, owners):
    path = write(tmp_path / "a.json", pictures, [annotate(n, owner) for n, owner in enumerate(owners, start=1)])

    found = read(path)

    drafts = {one.picture: [region.points[0][0] for region in one.regions] for one in found if isinstance(one, Draft)}
    assert drafts == {
        f"{key}.png": [n % 50 for n, owner in enumerate(owners, start=1) if owner == key] for key in pictures
    }
    lost = [one.place for one in found if isinstance(one, Rejected)]
    assert lost == [f"a.json, annotation {n}" for n, owner in enumerate(owners, start=1) if owner not in pictures]


def test_what_cannot_be_read_is_named_and_the_rest_comes_in(tmp_path):
    broken = [annotate(1, 1) | {"bbox": [1]}, annotate(2, 1), 7, annotate(4, [1])]
    found = read(write(tmp_path / "a.json", [1, 2], broken))

    assert [one.place for one in found if isinstance(one, Rejected)] == [
        "a.json, annotation 3", "a.json, annotation 4", "a.json, annotation 1",
    ]  # fmt: skip
    assert [len(one.regions) for one in found if isinstance(one, Draft)] == [1, 0]


def test_an_archive_is_read_alike(tmp_path):
    path = write(tmp_path / "a.json", [1], [annotate(1, 1)])
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "annotations/a.json")

    assert read(tmp_path / "a.zip") == read(path)


@pytest.mark.parametrize("content", ['{"images": [], "annotations": [', '{"images": [] "annotations": []}'])
def test_a_file_that_is_cut_off_or_no_json_says_so(tmp_path, content):
    path = tmp_path / "a.json"
    path.write_text(content)

    with pytest.raises(ValueError, match="is not JSON"):
        read(path)


def test_other_json_is_no_coco(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"info": {}, "images": []}')

    assert "no COCO" in read(path)[0].reason


def test_memory_does_not_grow_with_the_regions(tmp_path):
    few, many = (
        write(tmp_path / f"{count}.json", range(500), [annotate(n, n * 7 % 500) for n in range(count)])
        for count in (1_000, 60_000)
    )

    def take(path) -> int:
        spec = LabelImportSpec(str(path), path.name, BOXES)
        return sum(len(one.regions) for one in labels_import.read(spec))

    assert take(few) == 1_000
    with Peak() as peak:
        assert take(many) == 60_000
    assert peak.grown_mb < 15  # read at once it was 90
