"""What several people's answers to one question come to, by hand."""

from __future__ import annotations

import pytest

from lifecycle.annotations.merging.texts import count_edits, measure_distance
from tests.lifecycle.annotations.merging.shapes import ask, combine, say, values

TAGS = (
    '<Choices name="c" toName="item" choice="multiple"{}>'
    '<Choice value="a"/><Choice value="b"/><Choice value="c"/></Choices>'
)
KIND = '<Choices name="c" toName="item"><Choice value="a"/><Choice value="b"/></Choices>'


def test_most_people_win_and_how_many_they_are_is_how_sure_it_is():
    kind = ask(KIND)

    merged = combine(kind, *(say(kind, {"choices": [name]}) for name in ("a", "b", "a")))

    assert values(merged) == [{"choices": ["a"]}] and merged.posterior == pytest.approx(2 / 3)
    assert merged.parts[0].annotations == (11, 13) and merged.parts[0].said == "a"


def test_of_equals_the_class_that_was_said_last_counts():
    kind = ask(KIND)

    merged = combine(kind, *(say(kind, {"choices": [name]}) for name in ("a", "b")))

    assert values(merged) == [{"choices": ["b"]}] and merged.posterior == 0.5


def test_each_of_several_classes_is_a_yes_or_no_of_its_own():
    tags = ask(TAGS.format(""))

    merged = combine(tags, *(say(tags, {"choices": names}) for names in (["b", "a"], ["a"], ["a", "c", "b"])))

    assert values(merged) == [{"choices": ["b", "a"]}]  # somebody said just that
    assert merged.posterior == pytest.approx(2 / 3)  # that c is not, and that b is


def test_a_set_that_nobody_gave_is_written_in_the_order_of_the_schema():
    tags = ask(TAGS.format(""))

    merged = combine(tags, *(say(tags, {"choices": names}) for names in (["c", "a"], ["b", "a"], ["c", "b"])))

    assert values(merged) == [{"choices": ["a", "b", "c"]}]


def test_nothing_chosen_stands_only_where_half_of_the_people_chose_nothing():
    tags = ask(TAGS.format(""))
    one, other = say(tags, {"choices": ["a"]}), say(tags, {"choices": ["b"]})

    nothing = combine(tags, [], [], one)
    something = combine(tags, one, other, say(tags, {"choices": ["c"]}))

    assert nothing.result == [] and nothing.posterior == pytest.approx(2 / 3)
    assert values(something) == [{"choices": ["c"]}] and something.posterior == pytest.approx(1 / 3)


def test_leaves_of_a_taxonomy_are_told_by_their_paths():
    tree = ask(
        '<Taxonomy name="c" toName="item"><Choice value="animal"><Choice value="cat"/></Choice>'
        '<Choice value="pet"><Choice value="cat"/></Choice></Taxonomy>'
    )
    animal, pet = {"taxonomy": [["animal", "cat"]]}, {"taxonomy": [["pet", "cat"]]}

    assert values(combine(tree, say(tree, animal), say(tree, pet), say(tree, animal))) == [animal]


def test_one_class_with_and_without_its_path_is_the_same_class():
    nested = ask('<Choices name="c" toName="item"><Choice value="a"><Choice value="b"/></Choice></Choices>')

    merged = combine(nested, say(nested, {"choices": [["a", "b"]]}), say(nested, {"choices": ["b"]}))

    assert values(merged) == [{"choices": ["b"]}] and merged.posterior == 1.0


@pytest.mark.parametrize(
    ("given", "median", "posterior"),
    [([3, 9, 4], 4, 1 / 3), ([1, 2, 3, 4], 2, 1 / 4), ([100, 103, 98, 7], 98, 3 / 4), ([0, 0, 5], 0, 2 / 3)],
)
def test_a_number_is_the_lower_median_and_sure_as_the_share_within_a_twentieth(given, median, posterior):
    number = ask('<Number name="c" toName="item"/>')

    merged = combine(number, *(say(number, {"number": one}) for one in given))

    assert values(merged) == [{"number": median}] and merged.posterior == pytest.approx(posterior)


def test_a_rating_is_a_rating_that_somebody_gave():
    stars = ask('<Rating name="c" toName="item"/>')

    assert values(combine(stars, *(say(stars, {"rating": one}) for one in (1, 5)))) == [{"rating": 1}]


def test_the_text_that_most_wrote_wins_whatever_its_blanks():
    text = ask('<TextArea name="c" toName="item"/>')

    merged = combine(text, *(say(text, {"text": [one]}) for one in ("a  cat", "a dog", " a cat")))

    assert values(merged) == [{"text": [" a cat"]}] and merged.posterior == pytest.approx(2 / 3)


def test_of_texts_that_all_differ_the_one_nearest_to_the_others_wins():
    text = ask('<TextArea name="c" toName="item"/>')

    merged = combine(text, *(say(text, {"text": [one]}) for one in ("a black bat", "a black cat", "a blue bat")))

    assert values(merged) == [{"text": ["a black bat"]}] and merged.posterior == pytest.approx(1 / 3)


def test_edits_are_counted_as_levenshtein_does():
    assert count_edits("kitten", "sitting") == 3 and count_edits("", "abc") == 3 and count_edits("abc", "") == 3
    assert count_edits("flaw", "lawn") == 2 and measure_distance("ab", "ab") == 0.0
    assert measure_distance("x " * 5_000, "x " * 4_999 + "y") == pytest.approx(1 / 5_000)


def test_a_pair_is_a_class():
    pair = ask('<Pairwise name="c" toName="item,b"/>', '<Text name="item" value="$a"/><Text name="b" value="$b"/>')

    assert values(combine(pair, *(say(pair, {"selected": one}) for one in ("left", "left", "right")))) == [
        {"selected": "left"}
    ]


def test_a_question_that_most_left_open_stays_open():
    both = ask(KIND + '<Rating name="stars" toName="item"/>')
    kind, stars = say(both, {"choices": ["a"]}), say(both, {"rating": 4}, "stars")

    left_open = combine(both, kind + stars, kind, kind)
    answered = combine(both, kind + stars, kind + stars, kind)

    assert values(left_open) == [{"choices": ["a"]}] and left_open.posterior == pytest.approx(2 / 3)
    assert values(answered) == [{"choices": ["a"]}, {"rating": 4}] and answered.posterior == pytest.approx(2 / 3)


def test_a_question_with_a_condition_is_settled_by_those_who_were_asked_what_the_final_answer_asks():
    breed = (
        '<Choices name="breed" toName="item" required="true" visibleWhen="choice-selected" whenTagName="c"'
        ' whenChoiceValue="{}"><Choice value="x"/><Choice value="y"/></Choices>'
    )
    both = ask(KIND + breed.format("a"))
    a, b = say(both, {"choices": ["a"]}), say(both, {"choices": ["b"]})
    x, y = say(both, {"choices": ["x"]}, "breed"), say(both, {"choices": ["y"]}, "breed")

    asked = combine(both, a + x, b, a + x)
    not_asked = combine(both, a + y, b, b)

    assert values(asked) == [{"choices": ["a"]}, {"choices": ["x"]}] and asked.posterior == pytest.approx(2 / 3)
    assert values(not_asked) == [{"choices": ["b"]}]
