"""Sources on screen, as people use them."""

from __future__ import annotations

import csv
import io
import sqlite3

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from lifecycle.datasets.models import Item
from lifecycle.datasets.services.uploads import store_file
from lifecycle.projects.models import AuditEvent
from lifecycle.sources.models import Source
from tests import factories
from tests.workers.engines.collect.test_files import picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(owner):
    return factories.ProjectFactory(owner=owner, problem_type="tabular_classification", slug="shop")


@pytest.fixture
def client(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def shop(tmp_path, settings):
    settings.SOURCE_FOLDERS = [str(tmp_path)]
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, age INT, note TEXT, label TEXT)")
        rows = [(n, 20 + n, f"=cmd|{n}", "yes" if n % 2 else "no") for n in range(1, 7)]
        base.executemany("INSERT INTO customers VALUES (?, ?, ?, ?)", rows)
    return path


def url(name, source=None, **more):
    return reverse(f"sources:{name}", kwargs={"slug": "shop"} | ({"source_id": source.pk} if source else {}) | more)


def fill_contract(preview, **changes):
    """The form of the setup page as a browser would post it."""
    rules = preview["contract"]["columns"]
    form = {"columns": len(rules), "new_columns": "ignore"}
    for i, rule in enumerate(rules):
        form |= {f"name_{i}": rule["name"], f"type_{i}": rule["type"], f"kept_{i}": "yes"}
        form |= {f"role_{i}": {"label": "label", "id": "ignore"}.get(rule["name"], "feature")}
        if rule["name"] in preview["contract"]["key"]:
            form[f"key_{i}"] = "yes"
        for name, value in changes.get(rule["name"], {}).items():
            form[f"{name}_{i}"] = value
    return form


def test_an_engineer_connects_a_database_reads_it_and_corrects_what_was_set_aside(client, project, shop, run_jobs):
    assert b"Add a source" in client.get(url("list")).content
    assert b"Bucket" in client.get(url("choose")).content
    form = {"title": "Customers", "url": f"sqlite:///{shop}", "table": "customers", "secret_password": "hunter22"}
    response = client.post(url("new", source_kind="sql"), form)
    source = Source.objects.get()
    assert response.url == url("source", source)
    assert b"Looking at the source" in client.get(response.url).content

    run_jobs()
    source.refresh_from_db()
    page = client.get(url("source", source)).content.decode()
    assert "Save and read it" in page and "=cmd|1" in page
    assert source.preview["contract"]["key"] == ["id"]

    client.post(url("start", source), fill_contract(source.preview, age={"maximum": "24"}))
    waiting = client.get(url("live", source))
    assert b"Waiting for a worker" in waiting.content and "HX-Refresh" not in waiting
    run_jobs()
    assert client.get(url("live", source))["HX-Refresh"] == "true"  # the list of runs is elsewhere on the page
    page = client.get(url("source", source)).content.decode()
    assert "is more than 24" in page and "hunter22" not in page
    assert Item.objects.count() == 4

    run = source.runs.get()
    download = client.get(url("quarantine", source, collection_id=run.collection_id, kind="csv"))
    rows = list(csv.DictReader(io.StringIO(b"".join(download.streaming_content).decode())))
    assert rows[0] == {
        "id": "5", "age": "25", "note": "'=cmd|5", "label": "yes",
        "_file": "Customers", "_line": "5", "_reason": "column age: '25' is more than 24",
    }  # fmt: skip
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows([{**row, "age": "24"} for row in rows])
    client.post(url("fix", source), {"files": SimpleUploadedFile("fixed.csv", out.getvalue().encode())})
    run_jobs()

    assert Item.objects.count() == 6
    assert Item.objects.filter(row__note="=cmd|5", row__age=24).exists()  # without the apostrophe
    assert source.runs.first().collection.rejected == 0


def test_uploads_of_the_same_kind_share_a_contract_and_update_rows(client, project, run_jobs):
    first = b"id,age,label\n1,20,yes\n2,30,no\n3,40,no\n"
    client.post(url("new", source_kind="upload"), {"title": "Weekly", "files": SimpleUploadedFile("a.csv", first)})
    run_jobs()
    source = Source.objects.get()
    second = b"id,age,label\n1,20,yes\n2,31,no\nx,40,no\n"
    client.post(url("fix", source), {"files": SimpleUploadedFile("b.csv", second)})
    run_jobs()

    run = source.runs.first()
    assert (run.collection.accepted, run.updated, run.collection.rejected) == (1, 1, 1)
    assert sorted(Item.objects.filter(excluded_at=None).values_list("row__age", flat=True)) == [20, 31, 40]
    page = client.get(url("source", source)).content.decode()
    assert "id=2" in page and "is not a number" in page
    assert b"id=2" in client.get(url("changes", source)).content
    result = client.get(reverse("datasets:collection", args=[project.slug, run.collection_id])).content.decode()
    assert "1 updated: in place of older ones" in result
    listed = client.get(f"/api/v1/projects/{project.slug}/collections/").json()["results"]
    assert [(one["accepted"], one["updated"]) for one in listed] == [(1, 1), (3, 0)]
    said = AuditEvent.objects.get(verb="collection.finished", object_id=run.collection_id)
    assert "1 new, 1 of them updates" in said.summary


def test_files_that_arrived_before_the_form_are_imported_and_kept_when_it_is_refused(client, project, owner, run_jobs):
    def arrive(name, content, project=project):
        return store_file(project=project, user=owner, name=name, file=io.BytesIO(content), byte_size=len(content)).pk

    first = arrive("a.csv", b"id,age,label\n1,20,yes\n2,30,no\n3,40,no\n")
    refused = client.post(url("new", source_kind="upload"), {"title": "", "uploads": [first]})
    client.post(url("new", source_kind="upload"), {"title": "Weekly", "uploads": [first]})
    run_jobs()
    source = Source.objects.get()
    client.post(url("fix", source), {"uploads": [arrive("b.csv", b"id,age,label\n2,31,no\n")]})
    run_jobs()
    stranger = arrive("c.csv", b"id,age,label\n3,41,no\n", factories.ProjectFactory(owner=owner))
    client.post(url("fix", source), {"uploads": [stranger]})

    assert refused.status_code == 400 and f'name="uploads" value="{first}"' in refused.content.decode()
    assert sorted(Item.objects.filter(excluded_at=None).values_list("row__age", flat=True)) == [20, 31, 40]
    assert source.runs.count() == 2


def test_a_contract_is_edited_with_what_was_seen_and_every_version_stays(client, project, shop, run_jobs):
    files = {"title": "Weekly", "files": SimpleUploadedFile("a.csv", b"id,age,label\n1,20,yes\n2,30,no\n3,40,no\n")}
    client.post(url("new", source_kind="upload"), files)
    run_jobs()
    source = Source.objects.get()
    page = client.get(url("contract", source)).content.decode()
    assert "seen: 20 … 40" in page

    form = fill_contract({"contract": source.contract}, age={"minimum": "20", "maximum": "x"})
    assert b"must be given in numbers" in client.post(url("contract", source), form).content
    form = fill_contract({"contract": source.contract}, age={"minimum": "20"})
    assert client.post(url("contract", source), form).status_code == 302

    source.refresh_from_db()
    assert source.contract["columns"][1]["minimum"] == 20
    assert [version.number for version in source.contract_versions.all()] == [2, 1]


def test_a_source_that_cannot_be_read_says_what_to_do(client, project, run_jobs):
    form = {"title": "LAN", "url": "postgresql://u@10.1.2.3/shop", "table": "t"}
    client.post(url("new", source_kind="sql"), form)
    run_jobs()

    page = client.get(url("source", Source.objects.get())).content.decode()
    assert "10.1.2.3 is a private address" in page and "GRISTMILL_SOURCE_ADDRESSES=10.1.2.3" in page


def test_a_wrong_form_keeps_what_was_typed_but_not_the_password(client, project):
    form = {"title": "Mine", "url": "nonsense", "secret_password": "hunter22"}
    response = client.post(url("new", source_kind="sql"), form)

    page = response.content.decode()
    assert response.status_code == 400 and "nonsense" in page and "is-invalid" in page
    assert "hunter22" not in page


def test_a_schedule_is_set_and_paused(client, project, shop, run_jobs):
    client.post(url("new", source_kind="sql"), {"title": "C", "url": f"sqlite:///{shop}", "table": "customers"})
    run_jobs()
    source = Source.objects.get()
    client.post(url("start", source), fill_contract(source.preview))
    run_jobs()

    client.post(url("schedule", source), {"when": "cron", "cron": "0 6 * * 1"})
    source.refresh_from_db()
    assert source.next_run_at.isoweekday() == 1
    client.post(url("pause", source))
    assert b"paused" in client.get(url("list")).content
    client.post(url("schedule", source), {"when": "cron", "cron": "nonsense"})
    source.refresh_from_db()
    assert source.cron == "0 6 * * 1"


def test_the_list_asks_few_questions(client, project, owner, django_assert_max_num_queries):
    for number in range(5):
        Source.objects.create(dataset=project.datasets.get(), kind="sql", title=f"s{number}", created_by=owner)
    with django_assert_max_num_queries(16):
        client.get(url("list"))


def test_a_viewer_reads_and_changes_nothing(client, project, member, shop):
    client.force_login(member("viewer"))

    assert client.get(url("list")).status_code == 200
    assert client.post(url("new", source_kind="sql"), {"title": "x"}).status_code == 403


def test_rows_that_are_gone_are_listed_and_their_items_excluded_and_taken_back(client, project, shop, run_jobs):
    client.post(url("new", source_kind="sql"), {"title": "C", "url": f"sqlite:///{shop}", "table": "customers"})
    run_jobs()
    source = Source.objects.get()
    client.post(url("start", source), fill_contract(source.preview))
    run_jobs()
    with sqlite3.connect(shop) as base:
        base.execute("DELETE FROM customers WHERE id = 4")
    client.post(url("run", source))
    run_jobs()

    listed = client.get(url("source", source)).content.decode()
    client.post(url("gone", source), {"action": "exclude"})
    count, after = Item.objects.filter(excluded_at=None).count(), client.get(url("source", source)).content.decode()
    client.post(url("gone", source), {"action": "restore"})

    assert "Not there any more" in listed and ">C#4</a>" in listed
    assert "Exclude their items" in listed and "Take them back" not in listed
    assert count == 5 and "Take them back in" in after and "Exclude their items" not in after
    assert Item.objects.filter(excluded_at=None).count() == 6


def test_the_page_of_an_item_says_what_it_replaced_and_what_replaced_it(client, project, shop, run_jobs):
    client.post(url("new", source_kind="sql"), {"title": "C", "url": f"sqlite:///{shop}", "table": "customers"})
    run_jobs()
    source = Source.objects.get()
    client.post(url("start", source), fill_contract(source.preview))
    run_jobs()
    with sqlite3.connect(shop) as base:
        base.execute("UPDATE customers SET age = 77 WHERE id = 3")
    client.post(url("run", source))
    run_jobs()

    old, new = Item.objects.get(row__age=23), Item.objects.get(row__age=77)
    pages = [client.get(reverse("datasets:item", args=["shop", item.pk])).content.decode() for item in (old, new)]
    assert "took its place" in pages[0] and f"Item {new.pk}" in pages[0]
    assert "Took the place of" in pages[1] and f"item {old.pk}" in pages[1] and "id=3" in pages[1]


def test_a_database_with_pictures_is_looked_at_described_and_read(client, owner, shop, run_jobs):
    project = factories.ProjectFactory(owner=owner, problem_type="image_classification", slug="pets")
    with sqlite3.connect(shop) as base:
        base.execute("CREATE TABLE pets (id INTEGER PRIMARY KEY, kind TEXT, photo BLOB)")
        base.executemany("INSERT INTO pets VALUES (?, ?, ?)", [
            (n, "cat" if n % 2 else "dog", picture(color)) for n, color in enumerate(("red", "blue", "green"), start=1)
        ])  # fmt: skip
    form = {"title": "Pets", "url": f"sqlite:///{shop}", "table": "pets", "picture_column": "photo"}

    chosen = client.get(reverse("sources:choose", args=["pets"])).content.decode()
    client.post(reverse("sources:new", args=["pets", "sql"]), form)
    run_jobs()
    source = Source.objects.get()
    looked = client.get(reverse("sources:source", args=["pets", source.pk])).content.decode()
    filled = fill_contract(source.preview) | {"role_1": "label"}
    client.post(reverse("sources:start", args=["pets", source.pk]), filled)
    run_jobs()

    assert "Pictures may lie in a column of bytes" in chosen
    assert ">photo<" in looked and " bytes<" in looked and "PNG" not in looked.partition("<table")[2]
    items = {item.source_uri: item for item in Item.objects.filter(dataset__project=project)}
    assert {uri: (item.label, item.mime) for uri, item in items.items()} == {
        "Pets#1": ("cat", "image/png"), "Pets#2": ("dog", "image/png"), "Pets#3": ("cat", "image/png"),
    }  # fmt: skip


def test_a_folder_without_a_table_is_started_and_its_first_table_writes_the_contract(
    client, project, tmp_path, settings, run_jobs
):
    settings.SOURCE_FOLDERS = [str(tmp_path)]
    client.post(url("new", source_kind="folder"), {"title": "Weekly", "path": str(tmp_path)})
    run_jobs()
    source = Source.objects.get()
    page = client.get(url("source", source)).content.decode()
    client.post(url("start", source), {"columns": "0"})
    run_jobs()

    (tmp_path / "a.csv").write_bytes(b"id,age,label\n1,20,yes\n2,30,no\n3,40,no\n")
    client.post(url("run", source))
    run_jobs()

    assert "There is no table yet" in page and "Save and read it" in page
    source.refresh_from_db()
    assert [rule["name"] for rule in source.contract["columns"]] == ["id", "age", "label"]
    assert [version.origin for version in source.contract_versions.all()] == ["first run"]
    assert Item.objects.count() == 3


def test_a_column_that_was_left_out_is_added_to_the_contract_on_its_page(client, project, shop, run_jobs):
    rows = b"id,age,label\n1,20,yes\n2,30,no\n3,40,no\n"
    client.post(url("new", source_kind="upload"), {"title": "Weekly", "files": SimpleUploadedFile("a.csv", rows)})
    run_jobs()
    source = Source.objects.get()
    page = client.get(url("contract", source)).content.decode()
    assert 'name="columns" value="4"' in page and 'name="new_3" value="yes"' in page  # an empty row after the three

    form = fill_contract({"contract": source.contract}) | {"columns": 4, "new_3": "yes", "kept_3": "yes"}
    blank = client.post(url("contract", source), form | {"name_3": " ", "type_3": "text"})
    source.refresh_from_db()
    assert blank.status_code == 302 and len(source.contract["columns"]) == 3
    twice = client.post(url("contract", source), form | {"name_3": "age", "type_3": "text"})
    assert twice.status_code == 400 and "stands in the contract twice" in twice.content.decode()
    assert 'name="name_3" value="age"' in twice.content.decode() and 'name="new_4"' in twice.content.decode()
    client.post(url("contract", source), form | {"name_3": " city ", "type_3": "category", "role_3": "feature"})
    more = SimpleUploadedFile("b.csv", b"id,age,label,city\n4,50,yes,Delft\n")
    client.post(url("fix", source), {"files": more})
    run_jobs()

    source.refresh_from_db()
    assert [(rule["name"], rule["type"]) for rule in source.contract["columns"]][3:] == [("city", "category")]
    assert Item.objects.get(row__age=50).row["city"] == "Delft"


def test_uploaded_pictures_have_a_contract_whose_page_speaks_of_files(client, owner, run_jobs):
    factories.ProjectFactory(owner=owner, problem_type="image_classification", slug="shop")
    files = [SimpleUploadedFile(f"{color}.png", picture(color)) for color in ("red", "blue")]
    client.post(url("new", source_kind="upload"), {"title": "Photos", "files": files})
    run_jobs()
    source = Source.objects.get()

    page = client.get(url("contract", source)).content.decode()
    form = fill_contract({"contract": source.contract}, width={"minimum": "9"})
    client.post(url("contract", source), form)
    client.post(url("fix", source), {"files": SimpleUploadedFile("c.png", picture("green"))})
    run_jobs()

    assert "What each file must be" in page and "seen: 8 … 8" in page
    assert 'name="role_0"' not in page and 'name="key_0"' not in page
    assert Item.objects.count() == 2
    assert "is less than 9" in client.get(url("source", source)).content.decode()
