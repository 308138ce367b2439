"""What others marked on the item under review: drawn over the answer, each in their own color, switched by itself."""

from __future__ import annotations

import numpy as np
import pytest
from label_studio_sdk.converter import brush
from playwright.sync_api import expect

from lifecycle.annotations import services
from lifecycle.annotations.models import Task
from tests import factories
from tests.browser.test_label_images import HEIGHT, WIDTH
from tests.browser.test_label_images import project as photographs  # noqa: F401 — fixture
from tests.browser.test_label_rows import SERIES
from tests.browser.test_label_rows import make_project as make_rows  # noqa: F401 — fixture
from tests.browser.test_label_spans import MARKED, SPANS
from tests.browser.test_label_spans import make_project as make_texts  # noqa: F401 — fixture

pytestmark = pytest.mark.django_db(transaction=True)
PLACE = """([element, word]) => {
  const node = [...document.querySelector(element).childNodes].find(({ data }) => data?.includes(word));
  const range = document.createRange();
  range.setStart(node, node.data.indexOf(word));
  range.setEnd(node, node.data.indexOf(word) + word.length);
  const { left, width } = range.getBoundingClientRect();
  return [left, width];
}"""


@pytest.fixture
def open_review(browser_page, login, watch_console):
    """open_review(project, results): the review page of the first of these answers to one item, all by others."""
    problems = watch_console(browser_page)

    def open_it(project, results: list[list[dict]], width: int = 1280):
        services.change_settings(project=project, actor=project.created_by, overlap=len(results))
        task = Task.objects.filter(dataset__project=project).order_by("pk").first()
        for number, result in enumerate(results):
            who = factories.UserFactory(username=f"person{number}")
            services.submit(project=project, user=who, task_id=task.pk, result=result, may_answer_any=True)
        login(browser_page, project.created_by)
        browser_page.set_viewport_size({"width": width, "height": 900})
        browser_page.goto(f"/projects/{project.slug}/label/review")
        browser_page.wait_for_load_state("networkidle")  # keys work once the scripts are there
        return browser_page

    yield open_it
    assert problems == []


def label(kind: str, value: dict, label: str, **extra) -> dict:
    """One region of the main question."""
    return {
        "id": "r", "from_name": "label", "to_name": "item", "type": kind, "value": {**value, kind: [label]}, **extra,
    }  # fmt: skip


def test_boxes_and_masks_of_others_are_drawn_one_person_at_a_time(photographs, open_review):  # noqa: F811
    size = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
    box = {"y": 20, "width": 20, "height": 20, "rotation": 0}
    painted = np.zeros((HEIGHT, WIDTH), np.uint8)
    painted[200:400, 300:600] = 255
    mask = label("brushlabels", {"format": "rle", "rle": brush.mask2rle(painted)}, "stain", **size)
    boxes = [label("rectanglelabels", box | {"x": 10 * n}, "cell", **size) for n in range(3)]
    page = open_review(photographs, [[boxes[0]], [boxes[1]], [boxes[2], mask | {"id": "m", "from_name": "mask"}]])
    others = page.locator("svg.review-other")
    expect(others).to_have_count(2)
    expect(others.first).to_be_hidden()

    page.get_by_label("Draw what person1 marked").check()
    expect(others.first).to_be_visible()
    expect(others.last).to_be_hidden()
    dashes = others.first.locator("polygon").evaluate("shape => getComputedStyle(shape).strokeDasharray")
    assert dashes.startswith("7px")
    page.keyboard.press("o")
    expect(others.last).to_be_visible()
    expect(page.locator("canvas[data-other]")).to_be_visible()
    colors = others.evaluate_all("all => all.map((one) => getComputedStyle(one.querySelector('polygon')).stroke)")
    assert len(set(colors)) == 2
    page.keyboard.press("j")  # no other answer waits here by the same rule; the choice stays over a reload
    page.reload()
    expect(others.last).to_be_visible()
    page.keyboard.press("o")
    expect(others.first).to_be_hidden()


def test_spans_of_others_are_underlined(make_texts, open_review):  # noqa: F811
    made = make_texts(SPANS, "span_labelling", ["💩 Acme Corp bought Initech."])
    spans = [
        label("labels", {"start": start, "end": end, "text": text}, "ORG")
        for start, end, text in ((2, 11, "Acme Corp"), (19, 26, "Initech"))
    ]
    page = open_review(made.project, [[spans[0]], [spans[1]]])
    expect(page.locator(".review-text mark")).to_have_count(1)

    page.keyboard.press("o")

    bar = page.locator(".review-bar")
    expect(bar).to_have_count(1)
    expect(bar).to_have_attribute("title", "person1: ORG")
    word = page.evaluate(PLACE, [".review-text", "Initech"])
    box = bar.bounding_box()
    assert [box["x"], box["width"]] == pytest.approx(word, abs=1)
    page.set_viewport_size({"width": 390, "height": 800})
    expect(bar.first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_spans_of_others_in_marked_up_text_are_underlined(make_texts, open_review):  # noqa: F811
    made = make_texts(MARKED, "span_labelling", ["<p>Ann <b>Lee</b> met Bo.</p>"])
    own = {"start": "/p[1]/b[1]/text()[1]", "end": "/p[1]/b[1]/text()[1]", "startOffset": 0, "endOffset": 3}
    theirs = {"start": "/p[1]/text()[2]", "end": "/p[1]/text()[2]", "startOffset": 5, "endOffset": 7}
    page = open_review(
        made.project,
        [
            [label("hypertextlabels", own | {"globalOffsets": {"start": 4, "end": 7}, "text": "Lee"}, "Name")],
            [label("hypertextlabels", theirs | {"globalOffsets": {"start": 12, "end": 14}, "text": "Bo"}, "Name")],
        ],
    )
    expect(page.locator(".review-surfaces mark")).to_have_count(1)

    page.keyboard.press("o")

    expect(page.locator(".review-bar")).to_have_count(1)
    word = page.evaluate(PLACE, [".review-surfaces p", "Bo"])
    box = page.locator(".review-bar").bounding_box()
    assert [box["x"], box["width"]] == pytest.approx(word, abs=1)


def test_stretches_of_others_are_drawn_on_the_series(make_rows, open_review):  # noqa: F811
    series = {name: list(range(50)) for name in ("time", "flow", "pressure")}
    made = make_rows(SERIES, "row_labelling", {"row": {"series": series}})
    value = {"start": 10, "end": 20, "instant": False}
    regions = [[label("timeserieslabels", value, "leak")], [label("timeserieslabels", value | {"end": 40}, "normal")]]
    page = open_review(made.project, regions)
    canvas = page.locator(".review-surfaces canvas")
    expect(canvas).to_be_visible()
    page.wait_for_function("(canvas) => canvas.width > 300", arg=canvas.element_handle())
    before = canvas.evaluate("(canvas) => canvas.toDataURL()")

    page.keyboard.press("o")

    page.wait_for_function("([canvas, before]) => canvas.toDataURL() !== before", arg=[canvas.element_handle(), before])
