"""Classes that are written almost alike are told apart from those that are two."""

from __future__ import annotations

import pytest

from lifecycle.annotations.class_twins import list_class_twins


@pytest.mark.parametrize(
    ("classes", "twins"),
    [
        (["Cat", "dog", "cat"], [("Cat", "cat")]),
        (["red cell", "Red_Cell", "red-cell", "white cell"], [("red cell", "Red_Cell", "red-cell")]),
        (["C", "C-", "C+", "1-2", "12"], []),
        (["Straße", "STRASSE"], [("Straße", "STRASSE")]),
        ([], []),
    ],
)
def test_case_and_blanks_make_no_other_class(classes, twins):
    assert list_class_twins(classes) == twins


def test_the_one_that_is_used_most_comes_first():
    assert list_class_twins(["Cat", "cat", "CAT"], most_used=["cat", "CAT"]) == [("cat", "CAT", "Cat")]
