"""The data pages as a person meets them: upload, map, import, look, commit, compare."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from lifecycle.datasets import selectors, services
from lifecycle.datasets.models import Collection, Item, Upload
from lifecycle.sources import services as source_services
from lifecycle.sources.models import Source
from tests.lifecycle.datasets.test_import import bring, make_project, png, zip_of

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def texts(owner):
    return make_project(owner, "text_classification")


@pytest.fixture
def images(owner):
    return make_project(owner, "image_classification")


@pytest.fixture
def rows(owner):
    return make_project(owner, "tabular_regression")


@pytest.fixture
def as_owner(client, owner):
    client.force_login(owner)
    return client


PETS = zip_of({f"pets/{n}/{i}.png": png(shade + i) for n, shade in (("cat", 0), ("dog", 100)) for i in range(6)})


def page(client, name, project, *args, **query):
    response = client.get(reverse(f"datasets:{name}", args=[project.slug, *args]), query)
    assert response.status_code == 200, response.content[:500]
    return response.content.decode()


def test_a_plain_form_upload_leads_to_a_mapping_and_an_import(as_owner, owner, texts, run_jobs):
    file = SimpleUploadedFile("reviews.csv", b"review,stars\ngood film,fresh\nbad film,rotten\n")
    answer = as_owner.post(reverse("datasets:upload", args=[texts.slug]), {"files": [file]})
    collection = Collection.objects.get()
    assert answer.url == reverse("datasets:collection", args=[texts.slug, collection.pk])
    run_jobs()

    draft = page(as_owner, "collection", texts, collection.pk)

    assert "good film" in draft and 'name="role_0"' in draft
    as_owner.post(
        reverse("datasets:start", args=[texts.slug, collection.pk]),
        {"columns": 2, "name_0": "review", "role_0": "text", "name_1": "stars", "role_1": "label", "title": "Reviews"},
    )
    run_jobs()
    outcome = page(as_owner, "collection", texts, collection.pk)
    assert "New items" in outcome and Item.objects.filter(label="fresh").count() == 1


def test_every_page_renders_for_pictures(as_owner, owner, images, run_jobs):
    collection = bring(images, owner, {"pets.zip": PETS, "junk.txt": b"not a picture"}, run_jobs)
    dataset = selectors.get_dataset(images)
    services.commit_version(dataset=dataset, user=owner, message="first")
    run_jobs()
    item = Item.objects.first()
    services.exclude_items(project=images, user=owner, item_ids=[item.pk])
    services.commit_version(dataset=dataset, user=owner, message="second")
    run_jobs()

    assert "cat" in page(as_owner, "items", images)
    assert "1 chosen" not in page(as_owner, "items", images, excluded="yes")
    assert "pets.zip!pets" in page(as_owner, "item", images, item.pk)
    assert "junk.txt" in page(as_owner, "collection", images, collection.pk)
    assert "v2" in page(as_owner, "versions", images)
    assert "first" in page(as_owner, "version", images, 1)
    diff = page(as_owner, "diff", images, 1, 2)
    assert "removed" in diff and f"/items/{item.pk}" in diff


def test_rows_show_as_a_table_that_sorts_by_column(as_owner, owner, rows, run_jobs):
    table = "carat,cut,price\n" + "".join(f"0.{i},Ideal,{i}\n" for i in range(1, 9))
    bring(rows, owner, {"d.csv": table.encode()}, run_jobs, mapping={"label": "price"})

    sorted_page = page(as_owner, "items", rows, sort="-col.carat")
    narrowed = page(as_owner, "items", rows, **{"col.carat": "0.3"})

    assert re.findall(r">(0\.\d)</a>", sorted_page) == [f"0.{i}" for i in range(8, 0, -1)]
    assert re.findall(r">(0\.\d)</a>", narrowed) == ["0.3"]


def test_a_list_page_costs_the_same_however_many_items_there_are(
    as_owner, owner, texts, run_jobs, django_assert_max_num_queries
):
    lines = "".join(f"sentence {i},{'a' if i % 2 else 'b'}\n" for i in range(200))
    bring(texts, owner, {"a.csv": b"text,label\n" + lines.encode()}, run_jobs)

    with django_assert_max_num_queries(40):
        page(as_owner, "items", texts)


def test_pictures_come_reencoded_and_cached_and_originals_as_downloads(as_owner, owner, images, run_jobs):
    bring(images, owner, {"pets.zip": PETS}, run_jobs)
    item = Item.objects.first()

    thumb = as_owner.get(reverse("datasets:picture", args=[images.slug, item.pk, 320]))
    again = as_owner.get(
        reverse("datasets:picture", args=[images.slug, item.pk, 320]), headers={"If-None-Match": thumb["ETag"]}
    )
    original = as_owner.get(reverse("datasets:file", args=[images.slug, item.pk]))

    assert thumb["Content-Type"] == "image/webp" and "immutable" in thumb["Cache-Control"]
    assert thumb["X-Content-Type-Options"] == "nosniff" and again.status_code == 304
    assert original["Content-Disposition"].startswith("attachment") and original["Content-Type"] == "image/png"
    assert b"".join(original.streaming_content) == png(0)


def test_a_stranger_gets_404_on_every_page(client, stranger, owner, images, run_jobs):
    bring(images, owner, {"pets.zip": PETS}, run_jobs)
    item, collection = Item.objects.first(), Collection.objects.first()
    client.force_login(stranger)

    places = [("items", ()), ("item", (item.pk,)), ("picture", (item.pk, 320)), ("file", (item.pk,)),
              ("collections", ()), ("upload", ()), ("collection", (collection.pk,)), ("versions", ())]  # fmt: skip

    for name, args in places:
        assert client.get(reverse(f"datasets:{name}", args=[images.slug, *args])).status_code == 404, name


def test_an_item_of_another_project_is_not_found(as_owner, owner, images, texts, run_jobs):
    bring(images, owner, {"pets.zip": PETS}, run_jobs)

    answer = as_owner.get(reverse("datasets:item", args=[texts.slug, Item.objects.first().pk]))

    assert answer.status_code == 404


def test_a_viewer_may_look_but_not_change(client, owner, images, run_jobs):
    from tests import factories

    bring(images, owner, {"pets.zip": PETS}, run_jobs)
    viewer = factories.UserFactory()
    factories.MembershipFactory(project=images, user=viewer, role="viewer")
    client.force_login(viewer)

    item = Item.objects.first()

    assert client.get(reverse("datasets:items", args=[images.slug])).status_code == 200
    assert client.post(reverse("datasets:items-change", args=[images.slug]), {"items": item.pk}).status_code == 403
    assert client.get(reverse("datasets:upload", args=[images.slug])).status_code == 403


def test_large_files_arrive_in_pieces_and_a_wrong_place_is_corrected(as_owner, texts):
    base = f"/api/v1/projects/{texts.slug}/"
    content = b"text\n" + b"some words\n" * 1000
    started = as_owner.post(
        f"{base}uploads/", json.dumps({"name": "a.csv", "byte_size": len(content)}), content_type="application/json"
    )
    upload = started.json()[0]["id"]

    def send(offset, piece):
        return as_owner.patch(
            f"{base}uploads/{upload}/", piece, content_type="application/octet-stream",
            headers={"Upload-Offset": str(offset)},
        )  # fmt: skip

    assert started.status_code == 201
    assert send(0, content[:4000]).json()["received"] == 4000
    assert send(0, content[:4000]).status_code == 409
    assert as_owner.get(f"{base}uploads/{upload}/").json()["received"] == 4000
    assert send(4000, content[4000:]).json()["is_complete"] is True
    assert send(len(content), b"more").status_code == 400


def test_a_whole_project_goes_through_rest(as_owner, owner, texts, run_jobs):
    base = f"/api/v1/projects/{texts.slug}/"
    table = b"text,label\n" + b"".join(f"line {i},{'x' if i % 3 else 'y'}\n".encode() for i in range(60))
    uploaded = as_owner.post(f"{base}uploads/", {"files": [SimpleUploadedFile("t.csv", table)]})
    started = as_owner.post(
        f"{base}collections/", json.dumps({"uploads": [uploaded.json()[0]["id"]]}), content_type="application/json"
    )
    run_jobs()

    done = as_owner.get(f"{base}collections/{started.json()['id']}/").json()
    first = as_owner.get(f"{base}items/", {"label": "y", "page_size": 15}).json()
    second = as_owner.get(first["next"]).json()
    commit = as_owner.post(f"{base}versions/", json.dumps({"message": "one"}), content_type="application/json")
    run_jobs()
    version = as_owner.get(f"{base}versions/1/").json()

    assert started.status_code == 202 and done["state"] == "succeeded" and done["accepted"] == 60
    assert first["count"] == 20 and len(first["results"]) == 15 and len(second["results"]) == 5
    assert commit.status_code == 202 and version["item_count"] == 60 and version["labeled_count"] == 60
    table = b"".join(as_owner.get(f"{base}versions/1/download/csv/").streaming_content).decode()
    assert table.count("\n") == 61
    parquet = b"".join(as_owner.get(f"{base}versions/1/download/parquet/").streaming_content)
    import pyarrow.parquet as pq

    assert pq.read_table(io.BytesIO(parquet)).num_rows == 60


def test_chosen_items_go_back_to_the_labelling_queue(as_owner, owner, images, run_jobs):
    bring(images, owner, {"pets.zip": PETS}, run_jobs)
    item = Item.objects.filter(label__isnull=False).first()
    assert item.task.state == "done"

    as_owner.post(reverse("datasets:items-change", args=[images.slug]), {"items": item.pk, "action": "label"})

    item.task.refresh_from_db()
    assert item.task.state == "open"


@pytest.fixture
def half(as_owner, texts):
    """A file of which two pieces arrived before the browser died: its content, and where it is."""
    base, content = f"/api/v1/projects/{texts.slug}/", b"text\n" + b"some words\n" * 1000
    draft = as_owner.post(
        f"{base}collections/", json.dumps({"title": "Half", "start": False}), content_type=JSON
    ).json()
    wanted = {"name": "big.csv", "byte_size": len(content), "collection": draft["id"]}
    upload = as_owner.post(f"{base}uploads/", json.dumps(wanted), content_type=JSON).json()[0]["id"]
    for start in (0, 4000):
        send_piece(as_owner, f"{base}uploads/{upload}/", start, content[start : start + 4000], "patch")
    return content, f"{base}uploads/", upload


def send_piece(client, url: str, offset: int, piece: bytes, method: str):
    headers = {"Upload-Offset": str(offset)}
    return getattr(client, method)(url, piece, content_type="application/octet-stream", headers=headers)


def test_a_file_that_stopped_arriving_is_listed_for_who_sent_it_and_only_there(as_owner, texts, half, member, client):
    page = as_owner.get(reverse("datasets:upload", args=[texts.slug])).content.decode()
    listed = as_owner.get(f"{half[1]}?unfinished=true").json()["results"]
    client.force_login(member("engineer"))
    other = client.get(f"{half[1]}?unfinished=true")

    assert "big.csv" in page and "to go on at 72 %" in page
    assert [(one["id"], one["received"]) for one in listed] == [(half[2], 8000)]
    assert other.status_code in (200, 404) and not other.json().get("results")


def test_a_file_chosen_again_is_compared_with_what_arrived(as_owner, half):
    content, base, upload = half
    url = f"{base}{upload}/compare/"

    assert send_piece(as_owner, url, 0, content[:4000], "post").status_code == 200
    assert send_piece(as_owner, url, 4000, content[4000:8000], "post").status_code == 200
    for offset, piece in [(0, b"x" * 4000), (4000, b"x" * 4000), (2000, content[2000:4000]), (0, b"")]:
        refused = send_piece(as_owner, url, offset, piece, "post")
        assert (refused.status_code, refused.json()["code"]) == (409, "other_content")
    assert as_owner.get(f"{base}{upload}/").json()["received"] == 8000


def test_a_file_that_stopped_arriving_may_be_discarded_and_is_forgotten_after_a_week(as_owner, texts, half):
    gone = as_owner.post(reverse("datasets:discard-upload", args=[texts.slug, half[2]]), follow=True)

    assert "big.csv is forgotten" in gone.content.decode() and "Not all of it arrived" not in gone.content.decode()
    assert not Upload.objects.exists()


def test_old_unfinished_files_are_swept_and_others_stay(as_owner, half, texts):
    store = as_owner.post(half[1], {"files": [SimpleUploadedFile("whole.csv", b"text\nwords here\n")]})
    Upload.objects.update(updated_at=timezone.now() - timedelta(days=6))
    assert services.delete_stale_uploads() == 0
    Upload.objects.update(updated_at=timezone.now() - timedelta(days=8))
    Collection.objects.update(created_at=timezone.now() - timedelta(days=8))

    assert services.delete_stale_uploads() == 1
    assert [one.pk for one in Upload.objects.all()] == [store.json()[0]["id"]]
    assert not Collection.objects.exists()


def upload_table(client, project, rows: list[str], run_jobs, **posted):
    """Through the wizard: files, a look at them, and Import as its form is filled in."""
    file = SimpleUploadedFile("people.csv", "\n".join(["id,age,city,score", *rows]).encode())
    location = client.post(reverse("datasets:upload", args=[project.slug]), {"files": [file]}).headers["Location"]
    run_jobs()
    form = client.get(location).content.decode()
    said = {"contract": "yes"} if 'name="contract" value="yes" checked' in form else {}
    columns = [("id", "ignore"), ("age", "feature"), ("city", "feature"), ("score", "label")]
    for place, (name, role) in enumerate(columns):
        said |= {
            f"name_{place}": name,
            f"role_{place}": role,
            f"kind_{place}": "category" if name == "city" else "number",
        }
    client.post(f"{location}/start", said | {"columns": "4", "title": "People"} | posted)
    run_jobs()
    return client.get(location).content.decode()


def test_an_uploaded_table_comes_under_a_contract_that_holds_for_the_next_one(as_owner, rows, run_jobs):
    first = upload_table(as_owner, rows, [f"{n},{20 + n},Delft,{n}.5" for n in range(40)], run_jobs)
    source = Source.objects.get()
    again = upload_table(
        as_owner, rows, ["3,23,Delft,3.5", "7,99,Delft,7.5", "90,old,Delft,1", "91,50,Gouda,2"], run_jobs
    )

    assert "Imported under the contract of" in first and Source.objects.get() == source
    types = {rule["name"]: rule["type"] for rule in Source.objects.get().contract["columns"]}
    assert types["age"] == "integer" and set(types) == {"id", "age", "city", "score"}
    assert "is not a" in again and Collection.objects.order_by("pk").last().rejected == 1
    changed = Item.objects.filter(dataset__project=rows, excluded_at=None, row__age__in=[27, 99])
    assert [item.row["age"] for item in changed] == [99]  # the row with the key 7 was changed, not doubled


def test_a_contract_of_uploads_is_edited_and_then_enforced(as_owner, rows, owner, run_jobs):
    upload_table(as_owner, rows, [f"{n},{20 + n},Delft,{n}.5" for n in range(40)], run_jobs)
    source = Source.objects.get()
    contract = {**source.contract, "columns": [
        {**rule, "maximum": 60} if rule["name"] == "age" else rule for rule in source.contract["columns"]
    ]}  # fmt: skip
    source_services.save_contract(source=source, user=owner, contract=contract)

    outcome = upload_table(as_owner, rows, ["50,61,Delft,1", "51,59,Delft,2"], run_jobs)

    assert "is more than 60" in outcome
    assert not Item.objects.filter(row__age=61).exists() and Item.objects.filter(row__age=59).exists()


def test_a_table_may_be_imported_without_a_contract(as_owner, rows, run_jobs):
    upload_table(as_owner, rows, [f"{n},{20 + n},Delft,{n}.5" for n in range(20)], run_jobs, contract="")

    assert not Source.objects.exists() and Item.objects.count() == 20


def test_a_script_may_ask_for_a_contract_and_is_told_where_there_can_be_none(as_owner, images, rows, run_jobs):
    table = ("t.csv", b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(30)))
    codes = []
    for project, (name, content) in ((rows, table), (images, ("pets.zip", PETS))):
        base = f"/api/v1/projects/{project.slug}/"
        upload = as_owner.post(f"{base}uploads/", {"files": [SimpleUploadedFile(name, content)]}).json()[0]["id"]
        wanted = {"uploads": [upload], "start": False}
        draft = as_owner.post(f"{base}collections/", json.dumps(wanted), content_type=JSON).json()["id"]
        as_owner.post(f"{base}collections/{draft}/preview/")
        run_jobs()
        start = f"{base}collections/{draft}/start/"
        codes.append(as_owner.post(start, json.dumps({"contract": True}), content_type=JSON).status_code)
    run_jobs()

    assert codes == [202, 400]
    assert Item.objects.count() == 30 and Source.objects.get().contract["columns"]


def test_folders_are_offered_as_labels_only_where_a_label_is_a_class(as_owner, owner, images, run_jobs):
    boxes = make_project(owner, "object_detection")

    for project in (images, boxes):
        file = SimpleUploadedFile("pets.zip", PETS)
        as_owner.post(reverse("datasets:upload", args=[project.slug]), {"files": [file]})
    run_jobs()
    drafts = [page(as_owner, "collection", c.dataset.project, c.pk) for c in Collection.objects.order_by("pk")]

    assert ["Folder names are the labels" in draft for draft in drafts] == [True, False]
