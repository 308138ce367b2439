"""The jobs that compare answers and settle labels, from start to what they leave behind."""

from __future__ import annotations

import random

import pytest

from lifecycle.annotations import review_selectors, rules, services
from lifecycle.annotations.models import AgreementReport, Annotation, ConsensusRun, FinalLabel
from lifecycle.annotations.people_selectors import list_people
from lifecycle.annotations.services import agreement, consensus, quality, reviews
from lifecycle.annotations.services.answers import settle
from lifecycle.common.errors import DomainError
from lifecycle.datasets.models import Dataset, Item
from tests import factories

pytestmark = pytest.mark.django_db

CLASSES = ["cat", "dog", "owl"]


@pytest.fixture
def project(owner):
    return factories.ProjectFactory(owner=owner, problem_type="text_classification")


@pytest.fixture
def crowd(project, owner):
    """Sixty items, each answered by five people who are right nine times of ten and by erin, who guesses.

    Returns ({name: user}, {item id: truth}).
    """
    services.create_schema(project=project, classes=CLASSES, created_by=owner)
    dataset = Dataset.objects.get(project=project)
    collection = factories.CollectionFactory(dataset=dataset)
    items = [factories.ItemFactory(dataset=dataset, collection=collection) for _ in range(60)]
    services.change_settings(project=project, actor=owner, overlap=6, lease_seconds=60)
    services.open_tasks(collection=collection)
    people = {name: factories.UserFactory(username=name) for name in ("ann", "ben", "cem", "dora", "ed", "erin")}
    rng = random.Random(1)
    truths = {}
    rows = []
    for item in items:
        truths[item.pk] = truth = rng.choice(CLASSES)
        for name, user in people.items():
            is_right = name != "erin" and rng.random() < 0.9
            value = truth if is_right else rng.choice(CLASSES)
            result = rules.build_result("class", value)
            rows.append(Annotation(task=item.task, item=item, user=user, value=value, result=result))
    Annotation.objects.bulk_create(rows)
    for item in items:
        settle(item.task, "class")
    return people, truths


def test_the_one_who_guesses_is_found_and_named(project, owner, crowd, run_jobs):
    people, _ = crowd
    agreement.start(project=project, user=owner)

    run_jobs()

    report = AgreementReport.objects.get()
    assert (report.item_count, report.answer_count) == (60, 360)
    found = report.result["controls"]["label"]
    assert found["kind"] == "nominal" and 0.3 < found["alpha"] < 0.9
    assert {row["name"] for row in found["classes"]} == set(CLASSES)
    assert len(found["pairs"]) == 15
    suspects = [person.username for person in list_people(project) if person.is_suspect]
    assert suspects == ["erin"]
    assert "erin" in next(person.verdict for person in list_people(project) if person.is_suspect)


@pytest.mark.parametrize("method", ["majority", "dawid_skene"])
def test_final_labels_keep_the_answers_they_come_from(project, owner, crowd, run_jobs, method):
    people, truths = crowd
    run = consensus.start(project=project, user=owner, method=method)

    run_jobs()

    run.refresh_from_db()
    assert run.finished_at and run.item_count == 60
    labels = dict(Item.objects.values_list("pk", "label"))
    assert sum(labels[pk] == truth for pk, truth in truths.items()) >= 58
    final = FinalLabel.objects.select_related("item").first()
    assert len(final.sources) == 6 and final.value == final.item.label
    assert final.item.label_annotation_id in {source["annotation"] for source in final.sources}
    assert run.people[0]["username"] == "erin" or method == "majority"


def test_an_item_in_doubt_goes_to_review_until_somebody_looks(project, owner, crowd, run_jobs, member):
    quality.change_settings(project=project, actor=owner, min_posterior=0.7, consensus_method="majority")
    consensus.start(project=project, user=owner)
    run_jobs()
    doubtful = FinalLabel.objects.filter(is_doubtful=True)
    reviewer, wanted = member("reviewer"), review_selectors.Wanted(sample="doubtful")
    pending = review_selectors.list_pending(project, reviewer, wanted)
    before = doubtful.count()
    assert before and set(pending.values_list("item", flat=True)) == set(doubtful.values_list("item", flat=True))
    first = pending.first()

    reviews.fix(project=project, reviewer=reviewer, annotation_id=first.pk, result=rules.build_result("class", "owl"))
    consensus.start(project=project, user=owner)
    run_jobs()

    assert doubtful.count() == before - 1
    final = FinalLabel.objects.select_related("item").get(item=first.item)
    assert (final.value, final.posterior, final.item.label) == ("owl", 1.0, "owl")  # a reviewer's word stands


def test_what_a_reviewer_replaced_still_counts_as_what_its_author_said(project, owner, crowd, member):
    people, _ = crowd
    mine = Annotation.objects.filter(user=people["ann"]).first()
    reviews.fix(
        project=project, reviewer=member("reviewer"), annotation_id=mine.pk, result=rules.build_result("class", "owl")
    )

    rows = next(rows for rows in agreement.iterate_own_answers(project) if rows[0][0] == mine.task_id)

    assert mine.pk in {row[3] for row in rows} and len(rows) == 6


def test_a_consensus_needs_a_question(owner):
    project = factories.ProjectFactory(owner=owner, problem_type="tabular_regression")

    with pytest.raises(DomainError, match="does not ask"):
        consensus.start(project=project, user=owner)
    assert not ConsensusRun.objects.exists()
