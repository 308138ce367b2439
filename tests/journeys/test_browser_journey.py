"""A newcomer's first quarter of an hour, in a real browser on the whole product."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys import material
from tests.journeys.conftest import PASSWORD

JOB_MS = 240_000
ABORTED = "Transition was aborted"  # Chromium says so when a page is left while it still fades in


@pytest.fixture
def page(product, browser):
    context = browser.new_context(base_url=product.url, viewport={"width": 1440, "height": 900}, locale="en-US")
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: None if ABORTED in str(error) else page.problems.append(str(error)))
    yield page
    context.close()


def test_from_login_to_a_retrained_deployment(page, product, tmp_path):
    labeled, unlabeled, kept = material.digits(600, 25)
    (tmp_path / "digits.zip").write_bytes(labeled)
    (tmp_path / "to-label.zip").write_bytes(unlabeled)
    (tmp_path / "five.png").write_bytes(kept[0][1])

    log_in(page)
    slug = create_project(page)
    upload(page, slug, tmp_path / "digits.zip", has_labels=True)
    upload(page, slug, tmp_path / "to-label.zip", has_labels=False)
    label_twenty(page, slug)
    commit(page, slug)
    train(page, slug)
    open_confusion(page, slug)
    deploy(page, slug)
    try_it(page, slug, tmp_path / "five.png")
    retrain(page, slug)
    page.goto(f"/projects/{slug}/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.problems == []


def log_in(page) -> None:
    page.goto("/")
    page.locator("form input[type=text]").first.fill("admin")
    page.locator("form input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "login" not in url)


def create_project(page) -> str:
    page.goto("/projects/new")
    page.get_by_label("Name", exact=True).fill("Journey digits")
    page.locator("[name=problem_statement]").fill("Read digits.")
    page.locator("[name=problem_type][value=image_classification]").check(force=True)
    page.locator("[name=target_threshold]").fill("0.5")
    page.locator("[name=classes]").fill("\n".join("0123456789"))
    page.get_by_role("button", name="Create the project").last.click()
    page.wait_for_url(re.compile(r"/projects/(?!new)[a-z0-9-]+/"))
    return page.url.split("/projects/")[1].split("/")[0]


def upload(page, slug: str, file, *, has_labels: bool) -> None:
    page.goto(f"/projects/{slug}/collections/new")
    page.locator("#files").set_input_files(str(file))
    page.get_by_role("button", name="Upload and look at it").click()
    page.wait_for_url(re.compile(r"/collections/\d+"))
    start = page.get_by_role("button", name="Import", exact=True)
    start.wait_for(timeout=JOB_MS)
    box = page.locator("[name=folders_are_labels]")
    if box.count() and box.first.get_attribute("type") == "checkbox":
        box.first.set_checked(has_labels)
    start.click()
    page.get_by_role("link", name="Look at the items").wait_for(timeout=JOB_MS)


def label_twenty(page, slug: str) -> None:
    page.goto(f"/projects/{slug}/label")
    page.locator("[data-part=stage] img").first.wait_for()
    for number in range(20):
        page.locator("[data-part=stage] img").first.wait_for()  # on a busy machine the next items may be on their way
        page.keyboard.press(str(1 + number % 9))
        page.wait_for_timeout(60)
    page.get_by_text("Saved", exact=True).wait_for()
    expect(page.locator("[data-part=progress]")).to_contain_text("620")


def commit(page, slug: str) -> None:
    page.goto(f"/projects/{slug}/versions")
    page.get_by_label("Message").fill("First version")
    page.get_by_role("button", name="Commit a version").click()
    page.get_by_role("link", name="v1").first.wait_for(timeout=JOB_MS)


def train(page, slug: str) -> None:
    page.goto(f"/projects/{slug}/runs/new?recipe=image_cnn")
    page.get_by_label("Epochs", exact=True).fill("3")
    page.get_by_role("button", name="Start training").click()
    page.wait_for_url(re.compile(r"/runs/\d+"))
    page.get_by_role("link", name="Open the evaluation").wait_for(timeout=JOB_MS)


def open_confusion(page, slug: str) -> None:
    page.get_by_role("link", name="Open the evaluation").first.click()
    page.wait_for_url(re.compile(r"/evaluations/\d+"))
    page.locator(".js-plotly-plot .heatmaplayer").first.wait_for(timeout=JOB_MS)
    page.goto(page.url.split("?")[0] + "/items")
    expect(page.locator("main img").first).to_be_visible()


def deploy(page, slug: str) -> None:
    page.goto(f"/projects/{slug}/runs/1")
    page.get_by_role("button", name="Register to deploy").click()
    page.wait_for_url(re.compile(r"/models/"))
    page.get_by_role("button", name="Make champion").click()
    page.wait_for_url(re.compile(r"/models/"))
    page.get_by_role("button", name="Deploy").first.click()
    page.wait_for_url(re.compile(r"/deployments/[a-z0-9-]+"))


def try_it(page, slug: str, picture) -> None:
    page.get_by_role("link", name="Try it").first.click()
    page.locator("input[type=file]").set_input_files(str(picture))  # a picture that is chosen is asked about
    right = page.get_by_role("button", name="Right")
    right.wait_for(timeout=60_000)
    right.click()
    right.wait_for(state="detached")


def retrain(page, slug: str) -> None:
    page.goto(f"/projects/{slug}/pipelines/start")
    page.get_by_role("button", name="Retrain", exact=True).click()
    page.wait_for_url(re.compile(r"/pipelines/\d+"))
    steps = page.locator("#pipeline-steps")
    expect(steps).not_to_have_attribute("hx-trigger", "every 2s", timeout=JOB_MS)
    expect(steps).to_contain_text("candidate")
