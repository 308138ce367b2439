"""A text project with classes and open tasks, and the shorthand to answer them."""

from __future__ import annotations

import pytest

from lifecycle.annotations import rules, services
from lifecycle.annotations.models import Lease
from lifecycle.datasets.models import Dataset
from tests import factories


@pytest.fixture
def project(owner):
    return factories.ProjectFactory(owner=owner, problem_type="text_classification")


@pytest.fixture
def schema(project, owner):
    return services.create_schema(project=project, classes=["cat", "dog", "owl"], created_by=owner)


@pytest.fixture
def collection(project):
    return factories.CollectionFactory(dataset=Dataset.objects.get(project=project))


@pytest.fixture
def make_tasks(collection, schema):
    """make_tasks(5) are five open tasks of new items, in order."""

    def make(count: int):
        items = [factories.ItemFactory(dataset=collection.dataset, collection=collection) for _ in range(count)]
        services.open_tasks(collection=collection)
        return [type(item).objects.get(pk=item.pk).task for item in items]

    return make


@pytest.fixture
def answer(project):
    """answer(user, task, "cat") takes the answer through the service."""

    def take(user, task, value="cat", **options):
        result = rules.build_result("class", value)
        return services.submit(project=project, user=user, task_id=task.pk, result=result, **options)

    return take


@pytest.fixture
def expire():
    """expire(task) lets every lease of it run out."""

    def run_out(task):
        from django.db.models.functions import Now

        Lease.objects.filter(task=task).update(expires_at=Now())

    return run_out
