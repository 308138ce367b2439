"""The schema editor as an engineer uses it: a template becomes a draft, is tried, changed and saved."""

from __future__ import annotations

import io
import os

import pytest
from django.conf import settings
from PIL import Image
from playwright.sync_api import expect

from lifecycle.annotations import selectors, services
from lifecycle.common.blobs import open_blobs
from lifecycle.datasets.models import Dataset
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
PICTURES = os.environ.get("GRISTMILL_PICTURES", "")


@pytest.fixture
def project(transactional_db):
    project = factories.ProjectFactory(owner=factories.UserFactory(), problem_type="object_detection")
    services.create_schema(project=project, classes=["cat", "dog"], created_by=project.created_by)
    collection = factories.CollectionFactory(dataset=Dataset.objects.get(project=project))
    picture = io.BytesIO()
    Image.new("RGB", (640, 420), (90, 140, 160)).save(picture, "PNG")
    blob = open_blobs(settings.STORAGE_URL).put(picture.getvalue())
    factories.ItemFactory(
        dataset=collection.dataset, collection=collection, text="", blob=blob, mime="image/png", width=640, height=420
    )
    services.open_tasks(collection=collection)
    return project


def take_pictures(page, name: str) -> None:
    """Only while somebody looks at the page: GRISTMILL_PICTURES is a folder."""
    for width, height in ((1440, 1000), (820, 1100), (390, 844)) if PICTURES else ():
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(400)
            page.screenshot(path=f"{PICTURES}/{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 800})


def test_labels_become_one_only_after_a_question(project, browser_page, login):
    page = browser_page
    login(page, project.created_by)
    page.goto(f"/projects/{project.slug}/label/schema")
    page.get_by_label("Name of cat").fill("dog")

    page.get_by_role("button", name="Save the labels").click()
    expect(page.locator("#ask-question")).to_contain_text("“cat” and “dog”")
    page.keyboard.press("Escape")
    assert selectors.find_schema(project).classes == ["cat", "dog"]

    page.get_by_role("button", name="Save the labels").click()
    page.click("#ask-yes")
    expect(page.locator("body")).to_contain_text("The label schema is at version 2")
    assert selectors.find_schema(project).classes == ["dog"]
    page.get_by_label("Name of dog").fill("hound")
    page.get_by_role("button", name="Save the labels").click()  # one name less is no question
    expect(page.locator("body")).to_contain_text("The label schema is at version 3")


def test_a_template_is_tried_on_a_real_item_changed_and_saved(project, browser_page, login, watch_console):
    page, problems = browser_page, watch_console(browser_page)
    login(page, project.created_by)
    page.goto(f"/projects/{project.slug}/label/schema")
    expect(page.get_by_label("Name of cat")).to_have_value("cat")
    page.wait_for_selector("#annotator[data-ready=true]", state="attached")
    take_pictures(page, "schema")

    page.get_by_text("Start from a template").click()
    take_pictures(page, "templates")
    page.get_by_text("Boxes with attributes").click()
    page.wait_for_selector("#schema-draft #annotator[data-ready=true]", state="attached")
    take_pictures(page, "draft")
    assert selectors.get_schema(project).version == 1

    draft = page.locator("#schema-config")
    draft.fill(draft.input_value().replace("car", "lorry"))
    expect(page.locator("#schema-draft [data-part=palette]")).to_contain_text("lorry")
    draft.fill(draft.input_value().replace("RectangleLabels", "VideoRectangle"))
    expect(page.get_by_role("alert").filter(has_text="<VideoRectangle> is not supported")).to_be_visible()
    draft.fill(draft.input_value().replace("VideoRectangle", "RectangleLabels"))
    page.get_by_role("button", name="Save this configuration").click()

    page.wait_for_url("**/label/schema")
    assert selectors.get_schema(project).classes == ["lorry", "person"]
    assert selectors.get_interface(project).by_name["visibility"].per_region
    assert problems == []


def test_labels_are_seen_on_a_real_item_as_they_are_typed(project, browser_page, login, watch_console):
    page, problems = browser_page, watch_console(browser_page)
    login(page, project.created_by)
    page.goto(f"/projects/{project.slug}/label/schema")
    page.wait_for_selector("#annotator[data-ready=true]", state="attached")
    palette = page.locator("#schema-draft [data-part=palette]")

    page.get_by_label("Name of cat").fill("lynx")
    expect(palette).to_contain_text("lynx")
    page.get_by_label("Key of dog").fill("x")
    expect(palette.get_by_role("button", name="dog")).to_contain_text("X")
    page.get_by_label("Key of cat").fill("s")
    expect(page.locator("#schema-draft")).to_contain_text("“S” belongs to the page")
    expect(page.get_by_label("Key of cat")).to_be_focused()
    take_pictures(page, "labels")

    assert selectors.get_schema(project).version == 1
    assert problems == []
