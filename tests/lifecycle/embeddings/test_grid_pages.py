"""Pages of the grid whose items belong together: out of the whole queue, with the random arm in its share."""

from __future__ import annotations

import numpy as np
import pytest

from lifecycle.annotations import services
from lifecycle.annotations.assistance_rules import is_hidden
from lifecycle.annotations.models import AssistanceSettings, Lease, Suggestion, SuggestionSource, Task
from lifecycle.annotations.services.suggestions import change_assistance
from lifecycle.datasets.models import Dataset
from lifecycle.embeddings.models import Encoder
from lifecycle.embeddings.services import prepare_encoder, store_vectors
from lifecycle.embeddings.services.grid_pages import lease_page
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(owner):
    project = factories.ProjectFactory(owner=owner, problem_type="text_classification")
    services.create_schema(project=project, classes=["cat", "dog"], created_by=owner)
    services.change_settings(project=project, actor=owner, random_share=0, overlap=2)
    return project


@pytest.fixture
def tasks(project):
    """200 tasks in the order of their making: by turns of one heap and of another."""
    collection = factories.CollectionFactory(dataset=Dataset.objects.get(project=project))
    for _ in range(200):
        factories.ItemFactory(dataset=collection.dataset, collection=collection)
    services.open_tasks(collection=collection)
    tasks = list(Task.objects.order_by("pk"))
    dataset = Encoder.objects.create(dataset=collection.dataset, kind="minilm")
    encoder = prepare_encoder(encoder=dataset, state={"dimension": 4})
    dice = np.random.default_rng(0)
    vectors = np.repeat(np.eye(2, 4)[None] * 10, 100, axis=0).reshape(200, 4) + dice.normal(0, 0.1, (200, 4))
    store_vectors(encoder=encoder, item_ids=[task.item_id for task in tasks], vectors=vectors, problems={})
    return tasks


@pytest.fixture
def source(project, owner, tasks):
    """A model that guesses cat for the last 60 tasks and dog for the others, shown on all but a few."""
    source = SuggestionSource.objects.create(project=project, kind="file", title="guesses", created_by=owner)
    for number, task in enumerate(tasks):
        value = "cat" if number >= 140 else "dog"
        Suggestion.objects.create(task=task, source=source, value=value, score=number / 200, created_by=owner)
    change_assistance(project=project, actor=owner, source=source, hidden_share=0.05)
    return source


def place(tasks, page) -> list[int]:
    places = {task.pk: number for number, task in enumerate(tasks)}
    return [places[task.pk] for task in page]


def test_a_page_of_alike_items_is_the_first_of_the_queue_with_those_like_it(project, member, tasks):
    person = member("annotator")

    first = place(tasks, lease_page(project=project, user=person, order="alike", count=24))
    second = place(tasks, lease_page(project=project, user=person, order="alike", count=24))

    assert first[0] == 0 and {one % 2 for one in first} == {0} and len(set(first)) == 24
    assert second[0] == 1 and {one % 2 for one in second} == {1} and len(set(second)) == 24
    assert max(first) > 48  # from far behind in the queue


def test_pages_by_the_guess_come_class_by_class_and_never_tell_what_is_held_back(project, member, tasks, source):
    shown = AssistanceSettings.objects.get()
    hidden = {n for n, task in enumerate(tasks) if is_hidden(shown.seed, task.pk, shown.hidden_share)}

    page = place(tasks, lease_page(project=project, user=member("annotator"), order="guess", count=40))

    guessed, drawn = [one for one in page if one not in hidden], [one for one in page if one in hidden]
    assert len(page) == 40 and page == drawn + guessed  # what is held back is drawn by chance, of whatever guess
    assert guessed == sorted(set(guessed), reverse=True) and min(guessed) >= 140
    assert drawn == sorted(set(drawn))


def test_a_page_keeps_the_random_arm_in_its_share(project, member, tasks):
    services.change_settings(project=project, actor=project.created_by, random_share=0.5)
    Task.objects.filter(pk__in=[task.pk for task in tasks[100:]]).update(is_random=True)
    Task.objects.filter(pk__in=[task.pk for task in tasks[:100]]).update(is_random=False)

    page = lease_page(project=project, user=member("annotator"), order="alike", count=80)

    assert 20 <= sum(task.is_random for task in page) <= 60


def test_what_is_assigned_and_what_is_asked_for_again_comes_before_a_wish(project, member, tasks, source):
    from lifecycle.annotations.services.assignment import assign
    from lifecycle.annotations.services.ordering import put_first

    person = member("annotator")
    assign(project=project, actor=project.created_by, task_ids=[tasks[7].pk], user_ids=[person.pk])
    put_first(project=project, task_ids=[tasks[9].pk])

    page = place(tasks, lease_page(project=project, user=person, order="guess", count=3))

    assert page[:2] == [7, 9]


def test_no_task_is_given_to_more_people_than_it_wants(project, tasks, source):
    people = [factories.MembershipFactory(project=project, user=factories.UserFactory()).user for _ in range(3)]

    pages = [lease_page(project=project, user=person, order="guess", count=120) for person in people]

    assert [len(page) for page in pages[:2]] == [120, 120] and len(pages[2]) >= 80  # of those that others have not
    held = Lease.objects.values_list("task_id", flat=True)
    assert max(list(held).count(pk) for pk in set(held)) == 2


def test_without_vectors_and_without_a_model_the_queues_own_order_counts(project, member):
    collection = factories.CollectionFactory(dataset=Dataset.objects.get(project=project))
    for _ in range(5):
        factories.ItemFactory(dataset=collection.dataset, collection=collection)
    services.open_tasks(collection=collection)
    tasks, person = list(Task.objects.order_by("pk")), member("annotator")

    assert place(tasks, lease_page(project=project, user=person, order="alike", count=3)) == [0, 1, 2]
    assert place(tasks, lease_page(project=project, user=person, order="guess", count=3)) == [3, 4]
