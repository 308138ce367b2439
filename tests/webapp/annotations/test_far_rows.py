"""Tasks whose series or pictures lie on other servers, as Label Studio's scripts send them: a job brings them in."""

from __future__ import annotations

import base64
import io
import json

import pytest
from PIL import Image

from lifecycle.accounts.services import tokens
from lifecycle.annotations import services
from lifecycle.annotations.models import Task
from lifecycle.contracts.ingest import IngestLimits
from lifecycle.contracts.label_interface.parsing import list_unused
from lifecycle.datasets.models import Item
from tests import factories
from workers.engines.ingest.errors import Refused
from workers.engines.labels_import import cells
from workers.label_pictures import PictureFinder

pytestmark = pytest.mark.django_db
SERIES = """<View><TimeSeries name="ts" valueType="url" value="$csv" timeColumn="t"><Channel column="v"/></TimeSeries>
<TimeSeriesLabels name="what" toName="ts"><Label value="rise"/></TimeSeriesLabels></View>"""
PAIR = """<View><Image name="a" value="$left"/><Image name="b" value="$right"/>
<Pairwise name="better" toName="a,b"/></View>"""
CSV = "t,v\n1,2.5\n2,3.5\n"


@pytest.fixture
def make_project(owner):
    def make(config):
        project = factories.ProjectFactory(owner=owner, problem_type="row_labelling")
        services.set_config(project=project, actor=owner, config=config)
        return project

    return make


@pytest.fixture
def send(client, owner):
    _, secret = tokens.issue(user=owner, name="script", scope="write")

    def send(path, body):
        return client.post(f"/label-studio/api/{path}", json.dumps(body), "application/json", headers=send.headers)

    send.headers = {"Authorization": f"Token {secret}"}
    return send


@pytest.fixture
def serve(monkeypatch):
    """Answer the addresses of `files`, {address: content}, as the internet would."""

    def serve(files):
        monkeypatch.setattr("workers.label_pictures.fetch", lambda address, **rules: files[address])

    return serve


def next_task(client, owner, project):
    client.force_login(owner)
    answer = client.post(f"/api/v1/projects/{project.slug}/queue/next/", {"count": 1}, content_type="application/json")
    return answer.json()["tasks"][0]


def test_series_at_an_address_are_fetched_by_a_job(make_project, send, serve, run_jobs, client, owner):
    project = make_project(SERIES)
    serve({"https://example.org/a.csv": CSV.encode(), "https://example.org/b.csv": b"<html>gone</html>"})

    answer = send(f"projects/{project.pk}/import", [{"csv": f"https://example.org/{name}.csv"} for name in "ab"])
    [job] = run_jobs()

    assert answer.status_code == 201
    assert (job.state, job.result["tasks"], job.result["rejected"]) == ("succeeded", 1, 1)
    assert "https://example.org/b.csv" in job.result["said"][0] and "neither CSV nor JSON" in job.result["said"][0]
    task = next_task(client, owner, project)
    assert task["data"]["csv"] == CSV.strip()

    again = send(f"projects/{project.pk}/import", [{"csv": "https://example.org/a.csv"}])
    run_jobs()
    kept = client.get(f"/label-studio/api/tasks/{task['id']}/", headers=send.headers).json()

    assert kept["data"] == {"csv": "https://example.org/a.csv"}  # scripts find what they sent
    assert (again.status_code, Item.objects.filter(dataset__project=project).count()) == (201, 1)
    said = {"data": kept["data"], "meta": {"plant": "north"}}
    path = f"/label-studio/api/tasks/{task['id']}/"
    change = client.patch(path, json.dumps(said), "application/json", headers=send.headers)
    assert (change.status_code, change.json()["meta"]) == (200, {"plant": "north"})


def test_addresses_are_called_unused_only_where_nothing_is_fetched():
    text = """<View><Text name="t" value="$t" valueType="url"/>
    <Choices name="c" toName="t"><Choice value="a"/></Choices></View>"""

    assert list_unused(SERIES) == []
    assert list_unused(text) == ["Kept, but not used: valueType of <Text>."]


def test_pictures_to_compare_are_fetched_by_a_job(make_project, send, serve, run_jobs, client, owner):
    project = make_project(PAIR)
    files = {}
    for name, color in (("a", "red"), ("b", "blue")):
        drawn = io.BytesIO()
        Image.new("RGB", (8, 6), color).save(drawn, "PNG")
        files[f"https://example.org/{name}.png"] = drawn.getvalue()
    serve(files)

    left, right = files
    answer = send(f"projects/{project.pk}/import", [{"data": {"left": left, "right": right, "who": "Ann"}}])
    [job] = run_jobs()

    assert (answer.status_code, job.state, job.result["tasks"]) == (201, "succeeded", 1), job.result
    data = next_task(client, owner, project)["data"]
    assert [client.get(data[side]).content for side in ("left", "right")] == list(files.values())
    assert Item.objects.get(dataset__project=project).row["who"] == "Ann"


def test_pictures_that_do_not_fit_a_row_are_made_smaller():
    noise = Image.effect_noise((1200, 900), 30)
    drawn = io.BytesIO()
    noise.save(drawn, "PNG")

    cell = cells.read_picture(drawn.getvalue(), IngestLimits(), 450_000)

    head, _, encoded = cell.partition(",")
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as smaller:
        assert (head, smaller.width / smaller.height) == ("data:image/jpeg;base64", pytest.approx(4 / 3, abs=0.01))
    assert len(cell) <= 450_000 < len(drawn.getvalue())
    with pytest.raises(Refused, match="neither CSV nor JSON"):
        cells.read_series(b"<html>gone</html>", IngestLimits(), 1_000)
    with pytest.raises(Refused, match="1,000 characters"):
        cells.read_series(b"t,v\n" * 300, IngestLimits(), 1_000)


def test_a_single_task_that_takes_long_to_fetch_goes_on(make_project, send):
    project = make_project(SERIES)

    answer = send("tasks/", {"project": project.pk, "data": {"csv": "https://example.org/a.csv"}})

    assert answer.status_code == 409
    assert "It goes on: ask for import" in answer.content.decode()
    assert not Task.objects.filter(dataset__project=project).exists()


def test_a_few_tasks_are_held_at_once(make_project, send, serve, run_jobs, monkeypatch):
    """Each may hold a megabyte: a thousand of them would take the worker's memory."""
    monkeypatch.setattr("workers.label_pictures.BATCH_OF_CELLS", 2)
    held = []
    complete = PictureFinder.complete

    def count(self, drafts, reject):
        held.append(len(drafts))
        return complete(self, drafts, reject)

    monkeypatch.setattr(PictureFinder, "complete", count)
    project = make_project(SERIES)
    files = {f"https://example.org/{number}.csv": f"t,v\n1,{number}\n2,3\n".encode() for number in range(5)}
    serve(files)

    send(f"projects/{project.pk}/import", [{"csv": address} for address in files])
    [job] = run_jobs()

    assert (job.result["tasks"], held) == (5, [2, 2, 1])
