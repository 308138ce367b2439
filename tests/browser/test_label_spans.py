"""Marking texts as a person does it: spans, relations, questions beside them; drafts; text that attacks; 100 labels."""

from __future__ import annotations

import contextlib
import hashlib
import time
from types import SimpleNamespace

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation, Task
from lifecycle.datasets.models import Dataset
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

SPANS = """<View><Header value="Who bought what?"/>
<Labels name="label" toName="item"><Label value="ORG"/><Label value="PER"/></Labels>
<Text name="item" value="$text"/>
<Relations><Relation value="bought"/></Relations></View>"""
TEXT = "💩 Acme Corp bought Initech. Its founder שרה כהן said yes."
QUESTIONS = """<View><Text name="item" value="$text"/>
<Choices name="label" toName="item" choice="multiple" required="true">
<Choice value="price"/><Choice value="damage"/></Choices>
<Rating name="anger" toName="item" maxRating="3" required="true"/>
<TextArea name="why" toName="item" rows="3" visibleWhen="choice-selected" whenTagName="label" whenChoiceValue="damage"/>
</View>"""
MARKED = """<View><HyperTextLabels name="label" toName="item"><Label value="Name"/></HyperTextLabels>
<HyperText name="item" value="$text"/></View>"""
EVIL = (
    "<p onclick='window.pwned=1'>Ann <b>Lee</b><script>window.pwned=1</script></p><img src=x onerror='window.pwned=1'>"
    "<svg onload='window.pwned=1'><script>window.pwned=1</script></svg><iframe srcdoc='<script>parent.pwned=1</script>"
    "'></iframe><a href='javascript:window.pwned=1'>go</a><style>body{display:none}</style><math><mtext><script>1"
    "</script>"
)
WORD = """(word) => {
  const walker = document.createTreeWalker(document.querySelector('.annotator-reading'), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const at = node.data.indexOf(word);
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + word.length);
    const { left, right, top, height } = range.getBoundingClientRect();
    return [left + 1, right - 1, top + height / 2];
  }
}"""


@pytest.fixture
def make_project(transactional_db):
    """make_project(config, problem_type, texts) is a project that asks this about these texts, with an annotator."""

    def make(config: str, problem_type: str, texts: list[str]) -> SimpleNamespace:
        owner = factories.UserFactory()
        project = factories.ProjectFactory(owner=owner, problem_type=problem_type)
        dataset = Dataset.objects.get(project=project)
        collection = factories.CollectionFactory(dataset=dataset)
        services.set_config(project=project, actor=owner, config=config)
        for text in texts:
            key = hashlib.sha256(f"{dataset.pk}-{text}".encode()).hexdigest()
            factories.ItemFactory(dataset=dataset, collection=collection, content_hash=key, text=text)
        services.open_tasks(collection=collection)
        annotator = factories.UserFactory()
        factories.MembershipFactory(project=project, user=annotator, role="annotator")
        return SimpleNamespace(project=project, annotator=annotator, url=f"/projects/{project.slug}/label")

    return make


@pytest.fixture
def open_page(browser_page, login):
    def open_at(made: SimpleNamespace, page=None):
        page = page or browser_page
        login(page, made.annotator)
        return visit(page, made)

    return open_at


def visit(page, made: SimpleNamespace):
    page.goto(made.url)
    page.wait_for_selector("#annotator[data-ready=true]", state="attached")
    return page


def mark(page, word: str) -> None:
    """Drag over a word, as with a mouse."""
    page.locator(".annotator-reading.r6o-annotatable").wait_for()  # its scripts listen
    before = page.locator(".annotator-region-name").count()
    left, right, middle = page.evaluate(WORD, word)
    page.mouse.move(left, middle)
    page.mouse.down()
    page.mouse.move((left + right) / 2, middle)
    page.mouse.move(right, middle)
    page.mouse.up()
    expect(page.locator(".annotator-region-name")).to_have_count(before + 1)


def wait_until_saved(page, user, count: int) -> list[Annotation]:
    answers = Annotation.objects.filter(user=user, is_current=True, kind="answer")
    deadline = time.monotonic() + 30
    while answers.count() != count and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    expect(page.locator("[data-part=save]")).to_have_text("Saved", timeout=30_000)
    found = list(answers.order_by("pk"))
    assert len(found) == count
    return found


TABLET = pytest.param((820, 1180), marks=pytest.mark.long)


@pytest.mark.parametrize("size", [(1440, 900), TABLET], ids=["desk", "tablet"])
def test_spans_and_a_relation_are_drawn_changed_and_submitted(
    make_project, open_page, browser_page, watch_console, size
):
    problems = watch_console(browser_page)
    made = make_project(SPANS, "span_labelling", [TEXT, "Second text."])
    browser_page.set_viewport_size({"width": size[0], "height": size[1]})
    page = open_page(made)

    page.keyboard.press("1")
    mark(page, "Acme Corp")
    mark(page, "Initech")
    page.keyboard.press("2")
    mark(page, "שרה כהן")
    mark(page, "yes")
    page.keyboard.press("Delete")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+Shift+z")
    page.locator(".annotator-region-name").first.click()
    page.keyboard.press("r")
    page.locator(".annotator-region-name").nth(1).click()
    expect(page.locator(".annotator-relation")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Enter")

    (answer,) = wait_until_saved(page, made.annotator, 1)
    spans = [entry for entry in answer.result if entry["type"] == "labels"]
    found = [(one["value"]["text"], one["value"]["labels"]) for one in spans]
    assert found == [("Acme Corp", ["ORG"]), ("Initech", ["ORG"]), ("שרה כהן", ["PER"])]
    assert all(TEXT[one["value"]["start"] : one["value"]["end"]] == one["value"]["text"] for one in spans)
    (relation,) = [entry for entry in answer.result if entry["type"] == "relation"]
    assert (relation["from_id"], relation["to_id"], relation["labels"]) == (spans[0]["id"], spans[1]["id"], ["bought"])
    assert page.locator(".annotator-reading").inner_text() == "Second text."
    assert problems == []


def test_questions_are_checked_and_an_unfinished_answer_survives_a_killed_tab(make_project, open_page, browser_context):
    made = make_project(QUESTIONS, "text_labelling", ["It was late and broken.", "Too dear."])
    page = open_page(made)

    page.keyboard.press("2")  # damage: asks why
    page.fill("[data-control=why] textarea", "the box was wet")
    page.keyboard.press("Control+Enter")
    assert "Anger" in page.locator("[data-part=said]").inner_text()
    page.locator("[data-part=stage]").click()
    page.keyboard.press("c")
    page.keyboard.type("is <b>this</b> ours?")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".annotator-comment p")).to_have_text("is <b>this</b> ours?")
    page.wait_for_timeout(400)  # longer than a draft waits to be written
    with page.expect_event("crash"), contextlib.suppress(PlaywrightError):
        page.goto("chrome://crash")
    page = open_page(made, browser_context.new_page())

    assert page.locator("[data-control=why] textarea").input_value() == "the box was wet"
    page.locator("[data-control=anger] .annotator-star").nth(1).click()
    page.keyboard.press("Enter")
    page.locator("[data-value=price]").click()
    page.locator("[data-control=anger] .annotator-star").first.click()
    page.keyboard.press("Control+Enter")

    first, second = wait_until_saved(page, made.annotator, 2)
    said = {entry["from_name"]: entry["value"] for entry in first.result}
    assert said == {"label": {"choices": ["damage"]}, "anger": {"rating": 2}, "why": {"text": ["the box was wet"]}}
    assert [entry["from_name"] for entry in second.result] == ["label", "anger"]


def test_marked_up_text_can_be_marked_and_cannot_run(make_project, open_page, browser_page):
    made = make_project(MARKED, "span_labelling", [EVIL])
    asked = []
    browser_page.on("request", lambda request: asked.append(request.url))
    page = open_page(made)

    mark(page, "Lee")
    cleaned = page.evaluate(
        """async (html) => {
          const { cleanHtml } = await import('/static/js/annotator/surfaces/hypertext.js');
          document.body.append(cleanHtml(html));
          await new Promise((done) => setTimeout(done, 200));
          return [window.pwned ?? null, [...document.body.lastChild.parentNode.querySelectorAll('a')].at(-1).outerHTML];
        }""",
        EVIL,
    )
    page.keyboard.press("Enter")

    (answer,) = wait_until_saved(page, made.annotator, 1)
    value = answer.result[0]["value"]
    assert value["text"] == "Lee"
    assert value["globalOffsets"] == {"start": 4, "end": 7}
    assert (value["start"], value["startOffset"], value["endOffset"]) == ("/p[1]/b[1]/text()[1]", 0, 3)
    assert cleaned == [None, "<a>go</a>"]
    assert not [url for url in asked if url.endswith("/x")]


@pytest.mark.long
def test_a_hundred_labels_through_a_cut_network_and_a_killed_tab_arrive_once(
    make_project, _playwright, chromium_options, login, live_url, tmp_path
):
    config = """<View><Text name="item" value="$text"/><Choices name="label" toName="item" choice="single">
    <Choice value="cat"/><Choice value="dog"/></Choices></View>"""
    made = make_project(config, "text_classification", [f"text number {number}" for number in range(120)])

    def open_profile():
        context = _playwright.chromium.launch_persistent_context(
            str(tmp_path / "profile"), base_url=live_url, **chromium_options
        )
        page = context.pages[0]
        login(page, made.annotator)
        return context, visit(page, made)

    def label(page, count: int) -> None:
        for number in range(count):
            page.wait_for_selector("[data-part=stage]:not([hidden])")
            page.keyboard.press(str(number % 2 + 1))

    context, page = open_profile()
    label(page, 50)
    expect(page.locator("[data-part=save]")).to_have_text("Saved", timeout=30_000)
    page.wait_for_load_state("networkidle")  # a minute's worth of items is in hand
    context.set_offline(True)
    label(page, 30)
    expect(page.locator("[data-part=save]")).to_contain_text("30 kept here")
    with page.expect_event("crash"), contextlib.suppress(PlaywrightError):
        page.goto("chrome://crash")
    context.close()
    assert Annotation.objects.count() == 50

    context, page = open_profile()
    wait_until_saved(page, made.annotator, 80)
    label(page, 20)
    wait_until_saved(page, made.annotator, 100)
    context.close()

    assert Annotation.objects.count() == 100
    assert Task.objects.filter(state="done").count() == 100
