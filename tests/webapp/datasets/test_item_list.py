"""The list of items over REST."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from lifecycle.datasets.models import Dataset
from tests import factories

pytestmark = pytest.mark.django_db


def test_items_go_on_by_their_links_and_a_page_number_is_refused():
    project = factories.ProjectFactory(problem_type="text_classification")
    factories.ItemFactory.create_batch(5, dataset=Dataset.objects.get(project=project))
    client = APIClient()
    client.force_authenticate(project.created_by)
    url, seen = f"/api/v1/projects/{project.slug}/items/?page=1&page_size=2", []

    refused = client.get(f"/api/v1/projects/{project.slug}/items/?page=2")
    while url:
        body = client.get(url).json()
        seen += [item["id"] for item in body["results"]]
        url = body["next"]
        assert url is None or "?page=" not in url

    assert len(seen) == len(set(seen)) == 5
    assert refused.status_code == 400 and "follow `next`" in refused.json()["detail"]
