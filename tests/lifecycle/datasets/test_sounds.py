"""Sounds through an import, a version and what leaves it."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.conf import settings

from lifecycle.annotations import services as annotations
from lifecycle.annotations.models import Annotation, Task
from lifecycle.datasets import selectors
from lifecycle.datasets.models import Item
from lifecycle.loader import open_files
from tests import factories
from tests.lifecycle.datasets.test_import import bring, zip_of
from tests.lifecycle.datasets.test_version_life import commit, export
from tests.sounds import build_wav

pytestmark = pytest.mark.django_db
CLASSES = """<View><Audio name="sound" value="$recording"/>
<Choices name="what" toName="sound"><Choice value="dog"/><Choice value="cat"/></Choices></View>"""
REGIONS = """<View><Labels name="what" toName="sound"><Label value="dog"/></Labels>
<Audio name="sound" value="$audio"/></View>"""
LOW, HIGH = build_wav(0.2), build_wav(0.2, low=900)


@pytest.fixture
def make_project(owner):
    def make(config: str):
        project = factories.ProjectFactory(owner=owner, problem_type="row_labelling")
        annotations.set_config(project=project, actor=owner, config=config)
        return project

    return make


def test_class_folders_of_sounds_become_labeled_rows(make_project, owner, run_jobs):
    project = make_project(CLASSES)
    content = zip_of({"dog/1.wav": LOW, "cat/2.wav": HIGH, "cat/same.wav": HIGH, "cat/bad.wav": b"no sound"})

    collection = bring(project, owner, {"sounds.zip": content}, run_jobs)

    assert (collection.accepted, collection.duplicates, collection.rejected, collection.labeled) == (2, 1, 1, 2)
    assert list(Item.objects.order_by("pk").values_list("label", flat=True)) == ["dog", "cat"]
    assert all(item.is_sound and not item.is_picture and item.row["file"] for item in Item.objects.all())
    assert Task.objects.filter(state=Task.State.DONE).count() == 2
    result = Annotation.objects.order_by("pk")[0].result
    assert [entry["value"] for entry in result] == [{"choices": ["dog"]}]
    again = bring(project, owner, {"one.wav": LOW}, run_jobs)
    assert (again.accepted, again.duplicates) == (0, 1)


def test_folders_name_no_class_where_none_is_asked_for(make_project, owner, run_jobs):
    project = make_project(REGIONS)

    bring(project, owner, {"a.zip": zip_of({"dog/1.wav": LOW, "cat/2.wav": HIGH})}, run_jobs)

    assert list(Item.objects.values_list("label", flat=True)) == [None, None]
    assert Task.objects.filter(state=Task.State.OPEN).count() == 2


def test_a_version_keeps_sounds_and_its_files_bring_them_along(make_project, owner, run_jobs, tmp_path):
    project = make_project(CLASSES)
    files = {"list.csv": b"recording,who,label\n1.wav,Ann,dog\n2.wav,Bob,cat\n", "1.wav": LOW, "2.wav": HIGH}
    bring(project, owner, {"a.zip": zip_of(files)}, run_jobs)
    commit(project, owner, run_jobs)
    version = selectors.get_version(project, 1)

    table = pq.read_table(io.BytesIO(export(version, owner, run_jobs, "parquet"))).to_pylist()
    hub = export(version, owner, run_jobs, "huggingface")
    loaded = list(open_files(selectors.fetch_manifest(version), Path(settings.STORAGE_URL.removeprefix("file://"))))

    assert {(row["who"], row["label"], row["sound"]["bytes"]) for row in table} == {
        ("Ann", "dog", LOW),
        ("Bob", "cat", HIGH),
    }
    assert all(row["sound"]["path"].endswith(".wav") and row["recording"].startswith("sound:") for row in table)
    assert len(hub) > len(LOW)
    assert {(item["row"]["who"], item["sound"]) for item in loaded} == {("Ann", LOW), ("Bob", HIGH)}
