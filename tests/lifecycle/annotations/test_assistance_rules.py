"""The experiment behind suggestions: distances, intervals, arms, and a switch that turns off what does not help."""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats

from lifecycle.annotations import assistance_rules as arms
from lifecycle.annotations.distances import agree, compare
from tests.lifecycle.annotations import drawings

SEEDS = range(30)


def choice(*names, control="label"):
    return [{"from_name": control, "to_name": "item", "type": "choices", "value": {"choices": list(names)}}]


def box(x, y, width, height, name="car"):
    value = {"x": x, "y": y, "width": width, "height": height, "rectanglelabels": [name]}
    return {"from_name": "label", "to_name": "item", "type": "rectanglelabels", "value": value}


def span(start, end, name="PER"):
    value = {"start": start, "end": end, "labels": [name]}
    return {"from_name": "label", "to_name": "item", "type": "labels", "value": value}


def number(value):
    return [{"from_name": "label", "to_name": "item", "type": "number", "value": {"number": value}}]


@pytest.mark.parametrize(
    ("suggested", "answered", "distance", "is_agreed"),
    [
        (choice("cat"), choice("cat"), 0, True),
        (choice("cat"), choice("dog"), 1, False),
        (choice("cat", "dog"), choice("dog"), 0.5, False),
        (choice("cat"), [], 1, False),
        ([], [], 0, True),
        (choice("cat"), choice("cat") + choice("blurry", control="extra"), 0, True),
        (number(100), number(103), 3 / 103, True),
        (number(0), number(0), 0, True),
        (number(-5), number(5), 1, False),
        ([box(0, 0, 10, 10)], [box(0, 0, 10, 10)], 0, True),
        ([box(0, 0, 10, 10)], [box(5, 0, 10, 10)], 2 / 3, False),
        ([box(0, 0, 10, 10)], [box(0, 0, 10, 10, "bus")], 1, False),
        ([box(0, 0, 10, 10)], [box(0, 0, 10, 10), box(50, 50, 5, 5)], 1 / 3, False),
        ([span(0, 8)], [span(0, 8)], 0, True),
        ([span(0, 3)], [span(0, 8)], 0.5, False),
        ([span(0, 8)], [span(0, 8, "ORG")], 1, False),
    ],
)
def test_the_distance_between_a_suggestion_and_an_answer(suggested, answered, distance, is_agreed):
    found = compare(suggested, answered, text="Ada Love wrote it")

    assert found.distance == pytest.approx(distance, abs=1e-6)
    assert found.is_agreed is is_agreed


@pytest.mark.parametrize("kind", drawings.DRAWN, ids=lambda kind: kind.__name__)
def test_a_suggestion_drawn_anew_elsewhere_was_not_accepted(kind):
    suggested = drawings.draw(kind, 10)
    kept, moved, elsewhere = (drawings.draw(kind, at, region="mine") for at in (10, 11, 70))

    assert compare(suggested, kept).distance == 0
    assert 0 < compare(suggested, moved).distance < 0.5
    assert compare(suggested, elsewhere) == compare(suggested, drawings.draw(kind, 10, label="bus"))
    assert compare(suggested, elsewhere).distance == 1
    assert agree(suggested, kept) and not agree(suggested, elsewhere)


def test_relations_count_by_their_ends_and_their_label():
    def answer(*relations):
        drawn = [drawings.draw(drawings.span, at, region=name)[0] for at, name in ((0, "a"), (50, "b"))]
        return [*drawn, *relations]

    suggested = answer(drawings.lead("a", "b", "works at"))

    assert compare(suggested, suggested).distance == 0
    for other in ([], [drawings.lead("b", "a", "works at")], [drawings.lead("a", "b", "owns")]):
        assert compare(suggested, answer(*other)).distance == 0.5  # the spans are the same
        assert not compare(suggested, answer(*other)).is_agreed
        assert not agree(suggested, answer(*other)) and not agree(answer(*other), suggested)
    assert compare(answer(), suggested).distance == 0  # what a suggestion is silent about is not held against it


def test_what_is_said_of_a_region_is_compared_with_what_is_said_of_the_same_one():
    def answer(*said, at=(0, 50)):
        drawn = [box(x, 0, 10, 10) | {"id": name} for name, x in zip("ab", at, strict=True)]
        return [*drawn, *(choice(one, control="how")[0] | {"id": name} for name, one in zip("ab", said, strict=False))]

    def swap(result):
        return [entry | {"id": {"a": "b", "b": "a"}[entry["id"]]} for entry in reversed(result)]

    suggested = answer("whole", "part")

    assert compare(suggested, suggested).distance == compare(suggested, swap(suggested)).distance == 0
    assert compare(suggested, answer("part", "whole")).distance == 0.5  # the boxes are the same
    assert compare(suggested, answer("whole", "whole")).distance == 0.25
    assert compare(suggested, answer("whole")).distance == 0.25  # nothing is said of the other
    assert compare(suggested, answer("part", "whole", at=(0, 80))).distance == pytest.approx((0.5 + 1) / 2)
    assert agree(suggested, swap(suggested)) and agree(suggested, answer("whole"))
    assert not agree(suggested, answer("part", "whole")) and not agree(answer("part", "whole"), suggested)
    assert not compare(suggested, answer("part", "whole")).is_agreed


def test_broken_results_have_a_distance_too():
    broken = [{"from_name": "label", "value": {"start": "x", "end": None}}, {"value": None}, {"type": "relation"}]

    assert 0 <= compare(broken, broken).distance <= 1
    odd = [box(0, 0, 1, 1) | {"id": [1]}, {"from_name": "how", "id": [1], "value": {"choices": ["x"]}}, {"id": {}}]
    assert 0 <= compare(odd, [*odd, "x"]).distance <= 1
    assert agree(odd, odd)


def test_the_arm_of_a_task_is_fixed_and_its_share_is_what_was_asked():
    hidden = [pk for pk in range(20_000) if arms.is_hidden(7, pk, 0.2)]

    assert 0.19 < len(hidden) / 20_000 < 0.21
    assert set(hidden) <= {pk for pk in range(20_000) if arms.is_hidden(7, pk, 0.3)}  # a larger share keeps the arm


def test_intervals_equal_those_of_scipy():
    generator = random.Random(1)
    a, b = ([generator.gauss(mean, 0.4) for _ in range(count)] for mean, count in ((1.0, 60), (1.3, 25)))
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)

    ratio = arms.estimate_ratio(a, b, 0.95)
    share = arms.estimate_share([True] * 30 + [False] * 10, 0.95)
    wilson = stats.binomtest(30, 40).proportion_ci(0.95, method="wilson")

    assert (math.log(ratio.low), math.log(ratio.high)) == pytest.approx((expected.low, expected.high), abs=1e-4)
    assert (share.low, share.high) == pytest.approx((wilson.low, wilson.high), abs=1e-9)
    # Newcombe (1998), table II, method 10: 56/70 and 48/80
    difference = arms.estimate_difference([True] * 56 + [False] * 14, [True] * 48 + [False] * 32, 0.95)
    assert (difference.low, difference.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    for freedom in (4, 20, 200):
        assert arms.quantile_t(0.95, freedom) == pytest.approx(stats.t.ppf(0.975, freedom), abs=1e-2)


def label(seed, count, *, accuracy, anchoring=0.1, saved=0.25, lost=0.3, people=0.94, classes=4):
    """Tasks labeled until assistance is switched off: (after how many, why), or None.

    People are right in 94 % by themselves. Of those who see a wrong suggestion a share of `anchoring` follows it; an
    accepted suggestion saves a share of the time, a wrong one costs some.
    """
    generator, outcomes = random.Random(seed), []
    for task in range(count):
        truth = generator.randrange(classes)
        own = truth if generator.random() < people else generator.randrange(classes)
        others = [name for name in range(classes) if name != truth]
        suggested = truth if generator.random() < accuracy else generator.choice(others)
        seconds = math.exp(generator.gauss(math.log(4), 0.5))
        is_shown = not arms.is_hidden(seed, task, 0.2)
        if is_shown:
            own = suggested if generator.random() < anchoring else own
            seconds *= 1 - saved if own == suggested else 1 + lost
        distance = float(own != suggested)
        verdict = ("corrected" if distance else "accepted") if is_shown else "unseen"
        outcomes.append(arms.Outcome(is_shown, verdict, distance, not distance, seconds))
        if len(outcomes) % arms.LOOK_EVERY == 0 and (reason := arms.find_harm(outcomes)):
            return len(outcomes), reason
    return None


def test_a_simulated_bad_model_is_switched_off_within_200_tasks():
    ends = [label(seed, 200, accuracy=0.1) for seed in SEEDS]

    assert None not in ends
    assert all("changed" in why or "times as long" in why or "differ" in why for _, why in ends)


def test_a_model_that_guesses_is_switched_off_within_200_tasks_nearly_always():
    ends = [label(seed, 200, accuracy=0.25) for seed in SEEDS]

    assert sum(end is None for end in ends) <= 1


def test_a_bad_model_that_people_follow_quickly_is_switched_off_because_it_leads_them():
    ends = [label(seed, 200, accuracy=0.1, anchoring=0.7, saved=0.5, lost=0) for seed in SEEDS]

    assert sum(end is None for end in ends) <= 1
    assert all("they see it" in why or "see it follow it" in why for _, why in filter(None, ends))


def test_a_simulated_good_model_is_never_switched_off():
    assert [label(seed, 600, accuracy=0.92) for seed in SEEDS] == [None] * len(SEEDS)


def test_a_model_that_only_costs_time_is_switched_off_in_the_end():
    ends = [label(seed, 500, accuracy=0.9, saved=-0.4, lost=0.4) for seed in range(5)]

    assert all(end and "times as long" in end[1] for end in ends)


def label_long(seed, **habits):
    """All outcomes of as many tasks as a proof takes, whatever the switch says on the way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arms, "find_harm", lambda outcomes: seen.append(outcomes) or "")
        seen: list[list[arms.Outcome]] = []
        label(seed, arms.PROOF, **habits)
    return seen[-1]


def test_a_model_that_merely_saves_nothing_is_switched_off_when_a_proof_is_due():
    found = [label_long(seed, accuracy=0.9, anchoring=0, saved=0, lost=0) for seed in range(10)]

    assert not any(arms.find_no_help(outcomes[:-1]) for outcomes in found)  # too few to expect a proof
    reasons = [arms.find_no_help(outcomes) for outcomes in found]
    assert sum(not reason for reason in reasons) <= 1  # chance shows a saving once in forty
    assert all("do not show that any time is saved" in reason for reason in reasons if reason)


def test_a_model_that_saves_some_time_stays_when_a_proof_is_due():
    found = [label_long(seed, accuracy=0.9, saved=0.25, lost=0.3) for seed in range(10)]

    assert [arms.find_no_help(outcomes) for outcomes in found] == [""] * 10


def test_a_model_that_makes_answers_right_stays_though_it_saves_no_time():
    def answer(is_shown, number, is_correct):
        seconds = 1 + number % 7
        return arms.Outcome(is_shown, "accepted" if is_shown else "unseen", 0, True, seconds, is_correct)

    shown = [answer(True, number, number % 20 != 0) for number in range(1_600)]
    hidden = [answer(False, number, number % 4 != 0) for number in range(400)]

    assert arms.find_no_help(shown + hidden) == ""
    without_gold = [arms.Outcome(one.is_shown, one.verdict, 0, True, one.seconds) for one in shown + hidden]
    assert "do not show" in arms.find_no_help(without_gold)


def test_nothing_is_said_where_seconds_are_not_known():
    found = [arms.Outcome(number % 4 != 0, "accepted", 0, True) for number in range(arms.PROOF)]

    assert arms.find_no_help(found) == ""


def test_gold_items_answered_worse_are_a_reason():
    shown = [arms.Outcome(True, "accepted", 0, True, 1, number % 2 == 0) for number in range(100)]
    hidden = [arms.Outcome(False, "unseen", 0, True, 1, True) for _ in range(40)]

    assert "truth is known" in arms.find_harm(shown + hidden)
    assert arms.find_harm(shown[:50]) == ""  # nothing to compare with


@pytest.mark.parametrize(
    ("score", "regions", "expected"),
    [
        (0.9, [], 0.1),
        (0.9, [{"score": 0.8}, {"score": 0.3}, {}], 0.7),  # as unsure as of its least sure region
        (None, [{"score": 0.5}], 0.5),
        (7.0, [{"score": "much"}, {"score": True}, 3], None),  # no shares
        (None, None, None),
        (12.5, [{"score": 0.25}], 0.75),
    ],
)
def test_a_proposal_is_as_unsure_as_its_least_sure_region(score, regions, expected):
    found = arms.measure_uncertainty(score, regions)

    assert found == (None if expected is None else pytest.approx(expected))
