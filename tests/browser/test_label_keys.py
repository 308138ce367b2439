"""The keys of the labelling page: what a button shows is what the key does, also with many classes and changed keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lifecycle.annotations import rules
from lifecycle.annotations.models import Annotation, AssistanceSettings, Task
from lifecycle.annotations.services import suggestions
from tests.browser.test_label_images import Photograph, choose, expect_regions, submit
from tests.browser.test_label_images import project as photographs  # noqa: F401 — fixture
from tests.browser.test_label_rows import SERIES
from tests.browser.test_label_rows import make_project as make_rows  # noqa: F401 — fixture
from tests.browser.test_label_spans import SPANS, TEXT, visit
from tests.browser.test_label_spans import make_project as make_texts  # noqa: F401 — fixture
from tests.browser.test_label_spans import wait_until_saved as wait_for_answers
from tests.browser.test_labelling import make_project, open_label_page, wait_until_saved  # noqa: F401 — fixtures
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

CLASSES = [f"class {number}" for number in range(1, 36)]  # two more than there are keys


def suggest(project, value: str) -> None:
    """A suggestion on every task, shown to everybody."""
    owner = project.created_by
    source = suggestions.create_source(project=project, actor=owner, kind="file", title="by hand", version="model 7")
    suggestions.change_assistance(project=project, actor=owner, hidden_share=0.1)
    AssistanceSettings.objects.filter(project=project).update(hidden_share=0)  # less than people may choose
    tasks = Task.objects.filter(dataset__project=project)
    drafts = [suggestions.Draft(task.pk, rules.build_result("class", value), value, 0.9) for task in tasks]
    suggestions.write(source=source, rows=drafts)


def test_keys_are_shown_as_they_are_and_changed_in_the_list(request, watch_console, browser_page):
    project, annotator = request.getfixturevalue("make_project")("image_classification", count=4, classes=CLASSES)
    suggest(project, "class 3")
    problems = watch_console(browser_page)
    page = request.getfixturevalue("open_label_page")(project, annotator)
    accept, reject = page.get_by_role("button", name="Accept"), page.get_by_role("button", name="Reject")
    twentieth, last = page.locator("[data-class='class 20']"), page.locator("[data-class='class 35']")

    expect(twentieth.locator("kbd")).to_have_text("A")  # the class took the key that "Accept" had
    expect(accept.locator("kbd")).to_have_text("Shift+Y")
    expect(last.locator("kbd")).to_be_hidden()
    expect(page.get_by_role("button", name="Comments").locator("kbd")).to_have_text("Shift+C")
    page.keyboard.press("a")
    page.keyboard.press("Shift+y")
    wait_until_saved(page, 2, annotator)

    page.keyboard.press("?")
    row = page.locator("tr[data-verb='answer:class 35']")
    expect(row).to_contain_text("no key")
    row.get_by_role("button", name="Change").click()
    page.keyboard.press("a")
    expect(page.locator("[data-part=keyWords]")).to_contain_text("This key is taken: class 20")
    page.keyboard.press(";")
    expect(row.locator("kbd")).to_have_text(";")
    page.locator("tr[data-verb='suggestion:accept']").get_by_role("button", name="Change").click()
    page.keyboard.press("'")
    page.get_by_role("button", name="Close").click()

    expect(last.locator("kbd")).to_have_text(";")
    expect(accept.locator("kbd")).to_have_text("'")
    expect(reject.locator("kbd")).to_have_text("Shift+X")
    page.keyboard.press("'")
    page.keyboard.press(";")
    wait_until_saved(page, 4, annotator)
    values = Annotation.objects.filter(is_current=True).order_by("task").values_list("value", flat=True)
    assert list(values) == ["class 20", "class 3", "class 3", "class 35"]
    expect(page.locator("[data-part=empty]")).to_be_visible()
    expect(page.locator("[data-part=proposal]")).to_be_hidden()  # of an item that left with the others
    assert problems == []


def test_stretches_of_a_series_are_marked_moved_and_resized_by_keys(make_rows, browser_page, login, watch_console):  # noqa: F811
    problems = watch_console(browser_page)
    series = {name: list(range(100)) for name in ("time", "flow", "pressure")}
    made = make_rows(SERIES, "row_labelling", {"row": {"series": series}})
    login(browser_page, made.annotator)
    page = visit(browser_page, made)

    page.keyboard.press("1")
    page.keyboard.press("Shift+I")
    expect(page.locator(".annotator-region-name")).to_have_count(1)
    for _ in range(3):
        page.keyboard.press("Control+Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("?")
    expect(page.locator("tr[data-verb='stretch:mark']")).to_contain_text("Mark a stretch")
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("Enter")

    (answer,) = wait_for_answers(page, made.annotator, 1)
    value = answer.result[0]["value"]
    assert (value["start"], value["end"]) == (40, 66)  # from 37 to 62 first
    assert problems == []


def test_enter_right_after_a_dialog_was_closed_goes_to_the_page(make_texts, browser_page, login):  # noqa: F811
    made = make_texts(SPANS, "span_labelling", [TEXT])
    login(browser_page, made.annotator)
    page = visit(browser_page, made)
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()

    page.get_by_role("button", name="Close").evaluate(
        """(button) => {
            button.click();  // the focus leaves it with the next frame only
            const enter = new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true });
            document.activeElement.dispatchEvent(enter);
        }"""
    )

    wait_for_answers(page, made.annotator, 1)


def test_shapes_are_put_in_turned_and_changed_at_their_corners_by_keys(photographs, browser_page, login, watch_console):  # noqa: F811
    problems = watch_console(browser_page)
    annotator = UserFactory()
    MembershipFactory(project=photographs, user=annotator, role="annotator")
    login(browser_page, annotator)
    page = browser_page
    page.goto(f"/projects/{photographs.slug}/label")
    page.wait_for_selector("#annotator[data-ready=true]", state="attached")
    Photograph(page)

    choose(page, "cell")
    page.keyboard.press("Shift+I")
    expect_regions(page, 1)
    page.keyboard.press("Control+ArrowRight")
    page.keyboard.press("Control+ArrowRight")
    choose(page, "leaf")
    page.keyboard.press("Shift+I")
    expect_regions(page, 2)
    page.keyboard.press("k")
    expect(page.locator(".image-status")).to_contain_text("Corner 1 of 4")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Insert")
    page.keyboard.press("k")
    page.keyboard.press("Shift+Delete")
    choose(page, "stain")
    page.keyboard.press("Shift+I")
    expect_regions(page, 3)

    box, outline, mask = submit(page, annotator, 1)
    assert box["value"]["rotation"] == 10
    points = outline["value"]["points"]
    assert len(points) == 4 and points[0][0] < points[-1][0]
    assert points[1][1] == pytest.approx(points[0][1], abs=0.1)
    assert mask["value"]["format"] == "rle"
    assert problems == []


WRITTEN = """<View><Text name="item" value="$text"/>
<Choices name="label" toName="item">{}</Choices>
<TextArea name="why" toName="item" rows="2" maxSubmissions="2"/><Number name="pages" toName="item"/></View>"""


def test_texts_numbers_and_long_lists_are_reached_and_left_by_keys(make_texts, browser_page, login):  # noqa: F811
    config = WRITTEN.format("".join(f'<Choice value="class {n}"/>' for n in range(14)))
    made = make_texts(config, "text_labelling", [TEXT])
    login(browser_page, made.annotator)
    page = visit(browser_page, made)

    page.keyboard.press("/")
    page.keyboard.type("class 13")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    keys = {
        name: page.locator(f"tr[data-verb='answer:{name}'] kbd").first.inner_text().lower()
        for name in ("why:write", "why:more", "pages:type")
    }
    page.get_by_role("button", name="Close").click()
    page.keyboard.press(keys["why:write"])
    page.keyboard.type("late")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("wet")
    page.keyboard.press("Escape")
    page.keyboard.press(keys["pages:type"])
    page.keyboard.type("12")
    page.keyboard.press("Enter")

    (answer,) = wait_for_answers(page, made.annotator, 1)
    assert {one["from_name"]: one["value"] for one in answer.result} == {
        "label": {"choices": ["class 13"]},
        "why": {"text": ["late", "wet"]},
        "pages": {"number": 12},
    }


def test_relations_are_made_named_turned_and_deleted_by_keys(make_texts, browser_page, login):  # noqa: F811
    config = SPANS.replace('<Relation value="bought"/>', '<Relation value="bought"/><Relation value="sold"/>')
    made = make_texts(config, "span_labelling", [TEXT])
    login(browser_page, made.annotator)
    page = visit(browser_page, made)
    page.locator(".annotator-overlay").wait_for(state="attached")
    for _ in range(3):
        page.keyboard.press("n")
        page.keyboard.press("n")
        page.keyboard.press("1")
    regions, links = page.locator(".annotator-region-name"), page.locator(".annotator-relation")
    expect(regions).to_have_count(3)

    page.keyboard.press("]")  # the first
    page.keyboard.press("r")
    page.keyboard.press("]")
    page.keyboard.press("]")
    expect(links).to_have_count(0)  # on the way only
    page.keyboard.press("r")
    expect(links).to_have_count(1)
    page.keyboard.press("p")
    page.keyboard.press("p")
    page.keyboard.press("o")
    expect(links.locator("select")).to_have_value("sold")
    expect(links.locator(".annotator-arrow")).to_have_text("←")
    page.keyboard.press("Control+Delete")
    expect(links).to_have_count(0)
    page.keyboard.press("Control+z")
    page.keyboard.press("Enter")

    (answer,) = wait_for_answers(page, made.annotator, 1)
    spans = [one["id"] for one in answer.result if one["type"] == "labels"]
    (relation,) = [one for one in answer.result if one["type"] == "relation"]
    assert (relation["from_id"], relation["to_id"]) == (spans[0], spans[2])
    assert (relation["labels"], relation["direction"]) == (["sold"], "left")
    expect(page.locator("[data-part=empty]")).to_be_visible()
    expect(regions).to_have_count(0)  # nothing of the answer stays around the empty stage
