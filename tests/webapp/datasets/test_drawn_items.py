"""The page of an item whose label is drawn: boxes stand on the picture, spans in the text."""

from __future__ import annotations

import pytest
from django.urls import reverse

from lifecycle.annotations.models import Annotation
from lifecycle.datasets.models import Item
from tests.lifecycle.datasets.test_drawn_labels import pictures
from tests.lifecycle.datasets.test_import import bring, make_project
from webapp.pages.datasets.drawn import draw_labels

pytestmark = pytest.mark.django_db
NEWS = b"EU B-ORG\nrejects O\nNew B-LOC\nYork I-LOC\n\nnothing O\nhere O\n"


def show(client, item) -> str:
    return client.get(reverse("datasets:item", args=[item.dataset.project.slug, item.pk])).content.decode()


def test_boxes_stand_on_the_picture(client, owner, run_jobs):
    client.force_login(owner)
    project = make_project(owner, "object_detection")
    bring(project, owner, {"cells.zip": pictures((1, [4, 4, 8, 8]), (2, [20, 20, 10, 10]))}, run_jobs)

    labeled, plain = (show(client, Item.objects.get(label__isnull=is_plain)) for is_plain in (False, True))

    assert labeled.count("<polygon") == 2 and ">red cell</text>" in labeled and "2 marked" in labeled
    assert "<polygon" not in plain and "item-stage" in plain


def test_spans_stand_in_the_text_for_who_may_see_the_answer(client, owner, member, run_jobs):
    project = make_project(owner, "span_labelling")
    bring(project, owner, {"news.conll": NEWS}, run_jobs)
    item = Item.objects.get(text__startswith="EU")

    client.force_login(owner)
    whole = show(client, item)

    assert "<mark" in whole and ">LOC</small>" in whole and "New York" in whole


def test_boxes_stand_on_the_small_pictures_at_one_query_for_all(
    client, owner, member, run_jobs, django_assert_num_queries
):
    client.force_login(owner)
    project = make_project(owner, "object_detection")
    bring(project, owner, {"cells.zip": pictures((1, [4, 4, 8, 8]), (2, [20, 20, 10, 10]))}, run_jobs)
    place = reverse("datasets:items", args=[project.slug])
    assert client.get(place).content.decode().count("<polygon") == 2
    owner_sees = list(Item.objects.select_related("dataset__project"))
    project.role = "owner"

    with django_assert_num_queries(2):  # the schema and the answers
        draw_labels(project, owner, [*owner_sees, None])

    assert sorted(hasattr(item, "drawn") for item in owner_sees) == [False, True]
    Annotation.objects.update(result=[{"a": "long" * 60_000}])
    assert "<polygon" not in client.get(place).content.decode()


def test_small_pictures_of_classes_ask_for_no_answers(owner, django_assert_num_queries):
    project = make_project(owner, "image_classification")
    project.role = "owner"

    with django_assert_num_queries(0):
        draw_labels(project, owner, [Item(mime="image/png", blob="a"), Item(text="words", label_annotation_id=1)])
