"""Boxes, polygons and masks drawn on photographs, at a desk and on a tablet, and what the server keeps of them."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from django.conf import settings
from label_studio_sdk.converter import brush
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import expect

from lifecycle.annotations import services
from lifecycle.annotations.models import Annotation
from lifecycle.common.blobs import open_blobs
from lifecycle.datasets.models import Dataset
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

WIDTH, HEIGHT = 900, 600
CONFIG = """<View>
  <Image name="photo" value="$image"/>
  <RectangleLabels name="box" toName="photo">
    <Label value="cell" background="#e8590c"/><Label value="dust"/>
  </RectangleLabels>
  <PolygonLabels name="outline" toName="photo"><Label value="leaf"/></PolygonLabels>
  <EllipseLabels name="spot" toName="photo"><Label value="pore"/></EllipseLabels>
  <KeyPointLabels name="tip" toName="photo"><Label value="tip"/></KeyPointLabels>
  <BrushLabels name="mask" toName="photo"><Label value="stain" background="rgba(0, 0, 255, 0.7)"/></BrushLabels>
  <Choices name="size" toName="photo" perRegion="true"><Choice value="small"/><Choice value="large"/></Choices>
</View>"""


def draw_photograph(seed: int) -> bytes:
    """A picture with the grain and the soft edges of a photograph."""
    random = np.random.default_rng(seed)
    ground = Image.fromarray(random.integers(60, 200, (40, 60, 3), dtype=np.uint8)).resize((WIDTH, HEIGHT))
    draw = ImageDraw.Draw(ground)
    draw.ellipse((180, 120, 420, 420), fill=(210, 180, 60))
    draw.polygon([(560, 120), (780, 200), (700, 480), (520, 400)], fill=(40, 110, 60))
    file = io.BytesIO()
    ground.filter(ImageFilter.GaussianBlur(3)).save(file, "JPEG", quality=85)
    return file.getvalue()


@pytest.fixture
def project(transactional_db):
    """A project of three photographs that wants boxes, outlines and masks."""
    owner = factories.UserFactory()
    project = factories.ProjectFactory(owner=owner, problem_type="object_detection")
    dataset = Dataset.objects.get(project=project)
    collection = factories.CollectionFactory(dataset=dataset)
    services.set_config(project=project, actor=owner, config=CONFIG)
    for seed in range(3):
        content = draw_photograph(seed)
        blob = open_blobs(settings.STORAGE_URL).put(content)
        key = hashlib.sha256(content).hexdigest()
        factories.ItemFactory(
            dataset=dataset, collection=collection, content_hash=key, text="", blob=blob, mime="image/jpeg",
            width=WIDTH, height=HEIGHT, byte_size=len(content),
        )  # fmt: skip
    services.open_tasks(collection=collection)
    return project


class Photograph:
    """The picture on screen, in shares of its sides."""

    def __init__(self, page):
        self.page = page
        page.wait_for_selector(".image-surface .a9s-annotationlayer", state="attached")
        box = page.locator(".image-sheet").bounding_box()
        self.left, self.top, self.width, self.height = box["x"], box["y"], box["width"], box["height"]

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.left + x * self.width, self.top + y * self.height

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*self.at(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(*end), steps=6)
        self.page.mouse.up()

    def click(self, *points: tuple[float, float]) -> None:
        for point in points:
            self.page.mouse.click(*self.at(*point))


def choose(page, label: str) -> None:
    page.click(f"[data-label='{label}']")


def expect_regions(page, count: int) -> None:
    expect(page.locator("[data-region]")).to_have_count(count)


def submit(page, user, count: int) -> list[dict]:
    """Send the answer; the result list that the server keeps."""
    page.keyboard.press("Enter")
    answers = Annotation.objects.filter(user=user, is_current=True, kind="answer").order_by("pk")
    for _ in range(200):
        if answers.count() == count:
            break
        page.wait_for_timeout(50)
    expect(page.locator("[data-part=save]")).to_have_text("Saved")
    newest = answers.last()
    assert newest is not None and answers.count() == count
    return newest.result


@pytest.mark.parametrize("width", [1440, pytest.param(820, marks=pytest.mark.long)])
def test_boxes_polygons_and_masks_are_drawn_and_kept(project, browser, live_url, login, watch_console, width):
    annotator = factories.UserFactory()
    factories.MembershipFactory(project=project, user=annotator, role="annotator")
    context = browser.new_context(base_url=live_url, viewport={"width": width, "height": 1000})
    context.set_default_timeout(15_000)
    page = context.new_page()
    problems = watch_console(page)
    login(page, annotator)
    page.goto(f"/projects/{project.slug}/label")
    page.wait_for_selector("#annotator[data-ready=true]", state="attached")

    check_boxes(page, submit_as=annotator)
    check_polygons(page, submit_as=annotator)
    check_masks(page, submit_as=annotator)

    assert problems == []
    context.close()


def check_boxes(page, submit_as) -> None:
    """A drag, a resize past the edge that snaps, four extreme points, drawing over, undo and redo, an attribute."""
    photo = Photograph(page)
    choose(page, "cell")
    photo.drag((0.2, 0.2), (0.4, 0.5))
    expect_regions(page, 1)
    photo.drag((0.2, 0.2), (-0.1, 0.1))
    page.keyboard.press("x")
    photo.click((0.7, 0.3), (0.9, 0.5), (0.75, 0.8), (0.6, 0.6))
    page.keyboard.press("x")
    expect_regions(page, 2)
    page.keyboard.down("Shift")
    photo.drag((0.65, 0.4), (0.8, 0.6))
    page.keyboard.up("Shift")
    expect_regions(page, 3)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    expect_regions(page, 1)
    page.keyboard.press("Control+Shift+z")
    expect_regions(page, 2)
    page.get_by_text("large", exact=True).first.click()

    first, second, size = submit(page, submit_as, 1)

    assert (first["from_name"], first["to_name"], first["type"]) == ("label", "item", "rectanglelabels")
    assert (first["original_width"], first["original_height"], first["image_rotation"]) == (WIDTH, HEIGHT, 0)
    assert first["value"]["x"] == 0, "an edge that is dragged out of the picture lies on its edge"
    assert_near(first["value"], {"y": 10, "width": 40, "height": 40, "rotation": 0})
    assert_near(second["value"], {"x": 60, "y": 30, "width": 30, "height": 50, "rotation": 0})
    assert second["value"]["rectanglelabels"] == ["cell"]
    assert (size["from_name"], size["id"], size["value"]) == ("size", second["id"], {"choices": ["large"]})


def check_polygons(page, submit_as) -> None:
    """Corners on the turned picture, one taken back; a corner that is dragged; the regions of the item before."""
    photo = Photograph(page)
    page.keyboard.press("Shift+R")
    photo = Photograph(page)
    choose(page, "leaf")
    photo.click((0.2, 0.2), (0.5, 0.2), (0.9, 0.9))
    page.keyboard.press("Backspace")
    photo.click((0.5, 0.4), (0.2, 0.4), (0.2, 0.2))
    expect_regions(page, 1)
    photo.drag((0.5, 0.4), (0.7, 0.4))
    page.keyboard.press("Shift+C")
    expect_regions(page, 3)

    polygon, *copied = submit(page, submit_as, 2)

    assert polygon["type"] == "polygonlabels"
    assert polygon["value"]["polygonlabels"] == ["leaf"]
    turned = [(0.2, 0.2), (0.5, 0.2), (0.7, 0.4), (0.2, 0.4)]
    for (x, y), (across, down) in zip(polygon["value"]["points"], turned, strict=True):
        assert (x, y) == pytest.approx((100 * down, 100 * (1 - across)), abs=0.6)
    assert [entry["type"] for entry in copied] == ["rectanglelabels", "rectanglelabels", "choices"]


PAINTED = """() => {
  const canvas = document.querySelector(".image-masks");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const at = data.findIndex((byte, index) => index % 4 === 3 && byte > 0) - 3;
  return [...data.slice(at, at + 3)];
}"""


def check_masks(page, submit_as) -> None:
    """Two strokes on one mask, a hole by the eraser, zoomed in on the way; an ellipse and a point beside it."""
    photo = Photograph(page)
    choose(page, "stain")
    photo.drag((0.3, 0.5), (0.5, 0.5))
    photo.drag((0.4, 0.3), (0.4, 0.7))
    expect_regions(page, 1)
    assert page.evaluate(PAINTED) == [0, 0, 255], "as templates write colors"
    page.mouse.move(*photo.at(0.4, 0.5))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    photo = Photograph(page)
    page.keyboard.press("e")
    photo.click((0.4, 0.5))
    page.keyboard.press("e")

    page.keyboard.press("Shift+F")
    photo = Photograph(page)
    choose(page, "pore")
    photo.drag((0.6, 0.6), (0.8, 0.9))
    choose(page, "tip")
    photo.click((0.1, 0.9))
    expect_regions(page, 3)

    mask, ellipse, point = submit(page, submit_as, 3)

    assert (ellipse["type"], ellipse["value"]["ellipselabels"]) == ("ellipselabels", ["pore"])
    assert_near(ellipse["value"], {"x": 70, "y": 75, "radiusX": 10, "radiusY": 15, "rotation": 0})
    assert_near(point["value"], {"x": 10, "y": 90})
    assert 0 < point["value"]["width"] < 5
    assert (mask["type"], mask["value"]["format"]) == ("brushlabels", "rle")
    alpha = brush.decode_rle(mask["value"]["rle"]).reshape(HEIGHT, WIDTH, 4)[:, :, 3]
    assert alpha[HEIGHT // 2, int(0.32 * WIDTH)] == 255
    assert alpha[int(0.35 * HEIGHT), int(0.4 * WIDTH)] == 255
    assert alpha[HEIGHT // 2, int(0.4 * WIDTH)] == 0, "erased"
    assert alpha[HEIGHT // 4, WIDTH // 2] == 0


def assert_near(value: dict, expected: dict) -> None:
    assert {name: value[name] for name in expected} == pytest.approx(expected, abs=0.6)
