"""Labelling on a tablet: boxes, outlines, strokes, spans, sounds, trees and grids by finger, two to look closer."""

from __future__ import annotations

import base64

import pytest
from label_studio_sdk.converter import brush
from playwright.sync_api import expect

from lifecycle.annotations.models import Annotation, Review
from tests.browser.fingers import Fingers, list_outside, list_small_buttons
from tests.browser.test_label_images import HEIGHT, WIDTH, Photograph, assert_near, expect_regions
from tests.browser.test_label_images import project as photographs  # noqa: F401 — a fixture
from tests.browser.test_label_rows import SECONDS, SERIES, SOUND
from tests.browser.test_label_rows import make_project as make_rows  # noqa: F401 — a fixture
from tests.browser.test_label_spans import SPANS, WORD
from tests.browser.test_label_spans import make_project as make_texts  # noqa: F401 — a fixture
from tests.browser.test_labelling import make_project  # noqa: F401 — a fixture
from tests.browser.test_review import answered  # noqa: F401 — a fixture
from tests.sounds import build_wav

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def open_tablet(browser, live_url, login):
    """open_tablet(project, user, "label") is that page on a tablet held upright."""
    contexts = []

    def open_page(project, user, place: str):
        screen = {"width": 820, "height": 1180}
        context = browser.new_context(base_url=live_url, viewport=screen, has_touch=True, is_mobile=True)
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        login(page, user)
        page.goto(f"/projects/{project.slug}/{place}")
        if place != "label/review":
            page.wait_for_selector("[data-module][data-ready=true]", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()


def wait_for_answers(page, count: int) -> list[Annotation]:
    expect(page.locator("[data-part=save]")).to_have_text("Saved")
    answers = Annotation.objects.filter(is_current=True, kind="answer").order_by("pk")
    for _ in range(200):
        if answers.count() == count:
            break
        page.wait_for_timeout(50)
    assert answers.count() == count
    return list(answers)


def test_boxes_outlines_and_strokes_are_drawn_by_finger(photographs, open_tablet):  # noqa: F811
    page = open_tablet(photographs, photographs.created_by, "label")
    fingers, photo = Fingers(page), Photograph(page)
    assert list_small_buttons(page) == []
    assert list_outside(page) == []

    page.locator("[data-label='cell']").tap()
    fingers.drag(photo.at(0.2, 0.2), photo.at(0.4, 0.5))
    expect_regions(page, 1)
    page.locator("[data-label='leaf']").tap()
    fingers.tap(photo.at(0.6, 0.2), photo.at(0.8, 0.2), photo.at(0.8, 0.5), photo.at(0.6, 0.2))
    expect_regions(page, 2)
    page.locator("[data-label='stain']").tap()
    fingers.drag(photo.at(0.3, 0.7), photo.at(0.5, 0.7))
    expect_regions(page, 3)
    fitted = page.locator(".image-sheet").bounding_box()
    fingers.pinch(photo.at(0.5, 0.5), before=100, after=200)
    near = page.locator(".image-sheet").bounding_box()
    expect_regions(page, 3)  # two fingers draw nothing
    page.get_by_role("button", name="Submit").tap()

    assert near["width"] == pytest.approx(2 * fitted["width"], rel=0.1)
    (answer,) = wait_for_answers(page, 1)
    box, outline, mask = answer.result
    assert_near(box["value"], {"x": 20, "y": 20, "width": 20, "height": 30, "rotation": 0})
    assert box["value"]["rectanglelabels"] == ["cell"]
    assert outline["value"]["points"] == [pytest.approx(point, abs=0.6) for point in ([60, 20], [80, 20], [80, 50])]
    alpha = brush.decode_rle(mask["value"]["rle"]).reshape(HEIGHT, WIDTH, 4)[:, :, 3]
    assert alpha[int(0.7 * HEIGHT), int(0.4 * WIDTH)] == 255
    assert alpha[int(0.4 * HEIGHT), int(0.4 * WIDTH)] == 0


@pytest.mark.parametrize("place", ["label", "label/grid"])
def test_pictures_are_answered_by_thumb(make_project, open_tablet, place):  # noqa: F811
    project, annotator = make_project("image_classification", count=6)
    page = open_tablet(project, annotator, place)

    assert list_small_buttons(page) == []
    assert list_outside(page) == []
    if place == "label/grid":
        for number in (0, 2, 3):
            page.locator(".label-grid-tile").nth(number).tap()
        expect(page.locator("[data-part=count]")).to_have_text("3 selected, 0 of 6 labeled")
    page.locator("[data-class='dog']").tap()

    answers = wait_for_answers(page, 3 if place == "label/grid" else 1)
    assert {answer.value for answer in answers} == {"dog"}
    page.get_by_role("button", name="Undo").first.tap()
    wait_for_answers(page, 0)
    page.set_viewport_size({"width": 390, "height": 844})
    for word in page.locator(".annotator-figures dt").all():  # figures without words say nothing
        expect(word).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_answers_are_reviewed_by_finger(answered, open_tablet):  # noqa: F811
    project, reviewer, items = answered
    page = open_tablet(project, reviewer, "label/review")
    desk = page.locator("#review")

    assert list_small_buttons(page, within="#review") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 820
    page.get_by_role("button", name="Accept").tap()
    expect(desk).to_contain_text(f"{len(items) - 1} waiting")
    page.get_by_label("Why it is rejected").fill("not a cat")
    page.get_by_role("button", name="Reject").tap()
    expect(desk).to_contain_text(f"{len(items) - 2} waiting")

    assert sorted(Review.objects.values_list("verdict", flat=True)) == ["accepted", "rejected"]


def test_stretches_are_marked_and_resized_by_finger(make_rows, open_tablet):  # noqa: F811
    series = {name: list(range(100)) for name in ("time", "flow", "pressure")}
    made = make_rows(SERIES, "row_labelling", {"row": {"series": series}})
    page = open_tablet(made.project, made.annotator, "label")
    strip = page.locator(".annotator-timeline").bounding_box()
    fingers = Fingers(page)

    def at(share: float) -> tuple[float, float]:
        return strip["x"] + share * strip["width"], strip["y"] + strip["height"] / 2

    page.locator("[data-label='leak']").tap()
    fingers.drag(at(0.2), at(0.4))
    expect_regions(page, 1)
    fingers.drag(at(0.4), at(0.6))  # its end
    expect_regions(page, 1)
    page.get_by_role("button", name="Submit").tap()

    (answer,) = wait_for_answers(page, 1)
    value = answer.result[0]["value"]
    assert [value["start"], value["end"]] == [pytest.approx(20, abs=2), pytest.approx(59, abs=2)]


def find_word(page, word: str) -> tuple[float, float, float]:
    """(left, right, middle of the line) of a word on screen."""
    return tuple(page.evaluate(WORD, word))


SELECT_WORD = """() => {
  const selection = getSelection();
  selection.modify('move', 'backward', 'word');
  selection.modify('extend', 'forward', 'word');
}"""


def find_handle(page, edge: str) -> tuple[float, float]:
    box = page.locator(f".annotator-span-handle.is-{edge}").bounding_box()
    assert min(box["width"], box["height"]) >= 40
    lean = 6.4  # px from the side that is next to the other handle to the knob
    return box["x"] + (box["width"] - lean if edge == "start" else lean), box["y"] + 8


def read_spans(answer: Annotation) -> list[tuple[str, str]]:
    return [(entry["value"]["labels"][0], entry["value"]["text"]) for entry in answer.result]


def test_spans_are_marked_stretched_and_chosen_by_finger(make_texts, open_tablet):  # noqa: F811
    filler = "\n".join(f"Line {number} says nothing." for number in range(80))
    text = f"Acme Corp bought Initech Ltd last year. Ann Lee said yes.\n{filler}\nThe end."
    made = make_texts(SPANS, "span_labelling", [text])
    page = open_tablet(made.project, made.annotator, "label")
    fingers = Fingers(page)
    assert list_small_buttons(page) == []
    assert list_outside(page) == []

    page.locator(".annotator-reading").wait_for()
    for word, label in (("Initech", "ORG"), ("Ann", "PER")):
        left, right, middle = find_word(page, word)
        fingers.tap(((left + right) / 2, middle))
        page.evaluate(SELECT_WORD)  # what a long press does on a phone; this Chromium has no such gesture
        assert page.evaluate("getSelection().toString().trim()") == word
        expect(page.locator("[data-part=said]")).to_contain_text("Tap a label")
        page.locator(f"[data-label='{label}']").tap()
    expect_regions(page, 2)
    left, right, middle = find_word(page, "Ann")
    at = find_handle(page, "end")
    fingers.drag(at, (find_word(page, "Lee")[1] + 1, at[1]))
    fingers.tap(((find_word(page, "Initech")[0] + 12), find_word(page, "Initech")[2]))
    expect(page.locator(".annotator-region.is-selected")).to_contain_text("Initech")
    at = find_handle(page, "end")
    fingers.drag(at, (find_word(page, "Ltd")[1] + 1, at[1]))
    at = find_handle(page, "start")
    fingers.drag(at, (find_word(page, "bought")[0] - 1, at[1]))
    fingers.drag((400, 700), (400, 300))  # the text is long: a finger on it moves it
    assert page.locator(".annotator-spans").evaluate("element => element.scrollTop") > 100
    expect_regions(page, 2)
    page.get_by_role("button", name="Undo").first.tap()
    page.get_by_role("button", name="Submit").tap()

    (answer,) = wait_for_answers(page, 1)
    assert read_spans(answer) == [("ORG", "Initech Ltd"), ("PER", "Ann Lee")]


def test_a_sound_is_heard_and_marked_by_finger(make_rows, open_tablet, tmp_path):  # noqa: F811
    sound = "data:audio/wav;base64," + base64.b64encode(build_wav(SECONDS)).decode()
    made = make_rows(SOUND, "row_labelling", {"row": {"audio": sound}})
    page = open_tablet(made.project, made.annotator, "label")
    strip = page.locator(".annotator-timeline").bounding_box()
    fingers = Fingers(page)
    assert list_small_buttons(page) == []

    def at(share: float, slip: float = 0) -> tuple[float, float]:
        return strip["x"] + share * strip["width"] + slip, strip["y"] + strip["height"] / 2

    page.locator("[data-label='music']").tap()
    fingers.drag(at(0.25), at(0.5))
    expect_regions(page, 1)
    fingers.drag(at(0.5, 14), at(0.75, 14))  # its end, as exactly as a finger can
    expect_regions(page, 1)
    fingers.tap(at(0.9))
    expect(page.locator(".annotator-region.is-selected")).to_have_count(0)
    fingers.tap(at(0.4))
    expect(page.locator(".annotator-region.is-selected")).to_have_count(1)
    page.get_by_role("button", name="Submit").tap()

    (answer,) = wait_for_answers(page, 1)
    value = answer.result[0]["value"]
    assert (value["start"], value["end"]) == (pytest.approx(1, abs=0.1), pytest.approx(3, abs=0.15))
    assert value["labels"] == ["music"]


def test_a_place_in_a_long_tree_is_found_by_finger(make_texts, open_tablet):  # noqa: F811
    leaves = "".join(f'<Choice value="Leaf {number}"/>' for number in range(150))
    config = f"""<View><Text name="item" value="$text"/><Taxonomy name="topic" toName="item">
    <Choice value="Branch"><Choice value="Twig">{leaves}</Choice></Choice></Taxonomy></View>"""
    made = make_texts(config, "text_labelling", ["One.", "Two."])
    page = open_tablet(made.project, made.annotator, "label")
    fingers, panel = Fingers(page), page.locator(".annotator-panel")

    page.get_by_role("button", name="Open Branch").tap()
    page.get_by_role("button", name="Open Twig").tap()
    assert list_small_buttons(page) == []
    assert list_outside(page) == []
    box = panel.bounding_box()
    middle, low, high = box["x"] + box["width"] / 2, box["y"] + box["height"] - 30, box["y"] + 30
    fingers.drag((middle, low), (middle, high))
    assert panel.evaluate("element => element.scrollTop") > 100  # nothing within it scrolls by itself
    page.get_by_role("button", name="Show 92 of 92 more").tap()
    page.get_by_role("button", name="Leaf 149", exact=True).tap()
    expect(page.locator(".annotator-chosen")).to_contain_text("Branch › Twig › Leaf 149")
    expect(page.get_by_role("button", name="Leaf 149", exact=True)).to_be_in_viewport()  # it stays where one was
    page.get_by_role("button", name="Submit").tap()

    (answer,) = wait_for_answers(page, 1)
    assert answer.result[0]["value"]["taxonomy"] == [["Branch", "Twig", "Leaf 149"]]
