"""A crawl on screen: live figures, what went wrong, every address; pause, resume, stop."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from lifecycle.common.errors import DomainError, NotFound
from lifecycle.crawls import selectors, services
from lifecycle.crawls.models import CrawlUrl
from lifecycle.datasets.selectors import get_collection, get_item
from lifecycle.jobs import selectors as jobs
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from lifecycle.sources import selectors as sources
from webapp.charts import crawls as charts
from webapp.pages.sources.sources import describe_set_aside

PAGE_SIZE = 50
LOG_LINES = 200


@login_required
@require_GET
def show(request, slug, crawl_id):
    project = get_project(request.user, slug)
    return render(request, "crawls/crawl.html", describe(project, selectors.get_crawl(project, crawl_id), log=True))


@login_required
@require_GET
def live(request, slug, crawl_id):
    """The part of the page that refreshes itself while the crawl works."""
    project = get_project(request.user, slug)
    return render(request, "crawls/_live.html", describe(project, selectors.get_crawl(project, crawl_id)))


@login_required
@require_POST
def pause(request, slug, crawl_id):
    return _act(request, slug, crawl_id, services.pause_crawl, "It stops fetching within seconds.")


@login_required
@require_POST
def resume(request, slug, crawl_id):
    return _act(request, slug, crawl_id, services.resume_crawl, "It goes on where it stopped.")


@login_required
@require_POST
def stop(request, slug, crawl_id):
    return _act(request, slug, crawl_id, services.stop_crawl, "Stopped. What came in stays.")


def _act(request, slug, crawl_id, verb, sentence):
    project = get_project(request.user, slug, role="engineer")
    crawl = selectors.get_crawl(project, crawl_id)
    try:
        verb(crawl=crawl, user=request.user)
        messages.success(request, sentence)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("crawls:crawl", slug=slug, crawl_id=crawl_id)


@login_required
@require_GET
def list_addresses(request, slug, crawl_id):
    """Every address with what came of it; filters are in the URL."""
    project = get_project(request.user, slug)
    crawl = selectors.get_crawl(project, crawl_id)
    chosen = {
        "state": _pick(request, "state", CrawlUrl.State.values),
        "role": _pick(request, "role", ("page", "image", "sitemap")),
        "error_kind": request.GET.get("error", "")[:40],
        "search": request.GET.get("q", "").replace("\0", "")[:200],
    }
    page = Paginator(selectors.list_urls(crawl, **chosen), PAGE_SIZE).get_page(request.GET.get("page"))
    context = _frame(project) | {
        "crawl": crawl,
        "page": page,
        "chosen": chosen,
        "states": CrawlUrl.State.choices,
        "errors": sorted(crawl.errors),
        "referrers": selectors.map_urls({row.found_on for row in page.object_list if row.found_on}),
    }
    return render(request, "crawls/addresses.html", context)


@login_required
@require_GET
def of_collection(request, slug, collection_id):
    """From an import to the crawl that made it, or to the site whose correction it is."""
    project = get_project(request.user, slug)
    collection = get_collection(project, collection_id)
    crawl = selectors.find_crawl(collection.pk)
    run = sources.find_run(collection) if crawl is None else None
    if run is not None and run.source.kind == run.source.Kind.CRAWL:
        return redirect("crawls:site", slug=slug, site_id=run.source_id)
    if crawl is None:
        raise NotFound("This import did not come from a crawl.")
    return redirect("crawls:crawl", slug=slug, crawl_id=crawl.pk)


@login_required
@require_GET
def show_origins(request, slug, item_id):
    """Where an item came from, for the item's page."""
    project = get_project(request.user, slug)
    item = get_item(project, item_id)
    context = _frame(project) | {"item": item, "origins": selectors.list_provenance(item)[:50]}
    return render(request, "crawls/_origins.html", context)


def describe(project, crawl, *, log: bool = False) -> dict:
    """What the page and its live part show."""
    job = crawl.job
    is_working = job is not None and job.state in ("queued", "running")
    context = _frame(project) | {
        "crawl": crawl,
        "site": crawl.source,
        "job": job,
        "is_working": is_working,
        "waits": jobs.explain_waiting(job) if job else "",
        "state": _name_state(crawl, job, is_working),
        "rates": charts.compute_rates(crawl.history),
        "in_flight": selectors.count_in_flight(crawl) if is_working else 0,
        "figure": charts.draw_speed(crawl.history) if len(crawl.history) > 2 else None,
        "errors": _sort(crawl.errors),
        "without_robots": crawl.errors.get("robots.txt unknown", 0),
        "dropped": _sort(crawl.dropped),
        "latest": selectors.list_latest(crawl),
        "hosts": selectors.list_hosts(crawl),
        "set_aside": None if is_working else describe_set_aside(crawl.collection),
    }
    if log and job:
        lines = jobs.list_log(job, limit=LOG_LINES)
        context |= {"lines": lines, "last_line": lines[-1].pk if lines else 0}
    return context


def _name_state(crawl, job, is_working: bool) -> str:
    """The crawl's state in one word, with what its job knows."""
    if crawl.state != "running":
        return crawl.state
    if not is_working:
        return job.state if job and job.state in ("failed", "canceled") else "queued"
    if crawl.wanted != "run":
        return "pausing" if crawl.wanted == "pause" else "stopping"
    return job.state


def _sort(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: -pair[1])


def _pick(request, name: str, choices) -> str:
    value = request.GET.get(name, "")
    return value if value in choices else ""


def _frame(project) -> dict:
    return {"project": project, "section": "collect", "may_edit": is_allowed(project.role, "engineer")}
