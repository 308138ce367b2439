"""Grid mode on smaller screens and with more to see: a tablet's journey, one item large, many classes, sounds."""

from __future__ import annotations

import pytest
from django.conf import settings
from playwright.sync_api import expect

from lifecycle.annotations import services
from lifecycle.annotations.models import Task
from lifecycle.common.blobs import open_blobs
from lifecycle.contracts.sounds import build_reference
from lifecycle.datasets.models import Item
from tests.browser.test_label_grid import open_grid, wait_until_saved
from tests.browser.test_labelling import make_project  # noqa: F401  a fixture
from tests.sounds import build_wav

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_tablets_page_is_labeled_by_drag_by_range_and_in_bulk(make_project, browser_page, login, watch_console):  # noqa: F811
    page = browser_page
    problems = watch_console(page)
    project, annotator = make_project("image_classification", count=30)
    page.set_viewport_size({"width": 820, "height": 1180})
    open_grid(page, login, project, annotator, "12")
    tiles, selected = page.locator(".label-grid-tile"), page.locator(".label-grid-tile[aria-selected=true]")
    expect(tiles).to_have_count(12)
    columns = page.evaluate(
        "() => { const all = [...document.querySelectorAll('.label-grid-tile')];"
        " return all.filter((one) => one.offsetTop === all[0].offsetTop).length; }"
    )
    assert 3 <= columns <= 6

    first, last = tiles.nth(columns).bounding_box(), tiles.nth(columns + 2).bounding_box()  # by drag: of the second row
    page.mouse.move(first["x"] - 3, first["y"] + first["height"] / 3)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] / 2, last["y"] + last["height"] / 2, steps=6)
    page.mouse.up()
    expect(selected).to_have_count(3)
    page.locator("[data-class=dog]").click()
    wait_until_saved(page, 3)

    tiles.nth(0).click()  # by range
    tiles.nth(2).click(modifiers=["Shift"])
    expect(selected).to_have_count(3)
    page.keyboard.press("1")
    wait_until_saved(page, 6)
    page.locator("[data-part=undo]").click()
    wait_until_saved(page, 3)
    page.locator("[data-part=redo]").click()
    wait_until_saved(page, 6)
    page.locator("[data-action=all]").click()  # and what is left in bulk
    page.locator("[data-class=owl]").click()
    wait_until_saved(page, 12)

    wanted = ["owl"] * 12
    wanted[0:3], wanted[columns : columns + 3] = ["cat"] * 3, ["dog"] * 3
    assert list(Item.objects.order_by("pk").values_list("label", flat=True)[:12]) == wanted
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=count]")).to_have_text("0 of 12 labeled")
    assert problems == []


def test_an_item_is_looked_at_large_and_labeled_there(make_project, browser_page, login, watch_console):  # noqa: F811
    page = browser_page
    problems = watch_console(page)
    project, annotator = make_project("text_classification", count=4)
    Item.objects.filter(text="text number 1").update(text="a long story " * 100 + "and its end")
    open_grid(page, login, project, annotator, "12")
    look, body = page.locator("[data-part=lookDialog]"), page.locator("[data-part=lookBody]")
    expect(page.locator(".label-grid-tile")).to_have_count(4)

    page.keyboard.press("ArrowRight")
    page.keyboard.press("z")
    expect(body).to_contain_text("and its end")
    page.keyboard.press("1")  # labels it and goes on
    expect(body).to_have_text("text number 2")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-part=lookWords]")).to_contain_text("Labeled cat")
    look.get_by_role("button", name="Next").click()
    expect(body).to_have_text("text number 2")
    page.keyboard.press("Escape")
    expect(look).to_be_hidden()
    wait_until_saved(page, 1)
    page.locator(".label-grid-magnifier").nth(3).click()
    expect(body).to_have_text("text number 3")
    expect(page.locator(".label-grid-tile[aria-selected=true]")).to_have_count(0)
    page.keyboard.press("z")
    expect(look).to_be_hidden()
    assert problems == []


def test_a_class_among_many_is_found_by_typing(make_project, browser_page, login):  # noqa: F811
    page = browser_page
    classes = [f"bird {number}" for number in range(40)] + ["Möwe"]
    project, annotator = make_project("text_classification", count=3, classes=classes)
    open_grid(page, login, project, annotator, "12")

    page.keyboard.press("/")
    page.keyboard.type("mow")
    expect(page.locator(".annotator-choice:visible")).to_have_count(1)
    page.keyboard.press("Enter")

    wait_until_saved(page, 1)
    assert Task.objects.filter(item__label="Möwe").count() == 1
    expect(page.locator(".annotator-choice:visible")).to_have_count(41)
    page.keyboard.press("1")  # the keys are the page's again
    wait_until_saved(page, 2)


def test_on_a_phone_the_items_keep_the_screen_beside_ten_classes(make_project, browser_page, login):  # noqa: F811
    page = browser_page
    page.set_viewport_size({"width": 390, "height": 844})
    classes = [f"kind of bird {number}" for number in range(10)]
    project, annotator = make_project("image_classification", count=12, classes=classes)
    open_grid(page, login, project, annotator, "12")
    expect(page.locator(".label-grid-tile")).to_have_count(12)

    assert page.locator("[data-part=tools]").bounding_box()["height"] < 844 / 4
    assert page.locator("[data-part=tiles]").bounding_box()["height"] > 844 / 2
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator(".label-grid-tile").first.click()
    page.get_by_role("button", name="kind of bird 9").click()
    wait_until_saved(page, 1)


def test_a_rows_sound_is_played_on_its_tile(make_project, browser_page, login, watch_console):  # noqa: F811
    page = browser_page
    problems = watch_console(page)
    project, annotator = make_project("tabular_classification", count=2)
    sound = build_wav(0.5)
    digest = open_blobs(settings.STORAGE_URL).put(sound)
    row = {"recording": build_reference(digest), "night": 3}
    first = Item.objects.order_by("pk").first()
    Item.objects.filter(pk=first.pk).update(blob=digest, mime="audio/wav", byte_size=len(sound), row=row)
    open_grid(page, login, project, annotator, "12")
    player = page.locator(".label-grid-sound")
    expect(player).to_have_count(1)
    expect(page.locator(".label-grid-tile").first).not_to_contain_text("/sound")

    player.evaluate("(sound) => { sound.muted = true; return sound.play(); }")
    page.wait_for_function("(sound) => sound.currentTime > 0.05", arg=player.element_handle())
    player.click(position={"x": 5, "y": 5})
    expect(page.locator(".label-grid-tile[aria-selected=true]")).to_have_count(0)
    page.locator(".label-grid-tile").first.locator(".label-grid-row").click()
    expect(page.locator(".label-grid-tile[aria-selected=true]")).to_have_count(1)
    page.keyboard.press("z")
    expect(page.locator("[data-part=lookBody] .sound-player")).to_have_count(1)
    assert problems == []


def test_a_project_that_asks_for_more_than_one_class_says_why_it_has_no_grid(make_project, browser_page, login):  # noqa: F811
    page = browser_page
    project, annotator = make_project("tabular_regression", count=2, classes=[])
    login(page, annotator)

    page.goto(f"/projects/{project.slug}/label/grid")

    expect(page.get_by_text("Here more is asked: label one by one.")).to_be_visible()


def test_three_classes_of_an_item_are_all_seen_on_a_phone(make_project, browser_page, login):  # noqa: F811
    page = browser_page
    page.set_viewport_size({"width": 390, "height": 844})
    classes = ["dirty vehicle", "slow delivery", "damage"]
    project, annotator = make_project("image_labelling", count=2, classes=[])
    choices = "".join(f'<Choice value="{name}"/>' for name in classes)
    config = f"""<View><Image name="item" value="$image"/>
    <Choices name="label" toName="item" choice="multiple">{choices}</Choices></View>"""
    services.set_config(project=project, actor=project.created_by, config=config)
    open_grid(page, login, project, annotator, "12")

    for key in "123":
        page.keyboard.press(key)
    label = page.locator(".label-grid-label").first
    expect(label.locator("span")).to_have_count(3)
    assert label.evaluate("(label) => label.scrollHeight <= label.clientHeight + 1")
