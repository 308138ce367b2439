"""From a registered model to an answer in the browser, in front of the real inference server."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Route

from lifecycle.deployments.models import Deployment, Feedback
from tests.artifacts import build_image_artifact
from tests.factories import ProjectFactory
from tests.workers.serving.conftest import build_serving as build_serving
from tests.workers.serving.conftest import make_version

pytestmark = pytest.mark.django_db(transaction=True)


def draw() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((28, 28)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def shoot(browser_page):
    """shoot("name") keeps a picture of the page where SHOTS says."""
    folder = os.environ.get("SHOTS")

    def take(name: str) -> None:
        if folder:
            browser_page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    return take


def test_a_model_is_deployed_tried_and_judged(
    browser_page, live_url, login, watch_console, build_serving, tmp_path, settings, shoot
):
    project = ProjectFactory(slug="digits")
    make_version(project, tmp_path / "artifact", build_image_artifact)
    serving = build_serving()
    settings.SERVING_URL = serving.url
    login(browser_page, project.created_by)
    problems = watch_console(browser_page)

    browser_page.goto("/projects/digits/models/digits/1")
    shoot("version")
    browser_page.get_by_role("button", name="Deploy").first.click()
    serving.wait_for_release(Deployment.objects.get())
    browser_page.locator("#deployment-live").get_by_text("live", exact=True).wait_for()
    shoot("deployed")
    late: list[Route] = []  # the page's script: a picture may be chosen before it is there
    browser_page.route("**/tryit*.js", lambda route: late.append(route))
    with browser_page.expect_request("**/tryit*.js"):
        browser_page.get_by_role("link", name="Try it", exact=True).first.click()
    shoot("try")
    browser_page.set_input_files("input[name=image]", {"name": "seven.png", "mimeType": "image/png", "buffer": draw()})
    late[0].continue_()
    browser_page.locator("#try-result [data-answer]").wait_for()
    shoot("tried")
    assert browser_page.locator("#try-result [data-answer]").inner_text() == "cat"
    browser_page.locator("#try-result select[name=truth]").select_option("owl")
    browser_page.locator("#try-result").get_by_role("button", name="Save").click()
    browser_page.get_by_text("kept: owl").wait_for()
    serving.wait_for_log(Deployment.objects.get(), 1)
    browser_page.goto("/projects/digits/deployments/digits")
    browser_page.locator("img.prediction-thumb").wait_for()
    shoot("detail")
    browser_page.locator("#deployment-live svg").first.wait_for()
    browser_page.locator("tbody a").first.click()
    browser_page.get_by_text("What was answered").wait_for()
    shoot("prediction")

    assert Feedback.objects.get().truth == "owl"
    assert browser_page.url.startswith(f"{live_url}/projects/digits/deployments/digits/predictions/")
    assert problems == []
