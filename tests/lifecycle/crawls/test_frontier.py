"""The frontier in Postgres: who gets which address, and what is kept."""

from __future__ import annotations

import hashlib

import pytest
from django.db import connection

from lifecycle.contracts.crawl import FoundLink, Outcome
from lifecycle.crawls import services
from lifecycle.crawls.models import CrawlUrl
from tests import factories


@pytest.fixture
def crawl(owner):
    project = factories.ProjectFactory(owner=owner, problem_type="text_classification")
    config = {"start_urls": ["https://a.example/"], "max_pages": 6}
    source = services.create_site(dataset=project.datasets.get(), user=owner, title="A", config=config)
    return services.start_crawl(source=source, user=owner)


def link(name, depth=0, host="a.example", role="page"):
    url = f"https://{host}/{name}"
    return FoundLink(url, hashlib.sha256(url.encode()).hexdigest()[:32], host, role, depth)


def record(crawl, outcomes, folder):
    return services.record(crawl=crawl, outcomes=outcomes, seconds=1.0, folder=folder, load_items=lambda path: None)


def test_addresses_are_claimed_once_nearest_first_and_busy_hosts_wait(crawl):
    services.seed(crawl=crawl, links=[link("deep", 3), link("near", 1), link("other", 0, "b.example"), link("near", 1)])

    first = services.claim(crawl=crawl, fence=1, count=5, avoid_hosts=["b.example"])
    second = services.claim(crawl=crawl, fence=1, count=5)

    assert [target.url for target in first] == ["https://a.example/near", "https://a.example/deep"]
    assert [target.url for target in second] == ["https://b.example/other"]
    assert services.claim(crawl=crawl, fence=1, count=5) == []


def test_no_more_pages_than_allowed_are_given_out_but_pictures_are(crawl):
    services.seed(crawl=crawl, links=[link(str(n)) for n in range(9)] + [link("p.png", 5, role="image")])

    given = services.claim(crawl=crawl, fence=1, count=100)
    rest = services.claim(crawl=crawl, fence=1, count=100)

    assert len(given) == 6
    assert [target.role for target in rest] == ["image"]


def test_the_limit_holds_whatever_plan_postgres_chooses(crawl):
    """Joined row by row, a limited subquery would begin anew for each: it happened, once in hundreds of runs."""
    services.seed(crawl=crawl, links=[link(str(n)) for n in range(9)])
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_hashagg = off"
        )
        cursor.execute("SET LOCAL enable_material = off; SET LOCAL enable_indexscan = off; SET LOCAL enable_sort = off")

    assert len(services.claim(crawl=crawl, fence=1, count=100)) == 6


def test_what_a_dead_attempt_held_is_given_out_again(crawl, tmp_path):
    services.seed(crawl=crawl, links=[link("a"), link("b")])
    held = services.claim(crawl=crawl, fence=1, count=2)
    record(crawl, [Outcome(held[0].id, "done", status=200)], tmp_path)

    assert services.release(crawl=crawl) == 1
    assert [t.id for t in services.claim(crawl=crawl, fence=2, count=5)] == [held[1].id]


def test_an_outcome_that_comes_twice_counts_once(crawl, tmp_path):
    services.seed(crawl=crawl, links=[link("a")])
    (target,) = services.claim(crawl=crawl, fence=1, count=1)
    outcome = Outcome(target.id, "done", status=200, links=(link("b", 1), link("a", 1)))

    record(crawl, [outcome], tmp_path)
    record(crawl, [outcome], tmp_path)

    crawl.refresh_from_db()
    assert (crawl.found, crawl.fetched, crawl.waiting) == (2, 1, 1)
    assert CrawlUrl.objects.get(url="https://a.example/b").found_on == target.id


def test_a_failed_attempt_waits_for_its_time(crawl, tmp_path):
    services.seed(crawl=crawl, links=[link("a")])
    (target,) = services.claim(crawl=crawl, fence=1, count=1)
    record(crawl, [Outcome(target.id, "again", error_kind="timeout", error="Slow.", wait_seconds=60)], tmp_path)

    assert services.claim(crawl=crawl, fence=1, count=1) == []
    assert 50 < services.find_next_due(crawl=crawl) <= 60
    assert CrawlUrl.objects.get().attempts == 1


def test_a_crawl_knows_when_nothing_is_left(crawl, tmp_path):
    assert services.find_next_due(crawl=crawl) is None
    services.seed(crawl=crawl, links=[link("a")])
    assert services.find_next_due(crawl=crawl) == 0.0
