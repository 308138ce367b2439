"""Sites and crawls over REST: set up, try, start, watch, pause, resume, stop; and where an item came from."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.response import Response

from lifecycle.crawls import selectors, services
from lifecycle.crawls.models import CrawlUrl
from lifecycle.datasets.selectors import get_dataset, get_item
from lifecycle.sources.services import delete_source
from webapp.api.base import ProjectView
from webapp.api.crawls import serializers

FILTERS = [
    OpenApiParameter("state", str, enum=CrawlUrl.State.values),
    OpenApiParameter("error", str, description="a kind of error, as `errors` of the crawl counts them"),
    OpenApiParameter("role", str, enum=["page", "image", "sitemap"]),
    OpenApiParameter("q", str, description="part of the address"),
]


class SitesView(ProjectView):
    """Sites that are crawled, newest first. When one is crawled again is set on the source of the same id."""

    @extend_schema(responses=serializers.SiteOut(many=True))
    def get(self, request, slug):
        return self.respond_page(selectors.list_sites(self.project), serializers.SiteOut)

    @extend_schema(request=serializers.SiteIn, responses={201: serializers.SiteOut})
    def post(self, request, slug):
        """Describe a site; nothing is fetched yet."""
        wanted = {"title": "", **self.parse(serializers.SiteIn)}
        site = services.create_site(dataset=get_dataset(self.project), user=request.user, **wanted)
        return Response(serializers.SiteOut(site).data, status=status.HTTP_201_CREATED)


class SiteView(ProjectView):
    """One site and its settings."""

    @extend_schema(responses=serializers.SiteOut)
    def get(self, request, slug, site_id):
        return Response(serializers.SiteOut(selectors.get_site(self.project, site_id)).data)

    @extend_schema(request=serializers.SiteChange, responses=serializers.SiteOut)
    def patch(self, request, slug, site_id):
        """Change what is given. A crawl that is under way keeps the settings it began with."""
        site = selectors.get_site(self.project, site_id)
        services.update_site(source=site, user=request.user, **self.parse(serializers.SiteChange))
        return Response(serializers.SiteOut(selectors.get_site(self.project, site_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request, slug, site_id):
        """Forget the site and its crawls; the items that came from it stay."""
        delete_source(source=selectors.get_site(self.project, site_id), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class GoneView(ProjectView):
    """Pages of a site that gave items and are not there any more."""

    @extend_schema(responses=serializers.GoneOut)
    def get(self, request, slug, site_id):
        """How many there are, and what became of their items."""
        return Response(selectors.count_gone(selectors.get_site(self.project, site_id)))

    @extend_schema(request=serializers.GoneChange, responses=serializers.GoneOut)
    def post(self, request, slug, site_id):
        """Exclude their items from the versions to come, or take that back."""
        site = selectors.get_site(self.project, site_id)
        is_excluded = self.parse(serializers.GoneChange)["is_excluded"]
        (services.exclude_gone if is_excluded else services.restore_gone)(source=site, user=request.user)
        return Response(selectors.count_gone(site))


class TryView(ProjectView):
    @extend_schema(request=serializers.TrialIn, responses={202: serializers.TrialOut})
    def post(self, request, slug, site_id):
        """Have one address fetched, to see what the crawl would take from it. Nothing is kept."""
        site = selectors.get_site(self.project, site_id)
        wanted = self.parse(serializers.TrialIn)
        trial = services.start_trial(source=site, user=request.user, url=wanted.get("url", ""))
        return Response(serializers.TrialOut(trial).data, status=status.HTTP_202_ACCEPTED)


class TrialView(ProjectView):
    """A trial and, once its job is done, what came of it."""

    @extend_schema(responses=serializers.TrialOut)
    def get(self, request, slug, trial_id):
        return Response(serializers.TrialOut(selectors.get_trial(self.project, trial_id)).data)


class CrawlsView(ProjectView):
    """Crawls of all sites, newest first."""

    @extend_schema(responses=serializers.CrawlOut(many=True))
    def get(self, request, slug):
        return self.respond_page(selectors.list_crawls(self.project), serializers.CrawlOut)

    @extend_schema(request=serializers.CrawlIn, responses={202: serializers.CrawlOut})
    def post(self, request, slug):
        """Crawl a site now."""
        wanted = self.parse(serializers.CrawlIn)
        site = selectors.get_site(self.project, wanted["site"])
        crawl = services.start_crawl(source=site, user=request.user, is_full=wanted["is_full"])
        return _respond(self.project, crawl.pk, status.HTTP_202_ACCEPTED)


class CrawlView(ProjectView):
    """One crawl with its counts."""

    @extend_schema(responses=serializers.CrawlOut)
    def get(self, request, slug, crawl_id):
        return _respond(self.project, crawl_id)


class PauseView(ProjectView):
    @extend_schema(request=None, responses=serializers.CrawlOut)
    def post(self, request, slug, crawl_id):
        """Stop fetching within seconds and keep everything for later."""
        services.pause_crawl(crawl=selectors.get_crawl(self.project, crawl_id), user=request.user)
        return _respond(self.project, crawl_id)


class ResumeView(ProjectView):
    @extend_schema(request=None, responses=serializers.CrawlOut)
    def post(self, request, slug, crawl_id):
        """Go on where a paused, failed or canceled crawl stopped."""
        services.resume_crawl(crawl=selectors.get_crawl(self.project, crawl_id), user=request.user)
        return _respond(self.project, crawl_id)


class StopView(ProjectView):
    @extend_schema(request=None, responses=serializers.CrawlOut)
    def post(self, request, slug, crawl_id):
        """End a crawl for good; what came in stays."""
        services.stop_crawl(crawl=selectors.get_crawl(self.project, crawl_id), user=request.user)
        return _respond(self.project, crawl_id)


class AddressesView(ProjectView):
    """Every address of a crawl and what came of it, in the order in which they were found."""

    @extend_schema(parameters=FILTERS, responses=serializers.AddressOut(many=True))
    def get(self, request, slug, crawl_id):
        crawl = selectors.get_crawl(self.project, crawl_id)
        query = request.query_params
        names = {"state": "state", "error": "error_kind", "role": "role", "q": "search"}
        chosen = {name: query.get(key, "").replace("\0", "")[:200] for key, name in names.items()}
        return self.respond_page(selectors.list_urls(crawl, **chosen), serializers.AddressOut)


class OriginsView(ProjectView):
    """Where on the web an item was found, the newest find first."""

    @extend_schema(responses=serializers.OriginOut(many=True))
    def get(self, request, slug, item_id):
        item = get_item(self.project, item_id)
        return self.respond_page(selectors.list_provenance(item), serializers.OriginOut)


def _respond(project, crawl_id: int, code: int = status.HTTP_200_OK) -> Response:
    crawl = selectors.get_crawl(project, crawl_id)
    return Response(serializers.CrawlOut(crawl).data, status=code)
