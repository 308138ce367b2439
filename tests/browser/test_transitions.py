"""Pages follow each other quickly, in a window that is resized meanwhile: nothing breaks on the way.

The fade between pages (`@view-transition`) broke here: a resize ended it with an uncaught error, and so did a page
that was ready before its style sheet had opted in. Pages follow each other without it.
"""

from __future__ import annotations

from tests import factories


def test_a_window_resized_while_pages_change_reports_no_fault(browser_page, login, watch_console):
    user = factories.UserFactory()
    project = factories.ProjectFactory(owner=user)
    page, problems = browser_page, watch_console(browser_page)
    login(page, user)
    sizes = [{"width": 1440, "height": 900}, {"width": 820, "height": 1180}]
    page.goto(f"/projects/{project.slug}/")

    for turn in range(4):  # one is enough to fail: eleven of twelve did
        with page.expect_navigation(wait_until="commit"):
            page.evaluate(f"location.href = '/projects/{project.slug}/{'charter' if turn % 2 else 'milestones'}'")
        page.set_viewport_size(sizes[turn % 2])
    page.wait_for_load_state("networkidle")

    assert problems == []
