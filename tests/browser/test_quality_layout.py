"""The page of agreement with names as long as people make them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lifecycle.annotations import rules, services
from lifecycle.annotations.services import agreement, consensus
from lifecycle.datasets.models import Dataset
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
LONG = [
    "Pneumonoultramicroscopicsilicovolcanoconiosis_suspected_by_a_second_reader",
    "Hippopotomonstrosesquippedaliophobia" * 3,
]
OUTSIDE = """() => [...document.querySelectorAll('.quality-grid .table-responsive, .quality-grid table')]
  .filter((one) => one.scrollWidth > one.parentElement.clientWidth + 1).map((one) => one.innerText.slice(0, 40))"""


def test_long_names_of_classes_and_people_stay_within_their_cards(transactional_db, login, browser_page):
    owner, other = (factories.UserFactory(username=f"{'annotator_of_the_second_hospital_' * 3}{n}") for n in range(2))
    project = factories.ProjectFactory(owner=owner, problem_type="text_classification")
    factories.MembershipFactory(project=project, user=other, role="reviewer")
    services.create_schema(project=project, classes=LONG, created_by=owner)
    collection = factories.CollectionFactory(dataset=Dataset.objects.get(project=project))
    for n in range(3):
        factories.ItemFactory(dataset=collection.dataset, collection=collection, text=f"text {n}")
    services.open_tasks(collection=collection)
    services.change_settings(project=project, actor=owner, overlap=2)
    for user, value in ((owner, LONG[0]), (other, LONG[1])):
        result = rules.build_result("class", value)
        for task in services.lease_next(project=project, user=user, count=3):
            services.submit(project=project, user=user, task_id=task.pk, result=result)
    found = agreement.compare_answers(project)
    agreement.record(project=project, job=agreement.start(project=project, user=owner), result=found)
    consensus.work_out(consensus.start(project=project, user=owner))

    login(browser_page, owner)
    for width in (1440, 390):
        browser_page.set_viewport_size({"width": width, "height": 900})
        browser_page.goto(f"/projects/{project.slug}/label/quality")
        expect(browser_page.get_by_role("heading", name="By class")).to_be_visible()
        assert browser_page.evaluate(OUTSIDE) == []
