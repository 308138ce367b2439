"""Settings that make sense, and histories that stay small."""

from __future__ import annotations

import pytest

from lifecycle.common.errors import DomainError
from lifecycle.contracts.crawl import CrawlSpec
from lifecycle.crawls import rules

SITE = {"start_urls": ["https://mills.example/"]}


@pytest.mark.parametrize(
    "change, field",
    [
        ({"start_urls": []}, "start_urls"),
        ({"start_urls": ["ftp://mills.example/"]}, "start_urls"),
        ({"start_urls": ["https://user:pass@mills.example/"]}, "start_urls"),
        ({"allow": ["("]}, "allow"),
        ({"max_pages": 0}, "max_pages"),
        ({"max_pages": "many"}, "max_pages"),
        ({"obeys_robots": False, "robots_reason": "why not"}, "robots_reason"),
        ({"take": "images"}, "take"),
        ({"take": "fields"}, "fields"),
        ({"take": "fields", "fields": [{"name": "a", "selector": "p["}]}, "fields"),
        ({"take": "fields", "fields": [{"name": "a", "selector": "p"}]}, "fields"),
        ({"languages": ["english"]}, "languages"),
        ({"user_agent": "two\nlines"}, "user_agent"),
    ],
)
def test_settings_that_make_no_sense_name_their_field(change, field):
    with pytest.raises(DomainError) as refused:
        rules.check_config({**SITE, **change}, item_kind="text")

    assert field in refused.value.fields


def test_settings_survive_being_stored():
    fields = [{"name": "words", "selector": "p", "role": "text"}]

    stored = rules.check_config({**SITE, "take": "fields", "fields": fields}, item_kind="text")
    spec = CrawlSpec.from_json(stored)

    assert CrawlSpec.from_json(spec.to_json()) == spec
    assert (spec.fields[0].language, spec.max_pages, spec.headers) == ("css", 10_000, ())


def test_only_the_same_question_takes_the_answers_of_the_crawl_before():
    now = rules.check_config(SITE, item_kind="text")

    assert rules.knows_items(CrawlSpec.from_json(now).to_json(), now)
    assert not rules.knows_items(now | {"min_chars": 5}, now) and rules.knows_links(now | {"min_chars": 5}, now)
    assert not rules.knows_links(now | {"deny": ["/x"]}, now)


def test_secrets_are_named_after_what_they_are():
    secrets = rules.check_secrets({"Authorization": "Bearer x"}, {"session": "y"})

    assert rules.split_secrets(secrets) == ((("Authorization", "Bearer x"),), (("session", "y"),))
    for headers in ({"Host": "x"}, {"A b": "x"}, {"A": "x\r\nB: y"}):
        with pytest.raises(DomainError):
            rules.check_secrets(headers, {})


def test_a_history_keeps_its_ends_and_stays_small():
    history: list[list[float]] = []
    for second in range(20_000):
        history = rules.extend_history(history, (second, second * 3, 0, 0, 0))

    assert len(history) <= rules.HISTORY_POINTS
    assert history[0][0] == 0 and history[-1][0] > 19_000


def test_kinds_without_end_are_counted_together():
    counts = rules.add_counts({}, {f"kind {n}": 1 for n in range(100)}, most=10)

    assert sum(counts.values()) == 100 and counts["others"] == 90


@pytest.mark.parametrize("item_kind", ["row", "image"])
def test_a_language_is_refused_by_name_where_there_are_no_texts(item_kind):
    with pytest.raises(DomainError) as refused:
        rules.check_config({"start_urls": ["https://mills.example/"], "languages": ["en"]}, item_kind=item_kind)

    assert "known of texts only" in refused.value.fields["languages"]
