"""What all tests of the web application share."""

from __future__ import annotations

import pytest

from lifecycle.annotations.services import label_imports


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch):
    """There is no worker but where a test has one."""
    monkeypatch.setattr(label_imports, "WAIT_SECONDS", 0)
