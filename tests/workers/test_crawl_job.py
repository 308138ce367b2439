"""A crawl as a job: from the site to items, through the real frontier."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import timezone

from lifecycle.annotations.models import Annotation
from lifecycle.contracts.problems import ItemKind
from lifecycle.crawls import selectors, services
from lifecycle.crawls.models import Crawl, CrawlItem, CrawlUrl
from lifecycle.datasets.models import Item
from lifecycle.sources.models import Source
from lifecycle.sources.services import run_due
from tests.sites import article
from tests.workers.crawled import WORDS, make_site, site

__all__ = ["make_site", "site"]  # fixtures


def fill(site, count, words=WORDS):
    pages = [f"/p{n}.html" for n in range(count)]
    site.page("/", article("Start", words, pages))
    for n, path in enumerate(pages):
        site.page(path, article(f"Page {n}", f"{words} Number {n}.", ["/", *pages[:3]]))


def test_a_site_becomes_items_with_their_provenance(make_site, site, owner, run_jobs):
    fill(site, 12)
    source, began = make_site(take="text"), timezone.now()

    crawl = services.start_crawl(source=source, user=owner)
    (job,) = run_jobs()

    crawl.refresh_from_db()
    assert (job.state, crawl.state) == ("succeeded", "done"), job.traceback
    assert (crawl.found, crawl.fetched, crawl.items, crawl.failed) == (13, 13, 13, 0)
    item = Item.objects.get(source_uri=site.base + "/p7.html")
    origin = CrawlItem.objects.get(item=item)
    assert (origin.url, origin.referrer, origin.status) == (site.base + "/p7.html", site.base + "/", 200)
    asked = CrawlUrl.objects.get(url=site.base + "/p7.html").fetched_at
    assert origin.fetched_at == asked and abs(origin.fetched_at - began) < timedelta(minutes=1)
    assert item.split and item.fingerprint is not None
    assert crawl.collection.dataset.items.count() == 13
    assert ItemKind.TEXT == "text"


def test_crawling_again_updates_what_changed_and_leaves_the_rest(make_site, site, owner, run_jobs):
    fill(site, 6)
    source = make_site()
    services.start_crawl(source=source, user=owner)
    run_jobs()
    old = Item.objects.get(source_uri=site.base + "/p2.html")

    site.page("/p2.html", article("Page 2", f"{WORDS} Quite another end.", ["/new.html"]))
    site.page("/new.html", article("New", f"{WORDS} Brand new."))
    second = services.start_crawl(source=source, user=owner)
    (job,) = run_jobs()

    second.refresh_from_db()
    old.refresh_from_db()
    new = Item.objects.get(source_uri=site.base + "/p2.html", excluded_at=None)
    assert (second.unchanged, second.fetched, second.superseded) == (6, 2, 1)
    assert (second.collection.source_run.updated, job.result["superseded"]) == (1, 1)
    assert old.excluded_at is not None and "another end" in new.text
    assert Item.objects.filter(excluded_at=None).count() == 8
    history = CrawlItem.objects.filter(url=site.base + "/p2.html").order_by("id")
    assert [(row.item_id, row.superseded_by_id) for row in history] == [(old.pk, second.pk), (new.pk, None)]


def test_a_page_that_changes_back_brings_its_item_back(make_site, site, owner, run_jobs):
    fill(site, 2)
    source = make_site()
    before = site.routes["/p1.html"]
    for body in (before, (200, {"Content-Type": "text/html"}, article("P", WORDS + " Else.").encode()), before):
        site.routes["/p1.html"] = body
        services.start_crawl(source=source, user=owner)
        run_jobs()

    items = Item.objects.filter(source_uri=site.base + "/p1.html").order_by("id")
    assert [item.excluded_at is None for item in items] == [True, False]


def test_an_address_that_failed_once_is_asked_again_within_the_same_crawl(make_site, site, owner, run_jobs):
    """Also when all happens in one transaction, as here: what is due is about the clock, not about when that began."""
    fill(site, 1)
    good, answers = site.routes["/p0.html"], iter([(500, {"Content-Type": "text/html"}, b"not now")])
    site.routes["/p0.html"] = lambda handler: next(answers, good)

    crawl = services.start_crawl(source=make_site(), user=owner)
    run_jobs()

    crawl.refresh_from_db()
    assert (crawl.state, crawl.fetched, crawl.retries, crawl.failed) == ("done", 2, 1, 0)


def test_a_site_is_crawled_again_when_its_time_has_come(make_site, site, owner, run_jobs):
    fill(site, 3)
    source = make_site()
    services.start_crawl(source=source, user=owner)
    run_jobs()
    due = timezone.now() - timedelta(minutes=1)
    Source.objects.filter(pk=source.pk).update(is_scheduled=True, interval_minutes=60, next_run_at=due)

    (run,) = run_due()
    again = run_due()
    (job,) = run_jobs()

    assert again == [] and job.state == "succeeded", job.traceback
    crawl = Crawl.objects.get(collection=run.collection)
    assert (run.trigger, run.collection.kind, crawl.state) == ("schedule", "crawl", "done")
    assert (crawl.unchanged, crawl.fetched, Item.objects.count()) == (4, 0, 4)
    source.refresh_from_db()
    assert source.next_run_at > timezone.now()


def test_a_server_that_knows_its_pages_is_asked_only_whether_they_changed(make_site, site, owner, run_jobs):
    body = article("Start", WORDS).encode()

    def conditional(handler):
        if handler.headers.get("If-None-Match") == '"v1"':
            return 304, {"ETag": '"v1"'}, b""
        return 200, {"Content-Type": "text/html", "ETag": '"v1"'}, body

    site.routes["/"] = conditional
    source = make_site()
    services.start_crawl(source=source, user=owner)
    run_jobs()
    second = services.start_crawl(source=source, user=owner)
    run_jobs()

    second.refresh_from_db()
    assert (second.unchanged, second.byte_count) == (1, 0)
    assert CrawlUrl.objects.get(crawl=second).etag == '"v1"'


def test_a_server_that_knows_dates_only_is_asked_by_them_also_after_a_crawl_that_ended_early(
    make_site, site, owner, run_jobs
):
    """What the site was asked is the proof: each page by the date that it gave when it was last fetched."""
    date = "Wed, 01 Jan 2025 10:00:00 GMT"

    def conditional(body):
        def answer(handler):
            if handler.headers.get("If-Modified-Since") == date:
                return 304, {}, b""
            return 200, {"Content-Type": "text/html", "Last-Modified": date}, body.encode()

        return answer

    pages = [f"/p{n}.html" for n in range(4)]
    site.routes["/"] = conditional(article("Start", WORDS, pages))
    for path in pages:
        site.routes[path] = conditional(article(path, WORDS + path))
    source = make_site()
    services.start_crawl(source=source, user=owner)
    run_jobs()
    services.update_site(source=source, user=owner, config={"max_pages": 2})
    services.start_crawl(source=source, user=owner, is_full=True)
    run_jobs()
    services.update_site(source=source, user=owner, config={"max_pages": 100})

    source.refresh_from_db()
    third = services.start_crawl(source=source, user=owner)
    run_jobs()

    third.refresh_from_db()
    asked = {path: [sent.get("If-Modified-Since") for sent in site.headers[path]][-1] for path in ["/", *pages]}
    assert asked == dict.fromkeys(["/", *pages], date)
    assert not any("If-None-Match" in sent for path in pages for sent in site.headers[path])
    assert (third.unchanged, third.fetched, third.byte_count) == (5, 0, 0)
    assert set(CrawlUrl.objects.filter(crawl=third).values_list("last_modified", flat=True)) == {date}
    assert Item.objects.filter(excluded_at=None).count() == 5


def test_pictures_come_in_with_their_page_as_referrer(make_site, site, owner, run_jobs):
    from tests.workers.engines.crawl.test_crawl import picture

    site.page("/", '<img src="/a.png"><img src="/b.png"><a rel="license" href="https://example.org/cc">free</a>')
    site.routes["/a.png"] = (200, {"Content-Type": "image/png"}, picture("red"))
    site.routes["/b.png"] = (200, {"Content-Type": "image/png"}, picture("blue"))
    source = make_site("image_classification", take="images")

    services.start_crawl(source=source, user=owner)
    (job,) = run_jobs()

    assert job.state == "succeeded", job.traceback
    origins = CrawlItem.objects.all()
    assert {row.referrer for row in origins} == {site.base + "/"}
    assert {row.license for row in origins} == {"https://example.org/cc"}
    assert Item.objects.filter(mime="image/png", width=64).count() == 2


def test_what_a_page_says_of_a_picture_is_kept_with_it_also_when_the_picture_changes(make_site, site, owner, run_jobs):
    from tests.workers.engines.crawl.test_crawl import picture

    say_once(
        site, "/", '<figure><img src="/a.png" alt=" A  water mill "><figcaption>Ulm, <b>1890</b></figcaption></figure>'
        '<picture><source srcset="/b.png 2x"><img src="/c.png" alt="A wind mill"></picture>'
        '<a href="/d.png"><img src="data:," alt="A saw mill"></a><img src="/e.png" title="Old">',
    )  # fmt: skip
    site.routes["/e.png"] = (302, {"Location": "/f.png"}, b"")
    source = make_site("image_classification", take="images")
    for colors in (("red", "blue", "green", "white", "black"), ("gold", "blue", "green", "white", "black")):
        for name, color in zip("abcdf", colors, strict=True):
            site.routes[f"/{name}.png"] = (200, {"Content-Type": "image/png"}, picture(color))
        services.start_crawl(source=source, user=owner)
        (job,) = run_jobs()
        assert job.state == "succeeded", job.traceback

    said = {
        (row.url.rpartition("/")[2], row.crawl_id == Crawl.objects.first().pk): (row.alt, row.caption)
        for row in CrawlItem.objects.all()
    }
    assert said == {
        ("a.png", False): ("A water mill", "Ulm, 1890"), ("a.png", True): ("A water mill", "Ulm, 1890"),
        ("b.png", False): ("A wind mill", ""), ("c.png", False): ("A wind mill", ""),
        ("d.png", False): ("A saw mill", ""), ("f.png", False): ("Old", ""),
    }  # fmt: skip


def say_once(site, path, body):
    """A page whose server answers "not modified" once it has been fetched."""

    def answer(handler):
        if handler.headers.get("If-None-Match") == '"v1"':
            return 304, {"ETag": '"v1"'}, b""
        return 200, {"Content-Type": "text/html", "ETag": '"v1"'}, body.encode()

    site.routes[path] = answer


def test_a_page_that_changed_keeps_who_linked_to_it(make_site, site, owner, run_jobs):
    """Three times, and whether or not the page that links to it is read again; a redirect between them is no page."""
    say_once(site, "/", article("Start", WORDS, ["/list.html", "/old"]))
    site.page("/list.html", article("List", f"{WORDS} A list.", ["/deep.html"]))
    site.routes["/old"] = (301, {"Location": "/moved.html"}, b"")
    source = make_site()
    for time in ("first", "second", "third"):
        site.page("/deep.html", article("Deep", f"{WORDS} The {time} deep one."))
        site.page("/moved.html", article("Moved", f"{WORDS} The {time} moved one."))
        services.start_crawl(source=source, user=owner)
        (job,) = run_jobs()
        assert job.state == "succeeded", job.traceback

    for path, pages in (("/deep.html", ["/list.html"] * 3), ("/moved.html", ["/old", "/", "/"])):
        origins = CrawlItem.objects.filter(url=site.base + path).order_by("id")
        assert [row.referrer for row in origins] == [site.base + page for page in pages]
    assert {row.referrer for row in CrawlItem.objects.filter(url=site.base + "/")} == {""}
    newest = CrawlUrl.objects.filter(crawl=Crawl.objects.first())
    ids = set(newest.values_list("pk", flat=True))
    assert set(newest.exclude(url=site.base + "/").values_list("found_on", flat=True)) <= ids


def test_a_picture_that_changed_keeps_the_license_of_its_page(make_site, site, owner, run_jobs):
    from tests.workers.engines.crawl.test_crawl import picture

    say_once(site, "/", '<img src="/a.png"><a rel="license" href="https://example.org/cc">free</a>')
    source = make_site("image_classification", take="images")
    for color in ("red", "green", "blue"):
        site.routes["/a.png"] = (200, {"Content-Type": "image/png"}, picture(color))
        services.start_crawl(source=source, user=owner)
        (job,) = run_jobs()
        assert job.state == "succeeded", job.traceback

    origins = CrawlItem.objects.values_list("referrer", "license")
    assert list(origins) == [(site.base + "/", "https://example.org/cc")] * 3


def test_fields_bring_labels_and_columns(make_site, site, owner, run_jobs):
    site.page("/", "".join(f"<li><b>{'ab'[n % 2]}</b><i>{n}</i></li>" for n in range(6)))
    fields = [
        {"name": "size", "selector": "i", "kind": "number"},
        {"name": "kind", "selector": "b", "role": "label"},
    ]
    source = make_site("tabular_classification", take="fields", each="li", fields=fields)

    crawl = services.start_crawl(source=source, user=owner)
    (job,) = run_jobs()

    assert job.state == "succeeded", job.traceback
    crawl.collection.refresh_from_db()
    assert crawl.collection.labeled == 6
    assert sorted(Item.objects.values_list("label", flat=True)) == ["a"] * 3 + ["b"] * 3
    assert source.dataset.columns == [] and crawl.collection.dataset.project.datasets.get().columns == [
        {"name": "size", "kind": "number"}
    ]


def test_what_the_filters_refuse_is_listed_with_its_reason(make_site, site, owner, run_jobs):
    fill(site, 2)
    source = make_site(min_chars=100_000)

    crawl = services.start_crawl(source=source, user=owner)
    run_jobs()

    crawl.refresh_from_db()
    assert (crawl.items, crawl.set_aside, crawl.collection.rejected) == (0, 3, 3) or crawl.set_aside == 3
    assert crawl.collection.rejects.first().reason == "shorter than 100,000 characters"


def test_a_paused_crawl_goes_on_where_it_stopped(make_site, site, owner, run_jobs):
    fill(site, 30)
    source = make_site(concurrency=1, concurrency_per_host=1)
    crawl = services.start_crawl(source=source, user=owner)
    services.pause_crawl(crawl=crawl, user=owner)
    run_jobs()
    crawl.refresh_from_db()
    assert crawl.state == "paused"

    services.resume_crawl(crawl=crawl, user=owner)
    run_jobs()

    crawl.refresh_from_db()
    assert (crawl.state, crawl.fetched) == ("done", 31)
    assert max(count for path, count in site.hits.items() if path != "/robots.txt") == 1


def test_a_stopped_crawl_keeps_what_came_in(make_site, site, owner, run_jobs):
    fill(site, 5)
    crawl = services.start_crawl(source=make_site(), user=owner)
    services.stop_crawl(crawl=crawl, user=owner)
    run_jobs()

    crawl.refresh_from_db()
    assert crawl.state == "stopped"
    assert Crawl.objects.get().collection.finished_at is not None or crawl.finished_at


def test_a_label_that_changed_is_recorded_on_the_item_that_was_there(make_site, site, owner, run_jobs):
    """Also when another page of the same batch brings a new item, and not again when nothing changed."""
    fields = [{"name": "words", "selector": "p", "role": "text"}, {"name": "kind", "selector": "b", "role": "label"}]
    source = make_site(take="fields", fields=fields)
    labeled = []
    for said in ("good", "bad", "bad"):
        site.page("/", f"<p>The mill grinds.</p><b>{said}</b><i>{len(labeled) // 2}</i>")
        crawl = services.start_crawl(source=source, user=owner)
        (job,) = run_jobs()
        assert job.state == "succeeded", job.traceback
        crawl.collection.refresh_from_db()
        labeled.append(crawl.collection.labeled)

    item = Item.objects.get()
    assert (item.label, labeled) == ("bad", [1, 1, 0])
    values = Annotation.objects.filter(task__item=item).order_by("id").values_list("value", flat=True)
    assert list(values)[-1] == "bad"


def test_a_page_that_moved_for_good_gives_way_to_where_it_moved_to(make_site, site, owner, run_jobs):
    """Over two redirects, whether the text is the same or not; one that moved for a while only keeps its item."""
    fill(site, 3)
    source = make_site()
    services.start_crawl(source=source, user=owner)
    run_jobs()

    site.routes["/new.html"] = site.routes["/p0.html"]
    site.page("/other.html", article("Other", f"{WORDS} Quite another."))
    site.routes["/p0.html"] = (301, {"Location": "/hop"}, b"")
    site.routes["/hop"] = (308, {"Location": "/new.html"}, b"")
    site.routes["/p1.html"] = (301, {"Location": "/other.html"}, b"")
    site.routes["/p2.html"] = (302, {"Location": "/other.html"}, b"")
    second = services.start_crawl(source=source, user=owner)
    (job,) = run_jobs()

    assert job.state == "succeeded", job.traceback
    second.refresh_from_db()
    live = CrawlItem.objects.filter(superseded_at=None, item__excluded_at=None).values_list("url", flat=True)
    assert sorted(url.removeprefix(site.base) for url in live) == ["/", "/new.html", "/other.html", "/p2.html"]
    assert (second.superseded, second.collection.source_run.updated, second.gone) == (2, 2, 0)
    assert Item.objects.filter(excluded_at=None).count() == 4


def test_a_page_that_is_gone_is_counted_and_its_item_excluded_by_one_click_until_it_is_back(
    make_site, site, owner, run_jobs
):
    fill(site, 3)
    source, before = make_site(), dict(site.routes)

    def crawl_again():
        crawl = services.start_crawl(source=source, user=owner)
        (job,) = run_jobs()
        assert job.state == "succeeded", job.traceback
        crawl.refresh_from_db()
        return crawl.gone

    crawl_again()
    site.routes["/p1.html"] = (410, {}, b"gone")
    site.routes["/p2.html"] = (301, {"Location": "/nowhere"}, b"")
    found, again = crawl_again(), crawl_again()
    assert (found, again) == (2, 0)
    assert selectors.count_gone(source) == {"pages": 2, "standing": 2, "excluded": 0}

    assert services.exclude_gone(source=source, user=owner) == 2
    assert selectors.count_gone(source) == {"pages": 2, "standing": 0, "excluded": 2}
    assert services.restore_gone(source=source, user=owner) == 2
    assert Item.objects.filter(excluded_at=None).count() == 4
    services.exclude_gone(source=source, user=owner)

    site.routes |= {path: before[path] for path in ("/p1.html", "/p2.html")}
    crawl_again()
    assert selectors.count_gone(source) == {"pages": 0, "standing": 0, "excluded": 0}
    assert Item.objects.filter(excluded_at=None).count() == 4
    assert services.restore_gone(source=source, user=owner) == 0


def test_pages_and_pictures_are_of_the_moment_that_they_say(make_site, site, owner, run_jobs):
    head = '<meta property="article:published_time" content="2024-03-05T12:00:00+02:00">'
    site.page("/", article("Start", WORDS, ["/dated.html"]))
    site.page("/dated.html", article("Dated", WORDS + " Dated.").replace("<head>", f"<head>{head}"))

    services.start_crawl(source=make_site(), user=owner)
    (job,) = run_jobs()

    assert job.state == "succeeded", job.traceback
    times = dict(Item.objects.values_list("source_uri", "event_time"))
    assert times == {site.base + "/": None, site.base + "/dated.html": datetime(2024, 3, 5, 10, tzinfo=UTC)}
    assert Item.objects.get(event_time__isnull=False).event_time_origin == "meta article:published_time"
