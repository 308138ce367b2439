"""Which key answers with which class."""

from lifecycle.annotations.rules import assign_keys


def test_a_class_named_like_a_key_is_on_that_key():
    assert assign_keys(["0", "1", "2"]) == ["0", "1", "2"]
    assert assign_keys(["cat", "1", "dog"]) == ["2", "1", "3"]


def test_no_key_has_two_classes():
    keys = assign_keys(["a", "A", "b", *(f"class {n}" for n in range(50))])

    given = [key for key in keys if key]
    assert len(given) == len(set(given))
    assert keys[-1] == ""
