"""The import page as most people use it: files dropped, nothing changed, Import."""

from __future__ import annotations

import json

import lxml.html
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from lifecycle.datasets.models import Item
from lifecycle.jobs.models import Job
from lifecycle.sources.models import Source
from tests import factories

pytestmark = pytest.mark.django_db
JSON = "application/json"


def import_with_defaults(client, project, files: dict[str, str], run_jobs):
    """Every field as the page fills it in."""
    given = [SimpleUploadedFile(name.rpartition("/")[2], content.encode()) for name, content in files.items()]
    location = client.post(reverse("datasets:upload", args=[project.slug]), {"files": given}).headers["Location"]
    run_jobs()
    page = lxml.html.fromstring(client.get(location).content.decode())
    form = next(form for form in page.forms if (form.action or "").endswith("/start"))
    client.post(f"{location}/start", dict(form.form_values()))
    run_jobs()
    return dict(form.form_values())


def test_the_test_set_stays_out_of_training(client, owner, run_jobs):
    client.force_login(owner)
    texts = factories.ProjectFactory(owner=owner, problem_type="text_classification")
    rows = {split: "".join(f"{split} film {n},{'up' if n % 2 else 'down'}\n" for n in range(20)) for split in
            ("train", "test")}  # fmt: skip

    sent = import_with_defaults(
        client, texts, {f"{split}.csv": "text,label\n" + rows[split] for split in rows}, run_jobs
    )

    assert sent["contract"] == "yes"
    assert Item.objects.count() == 40
    assert set(Item.objects.filter(text__startswith="train").values_list("split", flat=True)) == {"train"}
    assert set(Item.objects.filter(text__startswith="test").values_list("split", flat=True)) == {"test"}


def start_over_rest(client, project, rows: str, run_jobs, **said) -> dict:
    """A table uploaded, looked at and started; the collection after its job."""
    base = f"/api/v1/projects/{project.slug}/"
    file = SimpleUploadedFile("t.csv", rows.encode())
    upload = client.post(f"{base}uploads/", {"files": [file]}).json()[0]["id"]
    wanted = json.dumps({"uploads": [upload], "start": False})
    draft = client.post(f"{base}collections/", wanted, content_type=JSON).json()["id"]
    client.post(f"{base}collections/{draft}/preview/")
    run_jobs()
    started = client.post(f"{base}collections/{draft}/start/", json.dumps(said), content_type=JSON)
    assert started.status_code == 202, started.content
    run_jobs()
    return client.get(f"{base}collections/{draft}/").json()


def test_a_script_that_says_nothing_gets_the_contract_that_the_page_gives(client, owner, run_jobs):
    client.force_login(owner)
    project = factories.ProjectFactory(owner=owner, problem_type="tabular_classification")
    rows = "id,age,label\n" + "".join(f"{n},{20 + n},yes\n" for n in range(10))

    start_over_rest(client, project, rows, run_jobs)
    again = start_over_rest(client, project, rows.replace("3,23,", "3,99,"), run_jobs)

    assert (again["accepted"], again["updated"], again["duplicates"]) == (1, 1, 9)
    assert Source.objects.get().contract["key"] == ["id"]
    start_over_rest(client, project, rows.replace("4,24,", "4,98,"), run_jobs, contract=False)
    assert Item.objects.filter(excluded_at=None, row__age__in=[24, 98]).count() == 2


def test_a_table_without_a_key_says_what_becomes_of_changed_rows(client, owner, run_jobs):
    client.force_login(owner)
    project = factories.ProjectFactory(owner=owner, problem_type="tabular_classification")
    rows = "name,age,label\n" + "".join(f"n{n},{20 + n},yes\n" for n in range(10))

    done = start_over_rest(client, project, rows, run_jobs)

    source = Source.objects.get()
    pages = [reverse("datasets:collection", args=[project.slug, done["id"]]),
             reverse("sources:source", args=[project.slug, source.pk])]  # fmt: skip
    for page in pages:
        assert "No column is the key" in client.get(page).content.decode()


def test_a_collection_whose_items_are_in_is_no_longer_running(client, owner, run_jobs):
    client.force_login(owner)
    project = factories.ProjectFactory(owner=owner, problem_type="tabular_classification")
    rows = "id,age,label\n" + "".join(f"{n},{20 + n},yes\n" for n in range(10))
    done = start_over_rest(client, project, rows, run_jobs)

    Job.objects.filter(pk=done["job"]).update(state="running")

    found = client.get(f"/api/v1/projects/{project.slug}/collections/{done['id']}/").json()
    assert found["finished_at"] and found["state"] == "succeeded"


def test_an_import_that_took_nothing_says_why_over_rest(client, owner, run_jobs):
    client.force_login(owner)
    project = factories.ProjectFactory(owner=owner, problem_type="tabular_classification")
    url = f"/api/v1/projects/{project.slug}"
    given = SimpleUploadedFile("a.csv", b"x,label\n1,a\n2,b\n")
    [upload] = client.post(f"{url}/uploads/", {"files": [given]}).json()
    body = {"uploads": [upload["id"]], "mapping": {"label": "nope"}}

    made = client.post(f"{url}/collections/", json.dumps(body), content_type=JSON).json()
    run_jobs()
    told = client.get(f"{url}/collections/{made['id']}/").json()

    assert (told["state"], told["accepted"], told["rejected"]) == ("succeeded", 0, 1)
    assert "Nothing was taken: the column 'nope' is not in this file" in told["error"]
