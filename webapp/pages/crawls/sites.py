"""Sites on screen: describe one, try an address, start a crawl, say when to look again."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from lifecycle.common.errors import DomainError
from lifecycle.contracts.wording import count_words
from lifecycle.crawls import selectors, services
from lifecycle.datasets.selectors import get_dataset
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from lifecycle.sources import selectors as sources
from lifecycle.sources import services as source_services
from webapp.pages.crawls import forms
from webapp.pages.sources.sources import describe_contract_card, describe_set_aside, describe_source

GONE_SHOWN = 50


@login_required
@require_GET
def list_sites(request, slug):
    project = get_project(request.user, slug)
    page = Paginator(selectors.list_sites(project), 30).get_page(request.GET.get("page"))
    newest = {site.pk: getattr(site, "last_crawl_id", None) for site in page.object_list}
    crawls = selectors.map_crawls([pk for pk in newest.values() if pk])
    context = _frame(project) | {
        "page": page,
        "rows": [(site, crawls.get(newest[site.pk] or 0)) for site in page.object_list],
    }
    return render(request, "crawls/list.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def create(request, slug):
    """Describe a site; its page opens with its first address being tried."""
    project = get_project(request.user, slug, role="engineer")
    dataset = get_dataset(project)
    config, message = {"start_urls": [request.GET.get("url", "")]}, ""
    if request.method == "POST":
        config = forms.read_config(request.POST)
        try:
            site = services.create_site(
                dataset=dataset,
                user=request.user,
                title=request.POST.get("title", ""),
                license=request.POST.get("license", ""),
                config=config,
                **forms.read_secrets(request.POST, []),
            )
        except DomainError as error:
            message = error.message
        else:
            _try(request, site, "")
            return redirect("crawls:site", slug=slug, site_id=site.pk)
    context = _frame(project) | forms.describe_form(config, dataset.item_kind) | {"message": message, "site": None}
    context |= {"title": request.POST.get("title", ""), "license": request.POST.get("license", "")}
    return render(request, "crawls/form.html", context, status=400 if message else 200)


@login_required
@require_http_methods(["GET", "POST"])
def edit(request, slug, site_id):
    """Change the settings; a crawl that is under way keeps those it began with."""
    project = get_project(request.user, slug, role="engineer")
    site = selectors.get_site(project, site_id)
    config, message, title, license = site.config, "", site.title, site.license
    if request.method == "POST":
        config = forms.read_config(request.POST)
        title, license = request.POST.get("title", "") or title, request.POST.get("license", "")
        try:
            secrets = forms.read_secrets(request.POST, site.secret_names)
            services.update_site(source=site, user=request.user, title=title, license=license, config=config, **secrets)
            messages.success(request, "Saved. The next crawl goes by these settings.")
            return redirect("crawls:site", slug=slug, site_id=site.pk)
        except DomainError as error:
            message = error.message
    context = _frame(project) | forms.describe_form(config, site.dataset.item_kind)
    context |= {"message": message, "site": site, "title": title, "license": license}
    return render(request, "crawls/form.html", context, status=400 if message else 200)


@login_required
@require_GET
def show(request, slug, site_id):
    """The site: its settings in words, what one address would give, its crawls and when the next one is."""
    project = get_project(request.user, slug)
    return _render_site(request, project, selectors.get_site(project, site_id))


def _render_site(request, project, site, **typed):
    """The page of a site; `typed` is what a refused form of it said."""
    crawls = selectors.list_crawls(project).filter(source=site)
    trial = selectors.find_latest_trial(site)
    context = (
        _frame(project)
        | describe_contract_card(site)
        | _describe_last(project, site, crawls.first())
        | {
            "site": site,
            "take": forms.TAKE_WORDS[site.config["take"]],
            "page": Paginator(crawls, 20).get_page(request.GET.get("page")),
            "open_crawl": selectors.find_open_crawl(site),
            "trial": trial,
            "first_url": next(iter([*site.config["start_urls"], *site.config["sitemaps"]])),
            "is_trying": _is_working(trial),
            "intervals": forms.INTERVALS,
            "gone": selectors.count_gone(site),
            "gone_rows": selectors.list_gone(site)[:GONE_SHOWN],
            "interval": site.interval_minutes if site.is_scheduled else 0,
            "cron": site.cron,
        }
    )
    return render(request, "crawls/site.html", context | typed, status=400 if typed else 200)


def _describe_last(project, site, crawl) -> dict:
    """What the last crawl set aside; and the import of a correction, where that came after it."""
    run = sources.list_runs(site).first()
    is_fix = run is not None and run.trigger == run.Trigger.FIX
    shown = describe_source(project, site) if is_fix else {"source": site}
    of_crawl = describe_set_aside(crawl.collection) if crawl and crawl.state != crawl.State.RUNNING else None
    return shown | {"is_fix": is_fix, "crawl_set_aside": of_crawl}


@login_required
@require_http_methods(["GET", "POST"])
def try_address(request, slug, site_id):
    """Have a worker fetch one address; the site's page shows what comes of it."""
    project = get_project(request.user, slug, role="engineer")
    site = selectors.get_site(project, site_id)
    url = request.POST.get("url", "")
    if request.method == "POST" and not _try(request, site, url):
        return _render_site(request, project, site, tried=url)
    return redirect("crawls:site", slug=slug, site_id=site_id)


def _try(request, site, url: str) -> bool:
    """Whether the address (the site's first where it is empty) may be fetched; what is wrong becomes a message."""
    try:
        services.start_trial(source=site, user=request.user, url=url)
    except DomainError as error:
        messages.error(request, error.message)
        return False
    return True


@login_required
@require_GET
def show_trial(request, slug, trial_id):
    """The part of the page that shows a trial, refreshed until it is done."""
    project = get_project(request.user, slug)
    trial = selectors.get_trial(project, trial_id)
    return render(request, "crawls/_trial.html", _frame(project) | {"trial": trial, "is_trying": _is_working(trial)})


@login_required
@require_POST
def start(request, slug, site_id):
    project = get_project(request.user, slug, role="engineer")
    site = selectors.get_site(project, site_id)
    try:
        is_full = request.POST.get("is_full") == "on"
        crawl = services.start_crawl(source=site, user=request.user, is_full=is_full)
        return redirect("crawls:crawl", slug=slug, crawl_id=crawl.pk)
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("crawls:site", slug=slug, site_id=site_id)


@login_required
@require_POST
def settle_gone(request, slug, site_id):
    """Exclude the items of pages that are gone, or take that back."""
    project = get_project(request.user, slug, role="engineer")
    site = selectors.get_site(project, site_id)
    if request.POST.get("action") == "restore":
        count = services.restore_gone(source=site, user=request.user)
        messages.success(request, f"Took {count_words(count, 'item')} back in.")
    else:
        count = services.exclude_gone(source=site, user=request.user)
        messages.success(
            request, f"Excluded {count_words(count, 'item')} from the versions to come. You can take that back."
        )
    return redirect("crawls:site", slug=slug, site_id=site_id)


@login_required
@require_POST
def delete(request, slug, site_id):
    """Forget the site and its crawls; the items that came from it stay."""
    project = get_project(request.user, slug, role="engineer")
    site = selectors.get_site(project, site_id)
    try:
        source_services.delete_source(source=site, user=request.user)
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("crawls:site", slug=slug, site_id=site_id)
    messages.success(request, f"The site “{site.title}” is gone; the items that came from it stay.")
    return redirect("crawls:list", slug=slug)


@login_required
@require_http_methods(["GET", "POST"])
def schedule(request, slug, site_id):
    """When to look again: an interval, a cron line, or never."""
    project = get_project(request.user, slug, role="engineer")
    site = selectors.get_site(project, site_id)
    if request.method == "GET":
        return redirect("crawls:site", slug=slug, site_id=site_id)
    cron, minutes = request.POST.get("cron", "").strip(), request.POST.get("interval", "0")
    interval = int(minutes) if minutes.isascii() and minutes.isdigit() and 0 < len(minutes) < 8 else 0
    try:
        source_services.set_schedule(
            source=site,
            user=request.user,
            cron=cron,
            interval_minutes=None if cron else interval or None,
            is_scheduled=bool(cron or interval),
        )
        messages.success(request, "Saved when the site is crawled again.")
    except DomainError as error:
        messages.error(request, error.message)
        return _render_site(request, project, site, cron=cron, interval=interval)
    return redirect("crawls:site", slug=slug, site_id=site_id)


def _frame(project) -> dict:
    return {"project": project, "section": "collect", "may_edit": is_allowed(project.role, "engineer")}


def _is_working(trial) -> bool:
    return trial is not None and trial.job is not None and trial.job.state in ("queued", "running")
