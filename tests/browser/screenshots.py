"""Pictures of the running instance: `python -m tests.browser.screenshots` writes those of README.md.

    python -m tests.browser.screenshots                  # docs/screenshots/*.png, from the demo projects
    python -m tests.browser.screenshots --all FOLDER     # every page, 1440 and 390 px wide, light and dark

The address is GRISTMILL_URL; GRISTMILL_ADMIN_PASSWORD logs in, else a session is opened in the instance's database.
Ends with 1 when a page answers with an error, logs one, or is wider than the window.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from lifecycle.contracts.settings import ROOT, load_settings
from tests.browser.chromium import ARGUMENTS, NoChromium, find_chromium

DEMOS = ("demo-digits", "demo-reviews", "demo-diamonds")
PICTURES = ROOT / "docs" / "screenshots"
HEIGHTS = {1440: 900, 390: 844}
SETTLE_MS = 900  # charts draw, the next item to label arrives
SITE_PAGES = {
    "projects": "/",
    "create": "/projects/new",
    "jobs-all": "/jobs",
    "inbox": "/inbox",
    "users": "/admin/users",
    "audit": "/admin/audit",
    "account": "/account",
    "tokens": "/account/tokens",
    "help": "/help/",
    "help-rest": "/help/rest",
    "api": "/api/",
}
PROJECT_PAGES = {
    "loop": "",
    "collections": "collections",
    "upload": "collections/new",
    "sources": "sources",
    "sites": "crawls",
    "gallery": "items",
    "explore": "explore",
    "near-duplicates": "explore/findings/near_duplicates",
    "map": "map",
    "search": "search",
    "label-overview": "label/overview",
    "label": "label",
    "classes": "label/schema",
    "grid": "label/grid",
    "label-queue": "label/queue",
    "label-tasks": "label/tasks",
    "label-budget": "label/budget",
    "label-assignments": "label/assignments",
    "label-skipped": "label/skipped",
    "gold": "label/gold",
    "label-review": "label/review",
    "quality": "label/quality",
    "label-people": "label/people",
    "guide": "label/guide",
    "label-exports": "label/exports",
    "webhooks": "label/webhooks",
    "suggestions": "suggestions",
    "suggestion-report": "suggestions/report",
    "active-learning": "active-learning",
    "versions": "versions",
    "runs": "runs",
    "run-new": "runs/new",
    "evaluations": "evaluations",
    "review": "review",
    "models": "models",
    "deployments": "deployments",
    "monitor": "monitor",
    "alerts": "alerts",
    "pipelines": "pipelines",
    "charter": "charter",
    "charter-edit": "charter/edit",
    "milestones": "milestones",
    "decisions": "decisions",
    "activity": "activity",
    "jobs": "jobs",
    "members": "members",
    "settings": "settings",
}
# of the newest object in a REST list that is no baseline: picture, list, the page with the fields of that object
NEWEST = (
    ("item", "items", "items/{id}"),
    ("version", "versions", "versions/{number}"),
    ("run", "runs", "runs/{number}"),
    ("evaluation", "evaluations", "evaluations/{id}"),
    ("deployment", "deployments", "deployments/{slug}"),
    ("try", "deployments", "deployments/{slug}/try"),
    ("drift", "deployments", "monitor/{slug}"),
    ("pipeline", "pipelines", "pipelines/{number}"),
    ("job", "jobs", "jobs/{id}"),
)
README = ("loop", "gallery", "explore", "map", "label", "run", "evaluation", "deployment")


def main() -> None:
    options = read_arguments()
    try:
        executable, environment = find_chromium()
    except NoChromium as missing:
        sys.exit(str(missing))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=ARGUMENTS, env={**os.environ, **environment}
        )
        state = log_in(browser, options.url)
        wanted = take_all if options.all else take_readme
        problems = list(wanted(browser, options, state))
        browser.close()
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Take pictures of a running Gristmill.")
    parser.add_argument("--url", default=load_settings(ROOT).url, help="address of the web process")
    parser.add_argument("--all", metavar="FOLDER", type=Path, help="every page into this folder, in both themes")
    parser.add_argument("--project", action="append", help="a project's address (default: the demo projects)")
    options = parser.parse_args()
    options.url = options.url.rstrip("/")
    options.projects = options.project or list(DEMOS)
    return options


def log_in(browser: Browser, url: str) -> dict:
    """The browser's state after logging in as an admin; ends with a sentence where that does not work."""
    context = browser.new_context(base_url=url)
    password = os.environ.get("GRISTMILL_ADMIN_PASSWORD", "")
    if password:
        page = context.new_page()
        page.goto("/login")
        page.fill("[name=name]", os.environ.get("GRISTMILL_ADMIN_NAME", "admin"))
        page.fill("[name=password]", password)
        page.press("[name=password]", "Enter")
        page.wait_for_load_state()
    else:
        context.add_cookies([{"name": "sessionid", "value": open_session(), "url": url}])
    if not context.request.get("/api/v1/projects/").ok:
        sys.exit(f"Could not log in at {url}: check the password, or log in once and choose one.")
    state = context.storage_state()
    context.close()
    return state


def open_session() -> str:
    """The session key of an admin, written into the database the settings name."""
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    import django

    django.setup()
    from django.contrib.auth import get_user_model
    from django.test import Client

    admins = get_user_model().objects.filter(is_superuser=True, is_active=True, must_change_password=False)
    admin = admins.order_by("pk").first()
    if admin is None:
        sys.exit("No admin has chosen a password yet. Log in once, or set GRISTMILL_ADMIN_PASSWORD.")
    client = Client()
    client.force_login(admin)
    return client.cookies["sessionid"].value


def take_readme(browser: Browser, options: argparse.Namespace, state: dict) -> Iterator[str]:
    """The pictures README.md shows, of the first project, each as high as the window."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with_page = open_window(browser, options.url, state, 1440, "light")
    pages = dict(list_project_pages(with_page, options.projects[0]))
    for name in README:
        if name not in pages:
            yield f"{options.projects[0]} has no {name} yet: run `make demo` first."
            continue
        yield from take(with_page, pages[name], PICTURES / f"{name}.png", is_full=False)
    with_page.close()


def take_all(browser: Browser, options: argparse.Namespace, state: dict) -> Iterator[str]:
    """Every page of the site and of the projects, at both widths, in both themes."""
    options.all.mkdir(parents=True, exist_ok=True)
    for width in HEIGHTS:
        for theme in ("light", "dark"):
            window = open_window(browser, options.url, state, width, theme)
            pages = [(name, address) for name, address in SITE_PAGES.items()]
            for slug in options.projects:
                pages += [(f"{slug}-{name}", address) for name, address in list_project_pages(window, slug)]
            for name, address in pages:
                yield from take(window, address, options.all / f"{name}-{width}-{theme}.png", is_full=True)
            window.close()


def open_window(browser: Browser, url: str, state: dict, width: int, theme: str) -> BrowserContext:
    context = browser.new_context(
        base_url=url,
        storage_state=state,
        viewport={"width": width, "height": HEIGHTS[width]},
        color_scheme=theme,
        reduced_motion="reduce",
        locale="en-US",
    )
    context.set_default_timeout(30_000)
    return context


def list_project_pages(window: BrowserContext, slug: str) -> Iterator[tuple[str, str]]:
    """(name, address) of every page of a project, details of its newest objects among them."""
    for name, place in PROJECT_PAGES.items():
        yield name, f"/projects/{slug}/{place}"
    baselines = {run["number"] for run in fetch_rows(window, slug, "runs") if run["is_baseline"]}
    for name, source, place in NEWEST:
        rows = [r for r in fetch_rows(window, slug, source) if r.get("run", r.get("number")) not in baselines]
        rows = rows or fetch_rows(window, slug, source)
        if rows:
            yield name, f"/projects/{slug}/{place.format(**rows[0])}"


def fetch_rows(window: BrowserContext, slug: str, source: str) -> list[dict]:
    """The newest rows of one of a project's REST lists; none where there is no such list."""
    answer = window.request.get(f"/api/v1/projects/{slug}/{source}/?page_size=20")
    found = answer.json() if answer.ok else []
    return found["results"] if isinstance(found, dict) else found


def take(window: BrowserContext, address: str, path: Path, *, is_full: bool) -> Iterator[str]:
    """One picture; what is wrong with the page comes back as sentences."""
    page = window.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    answer = page.goto(address)
    settle(page)
    if answer is None or not answer.ok:
        problems.append(f"answered {answer.status if answer else 'nothing'}")
    excess = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if excess > 0:
        problems.append(f"{excess} px wider than the window")
    page.screenshot(path=path, full_page=is_full)
    page.close()
    print(path.name)
    for problem in problems:
        yield f"{path.name} ({address}): {problem}"


def settle(page: Page) -> None:
    """Let charts further down come into view and draw, then go back up."""
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_timeout(SETTLE_MS // 2)
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(SETTLE_MS)


if __name__ == "__main__":
    main()
