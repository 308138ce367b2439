"""Every URL with its least role: the table is complete, and the site does what the table says, to everyone who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import URLPattern, get_resolver, resolve, reverse

from lifecycle.accounts.models import User
from lifecycle.projects.rules import MEMBER, ROLE_RANKS, is_allowed
from tests import factories
from tests.contracts.world import World, build_world
from webapp import access
from webapp.urls import PROTOCOLS

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
IN_PROJECTS = {MEMBER, *ROLE_RANKS}  # what is asked of a role
VALUES = {*access.SITE_ROLES, *IN_PROJECTS}
PROGRAMS = ("/api/v1/", *(f"/{place}/" for place in PROTOCOLS.values()))
# what says which project a URL is in, by a name or by an id of something inside
IN_PROJECT = {"slug", "project_pk", "task_pk", "annotation_pk", "prediction_pk", "webhook_pk", "maker_pk"}
JSON = {"content_type": "application/json", "data": "{}"}
FORM = {"content_type": "application/x-www-form-urlencoded", "data": ""}


@dataclass(frozen=True)
class Place:
    """One URL pattern of the site."""

    name: str
    arguments: tuple[str, ...]

    @property
    def room(self) -> str:
        return self.name.partition(":")[0]

    @property
    def is_api(self) -> bool:
        return self.room.startswith("api") or self.room in PROTOCOLS.values()

    @property
    def roles(self) -> dict[str, str]:
        return access.load_roles()[self.name]

    def url(self, world: World, **other) -> str:
        return reverse(self.name, kwargs=world.fill(self.arguments) | other)


def list_places() -> Iterator[Place]:
    for resolver in get_resolver().url_patterns:
        if isinstance(resolver, URLPattern):
            yield Place(resolver.name, tuple(resolver.pattern.converters))
            continue
        for pattern in resolver.url_patterns:
            yield Place(f"{resolver.namespace}:{pattern.name}", tuple(pattern.pattern.converters))


PLACES = list(list_places())
ROOMS = sorted({place.room for place in PLACES})


@pytest.fixture(scope="module")
def worlds(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[tuple[World, World]]:
    """Mine and theirs, made once in a transaction that is never committed: each test undoes what it does within it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield tuple(build_world(name, n, tmp_path_factory.mktemp(name)) for name, n in (("mine", 3), ("theirs", 8)))
        transaction.set_rollback(True)


@pytest.fixture
def world(worlds, db) -> World:
    return worlds[0]


@pytest.fixture
def call(db, settings) -> Callable:
    """call(user, method, url) is the answer; whatever the call changed is undone. With `briefly`, for calls that
    should be refused, nothing needs undoing, and the refusal is told to a program: a page takes five times as long."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"  # one query less for each call

    clients: dict[User | None, Client] = {}

    def send(user: User | None, method: str, url: str, *, briefly: bool = False):
        if user not in clients:
            clients[user] = Client(raise_request_exception=False)
            if user is not None:
                clients[user].force_login(user)
        cookies = clients[user].cookies.copy()
        is_form = method == "POST" and not url.startswith(PROGRAMS)
        options = {} if method == "GET" else dict(FORM if is_form else JSON)
        if briefly:
            return clients[user].generic(method, url, **options, HTTP_ACCEPT="application/json")
        with transaction.atomic():
            answer = clients[user].generic(method, url, **options)
            if answer.streaming:
                b"".join(answer.streaming_content)
            transaction.set_rollback(True)
        clients[user].cookies = cookies
        return answer

    return send


def check(places: Iterator[Place] | list[Place], ask: Callable[[Place, str, str], str | None]) -> None:
    """Ask about every place, method and role of the table; all that is wrong is told at once."""
    wrong = []
    for place in places:
        for method, role in place.roles.items():
            complaint = ask(place, method, role)
            if complaint:
                wrong.append(f"{method} {place.name} ({role}): {complaint}")
    assert not wrong, "\n" + "\n".join(wrong)


def in_room(room: str) -> list[Place]:
    return [place for place in PLACES if place.room == room]


def test_the_table_and_the_urls_are_the_same():
    names = [place.name for place in PLACES]

    assert len(names) == len(set(names)), "two URLs share a name"
    assert set(names) == set(access.load_roles())


def test_the_table_knows_only_known_roles_and_methods():
    for name, methods in access.load_roles().items():
        assert set(methods) <= set(METHODS), name
        assert set(methods.values()) <= VALUES, name


def test_a_role_in_a_project_is_asked_for_exactly_below_projects():
    outside = {"accounts:invitation"}
    for place in PLACES:
        asks_project_role = bool(set(place.roles.values()) & IN_PROJECTS)
        assert asks_project_role == bool(IN_PROJECT & set(place.arguments)) or place.name in outside, place


def test_every_argument_of_a_url_has_an_example(world):
    missing = {name for place in PLACES for name in place.arguments} - set(world.arguments)

    assert not missing, f"add {missing} to tests/contracts/world.py"


@pytest.mark.parametrize("room", ROOMS)
def test_anonymous_callers_are_sent_to_the_login_or_get_401(room, world, call):
    def ask(place, method, role):
        answer = call(None, method, place.url(world))
        if role == "anonymous":
            return f"{answer.status_code}" if answer.status_code in (401, 403) or answer.status_code >= 500 else None
        if place.is_api:
            return None if answer.status_code == 401 else f"{answer.status_code}, not 401"
        is_login = answer.status_code == 302 and answer["Location"].startswith("/login?next=")
        return None if is_login else f"{answer.status_code}, not the login"

    check(in_room(room), ask)


@pytest.mark.parametrize("room", ROOMS)
def test_strangers_get_404(room, world, call, stranger):
    def ask(place, method, role):
        if role in ("anonymous", "user"):
            return None
        answer = call(stranger, method, place.url(world), briefly=True)
        return None if answer.status_code == 404 else f"{answer.status_code}, not 404"

    check(in_room(room), ask)


@pytest.mark.parametrize("room", ROOMS)
def test_a_role_too_low_gets_403(room, world, call):
    members = {role: _member(world, role) for role in ROLE_RANKS}

    def ask(place, method, role):
        refused = [held for held in ROLE_RANKS if role in IN_PROJECTS and not is_allowed(held, role)]
        highest = refused[-1:]  # ROLE_RANKS rises
        for held in {"viewer", "annotator", *highest} & set(refused):
            answer = call(members[held], method, place.url(world), briefly=True)
            if answer.status_code != 403:
                return f"{answer.status_code} for {held}, not 403"
        return None

    check(in_room(room), ask)


@pytest.mark.parametrize("room", ROOMS)
def test_the_role_of_the_table_is_enough(room, world, call):
    members = {role: _member(world, role) for role in ROLE_RANKS}
    members |= {
        MEMBER: members["annotator"],
        "user": world.owner,
        "admin": factories.UserFactory(is_superuser=True),
        "anonymous": None,
    }

    def ask(place, method, role):
        answer = call(members[role], method, place.url(world))
        is_refused = answer.status_code in (401, 403, 405) or answer.status_code >= 500
        return f"{answer.status_code}" if is_refused else None

    check(in_room(room), ask)


@pytest.mark.parametrize("room", ROOMS)
def test_methods_outside_the_table_get_405(room, world):
    """The views themselves are asked: what stands around them does not know their methods."""
    admin = factories.UserFactory(is_superuser=True)

    def ask_all() -> Iterator[str]:
        for place in in_room(room):
            view, arguments, named = resolve(place.url(world))
            for method in set(METHODS) - set(place.roles):
                request = RequestFactory().generic(method, place.url(world), HTTP_ACCEPT="application/json")
                request.user, request.htmx, request._dont_enforce_csrf_checks = admin, False, True
                answer = view(request, *arguments, **named)
                if answer.status_code != 405:
                    yield f"{method} {place.name}: {answer.status_code}, not 405"

    wrong = list(ask_all())
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("room", ROOMS)
def test_objects_of_another_project_do_not_exist_in_mine(room, world, worlds, call):
    other = worlds[1]
    # no objects of their own, or the same in every project
    shared = {"slug", "kind", "source_kind", "size", "version", "alias", "color", "finding"}

    def ask(place, method, role):
        foreign = [name for name in place.arguments if name not in shared]
        if role not in IN_PROJECTS or not foreign:
            return None
        for name in foreign:
            url = place.url(world, **{name: other.arguments[name]})
            answer = call(world.owner, method, url, briefly=True)
            if answer.status_code != 404:
                return f"{answer.status_code} with {name} of another project, not 404"
        return None

    check(in_room(room), ask)


def test_the_tokens_of_another_person_do_not_exist(world, call, stranger):
    for name in ("accounts:token-revoke", "api-accounts:token"):
        place = next(place for place in PLACES if place.name == name)
        for method in place.roles:
            assert call(stranger, method, place.url(world)).status_code == 404


def _member(world: World, role: str) -> User:
    user = factories.UserFactory()
    factories.MembershipFactory(project=world.project, user=user, role=role)
    return user
