"""An import from its files to items, labels and tasks, through the real task."""

from __future__ import annotations

import io
import zipfile

import pytest
from PIL import Image

from lifecycle.annotations.models import Annotation, LabelSchema, Task
from lifecycle.annotations.services import create_schema
from lifecycle.common.errors import DomainError
from lifecycle.datasets import selectors, services
from lifecycle.datasets.filters import ItemFilters
from lifecycle.datasets.models import CollectionReject, Item
from lifecycle.exploration.rules import DISPUTED
from lifecycle.jobs.models import Job
from tests import factories

pytestmark = pytest.mark.django_db


def png(shade: int, size: int = 8) -> bytes:
    out = io.BytesIO()
    Image.new("L", (size, size), shade).save(out, "PNG")
    return out.getvalue()


def zip_of(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def make_project(owner, problem_type: str, classes=()):
    project = factories.ProjectFactory(owner=owner, problem_type=problem_type)
    create_schema(project=project, classes=classes, created_by=owner)
    return project


def bring(project, user, files: dict[str, bytes], run_jobs, **options):
    dataset = selectors.get_dataset(project)
    collection = services.create_collection(dataset=dataset, user=user)
    for name, content in files.items():
        services.store_file(
            project=project, user=user, name=name, file=io.BytesIO(content), byte_size=len(content),
            collection=collection,
        )  # fmt: skip
    services.start_import(collection=collection, user=user, **options)
    jobs = run_jobs()
    collection = selectors.get_collection(project, collection.pk)
    assert collection.job.state == Job.State.SUCCEEDED, (collection.job.error, collection.job.traceback, jobs)
    return collection


@pytest.fixture
def images(owner):
    return make_project(owner, "image_classification")


@pytest.fixture
def rows(owner):
    return make_project(owner, "tabular_regression")


@pytest.fixture
def texts(owner):
    return make_project(owner, "text_classification")


def test_a_zip_of_class_folders_becomes_labeled_items(images, owner, run_jobs):
    content = zip_of(
        {f"pets/{name}/{i}.png": png(shade + i) for name, shade in (("cat", 0), ("dog", 100)) for i in range(5)}
    )

    collection = bring(images, owner, {"pets.zip": content}, run_jobs)

    assert (collection.accepted, collection.duplicates, collection.rejected, collection.labeled) == (10, 0, 0, 10)
    assert set(Item.objects.values_list("label", flat=True)) == {"cat", "dog"}
    assert LabelSchema.objects.filter(project=images).first().classes == ["cat", "dog"]
    assert Task.objects.filter(state=Task.State.DONE).count() == 10
    assert Annotation.objects.filter(origin="import").count() == 10


def test_the_same_upload_again_adds_nothing(images, owner, run_jobs):
    content = zip_of(
        {f"{name}/{i}.png": png(shade + i) for name, shade in (("cat", 0), ("dog", 100)) for i in range(5)}
    )
    bring(images, owner, {"pets.zip": content}, run_jobs)

    again = bring(images, owner, {"pets.zip": content}, run_jobs)

    assert (again.accepted, again.duplicates, again.labeled) == (0, 10, 0)
    assert Item.objects.count() == 10 and Annotation.objects.count() == 10


def test_a_later_import_with_labels_labels_what_is_there(texts, owner, run_jobs):
    bring(texts, owner, {"a.csv": b"text\nI liked it\nI did not\n"}, run_jobs)
    assert Item.objects.filter(label=None).count() == 2

    again = bring(texts, owner, {"b.csv": b"text,label\nI liked it,fresh\nI did not,rotten\n"}, run_jobs)

    assert (again.accepted, again.duplicates, again.labeled) == (0, 2, 2)
    assert set(Item.objects.values_list("label", flat=True)) == {"fresh", "rotten"}


def test_bad_rows_are_set_aside_with_their_line_and_the_rest_goes_in(rows, owner, run_jobs):
    table = b"carat,cut,price\n0.2,Ideal,300\noops,Ideal,301\n0.3,Good\n0.4,Good,inf\n0.5,Fair,302\n"
    mapping = {"label": "price", "kinds": {"carat": "number"}}

    collection = bring(rows, owner, {"d.csv": table}, run_jobs, mapping=mapping)

    assert (collection.accepted, collection.rejected) == (2, 3)
    assert {r.line for r in selectors.list_rejects(collection)} == {3, 4, 5}
    item = Item.objects.order_by("pk").first()
    assert item.label == "300" and item.row["cut"] == "Ideal"


def test_a_committed_version_holds_every_item_once(texts, owner, run_jobs):
    lines = "".join(f"sentence number {i},{'fresh' if i % 2 else 'rotten'}\n" for i in range(300))
    bring(texts, owner, {"a.csv": b"text,label\n" + lines.encode()}, run_jobs)
    dataset = selectors.get_dataset(texts)

    services.commit_version(dataset=dataset, user=owner, message="first")
    (job,) = [j for j in run_jobs() if j.kind == "version"]

    assert job.state == Job.State.SUCCEEDED, job.traceback
    version = selectors.find_latest_version(texts)
    assert (version.number, version.item_count, version.labeled_count) == (1, 300, 300)
    assert sum(version.summary["splits"].values()) == 300
    assert sum(sum(c.values()) for c in version.summary["balance"].values()) == 300
    page, total = selectors.list_version_items(version, split="test")
    assert total == version.summary["splits"]["test"] and page[0].item is not None


def test_the_gallery_pages_through_everything(texts, owner, run_jobs):
    lines = "".join(f"sentence number {i},{'fresh' if i % 2 else 'rotten'}\n" for i in range(150))
    bring(texts, owner, {"a.csv": b"text,label\n" + lines.encode()}, run_jobs)

    seen, at = [], ""
    while True:
        page = selectors.list_items(texts, ItemFilters(label="fresh"), at=at, size=20)
        seen += page.items
        if not page.next_at:
            break
        at = page.next_at

    assert len(seen) == len({item.pk for item in seen}) == 75
    assert selectors.count_items(texts, ItemFilters(label="fresh")).count == 75


def test_a_rule_that_many_cells_broke_is_one_reason(texts):
    collection = factories.CollectionFactory(dataset=selectors.get_dataset(texts))
    told = [
        "column age: '76' is more than 75",
        'column age: "it\'s" is not a number',
        "column age: 'it\\'s' is not a number",
    ]
    told += ["column age: '77' is more than 75", "column age: '7 is more than 75", "not a picture"]
    CollectionReject.objects.bulk_create(
        CollectionReject(collection=collection, source="a.csv", line=n, reason=reason) for n, reason in enumerate(told)
    )

    found = {one["reason"]: one["n"] for one in selectors.summarize_rejects(collection)}

    assert found == {
        "column age: is more than 75": 2,
        "column age: is not a number": 2,
        "column age: '7 is more than 75": 1,  # cut short, it stays as it is
        "not a picture": 1,
    }


def test_labels_of_one_import_that_differ_are_counted_and_tagged(owner, run_jobs, client):
    project = make_project(owner, "text_classification", ["a", "b"])
    lines = ["text,label", "one,a", "two,b", "one,b", "three,a", "three,a", "two,a", "two,b"]

    collection = bring(project, owner, {"said.csv": "\n".join(lines).encode()}, run_jobs)

    assert collection.disputed == 2
    tagged = Item.objects.filter(tags__tag__name=DISPUTED).order_by("text")
    assert list(tagged.values_list("text", "label")) == [("one", "b"), ("two", "b")]
    client.force_login(owner)
    page = client.get(f"/projects/{project.slug}/collections/{collection.pk}").content.decode()
    assert "2 items</a> came with different labels" in page
    again = bring(project, owner, {"said.csv": "\n".join(lines).encode()}, run_jobs)
    assert (again.accepted, again.labeled) == (0, 0)


def test_other_columns_of_texts_are_refused_as_features(owner, run_jobs):
    project = make_project(owner, "text_classification", ["a", "b"])
    table, mapping = b"text,stars\nGood,5\n", {"text": "text", "features": ["stars"]}

    with pytest.raises(DomainError, match="an item is its text alone") as refused:
        bring(project, owner, {"a.csv": table}, run_jobs, mapping=mapping)
    assert "features" in refused.value.fields
