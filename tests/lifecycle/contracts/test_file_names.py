"""What an item's file is called, and how a name finds its item again."""

from __future__ import annotations

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.contracts.file_names import find_closest, list_stems, name_file, name_item, read_item, read_name

DIGEST = hashlib.sha256(b"a picture").hexdigest()
OWN = f"12_{DIGEST[:8]}"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("", OWN),
        (None, OWN),
        ("cells.zip!train/BloodImage_00003.jpg", f"BloodImage_00003_{OWN}"),
        ("https://example.org/cars/one%20two.jpg?size=9#top", f"one_two_{OWN}"),
        ("https://example.org/", OWN),
        ("https://example.org", OWN),
        ("Löwe.v2.png", f"Löwe_v2_{OWN}"),
        ("C:\\photos\\a b.png", f"a_b_{OWN}"),
        ("tasks.json#7", f"7_{OWN}"),
        (f"photo_7_{'0' * 8}.png", f"photo_{OWN}"),
        (f"/label-studio/data/cars/{DIGEST}", OWN),
        ("..", OWN),
    ],
)
def test_files_are_called_as_where_they_come_from(source, name):
    assert name_item(12, DIGEST, source) == name
    assert name_file(12, DIGEST, "image/jpeg", source) == f"{name}.jpg"


@given(st.text(max_size=400), st.integers(1, 10**15))
def test_any_source_gives_a_safe_name_that_tells_the_item(source, number):
    name = name_item(number, DIGEST, source)

    assert read_item(list_stems(f"images/{name}.jpg")[0]) == (number, DIGEST[:8])
    assert len(f"{name}.jpg".encode()) < 200 and not re.search(r"[^\w-]", name)
    called = read_name(source, "image/png")
    assert not called or (called.endswith(".png") and "/" not in called and called != ".png")


def test_the_folders_above_decide_between_files_of_one_name():
    places = ["a.zip!train/1.jpg", "a.zip!val/1.jpg"]

    assert find_closest("labels/train/1.txt", places) == places[:1]
    assert find_closest("x/VAL/1.png", places) == places[1:]
    assert find_closest("1.jpg", places) == places
    assert find_closest("labels/1.txt", ["images/1.jpg", "other/1.jpg"]) == ["images/1.jpg"]
    assert find_closest("1.jpg", []) == []
    assert list_stems("upload/3/0a1b2c3d-photo.v2.png") == ["0a1b2c3d-photo.v2", "photo.v2"]
