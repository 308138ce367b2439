"""The import page as most people use it: files dropped, nothing changed, Import."""

from __future__ import annotations

import lxml.html
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from lifecycle.datasets.models import Item
from tests import factories

pytestmark = pytest.mark.django_db


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
