"""The activity feed: who did what in the project, filtered by the URL."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.views.decorators.http import require_GET

from lifecycle.projects import selectors
from webapp.api.pagination import CappedPaginator
from webapp.pages.projects.events import describe_events

PAGE_SIZE = 50


@login_required
@require_GET
def show(request, slug):
    project = selectors.get_project(request.user, slug)
    chosen = {name: request.GET.get(name, "").replace("\x00", "").strip()[:150] for name in ("actor", "topic", "q")}
    events = selectors.list_activity(project, actor=chosen["actor"], topic=chosen["topic"], search=chosen["q"])
    actors, topics = selectors.list_activity_choices(project)
    page = CappedPaginator(events, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "project": project,
        "section": "activity",
        "page": page,
        "lines": describe_events(page.object_list, slug),
        "chosen": chosen,
        "is_filtered": any(chosen.values()),
        "actors": actors,
        "topics": topics,
    }
    return render(request, "projects/activity.html", context)
