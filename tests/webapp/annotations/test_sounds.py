"""Sounds on the pages and doors: played by those who may, with ranges; out of a project with labels, and in again."""

from __future__ import annotations

import hashlib
import json
from types import SimpleNamespace

import pytest
from django.urls import reverse

from lifecycle.accounts.services import tokens
from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation, Task
from lifecycle.annotations.services import label_imports
from lifecycle.contracts.sounds import build_reference
from lifecycle.datasets.models import Dataset, Item
from lifecycle.jobs.models import Job
from tests import factories
from tests.lifecycle.datasets.test_import import bring, zip_of
from tests.sounds import build_wav
from webapp.pages.annotations.answer_view import Passage, build_view

pytestmark = pytest.mark.django_db
CONFIG = """<View><Labels name="what" toName="sound"><Label value="dog"/><Label value="cat"/></Labels>
<Audio name="sound" value="$recording"/></View>"""
WAV, OTHER = build_wav(0.5), build_wav(0.5, low=900)
DIGEST = hashlib.sha256(WAV).hexdigest()
REGION = {"id": "r1", "from_name": "what", "to_name": "sound", "type": "labels", "original_length": 0.5,
          "value": {"start": 0.1, "end": 0.2, "channel": 0, "labels": ["dog"]}}  # fmt: skip


@pytest.fixture
def make_project(owner):
    def make():
        project = factories.ProjectFactory(owner=owner, problem_type="row_labelling")
        services.set_config(project=project, actor=owner, config=CONFIG)
        return project

    return make


@pytest.fixture
def project(make_project, owner, run_jobs):
    project = make_project()
    bring(project, owner, {"a.wav": WAV}, run_jobs)
    return project


@pytest.fixture
def authorize(owner):
    _, secret = tokens.issue(user=owner, name="script", scope="write")
    return {"Authorization": f"Token {secret}"}


def next_task(client, project):
    answer = client.post(f"/api/v1/projects/{project.slug}/queue/next/", {"count": 1}, content_type="application/json")
    return answer.json()["tasks"][0]


def test_the_labelling_page_plays_any_part_of_a_sound(project, client, owner):
    client.force_login(owner)

    task = next_task(client, project)
    whole = client.get(task["data"]["recording"])
    part = client.get(task["data"]["recording"], headers={"Range": "bytes=44-143"})
    rest = client.get(task["data"]["recording"], headers={"Range": f"bytes={len(WAV) - 10}-"})
    beyond = client.get(task["data"]["recording"], headers={"Range": f"bytes={len(WAV)}-"})
    kept = client.get(task["data"]["recording"], headers={"If-None-Match": whole["ETag"]})

    assert b"".join(whole.streaming_content) == WAV
    assert (part.status_code, b"".join(part.streaming_content)) == (206, WAV[44:144])
    assert part["Content-Range"] == f"bytes 44-143/{len(WAV)}"
    assert (rest.status_code, b"".join(rest.streaming_content)) == (206, WAV[-10:])
    assert (beyond.status_code, kept.status_code) == (416, 304)
    assert (whole["Content-Type"], whole["Accept-Ranges"]) == ("audio/wav", "bytes")
    assert whole["X-Content-Type-Options"] == "nosniff" and "sandbox" in whole["Content-Security-Policy"]
    assert task["sound"] == task["data"]["recording"] == dict(task["fields"])["audio"]


def test_only_members_hear_a_sound_and_annotators_only_their_own_tasks(project, client):
    item, task = Item.objects.get(), Task.objects.get()
    paths = [
        reverse("datasets:sound", args=[project.slug, item.pk]),
        reverse("annotations:task-sound", args=[project.slug, task.pk]),
        reverse("annotations:item-sound", args=[project.slug, item.pk]),
    ]
    people = {role: factories.UserFactory() for role in ("viewer", "annotator", "reviewer", "")}
    for role, user in people.items():
        if role:
            factories.MembershipFactory(project=project, user=user, role=role)

    seen = {}
    for role, user in people.items():
        client.force_login(user)
        seen[role] = [client.get(path).status_code for path in paths]

    assert seen["viewer"] == [200, 403, 200]
    assert seen["annotator"] == [403, 404, 404]
    assert seen["reviewer"] == [200, 200, 200]
    assert seen[""] == [404, 404, 404]

    client.force_login(people["annotator"])
    assert next_task(client, project)["id"] == task.pk
    assert [client.get(path).status_code for path in paths] == [403, 200, 200]


def test_a_reference_to_another_projects_sound_is_only_text(project, client, owner, run_jobs, make_project):
    other = make_project()
    bring(other, owner, {"t.csv": f"recording,n\n{build_reference(DIGEST)},1\n".encode()}, run_jobs)
    client.force_login(owner)

    task = next_task(client, other)
    item = Item.objects.get(dataset__project=other)

    assert (task["sound"], item.blob) == ("", "")
    assert client.get(f"/projects/{other.slug}/items/{item.pk}/sound").status_code == 404


def test_pages_of_a_sound_show_a_player_and_no_reference(project, client, owner):
    client.force_login(owner)
    item, task = Item.objects.get(), Task.objects.get()
    paths = [
        reverse("datasets:item", args=[project.slug, item.pk]),
        reverse("datasets:items", args=[project.slug]),
        reverse("annotations:task", args=[project.slug, task.pk]),
    ]

    for path in paths:
        page = client.get(path).content.decode()
        assert f"/items/{item.pk}/sound" in page, path
        assert "sound:" not in page, path
    kept = client.get(f"/api/v1/projects/{project.slug}/items/{item.pk}/").json()
    assert kept["image_url"] is None
    assert b"".join(client.get(kept["sound_url"]).streaming_content) == WAV


def test_a_reviewer_sees_where_the_marked_parts_are(project):
    later = {**REGION, "value": {"start": 0.3, "end": 0.45, "labels": ["cat"]}}
    answer = SimpleNamespace(
        item=Item.objects.get(), result=[later, REGION, {"type": "labels", "value": {"start": "x"}}]
    )

    view = build_view(answer, ["dog", "cat"])

    assert view.passages == [Passage("dog", 0, 0.1, 0.2), Passage("cat", 1, 0.3, 0.45)]
    assert not view.stretches and not view.shapes


def test_a_reviewer_hears_what_others_marked(project, client, owner):
    services.change_settings(project=project, actor=owner, overlap=2)
    task, names = Task.objects.get(), ("first", "second")
    marked = {**REGION, "from_name": "label", "to_name": "item"}
    for name in names:
        who = factories.UserFactory(username=name)
        services.submit(project=project, user=who, task_id=task.pk, result=[marked], may_answer_any=True)
    client.force_login(owner)

    page = client.get(reverse("annotations:review", args=[project.slug])).content.decode()

    assert "Parts marked by second" in page and "Parts marked by first" not in page
    assert page.count('data-start="0.1"') == 2


def test_the_door_gives_a_token_an_address_it_may_fetch(project, client, authorize):
    task = Task.objects.get()

    body = client.get(f"/label-studio/api/tasks/{task.pk}/", headers=authorize).json()
    sound = client.get(body["data"]["recording"], headers={**authorize, "Range": "bytes=0-3"})

    assert body["data"] == {
        "recording": f"/label-studio/data/{project.slug}/{DIGEST}/a.wav",
        "audio": f"/label-studio/data/{project.slug}/{DIGEST}/a.wav",
        "file": "a.wav",
    }
    assert (sound.status_code, b"".join(sound.streaming_content), sound["Content-Type"]) == (206, b"RIFF", "audio/wav")
    assert client.get(body["data"]["recording"]).status_code in (401, 403)


def export_json(client, project, authorize):
    address = f"/label-studio/api/projects/{project.pk}/export?exportType=JSON&download_all_tasks=true"
    answer = client.get(address, headers=authorize)
    return json.loads(answer.getvalue())


def import_json(client, project, authorize, tasks):
    address = f"/label-studio/api/projects/{project.pk}/import"
    return client.post(address, json.dumps(tasks), content_type="application/json", headers=authorize)


def test_labels_of_sounds_leave_and_come_back_the_same(project, make_project, client, authorize):
    tasks = export_json(client, project, authorize)
    for task in tasks:
        task["annotations"] = [{"result": [REGION]}]
    other = make_project()

    assert import_json(client, project, authorize, tasks).status_code == 201
    out = export_json(client, project, authorize)
    assert import_json(client, other, authorize, out).status_code == 201
    again = export_json(client, other, authorize)

    assert Item.objects.filter(dataset__project=project).count() == 1
    assert [one["result"] for task in again for one in task["annotations"]] == [[REGION]]
    item = Item.objects.get(dataset__project=other)
    assert (item.blob, item.mime, item.byte_size) == (DIGEST, "audio/wav", len(WAV))
    assert item.content_hash == DIGEST
    assert again[0]["data"]["recording"] == f"/label-studio/data/{other.slug}/{DIGEST}/a.wav"
    page = client.get(again[0]["data"]["recording"], headers=authorize)
    assert b"".join(page.streaming_content) == WAV


def test_a_sound_of_a_project_one_may_not_read_is_refused(project, client):
    stranger = factories.UserFactory()
    own = factories.ProjectFactory(owner=stranger, problem_type="row_labelling")
    services.set_config(project=own, actor=stranger, config=CONFIG)
    _, secret = tokens.issue(user=stranger, name="script", scope="write")

    answer = import_json(client, own, {"Authorization": f"Token {secret}"},
                         [{"recording": f"/label-studio/data/{project.slug}/{DIGEST}"}])  # fmt: skip

    assert answer.status_code == 400
    assert not Item.objects.filter(dataset__project=own).exists()


def test_sounds_of_other_servers_are_fetched_by_a_job(make_project, client, authorize, run_jobs, monkeypatch):
    project = make_project()
    sounds = {"https://example.org/a.wav": OTHER, "https://example.org/b.wav": b"<html>gone</html>"}
    monkeypatch.setattr("workers.label_pictures.fetch", lambda address, **rules: sounds[address])
    tasks = [{"data": {"recording": address}, "annotations": [{"result": [REGION]}]} for address in sounds]

    answer = import_json(client, project, authorize, tasks)
    [job] = run_jobs()

    assert answer.status_code == 201
    assert (job.state, job.result["annotations"], job.result["tasks"]) == ("succeeded", 1, 1)
    assert Item.objects.get(dataset__project=project).blob == hashlib.sha256(OTHER).hexdigest()


def test_labels_in_a_zip_with_their_sounds_are_imported(make_project, owner, run_jobs):
    project = make_project()
    tasks = [
        {"data": {"recording": "/data/upload/7/1a2b3c4d-one.wav", "who": "Ann"}, "annotations": [{"result": [REGION]}]},
        {"data": {"recording": "/data/upload/7/missing.wav"}, "annotations": []},
    ]
    content = zip_of({"tasks.json": json.dumps(tasks).encode(), "sounds/1a2b3c4d-one.wav": OTHER})

    class File:
        def chunks(self):
            yield content

    job = label_imports.start_import(project=project, user=owner, name="x.zip", blob=label_imports.store_file(File()))
    run_jobs()
    job.refresh_from_db()

    assert job.state == Job.State.SUCCEEDED, job.traceback
    assert {name: job.result[name] for name in ("tasks", "annotations", "rejected")} == {
        "tasks": 1, "annotations": 1, "rejected": 1,
    }  # fmt: skip
    item = Item.objects.get(dataset=Dataset.objects.get(project=project))
    assert item.is_sound and item.row == {
        "recording": build_reference(hashlib.sha256(OTHER).hexdigest()),
        "who": "Ann",
    }
    assert Annotation.objects.get(item=item).result[0]["value"]["labels"] == ["dog"]
