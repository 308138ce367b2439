"""A site in a project, its crawl with a few addresses, and somebody who may change it."""

from __future__ import annotations

import uuid

import pytest

from lifecycle.crawls import services
from lifecycle.crawls.models import Crawl, CrawlUrl
from tests import factories


@pytest.fixture
def project(owner):
    return factories.ProjectFactory(owner=owner, problem_type="text_classification")


@pytest.fixture
def source(project, owner):
    config = {"start_urls": ["https://mills.example/"], "fields": []}
    return services.create_site(
        dataset=project.datasets.get(), user=owner, title="Mills", config=config,
        headers={"Authorization": "Bearer s3cret-token"},
    )  # fmt: skip


@pytest.fixture
def crawl(source, owner):
    crawl = services.start_crawl(source=source, user=owner)
    states = {"done": 3, "failed": 2, "queued": 4}
    for state, count in states.items():
        for number in range(count):
            url = f"https://mills.example/{state}/{number}"
            CrawlUrl.objects.create(
                crawl=crawl, fingerprint=uuid.uuid4(), url=url, host="mills.example", state=state,
                error_kind="HTTP 404" if state == "failed" else "", status=404 if state == "failed" else 200,
            )  # fmt: skip
    Crawl.objects.filter(pk=crawl.pk).update(
        found=9, fetched=3, failed=2, items=3, errors={"HTTP 404": 2}, dropped={"another site": 7},
        history=[[0, 0, 0, 9, 0], [1, 2, 2, 6, 1], [2.5, 3, 3, 4, 2]],
    )  # fmt: skip
    crawl.refresh_from_db()
    return crawl


@pytest.fixture
def browse(client, owner):
    client.force_login(owner)
    return client
