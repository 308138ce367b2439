"""What a crawl takes over from those before it: each address from the newest crawl that fetched it."""

from __future__ import annotations

import hashlib

import pytest
from django.db import transaction

from lifecycle.contracts.crawl import FoundLink, Outcome
from lifecycle.crawls import services
from lifecycle.crawls.models import Crawl, CrawlUrl
from lifecycle.crawls.services import frontier, history
from lifecycle.jobs.models import Job
from lifecycle.sources import services as sources
from tests import factories


@pytest.fixture
def source(owner):
    project = factories.ProjectFactory(owner=owner, problem_type="text_classification")
    config = {"start_urls": ["https://a.example/"]}
    return services.create_site(dataset=project.datasets.get(), user=owner, title="A", config=config)


def link(name, depth=1):
    url = f"https://a.example/{name}"
    return FoundLink(url, hashlib.sha256(url.encode()).hexdigest()[:32], "a.example", "page", depth)


START = link("", 0)


@pytest.fixture
def begin(source, owner):
    """begin() starts a crawl of the site and fills its frontier, as its job would."""

    def start(**options):
        source.refresh_from_db()
        crawl = services.start_crawl(source=source, user=owner, **options)
        services.seed(crawl=crawl, links=[START])
        return crawl

    return start


@pytest.fixture
def read(tmp_path):
    """read(crawl, {name: outcome's fields}) claims all that is due, and records those that are named."""

    def run(crawl, said):
        targets = {t.url.removeprefix("https://a.example/"): t for t in services.claim(crawl=crawl, fence=1, count=99)}
        outcomes = [
            Outcome(targets[name].id, **{"state": "done", "status": 200, **more}) for name, more in said.items()
        ]
        services.record(crawl=crawl, outcomes=outcomes, seconds=1, folder=tmp_path, load_items=lambda path: None)
        return targets

    return run


def end(crawl, how="stopped"):
    services.release(crawl=crawl)
    Job.objects.update(state="succeeded")
    services.finish_crawl(crawl=crawl, ended=how)


def read_whole(begin, read, mark="1", **options):
    """A crawl of the start page and two others that comes to its end."""
    crawl = begin(**options)
    links = (link("b"), link("c"))
    read(crawl, {"": {"etag": f"start {mark}", "links": links}})
    read(crawl, {"b": {"etag": f"b {mark}"}, "c": {"last_modified": f"c {mark}"}})
    end(crawl, "done")
    return crawl


def marks(crawl):
    rows = CrawlUrl.objects.filter(crawl=crawl).values_list("url", "etag", "last_modified")
    return {url.removeprefix("https://a.example/"): etag or date for url, etag, date in rows}


@pytest.mark.parametrize("is_full", [True, False])
def test_what_a_stopped_crawl_did_not_reach_keeps_the_marks_of_the_one_before(begin, read, is_full):
    read_whole(begin, read)
    stopped = begin(is_full=is_full)
    read(stopped, {"": {"etag": "start 2", "links": (link("b"), link("c"), link("new"))}})
    end(stopped)

    third = begin()

    assert marks(third) == {"": "start 2", "b": "b 1", "c": "c 1", "new": ""}
    assert third.previous == stopped


def test_marks_come_from_several_crawls_that_were_stopped_one_after_the_other(begin, read):
    read_whole(begin, read)
    for mark, name in (("2", "b"), ("3", "c")):
        stopped = begin(is_full=True)
        read(stopped, {"": {"etag": f"start {mark}", "links": (link("b"), link("c"))}})
        read(stopped, {name: {"etag": f"{name} {mark}"}})
        end(stopped)

    assert marks(begin()) == {"": "start 3", "b": "b 2", "c": "c 3"}


def test_addresses_that_waited_when_a_crawl_was_stopped_are_not_lost(begin, read):
    """Their page may say “not modified” from then on, and then lists them no more."""
    stopped = begin()
    read(stopped, {"": {"etag": "start 1", "links": (link("b"), link("c"))}})
    end(stopped)

    second = begin()
    targets = read(second, {"": {"state": "unchanged", "status": 304, "etag": "start 1"}})

    assert set(targets) == {"", "b", "c"}
    referrers = CrawlUrl.objects.filter(crawl=second).exclude(found_on=None).values_list("found_on", flat=True)
    assert set(referrers) == {targets[""].id} and len(referrers) == 2


@pytest.mark.parametrize(
    ("trouble", "is_asked"),
    [
        (
            {"state": "failed", "status": 404, "error_kind": "HTTP 404"},
            True,
        ),  # it may come back, and nobody would say so
        ({"state": "failed", "status": 410, "error_kind": "HTTP 410"}, False),
        ({"state": "failed", "status": 403, "error_kind": "HTTP 403"}, False),
        ({"state": "skipped", "status": 0, "error_kind": "robots.txt"}, True),  # it may be allowed by now
        ({"state": "skipped", "status": 200, "error_kind": "type"}, False),
    ],
)
def test_a_trouble_in_passing_costs_no_marks_and_a_page_that_is_gone_for_good_is_not_asked_again(
    begin, read, trouble, is_asked
):
    read_whole(begin, read)
    second = begin()
    unchanged = {"state": "unchanged", "status": 304, "etag": "start 1"}
    read(second, {
        "": unchanged, "b": {"state": "failed", "status": 503, "error_kind": "HTTP 503"}, "c": trouble,
    })  # fmt: skip
    end(second, "done")

    assert marks(begin()) == {"": "start 1", "b": "b 1"} | ({"c": "c 1"} if is_asked else {})


def test_another_attempt_asks_by_the_same_marks(begin, read):
    read_whole(begin, read)
    second = begin()
    read(second, {"b": {"state": "again", "status": 503, "error_kind": "HTTP 503"}})

    (again,) = [t for t in services.claim(crawl=second, fence=1, count=9) if t.url.endswith("/b")]

    assert (again.attempts, again.etag) == (1, "b 1")


def test_marks_count_only_where_the_page_was_last_read_under_the_same_contract(begin, read, source, owner):
    """Its items are those of the newest reading, also when the settings are changed back."""
    read_whole(begin, read)
    loose = {"columns": [{"name": "text", "type": "text"}]}
    sources.save_contract(source=source, user=owner, contract=loose)
    other = begin()
    assert set(marks(other).values()) == {""}
    read(other, {"b": {"etag": "b 2"}})
    end(other)

    sources.save_contract(source=source, user=owner, contract={"columns": []})

    assert marks(begin()) == {"": "start 1", "b": "", "c": "c 1"}


def test_a_crawl_that_came_to_its_end_is_looked_back_to_and_no_further(begin, read):
    first = read_whole(begin, read)
    second = begin()
    read(second, {"": {"etag": "start 2"}, "b": {"etag": "b 2"}, "c": {"last_modified": "c 2"}})
    end(second, "done")
    third = begin()

    assert [crawl.pk for crawl in history._find_earlier(third)] == [second.pk]
    assert [crawl.pk for crawl in history._find_earlier(second)] == [first.pk]
    assert marks(third) == {"": "start 2", "b": "b 2", "c": "c 2"}
    assert Crawl.objects.get(pk=third.pk).found == 3


def test_a_crawl_killed_while_it_took_over_what_was_known_takes_over_the_rest(begin, read, source, owner, monkeypatch):
    """In bounded transactions: however many addresses there are, none locks the crawl for long."""
    monkeypatch.setattr(frontier, "KNOWN_AT_ONCE", 1)
    read_whole(begin, read)
    crawl = services.start_crawl(source=source, user=owner)
    opened = []

    def transact():
        opened.append(crawl)
        if len(opened) == 3:
            raise KeyboardInterrupt
        return transaction.atomic()

    with pytest.raises(KeyboardInterrupt):
        services.seed(crawl=crawl, links=[START], transact=transact)
    assert len(marks(crawl)) == 1
    services.seed(crawl=crawl, links=[START], transact=transact)

    assert len(opened) == 3 + 1 + 3
    assert marks(crawl) == {"": "start 1", "b": "b 1", "c": "c 1"}
    assert Crawl.objects.get(pk=crawl.pk).found == 3
    start = CrawlUrl.objects.get(crawl=crawl, depth=0)
    assert set(CrawlUrl.objects.filter(crawl=crawl, depth=1).values_list("found_on", flat=True)) == {start.pk}


def test_a_crawl_that_goes_on_does_not_take_over_again_what_it_has_read_since(begin, read):
    read_whole(begin, read)
    crawl = begin()
    read(crawl, {"b": {"etag": "b 2"}})

    services.seed(crawl=crawl, links=[START])

    assert marks(crawl)["b"] == "b 2"
