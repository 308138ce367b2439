"""REST endpoints of the crawls room: URL to view."""

from django.urls import path

from webapp.api.crawls import views

PROJECT = "projects/<slug:slug>"
urlpatterns = [
    path(f"{PROJECT}/sites/", views.SitesView.as_view(), name="sites"),
    path(f"{PROJECT}/sites/<int:site_id>/", views.SiteView.as_view(), name="site"),
    path(f"{PROJECT}/sites/<int:site_id>/gone/", views.GoneView.as_view(), name="gone"),
    path(f"{PROJECT}/sites/<int:site_id>/try/", views.TryView.as_view(), name="try"),
    path(f"{PROJECT}/trials/<int:trial_id>/", views.TrialView.as_view(), name="trial"),
    path(f"{PROJECT}/crawls/", views.CrawlsView.as_view(), name="crawls"),
    path(f"{PROJECT}/crawls/<int:crawl_id>/", views.CrawlView.as_view(), name="crawl"),
    path(f"{PROJECT}/crawls/<int:crawl_id>/pause/", views.PauseView.as_view(), name="pause"),
    path(f"{PROJECT}/crawls/<int:crawl_id>/resume/", views.ResumeView.as_view(), name="resume"),
    path(f"{PROJECT}/crawls/<int:crawl_id>/stop/", views.StopView.as_view(), name="stop"),
    path(f"{PROJECT}/crawls/<int:crawl_id>/addresses/", views.AddressesView.as_view(), name="addresses"),
    path(f"{PROJECT}/items/<int:item_id>/origins/", views.OriginsView.as_view(), name="origins"),
]

ACCESS = {
    "sites": {"GET": "viewer", "POST": "engineer"},
    "site": {"GET": "viewer", "PATCH": "engineer", "DELETE": "engineer"},
    "gone": {"GET": "viewer", "POST": "engineer"},
    "try": {"POST": "engineer"},
    "trial": {"GET": "viewer"},
    "crawls": {"GET": "viewer", "POST": "engineer"},
    "crawl": {"GET": "viewer"},
    "pause": {"POST": "engineer"},
    "resume": {"POST": "engineer"},
    "stop": {"POST": "engineer"},
    "addresses": {"GET": "viewer"},
    "origins": {"GET": "viewer"},
}
