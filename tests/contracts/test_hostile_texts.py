"""A script in every text that can be stored, in every parameter and in every form runs nowhere: it stays a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import transaction
from lxml import html as lxml_html

from tests import factories
from tests.contracts.hostile import ATTACK, list_injected, list_text_fields, poison
from tests.contracts.test_access import PLACES, call  # noqa: F401 — a fixture
from tests.contracts.world import World, build_world

ROOT = Path(__file__).resolve().parents[2]
_READ = re.compile(r"(?:GET|query_params)(?:\.get|\.getlist)?[(\[]\"(\w+)")
PARAMETERS = sorted({name for path in (ROOT / "webapp").rglob("*.py") for name in _READ.findall(path.read_text())})
ADDRESSES = (
    "/",
    "/projects/",
    "/projects/attacked/items/",
    "/api/v1/",
    "/login?next=",
    "/login?next=javascript:__xss()//",
)
TARGETS = ("javascript:__xss()", "//example.org", "https://example.org", "/\\example.org", "data:text/html,x")
PAGES = [place for place in PLACES if not place.is_api and "GET" in place.roles]
ROOMS = sorted({place.room for place in PAGES})


@pytest.fixture(scope="module")
def attacked(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[tuple[World, set[str]]]:
    """A project with one of everything, every text of which attacks; (it, where the attack could not be put)."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = build_world("attacked", 5, tmp_path_factory.mktemp("attacked"))
        world.owner.is_superuser = True
        world.owner.save()
        refused = poison(world)
        world.owner.refresh_from_db()
        yield world, refused
        transaction.set_rollback(True)


@pytest.fixture
def world(attacked, db) -> World:
    return attacked[0]


def read_page(answer) -> str:
    is_page = not answer.streaming and answer.get("Content-Type", "").startswith("text/html")
    return answer.content.decode() if is_page else ""


def find_trouble(name: str, answer) -> list[str]:
    if answer.status_code >= 500:
        return [f"{name}: {answer.status_code}"]
    return [f"{name}: {one}" for one in list_injected(read_page(answer))]


def test_the_attack_is_wherever_a_text_can_be_stored(attacked):
    assert len(list_text_fields()) > 60
    assert not attacked[1], "\n" + "\n".join(sorted(attacked[1]))


def test_the_attack_is_seen_where_it_lives():
    assert list_injected(f"<p>{ATTACK}</p>") == ["<img src=xss>", "<img onerror=__xss()>"]
    assert list_injected(f'<p title="{ATTACK}">')
    assert list_injected(f"<script>let a = '{ATTACK}'</script>")
    assert not list_injected("<p>&lt;img src=xss onerror=__xss()&gt;</p>")


@pytest.mark.parametrize("room", ROOMS)
def test_no_page_brings_a_stored_text_to_life(room, world, call):  # noqa: F811
    wrong = []
    for place in (place for place in PAGES if place.room == room):
        wrong += find_trouble(place.name, call(world.owner, "GET", place.url(world)))

    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("room", ROOMS)
def test_no_page_brings_a_parameter_to_life(room, world, call):  # noqa: F811
    query = "&".join(f"{name}={quote(ATTACK)}" for name in PARAMETERS)
    wrong = []
    for place in (place for place in PAGES if place.room == room):
        user = None if place.roles["GET"] == "anonymous" else world.owner
        wrong += find_trouble(place.name, call(user, "GET", f"{place.url(world)}?{query}"))

    assert len(PARAMETERS) > 40
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("room", ROOMS)
def test_no_form_that_is_shown_again_brings_its_texts_to_life(room, world, call, client):  # noqa: F811
    client.force_login(world.owner)
    wrong = []
    for place in (place for place in PAGES if place.room == room):
        page = read_page(call(world.owner, "GET", place.url(world)))
        for action, fields in list_forms(page, place.url(world)):
            with transaction.atomic():
                wrong += find_trouble(f"{place.name} → {action}", client.post(action, fields))
                transaction.set_rollback(True)

    assert not wrong, "\n" + "\n".join(wrong)


def list_forms(page: str, url: str) -> Iterator[tuple[str, dict[str, str]]]:
    """(where it goes, its fields with the attack in each that is typed) of every form that changes something."""
    if not page.strip():
        return
    for form in lxml_html.fromstring(page).forms:
        action = form.get("action") or url
        if (form.get("method") or "get").lower() != "post" or not action.startswith("/") or "logout" in action:
            continue
        typed = {one.get("name") for one in form.iter("input", "textarea") if one.get("type") not in KEPT}
        yield (
            action,
            {name: ATTACK if name in typed else value or "" for name, value in form.form_values()}
            | {name: ATTACK for name in typed if name},
        )


KEPT = ("hidden", "checkbox", "radio", "file", "submit", "password")


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("place", ADDRESSES)
def test_no_wrong_address_comes_to_life(place, is_known, world, client):
    if is_known:
        client.force_login(world.owner)
    answer = client.get(place + quote(ATTACK), follow=True)

    assert find_trouble(place, answer) == []


@pytest.mark.parametrize("target", TARGETS)
def test_a_login_leads_to_no_script_and_to_no_other_site(target, db, client):
    user = factories.UserFactory()

    answer = client.post("/login", {"name": user.username, "password": factories.PASSWORD, "next": target})

    assert answer.status_code == 302
    assert answer["Location"].startswith("/") and not answer["Location"].startswith(("//", "/\\"))
