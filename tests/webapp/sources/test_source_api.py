"""Sources over REST, as a script uses them."""

from __future__ import annotations

import json
import sqlite3

import pytest

from lifecycle.accounts.services import tokens
from lifecycle.sources.models import Source
from tests import factories

pytestmark = pytest.mark.django_db
BASE = "/api/v1/projects/shop/sources/"


@pytest.fixture
def project(owner):
    return factories.ProjectFactory(owner=owner, problem_type="tabular_classification", slug="shop")


@pytest.fixture
def api(client, owner, project):
    _, secret = tokens.issue(user=owner, name="script")

    def call(method, path="", body=None):
        return client.generic(
            method, BASE + path, data=json.dumps(body) if body is not None else "",
            content_type="application/json", headers={"Authorization": f"Bearer {secret}"},
        )  # fmt: skip

    return call


@pytest.fixture
def shop(tmp_path, settings):
    settings.SOURCE_FOLDERS = [str(tmp_path)]
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as base:
        base.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, age INT, label TEXT)")
        base.executemany("INSERT INTO customers VALUES (?, ?, ?)", [(n, 20 + n, "yes") for n in range(1, 7)])
    return path


def test_a_script_sets_up_previews_runs_and_reads_a_source(api, shop, run_jobs):
    body = {"kind": "sql", "title": "Customers", "config": {"url": f"sqlite:///{shop}", "table": "customers"},
            "secrets": {"password": "hunter22"}}  # fmt: skip
    answer = api("POST", body=body)
    assert answer.status_code == 201, answer.content
    source = answer.json()
    assert source["secret_names"] == ["password"] and "hunter22" not in answer.content.decode()
    place = f"{source['id']}/"

    assert api("POST", place + "preview/").status_code == 202
    run_jobs()
    preview = api("GET", place + "preview/").json()
    assert preview["is_ready"] and preview["preview"]["contract"]["key"] == ["id"]

    contract = preview["preview"]["contract"]
    contract["columns"][1]["maximum"] = 25
    answer = api("PUT", place + "contract/", contract)
    assert answer.status_code == 200, answer.content
    started = api("POST", place + "runs/", {})
    assert started.status_code == 202, started.content
    run_jobs()

    run = api("GET", place + "runs/").json()["results"][0]
    assert (run["collection"]["accepted"], run["collection"]["rejected"], run["read"]) == (5, 1, 6)
    jsonl = api("GET", place + f"runs/{run['collection']['id']}/quarantine/jsonl/")
    assert b"is more than 25" in b"".join(jsonl.streaming_content)
    assert api("GET", place + "contract/versions/").json()["results"][0]["number"] == 1
    assert api("GET", place + "changes/").json()["count"] == 0


def test_a_script_sees_what_is_gone_excludes_it_and_takes_it_back(api, shop, run_jobs):
    config = {"url": f"sqlite:///{shop}", "table": "customers"}
    place = f"{api('POST', body={'kind': 'sql', 'title': 'C', 'config': config}).json()['id']}/"
    for statement in ("SELECT 1", "DELETE FROM customers WHERE id = 2"):
        with sqlite3.connect(shop) as base:
            base.execute(statement)
        api("POST", place + "runs/", {})
        run_jobs()

    counts = api("GET", place + "gone/").json()
    (row,) = api("GET", place + "gone/items/").json()["results"]
    excluded = api("POST", place + "gone/", {"is_excluded": True}).json()
    restored = api("POST", place + "gone/", {"is_excluded": False}).json()

    assert counts == restored == {"items": 1, "standing": 1, "excluded": 0}
    assert (row["source_uri"], row["is_excluded"]) == ("C#2", False)
    assert excluded == {"items": 1, "standing": 0, "excluded": 1}
    assert [run["gone"] for run in api("GET", place + "runs/").json()["results"]] == [1, 0]


def test_a_script_schedules_pauses_changes_and_deletes(api, shop, project):
    config = {"url": f"sqlite:///{shop}", "query": "SELECT * FROM customers"}
    place = f"{api('POST', body={'kind': 'sql', 'title': 'C', 'config': config}).json()['id']}/"

    assert api("PUT", place + "schedule/", {"cron": "*/10 * * * *"}).json()["next_run_at"]
    assert api("PUT", place + "schedule/", {"cron": "never"}).status_code == 400
    assert api("POST", place + "pause/").json()["state"] == "paused"
    assert api("POST", place + "pause/").status_code == 409
    assert api("POST", place + "resume/").json()["state"] == "active"
    assert api("PUT", place + "secrets/", {"password": "x" * 20}).json()["secret_names"] == ["password"]
    assert api("PUT", place + "secrets/", {"color": "red"}).status_code == 400
    assert api("PATCH", place, {"title": "New"}).json()["title"] == "New"
    assert api("DELETE", place).status_code == 204
    assert not Source.objects.exists()


def test_a_bad_contract_is_refused_with_a_sentence(api, shop):
    config = {"url": f"sqlite:///{shop}", "table": "customers"}
    place = f"{api('POST', body={'kind': 'sql', 'title': 'C', 'config': config}).json()['id']}/"

    for columns, says in (
        ([{"name": "a", "type": "text", "pattern": "("}], "no regular expression"),
        ([{"name": "a", "type": "text", "minimum": "1"}], "only numbers and dates"),
        ([{"name": "a", "type": "number", "minimum": "5", "maximum": "1"}], "larger than"),
        ([{"name": "a", "type": "text"}, {"name": "a", "type": "text"}], "twice"),
    ):
        answer = api("PUT", place + "contract/", {"columns": columns})
        assert answer.status_code == 400 and says in answer.content.decode(), answer.content
