"""What an engineer and a viewer see and do on the pages of versions."""

from __future__ import annotations

import pytest
from django.urls import reverse

from lifecycle.annotations.models import Task
from lifecycle.annotations.services import submit
from lifecycle.datasets import selectors
from lifecycle.datasets.models import DatasetVersion, VersionTag
from tests.lifecycle.datasets.test_import import bring, make_project, png
from tests.lifecycle.datasets.test_versions import LINES, commit, table
from workers.engines.ingest.picture_prints import TINY
from workers.engines.ingest.row_prints import TOLERANCE

pytestmark = pytest.mark.django_db


@pytest.fixture
def texts(owner, run_jobs):
    project = make_project(owner, "text_classification")
    bring(project, owner, {"a.csv": table(LINES)}, run_jobs)
    commit(project, owner, run_jobs)
    return project


def url(name: str, project, **more) -> str:
    return reverse(f"datasets:{name}", kwargs={"slug": project.slug, **more})


def test_a_version_is_tagged_exported_and_downloaded(client, texts, owner, run_jobs):
    client.force_login(owner)
    client.post(url("version-tags", texts, number=1), {"name": "gold"})
    client.post(url("version-export", texts, number=1), {"layout": "csv"})
    waiting = client.get(url("exports-live", texts, number=1)).content.decode()
    run_jobs()

    page = client.get(url("version", texts, number=1)).content.decode()

    assert "every 1s" in waiting and "every 1s" not in page
    assert "gold" in page and "Where it came from" in page and "gristmill_loader" in page
    export = selectors.list_exports(selectors.get_version(texts, 1)).get()
    answer = client.get(url("export-file", texts, number=1, export_id=export.pk))
    assert answer["Content-Disposition"].endswith('-v1-csv.csv"')
    assert len(b"".join(answer.streaming_content).splitlines()) == 81
    part = client.get(url("export-file", texts, number=1, export_id=export.pk), headers={"Range": "bytes=0-3"})
    assert part.status_code == 206 and b"".join(part.streaming_content) == b"text"
    assert "gold" in client.get(url("versions", texts)).content.decode()
    client.post(url("version-tags", texts, number=1), {"remove": "gold"})
    assert not VersionTag.objects.exists()


def test_the_list_says_how_new_items_are_split_and_draws_train_first(client, texts, owner):
    client.force_login(owner)

    page = client.get(url("versions", texts)).content.decode()

    assert "test 10 % · By share" in page
    assert page.index('class="split-train"') < page.index('class="split-validation"') < page.index('class="split-test"')


def test_an_archived_version_is_listed_apart_and_comes_back(client, texts, owner):
    client.force_login(owner)
    client.post(url("version-archive", texts, number=1))

    usual = client.get(url("versions", texts)).content.decode()
    archive = client.get(url("versions", texts) + "?archived=yes").content.decode()

    link = url("version", texts, number=1)
    assert link not in usual and "Archived versions" in usual and link in archive
    client.post(url("version-archive", texts, number=1), {"archived": "no"})
    assert DatasetVersion.objects.get().archived_at is None


def test_the_card_is_a_page_and_a_file(client, texts, owner):
    client.force_login(owner)

    page = client.get(url("version-card", texts, number=1)).content.decode()
    file = client.get(url("version-card-file", texts, number=1)).content.decode()

    assert "<table>" in page and "Known issues" in page
    assert file.startswith("---\npretty_name:")


def test_a_restore_leads_to_its_job(client, texts, owner, run_jobs):
    client.force_login(owner)

    answer = client.post(url("version-restore", texts, number=1), follow=True)
    (job,) = run_jobs()

    assert answer.status_code == 200 and job.state == "succeeded", job.traceback


def test_splits_of_new_items_are_set_after_the_first_version(client, texts, owner):
    client.force_login(owner)

    shares = {"train": "60", "validation": "20", "test": "20", "kind": "stratified"}
    answer = client.post(url("splits", texts), shares, follow=True)

    dataset = selectors.get_dataset(texts)
    assert dataset.split_policy["kind"] == "stratified" and dataset.splits_are_stale
    assert 'value="stratified" selected' in answer.content.decode()


def test_the_form_says_what_counts_as_near(client, owner, run_jobs):
    """Rows by a tolerance of their own, not by that of the search for faults."""
    rows, pictures = (make_project(owner, f"{kind}_classification", ["a", "b"]) for kind in ("tabular", "image"))
    bring(rows, owner, {"a.csv": b"width,label\n1,a\n2,b\n"}, run_jobs, mapping={"label": "label"})
    bring(pictures, owner, {"a.png": png(1), "b.png": png(2)}, run_jobs)
    client.force_login(owner)

    said = [client.get(url("versions", project)).content.decode() for project in (rows, pictures)]

    assert f"differs by at most {TOLERANCE:.1%}".replace("%", " %") in said[0] and "search for faults" in said[0]
    assert f"pictures up to {TINY} pixels" in said[1] and "crops down to 70 %" in said[1]


def test_a_viewer_may_export_but_not_tag(client, texts, owner, run_jobs):
    from tests import factories

    viewer = factories.UserFactory(username="viewer")
    factories.MembershipFactory(project=texts, user=viewer, role="viewer")
    client.force_login(viewer)

    assert client.post(url("version-export", texts, number=1), {"layout": "parquet"}).status_code == 302
    assert client.post(url("version-tags", texts, number=1), {"name": "gold"}).status_code == 403
    assert "Archive" not in client.get(url("version", texts, number=1)).content.decode()


def test_a_script_reads_who_relabeled_what(client, texts, owner, run_jobs):
    task = Task.objects.order_by("pk").first()
    result = [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": ["fresh"]}}]
    submit(project=texts, user=owner, task_id=task.pk, result=result, may_answer_any=True)
    commit(texts, owner, run_jobs)
    client.force_login(owner)

    (line,) = client.get(f"/api/v1/projects/{texts.slug}/versions/1/diff/2/?change=relabeled").json()["results"]

    assert line["new_label"] == "fresh" and line["new_author"]["username"] == owner.username
    assert line["new_author"]["is_import"] is False and line["new_author"]["at"]
    assert line["old_author"]["is_import"] is True
