"""What becomes of versions: tags move, archives hide, a restore brings labels back, exports hold everything."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pyarrow.parquet as pq
import pytest
from django.conf import settings

from lifecycle.annotations.models import Annotation, Task
from lifecycle.annotations.services import submit
from lifecycle.common.blobs import open_blobs
from lifecycle.common.errors import Conflict, DomainError, NotFound
from lifecycle.datasets import selectors, services
from lifecycle.datasets.models import DatasetVersion, Item
from lifecycle.pipelines.datacards import write_data_card
from tests.lifecycle.datasets.test_import import bring, make_project
from tests.lifecycle.datasets.test_versions import LINES, commit, table

pytestmark = pytest.mark.django_db


@pytest.fixture
def texts(owner, run_jobs):
    project = make_project(owner, "text_classification")
    bring(project, owner, {"a.csv": table(LINES)}, run_jobs)
    commit(project, owner, run_jobs)
    return project


def export(version, owner, run_jobs, layout) -> bytes:
    row = services.start_export(version=version, user=owner, layout=layout)
    run_jobs()
    row.refresh_from_db()
    assert row.blob, row.job.traceback
    return open_blobs(settings.STORAGE_URL).get(row.blob)


def test_a_tag_is_a_name_that_moves(texts, owner, run_jobs):
    bring(texts, owner, {"b.csv": table(["one more,fresh\n"])}, run_jobs)
    commit(texts, owner, run_jobs)
    first, second = selectors.get_version(texts, 1), selectors.get_version(texts, 2)

    services.tag_version(version=first, user=owner, name="Gold")
    services.tag_version(version=second, user=owner, name="gold")

    assert selectors.resolve_version(texts, "gold") == second
    assert selectors.resolve_version(texts, "v1") == first and selectors.resolve_version(texts, "latest") == second
    for name in ("latest", "v2", "", "a b", "7"):
        with pytest.raises(DomainError):
            services.tag_version(version=first, user=owner, name=name)
    services.untag_version(project=texts, user=owner, name="gold")
    with pytest.raises(NotFound):
        selectors.resolve_version(texts, "gold")


def test_a_tagged_version_is_not_archived_and_an_archived_one_is_still_read(texts, owner):
    version = selectors.get_version(texts, 1)
    services.tag_version(version=version, user=owner, name="gold")
    with pytest.raises(Conflict):
        services.archive_version(version=version, user=owner)
    services.untag_version(project=texts, user=owner, name="gold")

    services.archive_version(version=version, user=owner)

    assert selectors.get_version(texts, 1).archived_at and selectors.list_version_items(version)[1] == 80


def test_committing_what_is_archived_brings_it_back(texts, owner, run_jobs, client):
    bring(texts, owner, {"b.csv": table(["one more,fresh\n"])}, run_jobs)
    commit(texts, owner, run_jobs)
    services.archive_version(version=selectors.get_version(texts, 2), user=owner)
    assert selectors.resolve_version(texts, "latest").number == 1
    client.force_login(owner)
    address = f"/api/v1/projects/{texts.slug}/versions/"
    assert [one["number"] for one in client.get(address).json()["results"]] == [1]
    assert [one["number"] for one in client.get(address, {"archived": "true"}).json()["results"]] == [2, 1]

    assert commit(texts, owner, run_jobs)["version"] == 2

    assert selectors.resolve_version(texts, "latest").number == 2 and DatasetVersion.objects.count() == 2


def test_restoring_brings_labels_and_exclusions_back_as_a_recorded_change(texts, owner, run_jobs):
    version = selectors.get_version(texts, 1)
    first, second, third = Item.objects.order_by("pk")[:3]
    labels = dict(Item.objects.values_list("pk", "label"))
    for item in (first, second):
        other = "fresh" if item.label == "rotten" else "rotten"
        result = [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": [other]}}]
        task = Task.objects.get(item=item)
        submit(project=texts, user=owner, task_id=task.pk, result=result, may_answer_any=True)
    services.exclude_items(project=texts, user=owner, item_ids=[third.pk])
    bring(texts, owner, {"b.csv": table(["one more,fresh\n"])}, run_jobs)
    before = Annotation.objects.count()

    services.start_restore(version=version, user=owner)
    (job,) = run_jobs()

    assert job.state == "succeeded", job.traceback
    assert job.result == {"restored": 1, "excluded": 1, "labels": 2, "left": 0, "event_times": 0}
    assert {pk: Item.objects.get(pk=pk).label for pk in labels} == labels
    assert Annotation.objects.count() > before
    assert commit(texts, owner, run_jobs)["version"] == 1, "the same content makes no new version"


def test_a_diff_says_who_relabeled_an_item(texts, owner, run_jobs):
    from lifecycle.annotations.authors import find_authors

    item = Item.objects.order_by("pk").first()
    result = [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": ["fresh"]}}]
    task = Task.objects.get(item=item)
    submit(project=texts, user=owner, task_id=task.pk, result=result, may_answer_any=True)
    commit(texts, owner, run_jobs)
    old, new = selectors.get_version(texts, 1), selectors.get_version(texts, 2)

    (line,) = selectors.list_changes(old, new, change="relabeled")

    author = find_authors(texts, [line.new_annotation_id])[line.new_annotation_id]
    assert (author.username, author.is_import) == ("owner", False)


def test_csv_and_parquet_hold_every_item_and_no_formula(owner, run_jobs):
    project = make_project(owner, "text_classification")
    bring(project, owner, {"a.csv": table(["=1+1,fresh\n", "plain,rotten\n"])}, run_jobs)
    commit(project, owner, run_jobs)
    version = selectors.get_version(project, 1)

    rows = list(csv.DictReader(io.StringIO(export(version, owner, run_jobs, "csv").decode())))
    content = pq.read_table(io.BytesIO(export(version, owner, run_jobs, "parquet")))

    assert {row["text"] for row in rows} == {"'=1+1", "plain"}
    assert set(content["text"].to_pylist()) == {"=1+1", "plain"}


def test_rows_come_back_as_typed_columns(owner, run_jobs):
    project = make_project(owner, "tabular_regression")
    bring(project, owner, {"a.csv": b"size,cut,price\n1.5,ideal,10\n2,fair,20\n,good,30\n"}, run_jobs,
          mapping={"label": "price"})  # fmt: skip
    commit(project, owner, run_jobs)

    content = pq.read_table(io.BytesIO(export(selectors.get_version(project, 1), owner, run_jobs, "parquet")))

    found = {(r["size"], r["cut"], r["label"]) for r in content.to_pylist()}
    assert found == {(1.5, "ideal", "10"), (2.0, "fair", "20"), (None, "good", "30")}


def test_hugging_face_gets_a_file_a_split_and_the_card(texts, owner, run_jobs):
    version = selectors.get_version(texts, 1)

    archive = zipfile.ZipFile(io.BytesIO(export(version, owner, run_jobs, "huggingface")))

    tables = [name for name in archive.namelist() if name.endswith(".parquet")]
    assert sum(pq.read_table(io.BytesIO(archive.read(name))).num_rows for name in tables) == 80
    assert version.content_hash in archive.read("README.md").decode()


def test_an_export_is_made_once_and_only_in_layouts_that_fit(texts, owner, run_jobs):
    version = selectors.get_version(texts, 1)
    export(version, owner, run_jobs, "csv")

    again = services.start_export(version=version, user=owner, layout="csv")

    assert again.blob and run_jobs() == []
    for layout in ("coco", "folders", "nonsense"):
        with pytest.raises(DomainError):
            services.start_export(version=version, user=owner, layout=layout)


def test_the_card_names_sources_licenses_labels_and_what_is_missing(texts, owner):
    card = write_data_card(selectors.get_version(texts, 1))

    assert "| all | 80 | 80 |" in card and "not stated" in card and "imported by owner" in card
    assert "license of some sources was not stated" in card


def test_versions_of_one_file_are_still_read_and_followed(owner, run_jobs, tmp_path):
    from tests.versions import commit_rows

    project = make_project(owner, "text_classification")
    dataset = selectors.get_dataset(project)
    old = commit_rows(dataset, [(f"text {n}", "ab"[n % 2]) for n in range(30)], tmp_path)
    old = DatasetVersion.objects.get(pk=old.pk)
    Item.objects.filter(dataset=dataset).update(split="train")
    commit(project, owner, run_jobs)
    new = selectors.get_version(project, old.number + 1)

    assert selectors.list_version_items(old)[1] == selectors.list_version_items(new)[1] == 30
    assert selectors.compare_versions(old, new)["added"] == 0
    assert json.loads(json.dumps(selectors.load_index(new).content_hash)) == new.content_hash
