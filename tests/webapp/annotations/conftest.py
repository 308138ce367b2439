"""The same text project as the domain tests use, seen through HTTP."""

from tests.lifecycle.annotations.conftest import (  # noqa: F401 — fixtures
    answer,
    collection,
    expire,
    make_tasks,
    project,
    schema,
)
