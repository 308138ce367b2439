"""Sounds, series, pairs and taxonomies labeled as a person does it: drawn or chosen, submitted by key, seen again."""

from __future__ import annotations

import base64
import io
import math
import re
from types import SimpleNamespace

import pytest
from PIL import Image
from playwright.sync_api import expect

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation
from lifecycle.datasets.models import Dataset, Item
from tests import factories
from tests.browser.test_label_spans import visit, wait_until_saved
from tests.sounds import build_wav

# what counts for the item is stored as control `label` on object `item`, whatever the configuration calls them
pytestmark = pytest.mark.django_db(transaction=True)
WIDTHS = pytest.mark.parametrize("width", [1440, pytest.param(820, marks=pytest.mark.long)])
SOUND = """<View><Labels name="what" toName="sound"><Label value="speech"/><Label value="music"/></Labels>
<Audio name="sound" value="$audio"/></View>"""
SERIES = """<View><TimeSeriesLabels name="state" toName="flow"><Label value="normal"/><Label value="leak"/>
</TimeSeriesLabels><TimeSeries name="flow" value="$series" valueType="json" timeColumn="time">
<Channel column="flow" displayName="Flow"/><Channel column="pressure" displayName="Pressure"/></TimeSeries></View>"""
PAIR = """<View><Header value="$question"/><Text name="first" value="$a"/><Text name="second" value="$b"/>
<Pairwise name="better" toName="first,second"/></View>"""
TREE = """<View><Text name="item" value="$text"/><Taxonomy name="topic" toName="item">
<Choice value="Sports"><Choice value="Ball"><Choice value="Football"/><Choice value="Tennis"/></Choice>
<Choice value="Water"/></Choice><Choice value="Politics"><Choice value="Local"/></Choice></Taxonomy></View>"""
SECONDS = 4.0
POINTS = 200


@pytest.fixture
def make_project(transactional_db):
    """make_project(config, problem_type, rows=…) is a project that asks this, with somebody who may do everything."""

    def make(config: str, problem_type: str, *contents: dict) -> SimpleNamespace:
        owner = factories.UserFactory()
        project = factories.ProjectFactory(owner=owner, problem_type=problem_type)
        services.set_config(project=project, actor=owner, config=config)
        dataset = Dataset.objects.get(project=project)
        collection = factories.CollectionFactory(dataset=dataset)
        for number, content in enumerate(contents):
            key = f"{dataset.pk:032x}{number:032x}"
            factories.ItemFactory(dataset=dataset, collection=collection, content_hash=key, **{"text": "", **content})
        services.open_tasks(collection=collection)
        return SimpleNamespace(project=project, annotator=owner, url=f"/projects/{project.slug}/label")

    return make


@pytest.fixture
def open_page(browser_page, login, watch_console):
    """open_page(made, width) is the labelling page; what goes wrong in it fails the test."""
    problems = watch_console(browser_page)

    def open_at(made: SimpleNamespace, width: int):
        browser_page.set_viewport_size({"width": width, "height": 900})
        login(browser_page, made.annotator)
        return visit(browser_page, made)

    yield open_at
    assert problems == []


def drag(page, start: float, end: float) -> None:
    """Over the strip of time, in shares of its width."""
    box = page.locator(".annotator-timeline").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + (start + end) / 2 * box["width"], y)
    page.mouse.move(box["x"] + end * box["width"], y)
    page.mouse.up()


def look_back(page, made: SimpleNamespace):
    """The labelling page loaded anew, on the item before."""
    visit(page, made)
    page.wait_for_load_state("networkidle")  # what was done before comes after the first item
    page.keyboard.press("ArrowLeft")


def upload(page, made: SimpleNamespace, run_jobs, files: list[dict]) -> None:
    page.goto(f"/projects/{made.project.slug}/collections/new")
    page.set_input_files("#files", files)
    page.click("[data-send]")
    page.wait_for_url(re.compile(r"/collections/\d+"))
    run_jobs()
    page.reload()
    expect(page.locator("#setup")).to_contain_text(f"{len(files)} sounds")
    with page.expect_navigation():
        page.get_by_role("button", name="Import").click()
    run_jobs()


def hear_as_reviewer(page, made: SimpleNamespace, login) -> None:
    """The second part is played from its beginning to its end."""
    reviewer = factories.UserFactory()
    factories.MembershipFactory(project=made.project, user=reviewer, role="reviewer")
    login(page, reviewer)
    page.goto(f"/projects/{made.project.slug}/label/review")
    page.locator("#review audio").wait_for()
    page.wait_for_load_state("networkidle")
    parts = page.locator(".review-passages button")
    expect(parts).to_have_count(2)
    parts.nth(1).click()
    page.wait_for_function("(sound) => sound.currentTime > 2.5", arg=page.locator("#review audio").element_handle())
    page.wait_for_function("(sound) => sound.paused", arg=page.locator("#review audio").element_handle())
    assert 3.0 < page.locator("#review audio").evaluate("(sound) => sound.currentTime") < 4.0


@WIDTHS
def test_an_uploaded_sound_is_played_marked_and_kept(make_project, open_page, browser_page, login, run_jobs, width):
    made = make_project(SOUND, "row_labelling")
    login(browser_page, made.annotator)
    wavs = [build_wav(SECONDS, low=low) for low in (200, 700)]
    names = [{"name": f"{n}.wav", "mimeType": "audio/wav", "buffer": wav} for n, wav in enumerate(wavs)]
    upload(browser_page, made, run_jobs, names)
    assert [item.row["file"] for item in Item.objects.order_by("pk")] == ["0.wav", "1.wav"]
    page = open_page(made, width)
    page.locator(".annotator-timeline").wait_for()

    page.keyboard.press("1")
    drag(page, 0.25, 0.5)
    page.keyboard.press("2")
    drag(page, 0.625, 0.75)
    expect(page.locator(".annotator-region-name")).to_have_count(2)
    for _ in range(2):
        page.keyboard.press("Shift+ArrowRight")  # the end of the second, by 0.05 s each
    page.locator(".annotator-timeline").click(position={"x": 4, "y": 60})
    page.get_by_role("button", name="Play or pause").click()
    player = page.locator(".annotator-audio audio")
    page.wait_for_function("(sound) => sound.currentTime > 0.05", arg=player.element_handle())
    player.evaluate("(sound) => { sound.pause(); sound.currentTime = 3.5; }")
    page.wait_for_function("(sound) => !sound.seeking && sound.currentTime === 3.5", arg=player.element_handle())
    assert player.evaluate("(sound) => [sound.duration, sound.seekable.end(0)]") == [SECONDS, SECONDS]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Enter")

    (answer,) = wait_until_saved(page, made.annotator, 1)
    found = [(entry["from_name"], entry["to_name"], entry["type"], entry["original_length"]) for entry in answer.result]
    assert found == [("label", "item", "labels", SECONDS)] * 2
    first, second = (entry["value"] for entry in answer.result)
    assert (first["labels"], second["labels"]) == (["speech"], ["music"])
    assert [first["start"], first["end"]] == pytest.approx([1.0, 2.0], abs=0.02)
    assert [second["start"], second["end"]] == pytest.approx([2.5, 3.1], abs=0.02)
    look_back(page, made)
    expect(page.locator(".annotator-region-name")).to_have_count(2)
    words = page.locator(".annotator-region-name").all_inner_texts()
    assert [line.split()[1] for line in words] == ["speech", "music"]
    hear_as_reviewer(page, made, login)


@WIDTHS
def test_stretches_of_a_series_are_marked_moved_and_kept(make_project, open_page, width):
    times = [1_700_000_000 + 60 * n for n in range(POINTS)]
    flow = [round(math.sin(n / 9), 4) for n in range(POINTS)]
    series = {"time": times, "flow": flow, "pressure": [round(1 + n / 50, 3) for n in range(POINTS)]}
    made = make_project(SERIES, "row_labelling", {"row": {"series": series}}, {"row": {"series": series, "n": 2}})
    page = open_page(made, width)

    page.keyboard.press("2")
    drag(page, 0.2, 0.4)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Control+ArrowLeft")
    page.keyboard.press("1")
    drag(page, 0.7, 0.9)
    page.keyboard.press("Control+z")
    expect(page.locator(".annotator-region-name")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Enter")

    (answer,) = wait_until_saved(page, made.annotator, 1)
    (entry,) = answer.result
    assert (entry["from_name"], entry["to_name"], entry["type"]) == ("label", "item", "timeserieslabels")
    value = entry["value"]
    assert value["timeserieslabels"] == ["leak"] and value["instant"] is False
    assert {value["start"], value["end"]} <= set(times)
    assert [times.index(value[end]) for end in ("start", "end")] == pytest.approx([39, 81], abs=1)
    look_back(page, made)
    expect(page.locator(".annotator-region-name")).to_have_count(1)
    expect(page.locator(".annotator-region-name")).to_contain_text("leak")


@WIDTHS
def test_the_better_of_two_is_chosen_by_key_and_by_pointer(make_project, open_page, width):
    rows = [{"row": {"question": "What is 2 + 2?", "a": f"Four, said {n}.", "b": "Five."}} for n in range(3)]
    made = make_project(PAIR, "row_labelling", *rows)
    page = open_page(made, width)

    sides = page.locator(".annotator-sides > *")
    expect(sides).to_have_count(2)
    assert "What is 2 + 2?" in page.locator(".annotator-surfaces, .annotator-panel-body").all_inner_texts()[0]
    tops = [sides.nth(n).bounding_box()["y"] for n in range(2)]
    assert tops[0] == tops[1]  # side by side at both widths
    page.keyboard.press("1")
    expect(page.get_by_role("radio", name="The left one")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="The right one").click()
    page.keyboard.press("Enter")

    first, second = wait_until_saved(page, made.annotator, 2)
    for answer, side in ((first, "left"), (second, "right")):
        (entry,) = answer.result
        assert (entry["from_name"], entry["to_name"], entry["type"]) == ("label", "item", "pairwise")
        assert entry["value"] == {"selected": side}
    look_back(page, made)
    expect(page.get_by_role("radio", name="The right one")).to_have_attribute("aria-checked", "true")


@WIDTHS
def test_a_place_in_a_tree_is_found_by_typing_by_arrows_and_by_pointer(make_project, open_page, width):
    made = make_project(TREE, "text_labelling", *({"text": f"Match report {n}."} for n in range(4)))
    page = open_page(made, width)
    chosen = page.locator(".annotator-chosen li")

    page.keyboard.press("/")
    page.keyboard.type("tenn")
    page.keyboard.press("Enter")
    expect(chosen).to_have_text(["Sports › Ball › Tennis"])
    page.keyboard.press("Control+Enter")

    expect(chosen).to_have_count(0)
    page.keyboard.press("/")
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown", "Space"):
        page.keyboard.press(key)
    expect(chosen).to_have_text(["Sports › Ball › Football"])
    assert page.evaluate("document.activeElement.textContent") == "Football"
    page.keyboard.press("Enter")

    expect(chosen).to_have_count(0)
    page.get_by_role("button", name="Open Politics").click()
    page.get_by_role("button", name="Local", exact=True).click()
    page.keyboard.press("Enter")

    answers: list[Annotation] = wait_until_saved(page, made.annotator, 3)
    assert [answer.result for answer in answers] == [
        [{"from_name": "label", "to_name": "item", "type": "taxonomy", "value": {"taxonomy": [path]}}]
        for path in (["Sports", "Ball", "Tennis"], ["Sports", "Ball", "Football"], ["Politics", "Local"])
    ]
    look_back(page, made)
    expect(chosen).to_have_text(["Politics › Local"])


def test_two_pictures_are_seen_at_once_on_a_phone(make_project, open_page):
    def draw(color):
        out = io.BytesIO()
        Image.new("RGB", (640, 480), color).save(out, "PNG")
        return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"

    config = """<View><Image name="item" value="$a"/><Image name="second" value="$b"/>
      <Pairwise name="label" toName="item,second"/></View>"""
    made = make_project(config, "row_labelling", {"row": {"a": draw("teal"), "b": draw("red")}})
    page = open_page(made, 1440)
    page.set_viewport_size({"width": 390, "height": 844})

    sheets = [sheet.bounding_box() for sheet in page.locator(".image-sheet").all()]
    assert len(sheets) == 2 and all(one["height"] > 100 for one in sheets)
    assert max(one["y"] + one["height"] for one in sheets) < 560  # above the question
