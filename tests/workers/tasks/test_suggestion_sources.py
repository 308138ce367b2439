"""Suggestions that come from elsewhere: files of predictions, and backends that speak Label Studio's protocol."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from lifecycle.annotations import services as labelling
from lifecycle.annotations.models import Suggestion, SuggestionSource
from lifecycle.annotations.services import backends
from lifecycle.annotations.services.prediction_files import import_file
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.datasets.models import Item
from lifecycle.jobs.models import Job
from lifecycle.pipelines import assistance
from tests.factories import CollectionFactory, ItemFactory, ProjectFactory
from tests.workers.tasks.ml_backend_server import Model, serve

pytestmark = pytest.mark.django_db
TEXTS = ["a cat sleeps", "a dog runs", "a fox hunts", "nothing is here"]
TRAP = '<script>alert("x")</script>'


@pytest.fixture
def project(owner):
    project = ProjectFactory(owner=owner, problem_type="text_classification")
    labelling.create_schema(project=project, classes=["cat", "dog"], created_by=owner)
    collection = CollectionFactory(dataset=project.datasets.get())
    for number, text in enumerate(TEXTS):
        digest = hashlib.sha256(text.encode()).hexdigest()
        ItemFactory(
            dataset=collection.dataset, collection=collection, text=text, content_hash=digest,
            source_uri=f"file-{number}.txt",
        )  # fmt: skip
    labelling.open_tasks(collection=collection)
    return project


@pytest.fixture
def send(project, owner, run_jobs, tmp_path):
    """send("x.csv", content) imports a file and reads it; returns its source."""

    def read(name: str, content: str) -> SuggestionSource:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        source = import_file(project=project, actor=owner, path=path, file_name=name)
        run_jobs()
        return SuggestionSource.objects.select_related("job").get(pk=source.pk)

    return read


def list_made(source) -> dict[str, tuple]:
    made = Suggestion.objects.filter(source=source).select_related("task__item")
    return {one.task.item.text: (one.value, one.score) for one in made}


def test_a_table_is_matched_by_item_id_source_and_text_and_bad_rows_say_why(project, send):
    item = project.datasets.get().items.order_by("pk")[0]
    by_item = send("a.csv", f"Item_ID,Prediction,Confidence\n{item.pk},cat,0.9\n99999999,dog,1\n{item.pk},{TRAP},1\n")
    by_source = send("b.csv", "file,label\nfile-1.txt,dog\nfile-9.txt,dog\n")
    by_text = send("c.jsonl", '{"text": "a cat sleeps", "label": "cat"}\nnot json\n{"text": "a dog runs"}\n')

    assert list_made(by_item) == {"a cat sleeps": ("cat", 0.9)}
    assert by_item.said[0].startswith("Line 3: No item") and "not a class" in by_item.said[1]
    assert list_made(by_source) == {"a dog runs": ("dog", None)}
    assert list_made(by_text) == {"a cat sleeps": ("cat", None)}
    assert (by_text.written, by_text.unmatched) == (1, 2)


def test_label_studio_json_brings_its_newest_prediction_in_the_configurations_names(project, send):
    region = {"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": ["dog"]}}
    task = {"data": {"text": "a dog runs"}, "predictions": [{"result": [region], "score": 0.7, "model_version": "m7"}]}
    silent = {"data": {"text": "a fox hunts"}, "predictions": []}

    source = send("tasks.json", json.dumps([task, silent, 7]))

    assert list_made(source) == {"a dog runs": ("dog", 0.7)}
    assert Suggestion.objects.get(source=source).model_version == "m7"
    assert source.unmatched == 2


def test_a_file_that_is_no_table_of_predictions_is_refused_with_what_to_send(project, owner, send, tmp_path):
    assert "needs a column" in send("a.csv", "x,y\n1,2\n").job.error
    assert "must hold a list" in send("b.json", "{}").job.error
    with pytest.raises(DomainError, match="Send a"):
        import_file(project=project, actor=owner, path=tmp_path, file_name="a.exe")


@pytest.mark.parametrize("style", ["new", "old"])
def test_a_backend_is_asked_about_open_tasks_and_told_to_train(project, owner, run_jobs, settings, style):
    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"
    model = Model(style)
    with serve(model, password="open sesame") as url:
        source = backends.add_backend(
            project=project, actor=owner, url=url, username="ls", password="open sesame", train_every=2
        )
        with pytest.raises(Conflict):
            backends.ask(source=source, user=owner, action="predict")
        run_jobs()
        backends.ask(source=SuggestionSource.objects.get(pk=source.pk), user=owner, action="train")
        run_jobs()

    source.refresh_from_db()
    assert "sesame" not in source.secrets
    assert [path for path, _ in model.calls][:3] == ["/health", "/setup", "/predict"]
    asked = model.calls[2][1]
    assert {task["data"]["text"] for task in asked["tasks"]} == set(TEXTS)
    assert list_made(source) == {"a cat sleeps": ("cat", 0.8), "a dog runs": ("dog", 0.8)}
    assert source.unmatched == 1 and "not a class" in source.said[0] or "fox" in source.said[0]
    trained = [path for path, _ in model.calls if path in ("/webhook", "/train")]
    assert trained == (["/webhook"] if style == "new" else ["/webhook", "/train"])
    assert source.version == ("words-2" if style == "new" else "words-1")


def test_a_backend_is_asked_about_tasks_that_come_later(project, owner, run_jobs, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"
    model = Model()
    with serve(model) as url:
        source = backends.add_backend(project=project, actor=owner, url=url)
        run_jobs()
        assert assistance.ask_about_new() == 0  # nothing is new
        Job.objects.update(created_at=timezone.now() - timedelta(minutes=10))
        Item.objects.update(created_at=timezone.now() - timedelta(minutes=20))
        assert assistance.ask_about_new() == 0
        collection = CollectionFactory(dataset=project.datasets.get())
        ItemFactory(dataset=collection.dataset, collection=collection, text="a late dog", content_hash="f" * 64)
        labelling.open_tasks(collection=collection)
        before = set(Suggestion.objects.values_list("pk", flat=True))

        assert assistance.ask_about_new() == 1
        assert assistance.ask_about_new() == 0  # it is at work
        run_jobs()

    assert list_made(source)["a late dog"] == ("dog", 0.8)
    assert before < set(Suggestion.objects.values_list("pk", flat=True))  # the others were not asked anew


def test_a_backend_that_is_loading_is_asked_again_and_a_wrong_password_is_not(project, owner, run_jobs, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"
    model = Model()
    model.fails = 1
    with serve(model, password="right") as url:
        good = backends.add_backend(project=project, actor=owner, url=url, username="ls", password="right")
        bad = backends.add_backend(project=project, actor=owner, url=url, username="ls", password="wrong")
        jobs = {job.subject_id: job for job in run_jobs()}

    assert jobs[good.pk].state == "queued" and "503" in jobs[good.pk].error
    assert jobs[bad.pk].state == "failed" and "user name and password" in jobs[bad.pk].error
    assert "wrong" not in jobs[bad.pk].error.replace("wrong place", "")


def test_a_private_address_is_not_reached_unless_the_operator_says_so(project, owner, run_jobs, settings):
    settings.ALLOW_PRIVATE_ADDRESSES = ""
    model = Model()
    with serve(model) as url:
        backends.add_backend(project=project, actor=owner, url=url)
        job = run_jobs()[-1]

    assert job.state == "failed" and "private address" in job.error
    assert model.calls == []
    for url in ("file:///etc/passwd", "http://user:pw@x", "http://x/?q=1", "ftp://x"):
        with pytest.raises(DomainError):
            backends.add_backend(project=project, actor=owner, url=url)
