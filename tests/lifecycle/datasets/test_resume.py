"""An import whose worker dies between two steps is done by the next one: no item twice, counts right."""

from __future__ import annotations

import io

import pytest

from lifecycle.annotations.models import Annotation, Task
from lifecycle.datasets import selectors, services
from lifecycle.datasets.models import Item
from lifecycle.jobs.models import Job
from tests.lifecycle.datasets.test_import import make_project
from workers.engines.ingest import parts

pytestmark = pytest.mark.django_db(transaction=True)

TABLE = b"text,label\n" + b"".join(f"sentence {i},{'x' if i % 2 else 'y'}\n".encode() for i in range(450))


class Killed(BaseException):
    """Ends a worker where it stands, as SIGKILL does: nothing catches it."""


@pytest.mark.parametrize("dies_at", ["load_part", "adopt_labels", "finish_collection", "after_parts"])
def test_a_worker_that_dies_costs_nothing(owner, monkeypatch, dies_at):
    import workers.loading
    import workers.tasks.ingest
    from workers import runtime

    monkeypatch.setattr(parts, "ROWS_PER_PART", 100)
    project = make_project(owner, "text_classification")
    collection = services.create_collection(dataset=selectors.get_dataset(project), user=owner)
    services.store_file(
        project=project, user=owner, name="t.csv", file=io.BytesIO(TABLE), byte_size=len(TABLE), collection=collection
    )
    services.start_import(collection=collection, user=owner)
    job = Job.objects.get(kind="ingest")
    target, name = {
        "load_part": (services, "load_part"),
        "adopt_labels": (workers.loading.adopt, "adopt_labels"),
        "finish_collection": (services, "finish_collection"),
        "after_parts": (workers.tasks.ingest, "load_labels"),
    }[dies_at]
    original, calls = getattr(target, name), []

    def die_once(*args, **kwargs):
        calls.append(1)
        if len(calls) == (3 if dies_at in ("load_part", "adopt_labels") else 1):
            raise Killed
        return original(*args, **kwargs)

    monkeypatch.setattr(target, name, die_once)
    with pytest.raises(Killed):
        runtime.execute(job.pk, worker="first", has_heart=False)
    Job.objects.filter(pk=job.pk).update(lease_expires_at="2000-01-01T00:00Z")

    runtime.execute(job.pk, worker="second", has_heart=False)

    job.refresh_from_db()
    collection = selectors.get_collection(project, collection.pk)
    assert job.state == Job.State.SUCCEEDED, job.traceback
    assert (collection.accepted, collection.duplicates, collection.labeled) == (450, 0, 450)
    assert Item.objects.count() == Task.objects.count() == Annotation.objects.count() == 450
    assert Item.objects.filter(label=None).count() == 0


def test_a_version_committed_by_a_worker_that_died_is_found_again(owner, monkeypatch):
    import workers.tasks.ingest
    import workers.tasks.version  # noqa: F401  registers the body
    from workers import runtime

    project = make_project(owner, "text_classification")
    dataset = selectors.get_dataset(project)
    collection = services.create_collection(dataset=dataset, user=owner)
    services.store_file(
        project=project, user=owner, name="t.csv", file=io.BytesIO(TABLE), byte_size=len(TABLE), collection=collection
    )
    services.start_import(collection=collection, user=owner)
    runtime.execute(Job.objects.get(kind="ingest").pk, worker="w", has_heart=False)
    job = services.commit_version(dataset=dataset, user=owner, message="one")
    succeed = runtime.services.succeed
    monkeypatch.setattr(runtime.services, "succeed", lambda *a, **k: (_ for _ in ()).throw(Killed))
    with pytest.raises(Killed):
        runtime.execute(job.pk, worker="first", has_heart=False)
    monkeypatch.setattr(runtime.services, "succeed", succeed)
    Job.objects.filter(pk=job.pk).update(lease_expires_at="2000-01-01T00:00Z")

    runtime.execute(job.pk, worker="second", has_heart=False)

    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED and job.result["is_new"] is True
    assert selectors.list_versions(project).count() == 1
