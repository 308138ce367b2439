"""Forms of the data stage that are refused: nothing that somebody typed or chose is forgotten."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from lifecycle.datasets.models import Collection, Dataset, DatasetVersion
from lifecycle.sources.models import Source
from tests import factories
from tests.lifecycle.datasets.test_import import bring, make_project
from tests.lifecycle.datasets.test_versions import LINES, commit, table

pytestmark = pytest.mark.django_db
ROWS = b"id,price,label\n1,1500,yes\n2,2500,no\n3,98000,no\n"


@pytest.fixture
def browse(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def shop(owner):
    return factories.ProjectFactory(owner=owner, problem_type="tabular_classification", slug="shop")


@pytest.fixture
def texts(owner, run_jobs):
    project = make_project(owner, "text_classification")
    bring(project, owner, {"a.csv": table(LINES)}, run_jobs)
    return project


@pytest.fixture
def weekly(browse, shop, run_jobs):
    """A source of uploads whose column `price` goes beyond a thousand."""
    form = {"title": "Weekly", "files": SimpleUploadedFile("a.csv", ROWS)}
    browse.post(reverse("sources:new", args=["shop", "upload"]), form)
    run_jobs()
    return Source.objects.get()


def fill(source, **changes):
    """The contract's form as a browser posts it."""
    form = {"columns": len(source.contract["columns"]), "new_columns": "ignore"}
    for i, rule in enumerate(source.contract["columns"]):
        form |= {f"name_{i}": rule["name"], f"type_{i}": rule["type"], f"kept_{i}": "yes", f"role_{i}": "feature"}
    return form | changes


def read_value(html: str, name: str) -> str:
    return re.search(rf'name="{name}"[^>]*value="([^"]*)"', html)[1]


def is_chosen(html: str, name: str, option: str) -> bool:
    inside = re.search(rf'<select[^>]*name="{name}".*?</select>', html, re.DOTALL)[0]
    return re.search(rf"<option[^>]*selected[^>]*>{re.escape(option)}<", inside) is not None


def test_a_bound_beyond_a_thousand_stands_in_the_contract_as_it_is_sent_back(browse, weekly):
    address = reverse("sources:contract", args=["shop", weekly.pk])
    browse.post(address, fill(weekly, minimum_1="1000", maximum_1="2500000.5"))

    page = browse.get(address).content.decode()

    assert (read_value(page, "minimum_1"), read_value(page, "maximum_1")) == ("1000", "2500000.5")
    assert 'data-minimum="1500"' in page and 'data-maximum="98000"' in page
    assert "seen: 1,500 … 98,000" in page


@pytest.mark.parametrize("bound", ["nan", "inf", "-Infinity", "1e999"])
def test_a_bound_that_no_number_is_beside_is_refused(browse, weekly, bound):
    answer = browse.post(reverse("sources:contract", args=["shop", weekly.pk]), fill(weekly, minimum_1=bound))

    assert answer.status_code == 400 and "must be given in numbers" in answer.content.decode()


def test_a_refused_contract_keeps_what_was_typed(browse, weekly):
    form = fill(weekly, role_0="label", role_1="label", maximum_1="77", pattern_2="^y", new_columns="refuse")
    del form["kept_2"]

    answer = browse.post(reverse("sources:contract", args=["shop", weekly.pk]), form)

    page = answer.content.decode()
    assert answer.status_code == 400 and "Two columns are chosen as label" in page
    assert read_value(page, "maximum_1") == "77" and read_value(page, "pattern_2") == "^y"
    assert is_chosen(page, "role_1", "Label") and is_chosen(page, "new_columns", "set the whole file aside")
    assert 'name="kept_1" value="yes" checked' in page and 'name="kept_2" value="yes">' in page


def test_a_refused_setup_keeps_what_was_typed(browse, shop, run_jobs, tmp_path, settings):
    settings.SOURCE_FOLDERS = [str(tmp_path)]
    (tmp_path / "a.csv").write_bytes(ROWS)
    browse.post(reverse("sources:new", args=["shop", "folder"]), {"title": "Files", "path": str(tmp_path)})
    run_jobs()
    source = Source.objects.get()
    source.contract = source.preview["contract"]
    start = reverse("sources:start", args=["shop", source.pk])

    answer = browse.post(start, fill(source, minimum_1="much"))

    page = answer.content.decode()
    assert answer.status_code == 400 and "must be given in numbers" in page
    assert read_value(page, "minimum_1") == "much" and "Save and read it" in page
    assert browse.get(start).url == reverse("sources:source", args=["shop", source.pk])


def test_a_refused_mapping_keeps_name_license_and_parts(browse, owner, run_jobs):
    project = make_project(owner, "text_classification")
    file = SimpleUploadedFile("reviews.csv", b"review,other\ngood film,fine words\nbad film,more words\n")
    browse.post(reverse("datasets:upload", args=[project.slug]), {"files": [file]})
    run_jobs()
    collection = Collection.objects.get()
    start = reverse("datasets:start", args=[project.slug, collection.pk])
    form = {"columns": 2, "name_0": "review", "role_0": "group", "name_1": "other", "role_1": "label"}

    answer = browse.post(start, form | {"title": "Second try", "license": "CC0"})

    page = answer.content.decode()
    assert answer.status_code == 400 and Collection.objects.get().is_draft
    assert read_value(page, "title") == "Second try" and read_value(page, "license") == "CC0"
    assert is_chosen(page, "role_0", "Group") and is_chosen(page, "role_1", "Label")
    assert 'name="contract" value="yes">' in page
    assert browse.get(start).url == reverse("datasets:collection", args=[project.slug, collection.pk])


def test_a_refused_commit_keeps_its_message_and_shares(browse, texts):
    form = {"message": "The first one", "train": "-5", "validation": "20", "test": "85", "kind": "time", "column": ""}

    answer = browse.post(reverse("datasets:versions", args=[texts.slug]), form)

    page = answer.content.decode()
    assert answer.status_code == 400 and not DatasetVersion.objects.exists()
    assert read_value(page, "message") == "The first one" and read_value(page, "train") == "-5"
    assert is_chosen(page, "kind", "By time: oldest train, newest test")


def test_refused_shares_of_new_items_stand_open_in_the_form(browse, texts, owner, run_jobs):
    commit(texts, owner, run_jobs)
    address = reverse("datasets:splits", args=[texts.slug])

    answer = browse.post(address, {"train": "0", "validation": "0", "test": "0", "kind": "group"})

    page = answer.content.decode()
    assert answer.status_code == 400 and "test 10 %" in page
    assert read_value(page, "test") == "0" and '<details class="card mb-3" open>' in page
    assert Dataset.objects.get(project=texts).split_policy.get("kind") != "group"
    assert browse.get(address).url == reverse("datasets:versions", args=[texts.slug])


def test_a_refused_cron_line_of_a_source_stands_in_its_form(browse, shop, run_jobs, tmp_path, settings, owner):
    source = Source.objects.create(
        dataset=shop.datasets.get(), kind="folder", title="Files", config={"path": str(tmp_path)}, state="active",
        created_by=owner,
    )  # fmt: skip

    address = reverse("sources:schedule", args=["shop", source.pk])
    answer = browse.post(address, {"when": "cron", "cron": "every monday"})

    page = answer.content.decode()
    assert answer.status_code == 400 and "five fields" in page
    assert read_value(page, "cron") == "every monday" and is_chosen(page, "when", "by a cron line:")
    assert not Source.objects.get().is_scheduled
    assert browse.get(address).url == reverse("sources:source", args=["shop", source.pk])


def test_days_that_were_seen_are_shown_as_days(browse, shop, run_jobs):
    file = SimpleUploadedFile("a.csv", b"id,built,label\n1,1998-01-11,yes\n2,2001-02-03,no\n3,2000-05-06,no\n")
    browse.post(reverse("sources:new", args=["shop", "upload"]), {"title": "Houses", "files": file})
    run_jobs()

    page = browse.get(reverse("sources:contract", args=["shop", Source.objects.get().pk])).content.decode()

    assert "seen: 1998-01-11 … 2001-02-03" in page and 'data-maximum="2001-02-03"' in page


def test_an_upload_that_held_nothing_says_so(browse, owner, run_jobs):
    project = make_project(owner, "text_classification")
    collection = bring(project, owner, {"head.csv": b"text,label\n"}, run_jobs)

    page = browse.get(reverse("datasets:collection", args=[project.slug, collection.pk])).content.decode()

    assert "There was nothing in these files" in page
