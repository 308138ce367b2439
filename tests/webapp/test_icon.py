"""A browser that opens a picture or a file for itself asks for the icon at its old address."""

from __future__ import annotations

import pytest

from tests.factories import UserFactory


@pytest.mark.parametrize("must_change", [None, False, True])
def test_the_icon_has_an_address_that_needs_no_page(db, client, must_change):
    if must_change is not None:
        client.force_login(UserFactory(must_change_password=must_change))

    answer = client.get("/favicon.ico")

    assert (answer.status_code, answer["Location"].rpartition("/")[2][:7]) == (302, "favicon")
    assert "max-age=86400" in answer["Cache-Control"]
