"""An upload that outlives its page: the browser is closed half-way, and the same file chosen again goes on there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from lifecycle.datasets.models import Upload
from lifecycle.datasets.services.uploads import PART_BYTES
from lifecycle.sources.models import Source, SourceRun
from tests import factories

PIECES = 3


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "big.csv"
    line = b"a line of words that fills this file,yes\n"
    path.write_bytes(b"text,label\n" + line * (PIECES * PART_BYTES // len(line)))
    return path


def begin(page, table) -> None:
    page.goto("/projects/mill/collections/new")
    page.set_input_files("#files", str(table))
    expect(page.locator("[data-list]")).to_contain_text("big.csv")  # until its script is there, it is a plain form


CUT_AFTER_ONE = """() => {
  const real = window.fetch;
  let pieces = 0;
  window.fetch = (url, options) => {
    if (options?.method === "PATCH" && (pieces += 1) > 1) return new Promise(() => {});
    return real(url, options);
  };
}"""


def break_off(page, table) -> Upload:
    """One piece arrives, then nothing does, and the page goes away."""
    begin(page, table)
    page.evaluate(CUT_AFTER_ONE)
    page.get_by_role("button", name="Upload and look at it").click()
    page.get_by_text("33 %").wait_for()
    page.on("dialog", lambda dialog: dialog.accept())  # it asks whether to leave
    page.goto("about:blank")
    return Upload.objects.get()


@pytest.fixture
def engineer(browser_page, login, transactional_db):
    owner = factories.UserFactory(username="owner")
    factories.ProjectFactory(owner=owner, problem_type="text_classification", slug="mill")
    login(browser_page, owner)
    return owner


def test_files_chosen_before_the_script_arrived_are_sent_and_none_is_asked_for(browser_page, engineer, table):
    held, is_open = [], []
    browser_page.route("**/upload*.js", lambda route: route.continue_() if is_open else held.append(route))
    browser_page.goto("/projects/mill/collections/new", wait_until="commit")
    browser_page.locator("#files").wait_for()
    browser_page.set_input_files("#files", str(table))
    while not held:
        browser_page.wait_for_timeout(50)
    is_open.append(True)
    for route in held:
        route.continue_()

    expect(browser_page.locator("[data-list]")).to_contain_text("big.csv")
    browser_page.unroute_all()
    browser_page.goto("/projects/mill/collections/new")
    browser_page.wait_for_load_state("networkidle")
    browser_page.get_by_role("button", name="Upload and look at it").click()
    expect(browser_page.locator("[data-problem]")).to_have_text("Choose files first, or drop them here.")


def test_an_upload_goes_on_after_the_page_was_closed(browser_page, engineer, table):
    upload = break_off(browser_page, table)
    sent = []
    browser_page.on("request", lambda request: sent.append(request.headers.get("upload-offset"))
                    if request.method == "PATCH" else None)  # fmt: skip

    browser_page.goto("/projects/mill/collections/new")
    browser_page.get_by_text("Choose the same file again to go on at 33 %").wait_for()
    browser_page.set_input_files("#files", str(table))
    browser_page.get_by_text("goes on at 33 %").wait_for()
    browser_page.get_by_role("button", name="Upload and look at it").click()
    browser_page.wait_for_url(f"**/collections/{upload.collection_id}")

    done = Upload.objects.get()
    assert (done.pk, done.received) == (upload.pk, table.stat().st_size)
    assert sent == [str(PART_BYTES), str(2 * PART_BYTES)][: len(sent)] and len(sent) == len(done.parts) - 1


def test_another_file_of_the_same_name_and_size_is_not_mixed_with_what_arrived(browser_page, engineer, table):
    upload = break_off(browser_page, table)
    table.write_bytes(table.read_bytes().replace(b"words", b"WORDS"))

    begin(browser_page, table)
    browser_page.get_by_text("goes on at 33 %").wait_for()
    browser_page.get_by_role("button", name="Upload and look at it").click()
    browser_page.get_by_text("big.csv is not the file that was begun").wait_for()

    assert Upload.objects.get().received == upload.received == PART_BYTES


def test_an_unfinished_upload_is_discarded(browser_page, engineer, table):
    break_off(browser_page, table)

    browser_page.goto("/projects/mill/collections/new")
    browser_page.get_by_role("button", name="Discard").click()
    browser_page.get_by_text("big.csv is forgotten").wait_for()

    assert not Upload.objects.exists()


def test_files_for_a_source_go_on_after_the_page_was_closed_and_small_ones_come_with_them(
    browser_page, engineer, table, tmp_path
):
    new = "/projects/mill/sources/new/upload"
    (tmp_path / "small.csv").write_bytes(b"text,label\na fine film,yes\n")
    sent = []

    def choose(*files):
        browser_page.goto(new)
        browser_page.get_by_label("Name of this source").fill("Weekly")
        browser_page.set_input_files("[data-files]", [str(file) for file in files])
        expect(browser_page.locator("[data-list]")).to_contain_text(files[0].name)

    choose(table)
    browser_page.evaluate(CUT_AFTER_ONE)
    browser_page.get_by_role("button", name="Import", exact=True).click()
    browser_page.get_by_text("33 %").wait_for()
    browser_page.on("dialog", lambda dialog: dialog.accept())
    browser_page.goto("about:blank")
    upload = Upload.objects.get()
    browser_page.on("request", lambda request: sent.append(request.headers.get("upload-offset"))
                    if request.method == "PATCH" else None)  # fmt: skip

    choose(table, tmp_path / "small.csv")
    browser_page.get_by_text("goes on at 33 %").wait_for()
    browser_page.get_by_role("button", name="Import", exact=True).click()
    browser_page.wait_for_url(re.compile(r"/sources/\d+$"))

    source = Source.objects.get()
    uploads = {one.name: one for one in SourceRun.objects.get().collection.uploads.all()}
    assert (source.title, sorted(uploads)) == ("Weekly", ["big.csv", "small.csv"])
    assert uploads["big.csv"].pk == upload.pk and sent[0] == str(PART_BYTES)


def test_an_empty_file_is_left_out_and_said_so(browser_page, engineer, tmp_path):
    (tmp_path / "nothing.csv").write_bytes(b"")
    browser_page.goto("/projects/mill/collections/new")

    browser_page.set_input_files("#files", str(tmp_path / "nothing.csv"))
    browser_page.get_by_role("button", name="Upload and look at it").click()

    expect(browser_page.locator("[data-problem]")).to_have_text("nothing.csv is empty; it was left out.")
    assert not Upload.objects.exists()
