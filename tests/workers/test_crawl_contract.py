"""A site's contract: inferred by its first pages, enforced on all, and what breaks it comes back corrected."""

from __future__ import annotations

import csv
import io
import json
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.crawl import Outcome
from lifecycle.contracts.sources import ColumnRule, Contract
from lifecycle.crawls import services
from lifecycle.crawls.models import Crawl, CrawlUrl
from lifecycle.datasets.models import Item
from lifecycle.datasets.services.uploads import store_file
from lifecycle.jobs.models import Job
from lifecycle.sources import exports
from lifecycle.sources import services as sources
from lifecycle.sources.models import SourceRun
from tests.sites import article
from tests.workers.crawled import WORDS, make_site, site

__all__ = ["make_site", "site"]  # fixtures
ONE = {"concurrency_per_host": 1}  # a page after the other, so that it is known which comes first
FIELDS = [
    {"name": "name", "selector": "b", "kind": "category"},
    {"name": "price", "selector": "i", "kind": "number"},
    {"name": "kind", "selector": "u", "role": "label"},
]


@pytest.fixture
def shop(make_site):
    return make_site("tabular_classification", take="fields", each="li", fields=FIELDS, **ONE)


@pytest.fixture
def crawl(owner, run_jobs):
    """crawl(source) crawls it to its end."""

    def run(source, **options):
        found = services.start_crawl(source=source, user=owner, **options)
        (job,) = run_jobs()
        assert job.state == "succeeded", job.traceback
        found.refresh_from_db()
        source.refresh_from_db()
        return found

    return run


def sell(*rows, links=()):
    """A page of a shop: (name, price, kind) each."""
    goods = "".join(f"<li><b>{name}</b><i>{price}</i><u>{kind}</u></li>" for name, price, kind in rows)
    return goods + "".join(f'<a href="{link}">more</a>' for link in links)


def read_quarantine(collection, kind="csv"):
    content = b"".join(exports.stream_quarantine(collection, kind)).decode()
    return list(csv.DictReader(io.StringIO(content))) if kind == "csv" else list(map(json.loads, content.splitlines()))


def write_csv(rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def edit(source, user, **changes):
    """The source's contract with other rules for some columns."""
    columns = [column | changes.get(column["name"], {}) for column in source.contract["columns"]]
    return sources.save_contract(source=source, user=user, contract=source.contract | {"columns": columns})


def test_the_first_pages_write_the_contract_and_say_what_was_seen(shop, site, crawl):
    site.page("/", sell(("wheel", 12, "part"), ("stone", 40, "part"), links=["/more"]))
    site.page("/more", sell(("flour", 3, "food"), ("bran", 1.5, "food")))

    done = crawl(shop)

    assert [(c["name"], c["type"]) for c in shop.contract["columns"]] == [
        ("name", "category"), ("price", "number"), ("kind", "text"),
    ]  # fmt: skip
    assert (shop.contract["key"], shop.contract["new_columns"]) == ([], "keep")
    assert [(v.number, v.origin) for v in shop.contract_versions.all()] == [(1, "first run")]
    run = SourceRun.objects.get(collection=done.collection)
    assert (run.contract_number, run.read) == (1, 4)
    assert (run.observed["price"]["minimum"], run.observed["price"]["maximum"]) == (1.5, 40)
    assert run.observed["kind"]["values"] == ["food", "part"]


def test_rows_that_break_the_contract_keep_reason_page_and_cells(shop, site, crawl, owner):
    site.page("/", sell(("wheel", 12, "part"), links=["/more"]))
    site.page("/more", sell(("flour", "sold out", "food"), ("bran", 2, "food")))

    done = crawl(shop)

    assert (done.items, done.set_aside) == (2, 1)
    assert read_quarantine(done.collection) == [
        {
            "name": "flour", "price": "sold out", "kind": "food", "_file": site.base + "/more", "_line": "1",
            "_reason": "column price: 'sold out' is not a number",
        }
    ]  # fmt: skip
    (entry,) = read_quarantine(done.collection, "jsonl")
    assert entry["row"] == {"name": "flour", "price": "sold out", "kind": "food"}


def test_a_contract_that_was_edited_is_enforced_on_pages_that_did_not_change(shop, site, crawl, owner):
    site.page("/", sell(("wheel", 12, "part"), ("stone", 40, "part")), ETag='"v1"')
    crawl(shop)

    edit(shop, owner, price={"maximum": 20}, name={"pattern": "[a-z]+"})
    second = crawl(shop)

    assert [row["_reason"] for row in read_quarantine(second.collection)] == ["column price: '40' is more than 20"]
    assert set(Item.objects.filter(excluded_at=None).values_list("row__name", flat=True)) == {"wheel"}
    third = crawl(shop)
    assert (third.unchanged, third.set_aside) == (1, 0)


def test_a_corrected_quarantine_comes_back_under_the_same_contract(shop, site, crawl, owner, run_jobs):
    site.page("/", sell(("wheel", 12, "part"), ("=stone", "?!", "part"), ("bran", "-", "food")))
    done = crawl(shop)
    rows = read_quarantine(done.collection)
    assert [row["name"] for row in rows] == ["'=stone"]

    def send(price):
        content = write_csv([{**row, "price": price} for row in rows])
        upload = store_file(
            project=shop.dataset.project, user=owner, name="fixed.csv", file=io.BytesIO(content),
            byte_size=len(content),
        )  # fmt: skip
        run = sources.run_source(source=shop, user=owner, uploads=[upload.pk], trigger=SourceRun.Trigger.FIX)
        (job,) = run_jobs()
        assert job.state == "succeeded", job.traceback
        run.refresh_from_db()
        return run

    wrong, right = send("much"), send("40")

    assert (wrong.collection.accepted, wrong.collection.rejected) == (0, 1)
    assert (right.collection.accepted, right.collection.rejected) == (1, 0)
    item = Item.objects.get(row__name="=stone")
    assert (item.row, item.label) == ({"name": "=stone", "price": 40}, "part")
    assert Crawl.objects.count() == 1


def test_what_the_filters_refuse_of_a_text_can_be_brought_back_too(make_site, site, crawl, owner, run_jobs):
    site.page("/", article("Start", WORDS, ["/short"]))
    site.page("/short", article("Short", "Grind slowly, said the miller to the young apprentice, and grind fine."))
    source = make_site(take="text", min_chars=300, **ONE)
    done = crawl(source)

    (row,) = read_quarantine(done.collection)
    assert (row["url"], row["title"], row["_reason"]) == (site.base + "/short", "Short", "shorter than 300 characters")
    upload = store_file(
        project=source.dataset.project,
        user=owner,
        name="fixed.csv",
        file=io.BytesIO(write_csv([row])),
        byte_size=len(write_csv([row])),
    )
    sources.run_source(source=source, user=owner, uploads=[upload.pk], trigger=SourceRun.Trigger.FIX)
    (job,) = run_jobs()

    assert job.state == "succeeded", job.traceback
    assert Item.objects.filter(text__contains="said the miller").count() == 1


def test_a_new_field_joins_the_contract_and_one_that_is_refused_sets_its_page_aside(shop, site, crawl, owner):
    site.page("/", "<li><b>wheel</b><i>12</i><u>part</u><em>3</em></li>")
    crawl(shop)
    size = {"name": "size", "selector": "em", "kind": "number"}
    services.update_site(source=shop, user=owner, config={"fields": [*FIELDS, size]})
    shop.refresh_from_db()
    crawl(shop)
    assert [(v.number, v.origin) for v in shop.contract_versions.all()] == [(2, "new column"), (1, "first run")]
    assert Item.objects.filter(excluded_at=None).get().row == {"name": "wheel", "price": 12, "size": 3}

    columns = [column for column in shop.contract["columns"] if column["name"] != "size"]
    sources.save_contract(source=shop, user=owner, contract={"columns": columns, "new_columns": "refuse"})
    shop.refresh_from_db()
    done = crawl(shop)

    (row,) = read_quarantine(done.collection)
    assert (row["size"], row["_reason"]) == ("3", "the column 'size' is not in the contract")


def test_tables_of_many_shapes_come_in_under_one_contract_with_the_parts_it_names(make_site, site, crawl, owner):
    rows = "".join(f"<tr><td>mill {n}</td><td>{n}</td><td>{'ab'[n % 2]}</td></tr>" for n in range(4))
    head = "<table><tr><th>Name</th><th>Wheels</th><th>Class</th></tr>"
    other = "<table><tr><th>Name</th><th>Height</th></tr><tr><td>tower</td><td>12.5</td></tr></table>"
    site.page("/", f"{head}{rows}<tr><td>mill 9</td><td>several</td><td>a</td></tr></table>{other}")
    source = make_site("tabular_classification", take="tables", **ONE)
    edited = {"columns": [{"name": n, "type": t} for n, t in (("Name", "text"), ("Wheels", "integer"))]}
    edited["columns"].append({"name": "Class", "type": "category"})
    sources.save_contract(source=source, user=owner, contract=edited | {"new_columns": "keep"})
    sources.update_source(source=source, user=owner, mapping={"label": "Class"})
    source.refresh_from_db()

    done = crawl(source)

    assert sorted(Item.objects.exclude(label=None).values_list("label", flat=True)) == ["a", "a", "b", "b"]
    assert Item.objects.get(row__Name="tower").row == {"Name": "tower", "Height": 12.5}
    (row,) = read_quarantine(done.collection)
    assert (row["_file"], row["_line"], row["Wheels"]) == (site.base + "/#table1", "5", "several")
    assert source.contract["columns"][-1]["name"] == "Height"


def test_trying_an_address_suggests_a_contract_and_nothing_counts_until_it_is_saved(
    shop, site, crawl, owner, run_jobs, client
):
    site.page("/", sell(("wheel", 12, "part")))
    services.start_trial(source=shop, user=owner)
    (job,) = run_jobs()
    assert job.state == "succeeded", job.traceback
    shop.refresh_from_db()
    assert shop.contract == {} and [c["name"] for c in shop.preview["contract"]["columns"]] == ["name", "price", "kind"]
    client.force_login(owner)
    address = f"/projects/{shop.dataset.project.slug}/sources/{shop.pk}/contract"
    page = client.get(address).content.decode()
    assert "Suggested by a first look" in page and "key_0" not in page and "role_0" not in page

    form = {"columns": 3, "new_columns": "keep"}
    for i, column in enumerate(shop.preview["contract"]["columns"]):
        form |= {f"name_{i}": column["name"], f"type_{i}": column["type"], f"kept_{i}": "yes"}
    client.post(address, form | {"maximum_1": "10"})
    done = crawl(shop)

    assert [row["_reason"] for row in read_quarantine(done.collection)] == ["column price: '12' is more than 10"]
    assert shop.contract_versions.count() == 1


def test_an_engineer_downloads_corrects_and_sends_back_on_the_pages_of_the_site(
    shop, site, crawl, owner, run_jobs, client
):
    site.page("/", sell(("wheel", 12, "part"), ("stone", "?!", "part")))
    done = crawl(shop)
    client.force_login(owner)
    base = f"/projects/{shop.dataset.project.slug}"
    for address in (f"{base}/crawls/sites/{shop.pk}", f"{base}/crawls/{done.pk}"):
        page = client.get(address).content.decode()
        assert "is not a number" in page and f"runs/{done.collection_id}/quarantine/csv" in page
    download = client.get(f"{base}/sources/{shop.pk}/runs/{done.collection_id}/quarantine/csv")
    fixed = b"".join(download.streaming_content).replace(b"?!", b"40")

    client.post(f"{base}/sources/{shop.pk}/fix", {"files": SimpleUploadedFile("fixed.csv", fixed)})
    waiting = client.get(f"{base}/crawls/sites/{shop.pk}").content.decode()
    (job,) = run_jobs()
    page = client.get(f"{base}/crawls/sites/{shop.pk}").content.decode()

    assert job.state == "succeeded", job.traceback
    assert "Waiting for a worker" in waiting and "New items" in page
    assert set(Item.objects.values_list("row__name", flat=True)) == {"wheel", "stone"}
    fix = shop.runs.first().collection_id
    assert client.get(f"{base}/collections/{fix}/crawl")["Location"] == f"{base}/crawls/sites/{shop.pk}"


def test_a_crawl_takes_no_key_and_does_not_go_on_beside_a_correction(shop, site, crawl, owner):
    site.page("/", sell(("wheel", 12, "part")))
    crawl(shop)
    with pytest.raises(DomainError, match="takes no key"):
        sources.save_contract(source=shop, user=owner, contract=shop.contract | {"key": ["name"]})
    paused = services.start_crawl(source=shop, user=owner)
    Crawl.objects.filter(pk=paused.pk).update(state="paused")
    Job.objects.update(state="succeeded")
    upload = store_file(
        project=shop.dataset.project, user=owner, name="a.csv", file=io.BytesIO(b"name\nx\n"), byte_size=7
    )
    sources.run_source(source=shop, user=owner, uploads=[upload.pk], trigger=SourceRun.Trigger.FIX)

    with pytest.raises(Conflict, match="being read right now"):
        services.resume_crawl(crawl=paused, user=owner)


def test_an_attempt_that_goes_on_keeps_the_contract_that_the_first_one_began(shop, site, owner, tmp_path):
    """Inferred by the first batch, it is part of what the crawl is from then on."""
    crawl = services.start_crawl(source=shop, user=owner)
    fingerprint = uuid.uuid4()
    CrawlUrl.objects.create(crawl=crawl, fingerprint=fingerprint, url=site.base, host=site.host, state="in_flight")
    contract = Contract(columns=(ColumnRule("name", "category"),), new_columns="keep")
    outcome = Outcome(CrawlUrl.objects.get().pk, "done", status=200, contract=contract)
    services.record(crawl=crawl, outcomes=[outcome], seconds=1, folder=tmp_path, load_items=lambda path: None)

    found = services.open_crawl(collection_id=crawl.collection_id)

    assert services.load_spec(found).contract == contract
