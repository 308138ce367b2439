"""The same text project as the domain tests use, seen through HTTP."""

from tests.lifecycle.annotations.conftest import collection, make_tasks, project, schema  # noqa: F401 — fixtures
