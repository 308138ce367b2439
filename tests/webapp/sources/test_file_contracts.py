"""The contract of a folder of texts on its pages: set up from files, and grown by the first table."""

from __future__ import annotations

import pytest
from django.urls import reverse

from lifecycle.datasets.models import Item
from lifecycle.sources.models import Source
from tests import factories
from tests.webapp.sources.test_source_pages import fill_contract

pytestmark = pytest.mark.django_db


def test_a_table_that_comes_to_a_folder_of_texts_is_read_and_its_columns_join_the_contract(
    client, owner, tmp_path, settings, run_jobs
):
    factories.ProjectFactory(owner=owner, problem_type="text_classification", slug="shop")
    client.force_login(owner)
    settings.SOURCE_FOLDERS = [str(tmp_path)]
    for name in ("cat/a.txt", "dog/b.txt"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(f"the text of {name}")
    client.post(reverse("sources:new", args=["shop", "folder"]), {"title": "Texts", "path": str(tmp_path)})
    run_jobs()
    source = Source.objects.get()

    def url(name):
        return reverse(f"sources:{name}", args=["shop", source.pk])

    form = fill_contract(source.preview, bytes={"maximum": "100"})
    client.post(url("start"), {name: value for name, value in form.items() if not name.startswith("role_")})
    run_jobs()
    (tmp_path / "more.csv").write_text("text,label,writer\nthe third,cat,Ada\nthe fourth,dog,Bo\n")
    (tmp_path / "cat/long.txt").write_text("too long " * 20)
    client.post(url("run"))
    run_jobs()

    source.refresh_from_db()
    assert [rule["name"] for rule in source.contract["columns"]] == ["file", "label", "bytes", "text", "writer"]
    assert [version.origin for version in source.contract_versions.all()] == ["new column", "preview"]
    assert sorted(Item.objects.values_list("text", "label"))[-2:] == [
        ("the text of dog/b.txt", "dog"),
        ("the third", "cat"),
    ]
    assert Item.objects.count() == 4
    assert "is more than 100" in client.get(url("source")).content.decode()
    page = client.get(url("contract")).content.decode()
    assert "each file by itself" in page and 'name="role_3"' in page and "seen:" in page

    roles = {f"role_{number}": role for number, role in enumerate(("ignore", "label", "ignore", "text", "ignore"))}
    client.post(url("contract"), fill_contract({"contract": source.contract}, bytes={"maximum": "500"}) | roles)
    client.post(url("run"), {"full": "yes"})
    run_jobs()

    assert source.runs.first().collection.rejected == 0
    assert Item.objects.count() == 5
