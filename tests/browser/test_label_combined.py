"""Tags beside each other as a person uses them: nested choices, marked-up text with relations and attributes of
regions, the guide beside them."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lifecycle.annotations import services
from lifecycle.annotations.services import reviews
from tests import factories
from tests.browser.test_label_spans import make_project, mark, open_page, wait_until_saved  # noqa: F401 — fixtures

pytestmark = pytest.mark.django_db(transaction=True)

NESTED = """<View><Text name="item" value="$text"/>
<Choices name="label" toName="item" choice="multiple" allowNested="true">
<Choice value="Damage"><Choice value="Wet"/><Choice value="Torn"/></Choice><Choice value="Price"/></Choices>
<Number name="count" toName="item" min="0" max="9"/></View>"""
MARKED = """<View>
<HyperTextLabels name="label" toName="item"><Label value="Person"/><Label value="Firm"/></HyperTextLabels>
<HyperText name="item" value="$text"/><Relations><Relation value="leads"/></Relations>
<Choices name="sure" toName="item" perRegion="true"><Choice value="sure"/><Choice value="not sure"/></Choices></View>"""
WAITING = """<View><Text name="item" value="$text"/>
<Choices name="label" toName="item" required="true"><Choice value="good"/><Choice value="bad"/></Choices>
<View visibleWhen="choice-selected" whenTagName="label" whenChoiceValue="bad">
<Header value="Look closely"/><Text name="hint" value="Say what is bad"/>
<Choices name="what" toName="item"><Choice value="words"/><Choice value="facts"/></Choices>
<View visibleWhen="choice-selected" whenTagName="what" whenChoiceValue="facts">
<TextArea name="which" toName="item" required="true"/></View></View></View>"""
WRITTEN = """<View><Text name="item" value="$text"/>
<TextArea name="label" toName="item" rows="3" maxSubmissions="1" required="true"/></View>"""
HELPED = """<View><Header value="Read it first"/><Text name="item" value="$text"/>
<Choices name="label" toName="item"><Header value="Wild"/><Choice value="fox"/><Choice value="owl"/>
<Header value="At home"/><Choice value="cat"/></Choices>
<TextArea name="note" toName="item" value="$text" rows="3"><Shortcut value="No animal" alias="none" hotkey="alt+1"/>
</TextArea><Rating name="stars" toName="item" defaultValue="2"/></View>"""
QUICK = """<View><Header value="Read it first"/><Text name="item" value="$text"/><Filter toName="label" name="f"/>
<Choices name="label" toName="item"><Header value="Wild"/><Choice value="fox"/><Choice value="owl"/>
<Header value="At home"/><Choice value="cat"/></Choices></View>"""
SIZES = pytest.mark.parametrize("size", [(1440, 900), pytest.param((820, 1180), marks=pytest.mark.long)])


@SIZES
def test_nested_choices_are_kept_with_the_way_to_them(make_project, open_page, browser_page, watch_console, size):  # noqa: F811
    problems = watch_console(browser_page)
    made = make_project(NESTED, "text_labelling", ["It was late, wet and too dear.", "Another."])
    browser_page.set_viewport_size({"width": size[0], "height": size[1]})
    page = open_page(made)

    page.keyboard.press("2")
    page.locator("[data-value=Price]").click()
    page.locator("[data-control=count] input").fill("3")
    page.keyboard.press("Control+z")  # the number, then the price
    page.keyboard.press("Escape")
    page.locator("[data-part=stage]").click()
    page.keyboard.press("Control+Shift+z")
    expect(page.locator("[data-value=Wet]")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Enter")

    (answer,) = wait_until_saved(page, made.annotator, 1)
    said = {entry["from_name"]: entry["value"] for entry in answer.result}
    assert said["label"] == {"choices": [["Damage", "Wet"], ["Price"]]}
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[aria-checked=true]")).to_have_text(["Wet2", "Price4"])
    assert problems == []


@SIZES
def test_marked_up_text_has_relations_and_attributes(make_project, open_page, browser_page, watch_console, size):  # noqa: F811
    problems = watch_console(browser_page)
    made = make_project(MARKED, "span_labelling", ["<p>Ann <b>Lee</b> runs <i>Acme</i>.</p>", "<p>Two</p>"])
    services.write_guide(project=made.project, actor=made.project.created_by, body="A **firm** has people.")
    browser_page.set_viewport_size({"width": size[0], "height": size[1]})
    page = open_page(made)
    guide = page.locator("#annotator-guide")

    if not guide.is_visible():  # a tablet waits until it is asked
        page.keyboard.press("g")
    expect(guide.locator("strong")).to_have_text("firm")
    expect(page.locator("[data-action=guide][aria-expanded]")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("g")
    expect(guide).to_be_hidden()
    page.keyboard.press("1")
    mark(page, "Lee")
    page.keyboard.press("2")
    mark(page, "Acme")
    page.get_by_role("radio", name="not sure").click()
    page.locator(".annotator-region-name").first.click()
    page.keyboard.press("r")
    page.locator(".annotator-region-name").nth(1).click()
    expect(page.locator(".annotator-relation")).to_have_count(1)
    page.keyboard.press("Enter")

    (answer,) = wait_until_saved(page, made.annotator, 1)
    spans = [entry for entry in answer.result if entry["type"] == "hypertextlabels"]
    assert [(one["value"]["text"], one["value"]["hypertextlabels"]) for one in spans] == [
        ("Lee", ["Person"]),
        ("Acme", ["Firm"]),
    ]
    (relation,) = [entry for entry in answer.result if entry["type"] == "relation"]
    assert (relation["from_id"], relation["to_id"]) == (spans[0]["id"], spans[1]["id"])
    (doubt,) = [entry for entry in answer.result if entry["type"] == "choices"]
    assert (doubt["id"], doubt["value"]) == (spans[1]["id"], {"choices": ["not sure"]})
    assert problems == []


def test_a_text_that_is_the_only_question_is_typed_at_once(make_project, open_page, browser_page):  # noqa: F811
    made = make_project(WRITTEN, "text_labelling", ["What shines?", "What is far?"])
    page = open_page(made)
    page.locator("[data-control=label] textarea").wait_for()

    for word in ("sun", "gust"):  # letters that are commands elsewhere
        page.keyboard.type(word)
        expect(page.locator("[data-control=label] textarea")).to_have_value(word)
        page.keyboard.press("Control+Enter")
        if word == "sun":
            expect(page.locator("[data-control=label] textarea")).to_have_value("")  # the next item

    answers = wait_until_saved(page, made.annotator, 2)
    assert [answer.result[0]["value"]["text"] for answer in answers] == [["sun"], ["gust"]]


def test_views_inside_each_other_come_and_go_with_all_their_conditions(make_project, open_page, browser_page):  # noqa: F811
    made = make_project(WAITING, "text_labelling", ["One", "Two"])
    page = open_page(made)
    hint, heading = page.get_by_text("Say what is bad"), page.get_by_role("heading", name="Look closely")
    which = page.locator("[data-control=which]")
    expect(page.get_by_text("One")).to_be_visible()
    expect(hint).to_be_hidden()
    expect(heading).to_be_hidden()

    page.locator("[data-value=bad]").click()
    expect(hint).to_be_visible()
    expect(heading).to_be_visible()
    page.locator("[data-value=facts]").click()
    which.locator("textarea, input").fill("the date")
    page.locator("[data-value=good]").click()  # what waits for a hidden answer is hidden with it
    expect(which).to_be_hidden()
    expect(hint).to_be_hidden()
    page.keyboard.press("Enter")

    (answer,) = wait_until_saved(page, made.annotator, 1)
    assert [entry["from_name"] for entry in answer.result] == ["label"]


@SIZES
def test_an_answer_begins_with_what_is_known_and_words_are_ready(
    make_project,  # noqa: F811
    open_page,  # noqa: F811
    browser_page,
    watch_console,
    size,
):
    problems = watch_console(browser_page)
    made = make_project(HELPED, "text_labelling", ["A fox by the river.", "Another."])
    browser_page.set_viewport_size({"width": size[0], "height": size[1]})
    page = open_page(made)

    expect(page.locator(".annotator-among")).to_have_text(["Wild", "At home"])
    box = page.locator("[data-control=note] textarea")
    expect(box).to_have_value("A fox by the river.")
    page.keyboard.press("3")
    box.fill("Seen.")
    box.press("Alt+1")
    expect(box).to_have_value("Seen. No animal")
    page.get_by_role("button", name="none").click()
    expect(box).to_have_value("Seen. No animal No animal")
    page.keyboard.press("Control+Enter")

    (answer,) = wait_until_saved(page, made.annotator, 1)
    said = {entry["from_name"]: entry["value"] for entry in answer.result}
    assert said == {
        "label": {"choices": ["cat"]},
        "note": {"text": ["Seen. No animal No animal"]},
        "stars": {"rating": 2},
    }
    assert problems == []


@SIZES
def test_headings_and_a_search_stand_by_a_question_of_one_key(make_project, open_page, browser_page, size):  # noqa: F811
    made = make_project(QUICK, "text_classification", ["A fox by the river.", "Another."])
    browser_page.set_viewport_size({"width": size[0], "height": size[1]})
    page = open_page(made)

    expect(page.locator("[data-part=quick] h2")).to_have_text("Read it first")
    expect(page.locator(".annotator-among")).to_have_text(["Wild", "At home"])
    page.keyboard.press("/")
    page.keyboard.type("ow")
    expect(page.locator(".annotator-choice:visible")).to_have_count(1)
    page.keyboard.press("Enter")

    (answer,) = wait_until_saved(page, made.annotator, 1)
    assert answer.result[0]["value"] == {"choices": ["owl"]}


@SIZES
def test_what_was_sent_back_says_why_and_is_bettered(make_project, open_page, browser_page, size):  # noqa: F811
    made = make_project(WRITTEN, "text_labelling", ["A fox by the river.", "Another."])
    reviewer = factories.UserFactory(username="ann")
    factories.MembershipFactory(project=made.project, user=reviewer, role="reviewer")
    [task] = services.lease_next(project=made.project, user=made.annotator)
    result = [{"from_name": "label", "to_name": "item", "type": "textarea", "value": {"text": ["a fix"]}}]
    given = services.submit(
        project=made.project, user=made.annotator, task_id=task.pk, result=result, idempotency_key="first-key"
    )
    reviews.reject(
        project=made.project, reviewer=reviewer, annotation_id=given.pk, reason="It is a fox", return_to="same"
    )
    browser_page.set_viewport_size({"width": size[0], "height": size[1]})
    page = open_page(made)

    expect(page.locator("[data-part=place]")).to_have_text("Sent back by ann: “It is a fox”. You said: a fix.")
    box = page.locator("[data-control=label] textarea")
    expect(box).to_have_value("a fix")
    box.fill("a fox")
    page.keyboard.press("Control+Enter")

    (answer,) = wait_until_saved(page, made.annotator, 1)  # the one that was rejected does not count
    assert answer.result[0]["value"] == {"text": ["a fox"]}
    expect(page.locator("[data-part=place]")).to_have_text("")
