"""The parts that every page uses: tags, filters, icons, navigation."""

import json
import re
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.paginator import Paginator
from django.template import RequestContext, Template
from django.test import RequestFactory

from webapp import navigation, tones
from webapp.icons import _load
from webapp.templatetags import gristmill

ICON = re.compile(r'{% icon "([^"{]+)"|icon="([^"{]+)"')


def render(source: str, path: str = "/", **context) -> str:
    request = RequestFactory().get(path)
    request.user = SimpleNamespace(is_authenticated=False)
    return Template(source).render(RequestContext(request, context))


def list_icons() -> set[str]:
    """Every icon that templates, states, problem types and the navigation name."""
    names = {look.icon for look in tones.LOOKS.values()} | set(gristmill.PROBLEM_ICONS.values())
    names |= {place.icon for _, places in navigation.GROUPS for place in places}
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        for found in ICON.findall(path.read_text()):
            names |= set(filter(None, found))
    return names


def test_every_icon_that_a_page_names_exists():
    missing = [
        name
        for name in list_icons()
        if name.removesuffix("-filled") not in _load("filled" if name.endswith("-filled") else "outline")
    ]

    assert not missing


def test_no_template_counts_on_scripts_that_are_not_loaded():
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        text = path.read_text()
        assert "data-bs-toggle" not in text, f"{path}: use <details class='menu'> or <dialog>"
        assert 'class="ti ' not in text, f"{path}: write {{% icon %}}"
        assert "hx-on" not in text, f"{path}: needs eval, which the page's policy forbids"


def test_a_state_nobody_listed_is_shown_by_its_words():
    assert "half done" in render("{% badge 'half_done' %}")


def test_a_job_without_progress_shows_that_it_runs():
    job = SimpleNamespace(state="running", progress=0, message="", title="Train")

    assert "is-unknown" in render("{% progress job %}", job=job)


def test_the_pager_keeps_the_other_parameters():
    html = render("{% pager page 'item' %}", "/?state=failed&page=2", page=Paginator(range(500), 10).page(2))

    assert "?state=failed&amp;page=3" in html
    assert "11–20 of 500 items" in html


def test_a_chart_is_json_that_cannot_leave_its_script():
    figure = {"data": [{"x": [float("nan"), 1.5]}], "layout": {"title": "</script><b>"}}

    html = render("{% chart figure height=200 %}", figure=figure)

    inside = html.split('type="application/json">')[1].split("</script>")[0]
    assert json.loads(inside)["data"][0]["x"] == [None, 1.5]
    assert "<b>" not in html


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, "–"), (3.21, "3.2 s"), (42, "42 s"), (75, "1 min 15 s"), (7_260, "2 h 1 min")]
)
def test_a_duration_is_read_at_a_glance(seconds, text):
    assert gristmill.duration(seconds) == text


@pytest.mark.parametrize(("number", "text"), [(999, "999"), (9_999, "9,999"), (12_345, "12.3k"), (2_000_000, "2M")])
def test_a_large_number_is_short(number, text):
    assert gristmill.compact(number) == text


@pytest.mark.django_db
def test_every_place_of_the_navigation_opens(project, owner):
    project.role = "owner"

    groups = navigation.build_navigation(project, "runs")

    links = [link for _, found in groups for link in found]
    assert len(links) == sum(len(places) for _, places in navigation.GROUPS)
    assert [link.title for link in links if link.is_current] == ["Train"]


@pytest.mark.django_db
def test_settings_are_offered_to_owners_only(project):
    project.role = "viewer"

    titles = [link.title for _, links in navigation.build_navigation(project, "") for link in links]

    assert "Settings" not in titles


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "–"), (0.98231, "0.9823"), (1234.5, "1234"), (20_681.4, "20,681"), (-54_321, "-54,321"), (3e10, "3e+10")],
)
def test_scores_are_readable_at_every_size(number, text):
    assert gristmill.score(number) == text
