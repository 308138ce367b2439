"""A project every text of which attacks, looked at in a real browser: nothing runs, nothing is asked of the site."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.contracts.hostile import ATTACK, poison
from tests.contracts.test_access import PLACES
from tests.contracts.world import build_world

pytestmark = pytest.mark.django_db(transaction=True)
# pages that a script fills with what it is given; what the server writes is read in tests/contracts
LIVE = (
    "annotations:label", "annotations:grid", "annotations:review", "annotations:schema", "annotations:task",
    "annotations:inbox", "annotations:guide", "annotations:quality", "datasets:item", "exploration:overview",
)  # fmt: skip
PAGES = [place for place in PLACES if not place.is_api and "GET" in place.roles]
WATCH = """
window.__xss = () => { window.ran = true };
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective));
"""
JUDGE = """() => [
  ...(window.ran ? ['the attack ran'] : []),
  ...window.violations,
  ...[...document.querySelectorAll('[onerror], [src="xss"], a[href^="javascript:"]')].map((one) => one.outerHTML),
]"""


@pytest.fixture
def attacked(transactional_db, tmp_path):
    world = build_world("attacked", 5, tmp_path)
    world.owner.is_superuser = True
    world.owner.save()
    assert poison(world) == set()
    return world


def judge_pages(page, world, places) -> list[str]:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.add_init_script(WATCH)
    wrong = []
    for place in places:
        page.goto(f"{place.url(world)}?q={quote(ATTACK)}", wait_until="load")
        page.wait_for_timeout(400)  # what its scripts fetch and write
        wrong += [f"{place.name}: {one}" for one in page.evaluate(JUDGE)]
    return wrong + dialogs


def test_nothing_stored_runs_where_scripts_write_the_page(attacked, browser_page, login):
    login(browser_page, attacked.owner)
    places = [place for place in PLACES if place.name in LIVE]

    wrong = judge_pages(browser_page, attacked, places)

    assert len(places) >= 8
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.long
@pytest.mark.parametrize("room", sorted({place.room for place in PAGES}))
def test_nothing_stored_runs_on_any_page(attacked, browser_page, login, room):
    login(browser_page, attacked.owner)
    shown = [place for place in PAGES if place.room == room and is_page(browser_page, place.url(attacked))]

    wrong = judge_pages(browser_page, attacked, shown)

    assert not wrong, "\n" + "\n".join(wrong)


def is_page(page, url: str) -> bool:
    answer = page.request.get(url, max_redirects=0)
    return answer.ok and answer.headers.get("content-type", "").startswith("text/html")
