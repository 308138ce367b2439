"""Which answers a reviewer is shown where answers say more than one class: by any of them, and by real disagreement."""

from __future__ import annotations

import pytest
from django.db import connection

from lifecycle.annotations import queue_selectors, review_selectors, selectors, services
from lifecycle.annotations.label_filters import split_value
from lifecycle.annotations.models import Annotation, Task
from lifecycle.annotations.review_selectors import Wanted
from lifecycle.annotations.services import disagreement
from lifecycle.annotations.services.answers import settle
from lifecycle.contracts.label_interface.templates import find_template
from lifecycle.datasets.models import Dataset
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return [factories.UserFactory() for _ in range(3)]


@pytest.fixture
def ask(owner, people):
    """ask(problem type, template or XML, *answers of one item each) is a project in which the first person, the second
    … gave these results; returns (project, [answers of each item])."""

    def make(problem_type: str, config: str, *items):
        project = factories.ProjectFactory(owner=owner, problem_type=problem_type)
        config = config if config.startswith("<") else find_template(config).config
        services.set_config(project=project, actor=owner, config=config)
        dataset = Dataset.objects.get(project=project)
        collection = factories.CollectionFactory(dataset=dataset)
        interface = selectors.get_interface(project)
        rows = [factories.ItemFactory(dataset=dataset, collection=collection) for _ in items]
        services.open_tasks(collection=collection)
        found = []
        for row, results in zip(rows, items, strict=True):
            task = type(row).objects.get(pk=row.pk).task
            found.append([
                Annotation.objects.create(
                    task=task, item=row, user=user, result=result, value=interface.read_value(result)
                )
                for user, result in zip(people, results, strict=False)
            ])  # fmt: skip
            settle(task, "free")
        disagreement.measure_due()
        return project, found

    return make


def box(label, x=10.0, width=20.0, type="rectanglelabels"):
    value = {"x": x, "y": 10, "width": width, "height": 20, "rotation": 0, type: [label]}
    return {"id": f"{label}{x}", "from_name": "label", "to_name": "item", "type": type, "value": value}


def ticked(*names):
    return [{"from_name": "label", "to_name": "item", "type": "choices", "value": {"choices": list(names)}}]


def said(**value):
    (key,) = value
    kind = {"taxonomy": "taxonomy", "text": "textarea", "rating": "rating"}[key]
    return {"from_name": "label", "to_name": "item", "type": kind, "value": value}


def span(start, end, label="person"):
    value = {"start": start, "end": end, "labels": [label]}
    return {"id": f"{start}", "from_name": "label", "to_name": "item", "type": "labels", "value": value}


def list_drawn(project, owner, **wanted):
    return list(review_selectors.list_pending(project, owner, Wanted(**wanted)))


def test_a_class_is_found_among_others_on_a_picture(ask, owner):
    project, [[both], [car], [polygon], _, _] = ask(
        "object_detection", "boxes",
        [[box("car"), box("person", 50)]], [[box("car"), box("car", 50)]],
        [[box("car", type="polygonlabels") | {"value": {"points": [[0, 0], [9, 0], [9, 9]], "polygonlabels": ["car"]}},
          box("bicycle")]],
        [[box("person")]], [[]],
    )  # fmt: skip

    assert list_drawn(project, owner, value="car") == [both, car, polygon]
    assert list_drawn(project, owner, value="car, person") == [both]  # what the answer says as a whole
    assert len(list_drawn(project, owner, value="(nothing)")) == 1
    assert list_drawn(project, owner, value="ca") == []


def test_a_class_is_found_among_those_ticked_be_its_name_long_or_with_a_comma(ask, owner):
    names = [f"a rather long name of a class, number {number:02}" for number in range(12)] + ["price", "price…", "x"]
    choices = "".join(f'<Choice value="{name}"/>' for name in names)
    config = (
        '<View><Text name="text" value="$text"/>'
        f'<Choices name="label" toName="text" choice="multiple">{choices}</Choices>'
        f'<Choices name="other" toName="text" choice="multiple">{choices}</Choices></View>'
    )
    elsewhere = [entry | {"from_name": "other"} for entry in ticked("price")]
    project, answers = ask(
        "text_labelling", config,
        [ticked(*names)], [ticked("price", "x")], [ticked("x", "price…")], [ticked(*names[:8]) + elsewhere],
        [ticked("x", names[1])],
    )  # fmt: skip
    everything, priced, dotted, many, two = (one[0] for one in answers)

    assert everything.value.endswith("…") and names[11] not in everything.value
    assert list_drawn(project, owner, value="price") == [everything, priced]
    assert list_drawn(project, owner, value="price…") == [everything, dotted]
    assert list_drawn(project, owner, value=names[1]) == [everything, many, two]
    assert list_drawn(project, owner, value=names[11]) == [everything]


def test_a_place_in_a_taxonomy_is_found_by_any_of_its_names(ask, owner):
    football, local = said(taxonomy=[["Sports", "Football"]]), said(taxonomy=[["Politics", "Local"]])
    project, [[one], [two], [both]] = ask(
        "text_labelling", "taxonomy", [[football]], [[local]],
        [[said(taxonomy=[["Sports", "Football"], ["Politics", "Local"]])]],
    )  # fmt: skip

    assert list_drawn(project, owner, value="Football") == [one, both]
    assert list_drawn(project, owner, value="Politics") == [two, both]


OTHER_INDEXES = """
SELECT indexrelid::regclass::text FROM pg_index LEFT JOIN pg_constraint ON conindid = indexrelid
WHERE indrelid = 'annotations_annotation'::regclass AND conindid IS NULL
"""


def test_an_index_knows_the_classes_of_an_answer(db):
    """With the only way left, whatever the statistics say: this is about the expression, which must be the index's."""
    named = Annotation.objects.filter(is_current=True, value__contains=", ").alias(joined=split_value())
    with connection.cursor() as cursor:
        cursor.execute(OTHER_INDEXES)
        for (name,) in cursor.fetchall():
            if name != "annotation_joined_names":
                cursor.execute(f"DROP INDEX {name}")
        for way in ("seqscan", "indexscan", "indexonlyscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")

    plan = named.filter(joined__contains=["car"]).explain()

    assert "annotation_joined_names" in plan and "Index Cond" in plan


def test_people_who_draw_different_boxes_of_one_class_disagree(ask, owner):
    same = [[box("car")], [box("car", 10.5)]]
    apart = [[box("car")], [box("car", 60)]]
    fewer = [[box("car"), box("person", 50)], [box("car")]]
    project, answers = ask("object_detection", "boxes", same, apart, fewer, [[box("car")]], [[box("car")], []])

    found = list_drawn(project, owner, sample="disagreement")

    assert found == [*answers[1], *answers[2], *answers[4]]


def test_people_who_tick_the_same_in_another_order_agree(ask, owner):
    project, answers = ask(
        "text_labelling", "text-tags",
        [ticked("price", "quality"), ticked("quality", "price")], [ticked("price", "quality"), ticked("price")],
        [ticked("price"), []], [ticked("price"), ticked("price"), ticked("service")],
    )  # fmt: skip

    found = list_drawn(project, owner, sample="disagreement")

    assert found == [*answers[1], *answers[2], *answers[3]]


def test_spans_texts_and_stars_disagree_by_how_far_they_are_apart(ask, owner):
    spans, marked = ask(
        "text_labelling", "spans", [[span(0, 20)], [span(0, 21)]], [[span(0, 20)], [span(0, 6)]],
        [[span(0, 20)], [span(0, 20, "place")]],
    )  # fmt: skip
    stars, rated = ask(
        "image_labelling", "image-rating", [[said(rating=4)], [said(rating=4)]], [[said(rating=4)], [said(rating=2)]]
    )

    assert list_drawn(spans, owner, sample="disagreement") == [*marked[1], *marked[2]]
    assert list_drawn(stars, owner, sample="disagreement") == rated[1]


def test_a_remark_that_only_one_of_two_made_is_no_disagreement(ask, owner):
    remark = {"from_name": "why", "to_name": "item", "type": "textarea", "value": {"text": ["sharp"]}}
    project, answers = ask("image_labelling", "image-rating", [[said(rating=4)], [said(rating=4), remark]])

    assert list_drawn(project, owner, sample="disagreement") == []


def test_where_people_differ_most_is_shown_first(ask, owner):
    same, other = ticked("price"), ticked("quality")
    project, answers = ask(
        "text_labelling", "text-tags", [same, same, other], [same, same], [same, other], [same, ticked("service")],
    )  # fmt: skip
    in_order = [answers[2], answers[3], answers[0]]
    filters = queue_selectors.TaskFilters(answers="differ")

    found = list_drawn(project, owner, sample="disagreement")
    pages = [queue_selectors.list_task_page(project, filters, size=2)]
    pages.append(queue_selectors.list_task_page(project, filters, at=pages[0].next_at, size=2))
    back = queue_selectors.list_task_page(project, filters, at=pages[1].previous_at, size=2)

    assert found == [answer for of_task in in_order for answer in of_task]
    assert [task.pk for page in pages for task in page.tasks] == [of_task[0].task_id for of_task in in_order]
    assert back == pages[0]
    agreed = queue_selectors.filter_tasks(project, queue_selectors.TaskFilters(answers="agree"))
    assert list(agreed) == [answers[1][0].task]


def test_classes_are_compared_at_once_and_drawings_by_the_clock(project, ask, make_tasks, answer, people, owner):
    services.change_settings(project=project, actor=owner, overlap=2)
    task = make_tasks(1)[0]
    for user, value in zip(people, ("cat", "dog"), strict=False):
        answer(user, task, value, may_answer_any=True)
    boxes, [apart] = ask("object_detection", "boxes", [[box("car")], [box("car", 60)]])
    drawn = Task.objects.get(pk=apart[0].task_id)
    settle(drawn, "regions")

    assert Task.objects.get(pk=task.pk).disagreement == 1.0
    assert list_drawn(boxes, owner, sample="disagreement") == []
    assert disagreement.measure_due() == 1
    assert list_drawn(boxes, owner, sample="disagreement") == apart
    assert disagreement.measure_due() == 0


def test_who_takes_an_answer_back_ends_the_disagreement(project, make_tasks, answer, people, owner):
    services.change_settings(project=project, actor=owner, overlap=2)
    task = make_tasks(1)[0]
    for user, value in zip(people, ("cat", "dog"), strict=False):
        answer(user, task, value, may_answer_any=True)

    services.withdraw(project=project, user=people[1], task_id=task.pk)

    task.refresh_from_db()
    assert (task.disagreement, task.is_disagreement_due) == (None, False)


def test_what_was_answered_while_it_was_measured_stays_due(ask, monkeypatch):
    _, [[given, _]] = ask("object_detection", "boxes", [[box("car")], [box("car", 60)]])
    settle(Task.objects.get(pk=given.task_id), "regions")

    def answer_meanwhile(results):
        settle(Task.objects.get(pk=given.task_id), "regions")
        return 0.5

    monkeypatch.setattr(disagreement, "_compare_results", answer_meanwhile)
    disagreement.measure_due()

    assert Task.objects.get(pk=given.task_id).is_disagreement_due


def test_two_classes_that_became_one_differ_no_more(project, make_tasks, answer, people, owner):
    services.change_settings(project=project, actor=owner, overlap=2)
    task = make_tasks(1)[0]
    for user, value in zip(people, ("cat", "dog"), strict=False):
        answer(user, task, value, may_answer_any=True)

    services.change_schema(project=project, actor=owner, classes=["cat", "owl"], renames={"dog": "cat"})
    disagreement.measure_due()

    task.refresh_from_db()
    assert task.disagreement == 0
