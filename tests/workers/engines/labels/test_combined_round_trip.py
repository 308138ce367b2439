"""Export → import of configurations that ask many things at once: what the tables hold comes back entry by entry."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle.contracts.label_interface import parse_interface
from tests.workers.engines.labels.test_round_trip import (
    GEOMETRY,
    HEIGHT,
    NAMES,
    TABLES,
    TEXT,
    WIDTH,
    ids,
    make_task,
    send_round,
    simplify,
    texts,
)

LABELS = "".join(f'<Label value="{name}"/>' for name in NAMES)
CHOICES = "".join(f'<Choice value="{name}"/>' for name in NAMES)
NESTED = (
    '<Choice value="Animal"><Choice value="cat"><Choice value="שמח 🙂"/></Choice><Choice value="a, b"/></Choice>'
    '<Choice value="Place / town"><Choice value="cat"/></Choice><Choice value="none"/>'
)
PATHS = [["Animal"], ["Animal", "cat"], ["Animal", "cat", "שמח 🙂"], ["Animal", "a, b"], ["Place / town"],
         ["Place / town", "cat"], ["none"]]  # fmt: skip
ASKED = f"""<Choices name="one" toName="o">{CHOICES}</Choices>
  <Choices name="many" toName="o" choice="multiple">{CHOICES}</Choices>
  <Choices name="nested" toName="o" choice="multiple" allowNested="true">{NESTED}</Choices>
  <Taxonomy name="tree" toName="o">{NESTED}</Taxonomy>
  <Rating name="stars" toName="o" maxRating="7"/><Number name="number" toName="o"/>
  <TextArea name="text" toName="o"/>"""
ASKED_OF_REGIONS = f"""<Choices name="r-one" toName="o" perRegion="true">{CHOICES}</Choices>
  <Choices name="r-many" toName="o" perRegion="true" choice="multiple">{CHOICES}</Choices>
  <Taxonomy name="r-tree" toName="o" perRegion="true">{NESTED}</Taxonomy>
  <Rating name="r-stars" toName="o" perRegion="true"/><Number name="r-number" toName="o" perRegion="true"/>
  <TextArea name="r-text" toName="o" perRegion="true"/>
  <Relations><Relation value="of"/><Relation value="שמח, 🙂"/></Relations>"""

some_names = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)
some_paths = st.lists(st.sampled_from(PATHS), min_size=1, max_size=4, unique_by=str)
numbers = st.one_of(st.integers(-(2**60), 2**60), st.floats(-1e300, 1e300), st.sampled_from([0, -0.0, 1e-300, 0.1]))
PLAIN = {
    "one": ("choices", st.sampled_from(NAMES).map(lambda one: {"choices": [one]})),
    "many": ("choices", some_names.map(lambda found: {"choices": found})),
    "nested": ("choices", some_paths.map(lambda found: {"choices": found})),
    "tree": ("taxonomy", some_paths.map(lambda found: {"taxonomy": found})),
    "stars": ("rating", st.integers(1, 5).map(lambda one: {"rating": one})),
    "number": ("number", numbers.map(lambda one: {"number": one})),
    "text": ("textarea", st.lists(texts, min_size=1, max_size=3).map(lambda found: {"text": found})),
}
sounds = st.builds(
    lambda start, length, channel: {"start": start, "end": start + length, "channel": channel},
    st.floats(0, 100), st.floats(0.001, 100), st.integers(0, 1),
)  # fmt: skip
AUDIO = {"Labels": sounds}


def make(shown: str, drawn: dict):
    """(interface, what draws in it) of one kind of object with everything that can be asked about it."""
    tags = "".join(f'<{tag} name="{tag}" toName="o" choice="multiple">{LABELS}</{tag}>' for tag in drawn)
    config = f'<View><{shown} name="o" value="$shown"/>{tags}{ASKED}{ASKED_OF_REGIONS}</View>'
    return parse_interface(config), drawn


KINDS = {
    "Image": make("Image", {tag: GEOMETRY[tag] for tag in GEOMETRY if tag.endswith(("gleLabels", "gonLabels"))
                            or tag in ("EllipseLabels", "KeyPointLabels", "BrushLabels")}),
    "Text": make("Text", {"Labels": GEOMETRY["Labels"]}),
    "HyperText": make("HyperText", {"HyperTextLabels": GEOMETRY["HyperTextLabels"]}),
    "Audio": make("Audio", AUDIO),
}  # fmt: skip


def say(draw, control: str, kind: str, values, identifier: str | None = None) -> dict:
    entry = {"from_name": control, "to_name": "o", "type": kind, "value": draw(values)}
    return entry | ({"id": identifier} if identifier else {})


@st.composite
def answers(draw, kind: str):
    """One answer: of each question a word or none, regions with several labels, touching ones, and what they say."""
    interface, drawn = KINDS[kind]
    made = [say(draw, name, *PLAIN[name]) for name in PLAIN if draw(st.booleans())]
    identifiers = draw(st.lists(ids, max_size=4, unique=True))
    geometry = None
    for identifier in identifiers:
        tag = draw(st.sampled_from(sorted(drawn)))
        # now and then exactly where the one before is: what touches or covers another stays a region of its own
        again = geometry if geometry and geometry[0] == tag and draw(st.booleans()) else None
        geometry = again or (tag, draw(drawn[tag]))
        size = {"original_width": WIDTH, "original_height": HEIGHT} if kind == "Image" else {}
        value = geometry[1] | {tag.lower(): draw(some_names)}
        made.append({"id": identifier, "from_name": tag, "to_name": "o", "type": tag.lower(), **size, "value": value})
        for name in PLAIN:
            if name != "nested" and draw(st.integers(0, 2)) == 0:
                made.append(say(draw, f"r-{name}", *PLAIN[name], identifier))
    for start, end in zip(identifiers, identifiers[1:], strict=False):
        if draw(st.booleans()):
            labels = draw(st.lists(st.sampled_from(["of", "שמח, 🙂"]), max_size=2, unique=True))
            made.append({"type": "relation", "from_id": start, "to_id": end, "labels": labels,
                         "direction": draw(st.sampled_from(["left", "right", "bi"]))})  # fmt: skip
    return interface.swap_names(interface.check_result(interface.swap_names(made)))


@pytest.mark.parametrize("kind", KINDS)
def test_everything_asked_at_once_comes_back_from_tables(kind, tmp_path):
    interface, _ = KINDS[kind]

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(answers(kind), min_size=1, max_size=3))
    def check(given_answers):
        tasks = [make_task(n, result, {"shown": TEXT}) for n, result in enumerate(given_answers, start=1)]
        for layout in ("JSON", "PARQUET"):
            drafts = send_round(layout, interface, tasks, tmp_path)
            assert [one.body["annotations"][0]["result"] for one in drafts] == given_answers
        for layout in TABLES:
            drafts = send_round(layout, interface, tasks, tmp_path)
            got = [one.body["annotations"][0]["result"] for one in drafts]
            assert [simplify(one) for one in got] == [simplify(one) for one in given_answers]

    check()
