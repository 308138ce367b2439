"""Joined names are taken apart as they were joined, even where a name contains what joins them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.contracts.label_interface import NOTHING, parse_interface
from lifecycle.contracts.label_interface.names import NameReader, is_cut, list_names
from lifecycle.contracts.label_interface.values import MAX_VALUE_CHARS, join_names

WORDS = st.text("ab", min_size=1, max_size=2)
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(", ".join)
DETECTION = '<View><Image name="i" value="$image"/><RectangleLabels name="b" toName="i">{}</RectangleLabels></View>'
TREE = """<View><Text name="t" value="$text"/><Taxonomy name="x" toName="t">
    <Choice value="animal"><Choice value="cat, tame"/></Choice><Choice value="plant"/></Taxonomy></View>"""
CHOICES = '<View><Text name="t" value="$text"/><Choices name="c" toName="t" choice="multiple">{}</Choices></View>'


@given(st.sets(st.text(st.characters(exclude_characters=",…", categories=("L", "N"))), max_size=6).map(sorted))
def test_plain_names_come_back_as_they_were(names):
    names = [name for name in names if name]
    value = join_names(names)

    if not is_cut(value):
        assert NameReader(names).read(value) == tuple(names)
        assert NameReader(()).read(value) == tuple(names)


@given(st.sets(NAMES, min_size=1, max_size=5), st.data())
def test_what_is_read_is_known_and_says_the_same(known, data):
    chosen = data.draw(st.sets(st.sampled_from(sorted(known)), min_size=1))
    value = join_names(chosen)

    found = NameReader(known).read(value)

    assert set(found) <= known and len(found) <= len(chosen)


@pytest.mark.parametrize(
    ("value", "names", "found"),
    [
        (NOTHING, ["a"], ()),
        ("red, white, blue", ["red", "white", "blue"], ("red", "white", "blue")),
        ("red, white, blue", ["red, white", "blue", "red"], ("red, white", "blue")),
        ("red, white, blue", ["red", "white, blue", "red, white"], ("red", "white, blue")),
        ("red, gone, blue", ["red", "blue"], ("red", "gone", "blue")),
        ("gone", [], ("gone",)),
    ],
)
def test_the_reading_with_the_fewest_unknown_names_counts(value, names, found):
    assert NameReader(names).read(value) == found


def test_of_names_that_were_cut_off_those_that_are_whole_count():
    names = [f"class {n:02}, so named" for n in range(40)]
    value = join_names(names)

    found = NameReader(names).read(value)

    assert len(value) == MAX_VALUE_CHARS and is_cut(value)
    assert list(found) == names[: len(found)] and len(found) == value.count("so named")


@pytest.mark.parametrize(
    ("problem_type", "config", "names"),
    [
        ("object_detection", DETECTION.format('<Label value="b"/><Label value="a, c"/>'), ("b", "a, c")),
        ("text_labelling", CHOICES.format('<Choice value="x"/><Choice value="y"/>'), ("x", "y")),
        ("text_labelling", TREE, ("animal", "animal / cat, tame", "plant")),
        ("text_labelling", '<View><Text name="t" value="$text"/><TextArea name="a" toName="t"/></View>', None),
    ],
)
def test_a_configuration_says_what_values_are_joined_of(problem_type, config, names):
    assert list_names(parse_interface(config, problem_type)) == names
