"""What a version says of itself never changes; what is found later says its day."""

from __future__ import annotations

import io
import zipfile

import pytest
import yaml
from django.conf import settings as django_settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lifecycle.annotations.models import Task
from lifecycle.annotations.services import submit
from lifecycle.common.blobs import open_blobs
from lifecycle.crawls import services as crawls
from lifecycle.crawls.models import CrawlItem
from lifecycle.datasets import selectors, services
from lifecycle.datasets.models import DatasetVersion, Item
from lifecycle.exploration.services import start_profile, start_scan
from lifecycle.jobs import services as jobs
from lifecycle.pipelines.datacards import write_data_card
from lifecycle.projects.services import update_charter
from tests import factories
from tests.lifecycle.datasets.test_import import bring, make_project
from tests.lifecycle.datasets.test_versions import LINES, commit, table

pytestmark = pytest.mark.django_db

ROWS = b"size,cut,price\n" + b"".join(
    b"%d,%s,%d\n" % (n, b"ideal" if n % 2 else b"fair", n * 10) for n in range(1, 401)
)


@pytest.fixture
def rows(owner, run_jobs):
    project = make_project(owner, "tabular_regression")
    bring(project, owner, {"a.csv": ROWS}, run_jobs, mapping={"label": "price"})
    commit(project, owner, run_jobs)
    return project


def relabel(project, user, item, label):
    result = [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": [label]}}]
    submit(
        project=project, user=user, task_id=Task.objects.get(item=item).pk, result=result, may_answer_any=True
    )  # fmt: skip


def test_the_card_of_an_old_version_is_the_same_to_the_byte_after_everything_changed(owner, run_jobs):
    project = make_project(owner, "text_classification")
    bring(project, owner, {"a.csv": table(LINES)}, run_jobs)
    item = Item.objects.order_by("pk").first()
    relabel(project, owner, item, "fresh")
    commit(project, owner, run_jobs)
    before = write_data_card(selectors.get_version(project, 1))

    dataset = selectors.get_dataset(project)
    services.update_splits(
        dataset=dataset,
        user=owner,
        ratios={"train": 50, "validation": 25, "test": 25},
        policy={"kind": "stratified"},
    )
    bring(project, owner, {"b.csv": b"text,label,extra\none more,stale,1\n"}, run_jobs)
    for each in Item.objects.order_by("pk")[:5]:
        relabel(project, owner, each, "rotten")
    services.exclude_items(project=project, user=owner, item_ids=[Item.objects.order_by("pk")[7].pk])
    dataset.refresh_from_db()
    dataset.columns = [{"name": "later", "kind": "number"}]
    dataset.save()
    project.name = "Another name"
    project.save()
    update_charter(project=project, user=owner, changes={"problem_statement": "Something else entirely."})
    commit(project, owner, run_jobs)

    after = write_data_card(selectors.get_version(project, 1))
    newer = write_data_card(selectors.get_version(project, 2))
    assert after == before
    assert "| imported by owner | 79 |" in before and "| owner | 1 |" in before
    assert "by share within each class" in newer and "Another name" in newer and "Something else" in newer
    assert "| owner | 5 |" in newer


def test_a_version_from_before_settings_were_kept_says_that_they_are_todays(rows, owner):
    version = selectors.get_version(rows, 1)
    kept = write_data_card(version)
    version.summary.pop("settings")
    version.save()

    card = write_data_card(selectors.get_version(rows, 1))

    assert "as it is today" in card and "as it is today" not in kept
    assert "| size | number |" in card


def test_a_profile_of_the_version_gives_its_columns_and_leaks(rows, owner, run_jobs):
    version = selectors.get_version(rows, 1)
    bare = write_data_card(version)
    start_profile(dataset=version.dataset, user=owner, version=version)
    run_jobs()

    card = write_data_card(version)

    assert "has not been profiled" in bare and "| size | number |" in bare
    assert "400 items of this version were looked at on" in card and "has not been profiled" not in card
    assert "| size | number | 0 | 400 | 1 to 400, median 200.5 |" in card and "fair (200), ideal (200)" in card
    assert "## Suspected leakage" in card and "“size” alone" in card


def test_texts_have_lengths_and_languages_and_the_hub_hears_of_them(owner, run_jobs):
    project = make_project(owner, "text_classification")
    lines = [f"This is an English sentence about apples number {n},fresh\n" for n in range(30)]
    bring(project, owner, {"a.csv": table([*lines, "ok,rotten\n"])}, run_jobs)
    commit(project, owner, run_jobs)
    version = selectors.get_version(project, 1)
    start_profile(dataset=version.dataset, user=owner, version=version)
    run_jobs()
    export = services.start_export(version=version, user=owner, layout="huggingface")
    run_jobs()
    export.refresh_from_db()

    archive = zipfile.ZipFile(io.BytesIO(open_blobs(django_settings.STORAGE_URL).get(export.blob)))
    readme = archive.read("README.md").decode()

    assert readme == write_data_card(version)
    assert "| characters | 2 |" in readme and "Languages: en (30)" in readme and "Nearly empty: 1" in readme
    assert yaml.safe_load(readme.split("---\n")[1])["language"] == ["en"]


def test_pictures_have_sizes_channels_and_what_is_corrupt(owner, run_jobs):
    from tests.lifecycle.datasets.test_import import png, zip_of

    project = make_project(owner, "image_classification")
    files = {f"cat/{n}.png": png(n, 8) for n in range(6)} | {f"dog/{n}.png": png(100 + n, 20) for n in range(6)}
    bring(project, owner, {"a.zip": zip_of(files)}, run_jobs)
    commit(project, owner, run_jobs)
    version = selectors.get_version(project, 1)
    start_profile(dataset=version.dataset, user=owner, version=version)
    run_jobs()

    card = write_data_card(version)

    assert "| width in pixels | 8 |" in card and "| 20 |" in card
    assert "Channels: 1 (12)" in card and "Corrupt: 0 of 12" in card


def test_findings_are_those_of_the_versions_own_items_with_their_day(owner, run_jobs):
    project = make_project(owner, "text_classification")
    bring(project, owner, {"a.csv": table([*LINES, "ok,fresh\n"])}, run_jobs)
    commit(project, owner, run_jobs)
    bring(project, owner, {"b.csv": table(["no,fresh\n", "a,rotten\n"])}, run_jobs)
    commit(project, owner, run_jobs)
    start_scan(dataset=selectors.get_dataset(project), user=owner)
    (job,) = run_jobs()

    cards = [write_data_card(selectors.get_version(project, number)) for number in (1, 2)]

    day = f"{job.created_at:%Y-%m-%d}"
    assert f"Empty or damaged: 1 of this version’s items, by the search of {day}." in cards[0]
    assert f"Empty or damaged: 3 of this version’s items, by the search of {day}." in cards[1]


def test_a_tag_says_since_when(rows, owner):
    version = selectors.get_version(rows, 1)

    services.tag_version(version=version, user=owner, name="gold")

    assert f"Tags: gold (since {version.created_at:%Y-%m-%d})." in write_data_card(selectors.get_version(rows, 1))


@pytest.fixture
def crawled(owner):
    """Six items of a site: four pages with a license, one that wants no robots, one found again later."""
    project = factories.ProjectFactory(owner=owner, problem_type="text_classification")
    config = {"start_urls": ["https://a.example/"]}
    source = crawls.create_site(dataset=project.datasets.get(), user=owner, title="Site | A", config=config)
    crawl = crawls.start_crawl(source=source, user=owner)
    jobs.cancel(job=crawl.job)  # nobody is at those addresses
    for n in range(6):
        item = factories.ItemFactory(dataset=crawl.collection.dataset, collection=crawl.collection, label="fresh")
        add_page(
            crawl, item, n, license="CC BY 4.0" if n < 4 else "", robots="googlebot: noai, noindex" if n == 4 else ""
        )
    return project, crawl


def add_page(crawl, item, n, **said):
    host = "b.example:8080" if n == 5 else "a.example"
    return CrawlItem.objects.create(
        source=crawl.source, item=item, crawl=crawl, fingerprint=f"{n:032x}", url=f"https://me:pw@{host}/{n}?q=1",
        fetched_at="2026-02-03T00:00:00Z", **said,
    )  # fmt: skip


def test_the_card_counts_what_crawled_pages_said_and_later_crawls_change_nothing(crawled, owner, run_jobs):
    project, crawl = crawled
    commit(project, owner, run_jobs)
    before = write_data_card(selectors.get_version(project, 1))
    CrawlItem.objects.update(superseded_at="2026-03-01T00:00:00Z")
    for n, item in enumerate(Item.objects.all()):
        add_page(crawl, item, 100 + n, license="All rights reserved", robots="noai")

    after = write_data_card(selectors.get_version(project, 1))

    assert after == before
    for line in (
        "| license | CC BY 4.0 | 4 |", "| license | nothing | 2 |", "| robots | noai | 1 |", "| robots | noindex | 1 |",
        "| host | a.example | 5 |", "| host | b.example:8080 | 1 |", "| fetched | 2026-02-03 | 6 |",
    ):  # fmt: skip
        assert line in before
    assert "pw" not in before and "| Site \\| A |" in before
    assert "Items from pages that say “noai”: 1." in before


def test_a_card_asks_as_many_questions_for_many_items_as_for_few(owner, run_jobs):
    counts = []
    for lines in (LINES[:10], LINES):
        project = make_project(owner, "text_classification")
        bring(project, owner, {"a.csv": table(lines)}, run_jobs)
        commit(project, owner, run_jobs)
        version = DatasetVersion.objects.get(dataset__project=project)
        with CaptureQueriesContext(connection) as asked:
            write_data_card(version)
        counts.append(len(asked))

    assert counts[0] == counts[1] <= 14
