"""Pages of the crawls room: URL to view."""

from django.urls import path

from webapp.pages.crawls import crawls, sites

PROJECT = "projects/<slug:slug>"
urlpatterns = [
    path(f"{PROJECT}/crawls", sites.list_sites, name="list"),
    path(f"{PROJECT}/crawls/new", sites.create, name="new"),
    path(f"{PROJECT}/crawls/sites/<int:site_id>", sites.show, name="site"),
    path(f"{PROJECT}/crawls/sites/<int:site_id>/edit", sites.edit, name="edit"),
    path(f"{PROJECT}/crawls/sites/<int:site_id>/start", sites.start, name="start"),
    path(f"{PROJECT}/crawls/sites/<int:site_id>/schedule", sites.schedule, name="schedule"),
    path(f"{PROJECT}/crawls/sites/<int:site_id>/gone", sites.settle_gone, name="gone"),
    path(f"{PROJECT}/crawls/sites/<int:site_id>/delete", sites.delete, name="delete"),
    path(f"{PROJECT}/crawls/sites/<int:site_id>/try", sites.try_address, name="try"),
    path(f"{PROJECT}/crawls/trials/<int:trial_id>", sites.show_trial, name="trial"),
    path(f"{PROJECT}/crawls/<int:crawl_id>", crawls.show, name="crawl"),
    path(f"{PROJECT}/crawls/<int:crawl_id>/live", crawls.live, name="live"),
    path(f"{PROJECT}/crawls/<int:crawl_id>/pause", crawls.pause, name="pause"),
    path(f"{PROJECT}/crawls/<int:crawl_id>/resume", crawls.resume, name="resume"),
    path(f"{PROJECT}/crawls/<int:crawl_id>/stop", crawls.stop, name="stop"),
    path(f"{PROJECT}/crawls/<int:crawl_id>/addresses", crawls.list_addresses, name="addresses"),
    path(f"{PROJECT}/collections/<int:collection_id>/crawl", crawls.of_collection, name="of-collection"),
    path(f"{PROJECT}/items/<int:item_id>/origins", crawls.show_origins, name="origins"),
]

ACCESS = {
    "list": {"GET": "viewer"},
    "new": {"GET": "engineer", "POST": "engineer"},
    "site": {"GET": "viewer"},
    "edit": {"GET": "engineer", "POST": "engineer"},
    "start": {"POST": "engineer"},
    "schedule": {"GET": "engineer", "POST": "engineer"},
    "gone": {"POST": "engineer"},
    "delete": {"POST": "engineer"},
    "try": {"GET": "engineer", "POST": "engineer"},
    "trial": {"GET": "viewer"},
    "crawl": {"GET": "viewer"},
    "live": {"GET": "viewer"},
    "pause": {"POST": "engineer"},
    "resume": {"POST": "engineer"},
    "stop": {"POST": "engineer"},
    "addresses": {"GET": "viewer"},
    "of-collection": {"GET": "viewer"},
    "origins": {"GET": "viewer"},
}
