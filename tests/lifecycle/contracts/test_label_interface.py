"""Every tag of the table: a valid result is taken and survives JSON, a mutated one is refused with a sentence."""

from __future__ import annotations

import copy
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.contracts.label_interface import CONTROLS, OBJECTS, parse_interface
from lifecycle.contracts.label_interface.editing import LabelChange, edit_labels
from lifecycle.contracts.label_interface.parsing import check_config, list_unused
from lifecycle.contracts.label_interface.templates import TEMPLATES, add_question, list_questions

PERCENT = st.floats(0, 60, allow_nan=False)
SIDE = st.floats(0.01, 40, allow_nan=False)
MARKUP = ["a<b>", "ünï", "עברית", "🦉 owl", '"quoted"', "</script>"]
OBJECT_XML = {
    "TimeSeries": '<TimeSeries name="o" value="$v"><Channel column="y"/></TimeSeries>',
    "Image": '<Image name="o" value="$v"/>',
}


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def build_config(tag: str, about: str, extra: str = "") -> str:
    """A configuration that asks with one tag about one kind of object."""
    rule = CONTROLS[tag]
    part = rule.part or "Choice"
    parts = "".join(f'<{part} value="{_escape(name)}"/>' for name in MARKUP) if rule.part else ""
    shown = OBJECT_XML.get(about, f'<{about} name="o" value="$v"/>')
    if tag == "Pairwise":
        return f'<View>{shown}<Text name="p" value="$w"/><Pairwise name="c" toName="o,p"/></View>'
    return f'<View>{shown}<{tag} name="c" toName="o" {extra}>{parts}</{tag}></View>'


@st.composite
def values(draw, tag: str, about: str):
    """A valid value of an entry of this tag about this kind of object."""
    names = [draw(st.sampled_from(MARKUP))]
    if CONTROLS[tag].draws:
        return {CONTROLS[tag].key: names, **draw(_geometry(tag, about))}
    return draw({
        "Choices": st.just({"choices": names}),
        "Rating": st.builds(lambda n: {"rating": n}, st.integers(1, 5)),
        "Number": st.builds(lambda n: {"number": n}, st.floats(allow_nan=False, allow_infinity=False) | st.integers()),
        "TextArea": st.builds(lambda t: {"text": [t]}, st.text(st.characters(exclude_categories=["Cs", "Cc"]))),
        "Taxonomy": st.just({"taxonomy": [names]}),
        "Pairwise": st.builds(lambda side: {"selected": side}, st.sampled_from(["left", "right"])),
    }[tag])  # fmt: skip


@st.composite
def _geometry(draw, tag: str, about: str):
    if tag in {"Labels", "HyperTextLabels", "ParagraphLabels"} and about != "Audio":
        start = draw(st.integers(0, 1_000))
        place = {"start": start, "end": start + draw(st.integers(1, 50))}
        if about == "Text":
            return place | {"text": "abc"}
        ends = {"start": "/p[1]/text()[1]", "end": "/p[1]/text()[1]", "startOffset": start, "endOffset": place["end"]}
        return draw(st.sampled_from([ends, ends | {"globalOffsets": place}]))
    if tag in {"Labels", "TimeSeriesLabels"}:
        start = draw(PERCENT)
        return {"start": start, "end": start + draw(SIDE)}
    x, y = draw(PERCENT), draw(PERCENT)
    if tag == "PolygonLabels":
        corners = st.lists(st.tuples(PERCENT, PERCENT).map(list), min_size=3, max_size=6)
        return {"points": draw(corners), "closed": True}
    if tag == "KeyPointLabels":
        return {"x": x, "y": y, "width": draw(SIDE)}
    if tag == "BrushLabels":
        return {"format": "rle", "rle": draw(st.lists(st.integers(0, 255), min_size=8, max_size=30))}
    if tag == "EllipseLabels":
        return {"x": x, "y": y, "radiusX": draw(SIDE), "radiusY": draw(SIDE), "rotation": draw(st.integers(0, 359))}
    return {"x": x, "y": y, "width": draw(SIDE), "height": draw(SIDE), "rotation": draw(st.integers(0, 359))}


PAIRS = sorted((tag, about) for tag, rule in CONTROLS.items() for about in rule.about if about in OBJECTS)


@pytest.mark.parametrize(("tag", "about"), PAIRS)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_a_valid_result_of_every_tag_is_taken_and_a_mutated_one_is_not(tag, about, data):
    interface = parse_interface(build_config(tag, about))
    entry = {"id": "r1", "from_name": "label", "to_name": "item", "type": CONTROLS[tag].type, "origin": "manual",
             "score": 0.5, "value": data.draw(values(tag, about))}  # fmt: skip
    given_names = json.loads(json.dumps(interface.swap_names([entry])))

    checked = interface.check_result(json.loads(json.dumps([entry])))

    assert checked == [entry]
    assert interface.swap_names(given_names) == [entry]
    assert given_names[0]["from_name"] == "c"
    assert interface.read_value(checked)
    assert interface.compare_key(checked) == interface.compare_key([entry | {"id": "other", "score": 0.1}])
    broken = data.draw(st.sampled_from(sorted(MUTATIONS)))
    with pytest.raises(ValueError, match=r"\.$"):
        interface.check_result(MUTATIONS[broken](copy.deepcopy(entry), CONTROLS[tag].key))


def _spoil(entry, key):
    entry["value"][key] = {"a": 1}
    return [entry]


MUTATIONS = {
    "another control": lambda entry, key: [entry | {"from_name": "nobody"}],
    "another object": lambda entry, key: [entry | {"to_name": "nobody"}],
    "another type": lambda entry, key: [entry | {"type": "video"}],
    "no value": lambda entry, key: [entry | {"value": None}],
    "said wrongly": _spoil,
    "said nothing": lambda entry, key: [entry | {"value": {k: v for k, v in entry["value"].items() if k != key}}],
    "twice": lambda entry, key: [entry, entry],
    "not a list": lambda entry, key: entry,
    "an id that is none": lambda entry, key: [entry | {"id": 7}],
}


@pytest.mark.parametrize(
    ("tag", "change"),
    [
        ("RectangleLabels", {"width": -1}),
        ("RectangleLabels", {"x": 1e6}),
        ("RectangleLabels", {"x": float("nan")}),
        ("RectangleLabels", {"y": "1"}),
        ("RectangleLabels", {"rectanglelabels": ["nobody"]}),
        ("PolygonLabels", {"points": [[1, 1], [2, 2]]}),
        ("PolygonLabels", {"points": [[1, 1], [2, 2], [3, "x"]]}),
        ("EllipseLabels", {"radiusX": 0}),
        ("KeyPointLabels", {"x": 120}),
        ("BrushLabels", {"rle": [1, 2, 256, 0, 0, 0, 0, 0]}),
        ("BrushLabels", {"format": "png"}),
        ("Labels", {"start": 5, "end": 5}),
        ("Rating", {"rating": 6}),
        ("Rating", {"rating": True}),
        ("Number", {"number": float("inf")}),
        ("Taxonomy", {"taxonomy": [["a<b>", "ünï"]]}),
        ("Choices", {"choices": ["a<b>", "ünï"]}),
    ],
)
def test_values_that_cannot_be_are_refused(tag, change):
    about = "Text" if tag == "Labels" else "Image"
    interface = parse_interface(build_config(tag, about))
    good = {"x": 1, "y": 1, "width": 5, "height": 5, "radiusX": 5, "radiusY": 5, "format": "rle", "rle": [0] * 8,
            "start": 1, "end": 5, "points": [[1, 1], [2, 2], [3, 1]], CONTROLS[tag].key: ["a<b>"]}  # fmt: skip
    entry = {"id": "r", "from_name": "label", "to_name": "item", "type": CONTROLS[tag].type, "value": good | change}

    with pytest.raises(ValueError):
        interface.check_result([entry])


BOXES = """<View><Image name="img" value="$image"/>
<RectangleLabels name="box" toName="img">
  <Label value="cat" background="red" hotkey="q"/><Label value="dog"/></RectangleLabels>
<Choices name="how" toName="img" perRegion="true" required="true">
  <Choice value="whole"/><Choice value="part"/></Choices>
<Relations><Relation value="eats"/></Relations><Rating name="label" toName="img"/></View>"""


def box(identifier: str, label: str = "cat"):
    value = {"x": 1, "y": 1, "width": 5, "height": 5, "rotation": 0, "rectanglelabels": [label]}
    return {"id": identifier, "from_name": "label", "to_name": "item", "type": "rectanglelabels", "value": value}


def how(identifier: str):
    return {"id": identifier, "from_name": "how", "to_name": "item", "type": "choices", "value": {"choices": ["part"]}}


def relation(source: str, target: str, **more):
    return {"type": "relation", "from_id": source, "to_id": target, "direction": "right", **more}


def test_the_main_control_trades_its_name_with_whoever_had_it():
    interface = parse_interface(BOXES, "object_detection")

    assert [control.name for control in interface.controls] == ["label", "how", "relations", "box"]
    assert interface.by_name["box"].tag == "Rating"
    assert interface.main_object.field == "image"
    [given_back] = interface.swap_names([box("a")])
    assert (given_back["from_name"], given_back["to_name"]) == ("box", "img")


def test_what_is_said_of_regions_and_between_them_needs_regions_that_exist():
    interface = parse_interface(BOXES, "object_detection")
    good = [box("a"), how("a"), box("b", "dog"), relation("a", "b", labels=["eats"])]

    interface.check_result(good)

    assert interface.read_value(good) == "cat, dog"
    for bad in ([how("a")], [box("a"), relation("a", "z")], [box("a"), relation("a", "a")],
                [box("a"), box("b"), relation("a", "b", labels=["likes"])],
                [box("a"), box("b"), relation("a", "b", direction=["right"])]):  # fmt: skip
        with pytest.raises(ValueError):
            interface.check_result(bad)
    with pytest.raises(ValueError, match="every region"):
        interface.check_complete([box("a"), how("a"), box("b")])


def test_answers_that_say_the_same_have_the_same_key_whatever_their_ids():
    interface = parse_interface(BOXES, "object_detection")
    one = [box("a"), box("b", "dog"), relation("a", "b")]
    other = [relation("y", "x", direction="left"), box("x", "dog"), box("y")]

    assert interface.compare_key(one) != interface.compare_key([box("a"), box("b", "dog")])
    assert interface.compare_key([box("a"), box("b", "dog")]) == interface.compare_key([box("2", "dog"), box("1")])
    other[0] = relation("x", "y", direction="left")
    assert interface.compare_key(one) == interface.compare_key(other)


@pytest.mark.parametrize(
    "extra", [{"meta": "\ud800"}, {"meta": "a\0b"}, {"score": float("nan")}, {"meta": {1, 2}}, {"to_name": ["item"]}]
)
def test_what_a_database_could_not_hold_is_refused(extra):
    with pytest.raises(ValueError):
        parse_interface(BOXES, "object_detection").check_result([box("a") | extra])


def test_numbers_beyond_every_scale_are_refused():
    interface = parse_interface(build_config("Number", "Text"))
    entry = {"from_name": "label", "to_name": "item", "type": "number", "value": {"number": 10**400}}

    with pytest.raises(ValueError, match="finite"):
        interface.check_result([entry])


def test_an_outline_that_an_import_brought_stands_where_boxes_are_asked_for():
    interface = parse_interface(BOXES, "object_detection")
    value = {"points": [[1, 1], [2, 2], [3, 1]], "closed": True, "polygonlabels": ["dog"]}
    outline = {"id": "p", "from_name": "label", "to_name": "item", "type": "polygonlabels", "value": value}

    assert interface.read_value(interface.check_result([outline, how("p")])) == "dog"
    with pytest.raises(ValueError):
        interface.check_result([outline | {"value": value | {"polygonlabels": ["owl"]}}])


def test_nothing_marked_is_an_answer_too():
    interface = parse_interface(BOXES, "object_detection")

    assert interface.read_value(interface.check_result([])) == "(nothing)"


def test_every_key_is_given_once_and_wishes_come_first():
    interface = parse_interface(BOXES, "object_detection")

    keys = [label.key for control in interface.controls for label in control.labels if label.key]
    assert len(keys) == len(set(keys))
    assert interface.main_control.labels[0].key == "q"
    assert interface.main_control.labels[0].color == "red"
    assert all(label.color for control in interface.controls for label in control.labels)


@pytest.mark.parametrize(
    "color", ["red;background:url(//x)", "expression(alert(1))", '"><script>', "url(x)", "var(--x)"]
)
def test_a_color_is_a_color_or_none(color):
    xml = BOXES.replace('background="red"', f'background="{_escape(color)}"')

    assert parse_interface(xml, "object_detection").main_control.labels[0].color.startswith("#")


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        ('<View><Video name="v" value="$v"/></View>', "<Video>"),
        ('<View><Image name="i" value="$i"/><Rectangle name="r" toName="i"/></View>', "<Rectangle>"),
        ('<View><script>alert(1)</script></View>', "<script>"),
        ('<View><Image value="$i"/></View>', "no name"),
        ('<View><Image name="i"/></View>', "no value"),
        ('<View><Image name="i" value="http://x"/></View>', "begins with"),
        ('<View><Image name="i" value="$i"/><Choices name="c"><Choice value="a"/></Choices></View>', "toName"),
        ('<View><Image name="i" value="$i"/><Choices name="c" toName="j"/></View>', "“j”"),
        ('<View><Image name="i" value="$i"/><Rating name="i" toName="i"/></View>', "twice"),
        ('<View><Image name="i" value="$i"/><Labels name="l" toName="i"/></View>', "cannot be about"),
        ('<View><Text name="i" value="$i"/><Rating name="r" toName="i" maxRating="x"/></View>', "maxRating"),
        ('<View><Text name="i" value="$i"/><Rating name="r" toName="i" perRegion="true"/></View>', "per region"),
        ('<View><Text name="i" value="$i"/><Choices name="c" toName="i" value="$x"/></View>', "from each task"),
        ('<View><Text name="i" value="$i"/><Pairwise name="c" toName="i"/></View>', "two objects"),
        ('<View visibleWhen="sometimes"/>', "visibleWhen"),
        ('<!DOCTYPE v [<!ENTITY x "y">]><View>&x;</View>', "document type"),
        ("<View>", "well-formed"),
        ("<View>" + "<View>" * 60 + "</View>" * 60 + "</View>", "deeper"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_by_its_name(xml, said):
    with pytest.raises(ValueError, match=".") as refused:
        parse_interface(xml)

    assert said in str(refused.value)


def test_styles_and_handlers_never_reach_the_page():
    xml = """<View style="x" onclick="y"><Style>body{display:none}</Style>
    <Text name="t" value="$t" style="position:fixed" onload="alert(1)" className="c"/>
    <Rating name="r" toName="t"/></View>"""

    text = json.dumps(parse_interface(xml).to_json())

    assert not any(word in text for word in ("display:none", "alert", "fixed", "onclick", "Style"))


def test_what_helps_to_answer_is_read_and_none_of_it_is_called_unused():
    xml = """<View><Text name="t" value="$text"/><Filter name="f" toName="kind" placeholder="Which?"/>
      <Choices name="kind" toName="t"><Header value="Wild"/><Choice value="fox"/><View><Header value="At home"/>
        <Choice value="cat" selected="true"/><Choice value="dog"/></View></Choices>
      <TextArea name="note" toName="t" value="$hint"><Shortcut value="No animal in it" alias="none" hotkey="alt+1"/>
        <Shortcut value=""/></TextArea>
      <Rating name="stars" toName="t" defaultValue="2"/>
      <Number name="legs" toName="t" defaultValue="4" max="8"/></View>"""

    check_config(xml)
    interface = parse_interface(xml)
    controls = interface.by_name

    assert list_unused(xml) == []
    main = controls["label"]
    assert [label.heading for label in main.labels] == ["Wild", "At home", ""]
    assert main.attrs["filter"] == "Which?" and "heading" not in main.to_json()["labels"][2]
    shortcuts = [{"text": "No animal in it", "words": "none", "key": "alt+1"}]
    assert controls["note"].attrs["shortcuts"] == shortcuts and controls["note"].prefill == "hint"


@pytest.mark.parametrize(
    ("control", "said"),
    [
        ('<Rating name="a" toName="t" defaultValue="6"/>', "is one of its stars"),
        ('<Rating name="a" toName="t" defaultValue="x"/>', "is one of its stars"),
        ('<Number name="a" toName="t" defaultValue="x"/>', "is a number"),
        ('<Number name="a" toName="t" defaultValue="9" max="8"/>', "not between its min and max"),
    ],
)
def test_a_default_that_could_not_be_answered_is_refused(control, said):
    with pytest.raises(ValueError, match=said):
        check_config(f'<View><Text name="t" value="$text"/>{control}</View>')


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.key)
def test_every_template_and_every_question_added_to_it_can_be_asked(template):
    interface = parse_interface(template.config)

    assert interface.main_control
    for key in list_questions(interface):
        extended = parse_interface(add_question(template.config, key, interface))
        assert len(extended.controls) == len(interface.controls) + 1


def test_labels_change_without_touching_the_rest_of_the_configuration():
    changes = {
        "label": [LabelChange("dog", old="dog"), LabelChange("kitten", old="cat", color="#00ff00"), LabelChange("owl")]
    }

    edited = parse_interface(edit_labels(BOXES, "object_detection", changes), "object_detection")

    labels = edited.main_control.labels
    assert [label.value for label in labels] == ["dog", "kitten", "owl"]
    assert (labels[1].color, labels[1].key) == ("#00ff00", "q")
    assert edited.by_name["how"].required


def test_labels_that_lie_on_one_picture_have_colors_of_their_own():
    labels = '<Label value="a" background="#2f7ed8"/><Label value="b"/>'
    config = f"""<View><Image name="i" value="$image"/>
        <RectangleLabels name="r" toName="i">{labels}</RectangleLabels>
        <PolygonLabels name="p" toName="i"><Label value="c"/><Label value="d"/></PolygonLabels></View>"""

    interface = parse_interface(config, "object_detection")

    colors = [label.color for control in interface.controls for label in control.labels]
    assert colors[0] == "#2f7ed8"
    assert len(set(colors)) == 4


WAITING = """<View><Image name="img" value="$image"/>
<Choices name="kind" toName="img"><Choice value="car"/><Choice value="tree"/></Choices>
<View visibleWhen="choice-selected" whenTagName="kind" whenChoiceValue="car">
  <Image name="near" value="$near"/>
  <Choices name="state" toName="img"><Choice value="new"/><Choice value="broken"/></Choices>
  <View visibleWhen="choice-selected" whenTagName="state" whenChoiceValue="broken">
    <TextArea name="why" toName="img" required="true"/></View>
</View></View>"""


def say(name: str, **value):
    kind = "textarea" if "text" in value else "choices"
    return {"from_name": name, "to_name": "item", "type": kind, "value": value}


def test_of_conditions_inside_each_other_all_must_hold():
    interface = parse_interface(WAITING, "row_labelling")
    kind = interface.main
    car, broken, why = say(kind, choices=["car"]), say("state", choices=["broken"]), say("why", text=["rust"])

    interface.check_asked([car, broken, why])
    interface.check_complete([car, say("state", choices=["new"])])

    assert [one.control for one in interface.by_name["why"].when] == [kind, "state"]
    assert [one.control for one in interface.objects_by_name["near"].when] == [kind]
    with pytest.raises(ValueError, match="“why” must be answered"):
        interface.check_complete([car, broken])
    for hidden in ([car, say("state", choices=["new"]), why], [say(kind, choices=["tree"]), broken], [broken]):
        with pytest.raises(ValueError, match="not asked here"):
            interface.check_asked(hidden)


def test_what_is_asked_of_a_region_may_wait_for_its_label_or_for_what_is_said_of_it():
    xml = BOXES.replace(
        "</View>",
        '<TextArea name="note" toName="img" perRegion="true" visibleWhen="choice-selected" whenTagName="how"'
        ' whenChoiceValue="part"/></View>',
    )
    interface = parse_interface(xml, "object_detection")
    note = say("note", text=["cut"]) | {"id": "a"}

    interface.check_asked([box("a"), how("a"), box("b", "dog"), note])

    with pytest.raises(ValueError, match="not asked here"):
        interface.check_asked(
            [box("a"), box("b", "dog"), how("b"), note, {**how("a"), "value": {"choices": ["whole"]}}]
        )


def test_a_condition_follows_the_label_that_it_waits_for():
    changes = {"label": [LabelChange("tree", old="tree"), LabelChange("lorry", old="car")]}

    edited = parse_interface(edit_labels(WAITING, "row_labelling", changes), "row_labelling")

    assert [one.values for one in edited.by_name["why"].when] == [("lorry",), ("broken",)]


LIMITED = BOXES.replace("<RectangleLabels ", '<RectangleLabels maxUsages="2" ').replace(
    '<Label value="dog"', '<Label maxUsages="1" selected="true" value="dog"'
)


def test_a_label_may_be_used_so_often_and_be_chosen_from_the_start():
    interface = parse_interface(LIMITED, "object_detection")
    labels = {label.value: label for label in interface.main_control.labels}

    interface.check_limits([box("a"), box("b"), box("c", "dog")])

    assert (labels["dog"].is_selected, labels["dog"].to_json()["most"], labels["cat"].is_selected) == (True, 1, False)
    for many in ([box(name) for name in "abc"], [box("a", "dog"), box("b", "dog")]):
        with pytest.raises(ValueError, match="at most"):
            interface.check_limits(many)


BAD = r"(?<=\")(abc|nan|5|1|0|many|-1)(?=\")"


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ('<Number name="n" toName="t" min="abc"/>', "min=“abc”"),
        ('<Number name="n" toName="t" max="nan"/>', "max=“nan”"),
        ('<Number name="n" toName="t" min="5" max="1"/>', "above its max"),
        ('<Number name="n" toName="t" step="0"/>', "step"),
        ('<TextArea name="n" toName="t" maxSubmissions="many"/>', "maxSubmissions=“many”"),
        ('<Taxonomy name="n" toName="t" maxUsages="-1"><Choice value="a"/></Taxonomy>', "maxUsages=“-1”"),
    ],
)
def test_a_limit_that_is_none_is_refused_where_a_configuration_is_saved(tag, said):
    xml = f'<View><Text name="t" value="$text"/>{tag}</View>'
    parse_interface(xml)  # what was saved before is still read

    with pytest.raises(ValueError, match=said):
        check_config(xml)
    check_config(f'<View><Text name="t" value="$text"/>{re.sub(BAD, "2", tag)}</View>')


def test_what_does_nothing_is_said_by_name():
    xml = """<View style="color: red"><Image name="i" value="$image" zoom="true"/><Header value="x" size="4"/>
    <RectangleLabels name="r" toName="i" strokeWidth="3" smart="true" maxUsages="2"><Label value="cat" hotkey="ctrl+1"/>
    <Label value="dog" hotkey="s"/><Label value="owl" selected="true"/></RectangleLabels>
    <Choices name="c" toName="i" perRegion="true" whenRole="x" visibleWhen="region-selected" whenTagName="r"
      whenLabelValue="fox"><Choice value="a" selected="true"/></Choices></View>"""

    assert list_unused(xml) == [
        "Kept, but not used: style of <View>.",
        "Kept, but not used: zoom of <Image>.",
        "Kept, but not used: size of <Header>.",
        "Kept, but not used: strokeWidth of <RectangleLabels>.",
        "Kept, but not used: whenRole of <Choices>.",
        "Kept, but not used: selected of <Choice>.",
        "“cat” cannot have the key “ctrl+1”. A key is one letter from a to z, or one digit.",
        "“dog” cannot have the key “s”. “S” belongs to the page: it skips an item.",
        "“c” waits for “fox”, which “label” does not have.",
    ]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.key)
def test_everything_in_a_template_is_used(template):
    check_config(template.config)

    assert list_unused(template.config) == []
