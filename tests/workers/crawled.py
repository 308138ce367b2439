"""Fixtures of crawls by the real job: a site on this machine, and a source that crawls it. Import them where needed."""

from __future__ import annotations

import pytest

from lifecycle.crawls import services
from tests import factories
from tests.sites import serve

WORDS = "The mill by the river ground corn for the whole valley, and its wheel turned day and night. " * 8
PARAGRAPHS = {"take": "fields", "fields": [{"name": "words", "selector": "p", "role": "text"}]}  # quicker than texts
FAST = {"requests_per_second": 0, "is_adaptive": False, "concurrency_per_host": 8, "retry_seconds": 0.05}


@pytest.fixture
def site(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"
    with serve() as site:
        yield site


@pytest.fixture
def make_site(owner, site):
    """make_site("text_classification", take="text") is a source that crawls the site; of texts it takes paragraphs
    unless told otherwise."""

    def make(problem_type="text_classification", **config):
        project = factories.ProjectFactory(owner=owner, problem_type=problem_type)
        quick = PARAGRAPHS if problem_type == "text_classification" else {}
        config = {"start_urls": [site.base + "/"], **FAST, **quick, **config}
        return services.create_site(dataset=project.datasets.get(), user=owner, title="Mills", config=config)

    return make
