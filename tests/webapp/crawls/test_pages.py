"""Sites and crawls on screen."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from lifecycle.crawls.models import Crawl, CrawlItem, CrawlTrial
from lifecycle.jobs.models import Job
from lifecycle.projects.models import AuditEvent
from lifecycle.sources.models import Source
from tests import factories


def url(project, tail=""):
    return f"/projects/{project.slug}/crawls{tail}"


FORM = {
    "start_urls": "https://mills.example/\r\nhttps://mills.example/wheels",
    "take": "text", "scope": "host", "max_depth": "3", "max_pages": "50", "obeys_robots": "on", "is_adaptive": "on",
    "deny": r"\?print=", "languages": "en, de", "headers": "Authorization: Bearer s3cret-token", "cookies": "a=b",
}  # fmt: skip


def test_a_site_is_described_in_a_form_and_its_secrets_are_not_shown_again(browse, project):
    answer = browse.post(url(project, "/new"), FORM)

    site = Source.objects.get()
    page = browse.get(answer["Location"]).content.decode()
    edit = browse.get(url(project, f"/sites/{site.pk}/edit")).content.decode()
    assert answer.status_code == 302
    assert site.config["start_urls"] == ["https://mills.example/", "https://mills.example/wheels"]
    assert (site.config["max_pages"], site.config["languages"]) == (50, ["en", "de"])
    assert site.secret_names == ["cookie:a", "header:Authorization"]
    assert "s3cret" not in page + edit + site.secrets
    assert "header:Authorization" in page and "https://mills.example/wheels" in edit


def test_save_and_try_it_tries_the_first_address(browse, project):
    answer = browse.post(url(project, "/new"), FORM)

    trial = CrawlTrial.objects.get()
    assert trial.url == "https://mills.example/" and "hx-get" in browse.get(answer["Location"]).content.decode()


def test_a_form_that_makes_no_sense_comes_back_with_what_was_entered(browse, project):
    answer = browse.post(url(project, "/new"), FORM | {"deny": "(", "title": "My mills"})

    page = answer.content.decode()
    assert answer.status_code == 400
    assert "is no regular expression" in page
    assert "My mills" in page and "https://mills.example/wheels" in page
    assert not Source.objects.exists()


def test_ignoring_robots_needs_a_reason_that_is_kept_on_record(browse, project):
    form = {key: value for key, value in FORM.items() if key != "obeys_robots"}

    refused = browse.post(url(project, "/new"), form)
    taken = browse.post(url(project, "/new"), form | {"robots_reason": "Our own site, agreed with the owner."})

    assert (refused.status_code, taken.status_code) == (400, 302)
    assert "agreed with the owner" in AuditEvent.objects.get(verb="crawl.robots_ignored").summary


def test_fields_are_read_row_by_row(browse, project):
    rows = {
        "field_name": ["words", "", "kind"], "field_selector": ["p", "", "//b"],
        "field_language": ["css", "css", "xpath"],
        "field_role": ["text", "feature", "label"], "field_kind": ["text", "text", "category"],
    }  # fmt: skip

    browse.post(url(project, "/new"), FORM | {"take": "fields"} | rows)

    site = Source.objects.get()
    assert [(f["name"], f["selector"], f["language"], f["role"]) for f in site.config["fields"]] == [
        ("words", "p", "css", "text"),
        ("kind", "//b", "xpath", "label"),
    ]


def test_settings_change_and_secrets_can_be_removed(browse, project, source):
    form = FORM | {"headers": "", "cookies": "", "forget header:Authorization": "on", "max_pages": "7"}

    answer = browse.post(url(project, f"/sites/{source.pk}/edit"), form)

    source.refresh_from_db()
    assert answer.status_code == 302
    assert (source.config["max_pages"], source.secret_names) == (7, [])


def test_an_address_is_tried_before_the_crawl(browse, project, source):
    browse.post(url(project, f"/sites/{source.pk}/try"), {"url": "https://mills.example/a"})
    trial = CrawlTrial.objects.get()
    waiting = browse.get(url(project, f"/sites/{source.pk}")).content.decode()
    result = {
        "state": "done", "status": 200, "mime": "text/html", "byte_size": 900, "title": "A mill", "item_count": 1,
        "items": [{"text": "Grinding <b>corn</b>", "row": None, "thumbnail": ""}], "links": ["https://mills.example/b"],
        "link_count": 1, "dropped": [["another site", 3]], "set_aside": [], "hops": [], "has_marks": True,
    }  # fmt: skip
    CrawlTrial.objects.update(result=result)
    Job.objects.filter(pk=trial.job_id).update(state="succeeded")
    done = browse.get(url(project, f"/trials/{trial.pk}")).content.decode()

    assert trial.url == "https://mills.example/a" and "hx-get" in waiting
    assert "Grinding &lt;b&gt;corn&lt;/b&gt;" in done and "another site" in done and "hx-get" not in done


def test_a_crawl_is_started_paused_and_stopped(browse, project, source):
    started = browse.post(url(project, f"/sites/{source.pk}/start"))
    crawl = Crawl.objects.get()
    again = browse.post(url(project, f"/sites/{source.pk}/start"), follow=True)
    browse.post(url(project, f"/{crawl.pk}/pause"))
    crawl.refresh_from_db()
    wanted = crawl.wanted
    Job.objects.update(state="succeeded")
    browse.post(url(project, f"/{crawl.pk}/stop"))

    crawl.refresh_from_db()
    assert started["Location"] == url(project, f"/{crawl.pk}")
    assert "being read right now" in again.content.decode()
    assert (wanted, crawl.state) == ("pause", "stopped")


def test_the_live_page_shows_figures_errors_and_stops_asking_when_done(browse, project, crawl):
    working = browse.get(url(project, f"/{crawl.pk}")).content.decode()
    part = browse.get(url(project, f"/{crawl.pk}/live")).content.decode()
    Job.objects.update(state="succeeded")
    Crawl.objects.update(state="done")
    done = browse.get(url(project, f"/{crawl.pk}/live")).content.decode()

    assert "HTTP 404" in working and "another site" in working and "hx-get" in part
    assert "more addresses are known" in done and "hx-get" not in done


@pytest.mark.parametrize(
    "query, count", [("", 9), ("?state=failed", 2), ("?error=HTTP+404", 2), ("?q=queued", 4), ("?state=nonsense", 9)]
)
def test_addresses_are_filtered_by_url(browse, project, crawl, query, count):
    page = browse.get(url(project, f"/{crawl.pk}/addresses{query}")).content.decode()

    assert page.count('rel="noopener noreferrer nofollow"') == count


def test_a_schedule_is_set_and_taken_back(browse, project, source):
    browse.post(url(project, f"/sites/{source.pk}/schedule"), {"interval": "1440", "cron": ""})
    source.refresh_from_db()
    first = (source.is_scheduled, source.interval_minutes, source.next_run_at is not None)
    browse.post(url(project, f"/sites/{source.pk}/schedule"), {"interval": "0", "cron": ""})

    source.refresh_from_db()
    assert first == (True, 1440, True)
    assert (source.is_scheduled, source.next_run_at) == (False, None)


def test_lists_ask_the_same_few_questions_however_long_they_are(browse, project, crawl, django_assert_max_num_queries):
    for tail in ("", f"/sites/{crawl.source_id}", f"/{crawl.pk}", f"/{crawl.pk}/addresses"):
        with django_assert_max_num_queries(24):
            assert browse.get(url(project, tail)).status_code == 200


def test_the_collect_page_offers_a_crawl_and_leads_to_those_there_were(browse, project, crawl):
    page = browse.get(f"/projects/{project.slug}/collections").content.decode()
    answer = browse.get(f"/projects/{project.slug}/collections/{crawl.collection_id}/crawl")

    assert "Crawl a site" in page and f"collections/{crawl.collection_id}/crawl" in page
    assert answer["Location"] == url(project, f"/{crawl.pk}")


def test_the_live_page_says_that_hosts_were_left_alone_for_want_of_their_robots_txt(browse, project, crawl):
    Crawl.objects.update(errors={"robots.txt unknown": 3})

    page = browse.get(url(project, f"/{crawl.pk}/live")).content.decode()

    assert "the robots.txt of their host could not be had" in page and "?error=robots.txt+unknown" in page


def test_pages_that_are_gone_are_listed_and_their_items_excluded_and_taken_back(browse, project, crawl):
    item = factories.ItemFactory(dataset=project.datasets.get(), collection=crawl.collection)
    now = timezone.now()
    CrawlItem.objects.create(
        source=crawl.source, item=item, crawl=crawl, fingerprint=uuid.uuid4(), url="https://mills.example/old",
        fetched_at=now, gone_at=now,
    )  # fmt: skip
    site = url(project, f"/sites/{crawl.source_id}")

    listed = browse.get(site).content.decode()
    browse.post(f"{site}/gone", {"action": "exclude"})
    item.refresh_from_db()
    excluded, after = item.excluded_at is not None, browse.get(site).content.decode()
    browse.post(f"{site}/gone", {"action": "restore"})

    item.refresh_from_db()
    assert "https://mills.example/old" in listed and "Exclude their items" in listed and "Take them back" not in listed
    assert excluded and "Take them back in" in after and "Exclude their items" not in after
    assert item.excluded_at is None


def test_a_site_is_removed_and_its_items_stay(browse, project, source):
    page = browse.get(url(project, f"/sites/{source.pk}")).content.decode()

    answer = browse.post(url(project, f"/sites/{source.pk}/delete"))

    assert "Remove the site" in page and "data-question" in page
    assert answer["Location"] == url(project)
    assert not Source.objects.exists()


def test_an_address_and_a_cron_line_that_are_refused_stand_in_their_forms(browse, project, source):
    tried = browse.post(url(project, f"/sites/{source.pk}/try"), {"url": "gopher://mills.example/"})
    timed = browse.post(url(project, f"/sites/{source.pk}/schedule"), {"cron": "every monday", "interval": "0"})

    assert (tried.status_code, timed.status_code) == (400, 400)
    assert 'value="gopher://mills.example/"' in tried.content.decode()
    assert 'value="every monday"' in timed.content.decode() and "five fields" in timed.content.decode()
    again = [browse.get(url(project, f"/sites/{source.pk}/{name}")) for name in ("try", "schedule")]
    assert [answer.url for answer in again] == [url(project, f"/sites/{source.pk}")] * 2


def test_a_list_of_several_addresses_is_counted_in_plain_english(browse, project, crawl):
    page = browse.get(url(project, f"/{crawl.pk}/addresses")).content.decode()

    assert "9 addresses" in page and "addresss" not in page
