"""What an ML backend answers while somebody labels is a suggestion, and nobody waits for it: to a box or a point of a
smart tool, and to items that it said nothing of before they were opened.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from lifecycle.annotations.models import AssistanceSettings, Suggestion, SuggestionOutcome
from lifecycle.annotations.services import backends
from lifecycle.datasets.models import Item
from tests import factories
from tests.browser.test_label_images import Photograph, choose, expect_regions
from tests.browser.test_label_images import project as photographs  # noqa: F401 — fixture
from tests.browser.test_labelling import make_project, open_label_page, wait_until_saved  # noqa: F401 — fixtures
from tests.workers.tasks.ml_backend_server import Model, serve

pytestmark = pytest.mark.django_db(transaction=True)


class Finder(Model):
    """Puts a box around the newest prompt, and nothing on a task it is asked about without one."""

    def predict(self, body: dict) -> tuple[int, object]:
        if self.fails:
            self.fails -= 1
            return 503, {"detail": "no memory"}
        drawn = (body["params"]["context"] or {}).get("result") or []
        found = []
        if drawn:
            at = drawn[-1]["value"]
            value = {"x": at["x"], "y": at["y"], "width": 10, "height": 10, "rotation": 0, "rectanglelabels": ["dust"]}
            size = {"original_width": 900, "original_height": 600, "image_rotation": 0}
            found = [size | {"id": "m", "from_name": "box", "to_name": "photo", "type": "rectanglelabels"}]
            found[0]["value"] = value
        return 200, {"results": [[{"result": found, "score": 0.9}] for _ in body["tasks"]], "model_version": "find-1"}


def asking(page):
    """What is done within sends a question, which is there for a worker afterwards."""
    return page.expect_response(lambda answer: answer.url.endswith("/smart/") and answer.status == 202)


@pytest.fixture
def model(settings):
    settings.ALLOW_PRIVATE_ADDRESSES = "127.0.0.1"
    return Finder()


def test_a_box_and_a_point_ask_the_backend_and_nothing_waits_for_it(
    photographs,  # noqa: F811
    browser_page,
    login,
    watch_console,
    model,
    run_jobs,
):
    page, problems = browser_page, watch_console(browser_page)
    annotator = factories.UserFactory()
    factories.MembershipFactory(project=photographs, user=annotator, role="annotator")
    bar, said = page.locator("[data-part=proposal]"), page.locator("[data-part=said]")
    ghosts = page.locator(".image-ghosts > *")
    with serve(model) as url:
        owner = photographs.created_by
        backends.add_backend(project=photographs, actor=owner, url=url, title="Finder", is_interactive=True)
        run_jobs()
        login(page, annotator)
        page.goto(f"/projects/{photographs.slug}/label")
        page.wait_for_selector("#annotator[data-ready=true]", state="attached")
        photo = Photograph(page)

        choose(page, "cell")
        page.get_by_role("button", name="Smart tool").click()
        with asking(page):
            photo.drag((0.1, 0.1), (0.3, 0.3))
        expect(said).to_contain_text("Finder is asked")
        expect_regions(page, 0)
        run_jobs()
        expect(bar).to_contain_text("find-1 suggests")
        expect(ghosts).to_have_count(1)
        page.keyboard.press("a")
        expect_regions(page, 1)
        expect(bar).to_be_hidden()
        asked = model.calls[-1][1]["params"]["context"]["result"]
        assert [(one["from_name"], one["type"], one["is_positive"]) for one in asked] == [
            ("box", "rectanglelabels", True)
        ]

        choose(page, "tip")
        page.get_by_role("button", name="where the thing is not, as Alt does").click()
        with asking(page) as sent:
            photo.click((0.5, 0.5))
        assert [one["is_positive"] for one in sent.value.request.post_data_json["result"]] == [False]
        page.keyboard.press("_")
        page.keyboard.press("Enter")  # on, before the answer is there: it is dropped
        expect(page.locator("[data-part=save]")).to_have_text("Saved")
        run_jobs()
        photo = Photograph(page)
        with asking(page):
            photo.click((0.6, 0.6))
        run_jobs()
        expect(bar).to_contain_text("find-1 suggests")
        expect_regions(page, 0)
        expect(ghosts).to_have_count(1)
        page.get_by_role("button", name="Reject").click()
        expect(ghosts).to_have_count(0)

        model.fails = 1
        with asking(page):
            photo.click((0.2, 0.6))
        run_jobs()
        expect(said).to_contain_text("Finder did not answer")
        page.keyboard.press("i")
        photo.click((0.2, 0.6))
        expect_regions(page, 1)
    assert problems == []


def test_an_opened_item_is_answered_or_suggested_for_whichever_comes_first(
    make_project,  # noqa: F811
    open_label_page,  # noqa: F811
    watch_console,
    browser_page,
    model,
    run_jobs,
):
    project, annotator = make_project("text_classification", count=3)
    problems, bar = watch_console(browser_page), browser_page.locator("[data-part=proposal]")
    with serve(Model()) as url:
        backends.add_backend(project=project, actor=project.created_by, url=url, title="Words")
        run_jobs()
        Suggestion.objects.all().delete()
        AssistanceSettings.objects.update(hidden_share=0)  # less than people may choose
        Item.objects.update(text="a dog")
        with browser_page.expect_response(lambda answer: answer.url.endswith("/queue/suggestions/")) as looked:
            page = open_label_page(project, annotator)
        assert looked.value.json()["is_asked"]

        page.keyboard.press("1")  # before it answers
        wait_until_saved(page, 1, annotator)
        expect(bar).to_be_hidden()
        run_jobs()
        expect(bar).to_contain_text("words-1 suggests dog")
        page.keyboard.press("a")
        wait_until_saved(page, 2, annotator)

    assert list(SuggestionOutcome.objects.values_list("verdict", flat=True)) == ["accepted"]
    assert problems == []
