"""A site's contract: inferred by its first pages, enforced on all, and what breaks it comes back corrected."""

from __future__ import annotations

import csv
import io
import json

import pytest

from lifecycle.crawls import services
from lifecycle.crawls.models import Crawl
from lifecycle.datasets.models import Item
from lifecycle.datasets.services.uploads import store_file
from lifecycle.sources import exports
from lifecycle.sources import services as sources
from lifecycle.sources.models import SourceRun
from tests import factories
from tests.sites import serve

WORDS = "The mill by the river ground corn for the whole valley, and its wheel turned day and night. " * 8
FAST = {"requests_per_second": 0, "is_adaptive": False, "concurrency_per_host": 1, "retry_seconds": 0.05}
FIELDS = [
    {"name": "name", "selector": "b", "kind": "category"},
    {"name": "price", "selector": "i", "kind": "number"},
    {"name": "kind", "selector": "u", "role": "label"},
]


@pytest.fixture(autouse=True)
def _loopback_allowed(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"


@pytest.fixture
def site():
    with serve() as site:
        yield site


@pytest.fixture
def make_site(owner, site):
    def make(problem_type="tabular_classification", **config):
        project = factories.ProjectFactory(owner=owner, problem_type=problem_type)
        config = {"start_urls": [site.base + "/"], **FAST, **config}
        return services.create_site(dataset=project.datasets.get(), user=owner, title="Mills", config=config)

    return make


@pytest.fixture
def shop(make_site):
    return make_site(take="fields", each="li", fields=FIELDS)


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
