"""Exploration over REST: profiles, findings, what follows from them, tags and saved views."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from lifecycle.common.errors import DomainError, NotFound
from lifecycle.contracts.profile import FindingKind
from lifecycle.datasets.selectors import get_dataset, get_version
from lifecycle.exploration import rules, selectors, services
from lifecycle.exploration.models import ItemAct
from lifecycle.exploration.selectors import Scope
from webapp.api.base import ProjectView
from webapp.api.datasets.serializers import Changed, JobStarted
from webapp.api.exploration import serializers


class ProfileView(ProjectView):
    """What is in the dataset now, as the newest profile saw it."""

    @extend_schema(responses=serializers.ProfileOut)
    def get(self, request, slug):
        return Response(_describe_profile(get_dataset(self.project), None))

    @extend_schema(request=None, responses={202: JobStarted})
    def post(self, request, slug):
        """Look at everything anew. A look that is on its way already is given back."""
        return _respond_job(services.start_profile(dataset=get_dataset(self.project), user=request.user))


class VersionProfileView(ProjectView):
    """What is in a version."""

    @extend_schema(responses=serializers.ProfileOut)
    def get(self, request, slug, number):
        return Response(_describe_profile(get_dataset(self.project), get_version(self.project, number)))

    @extend_schema(request=None, responses={202: JobStarted})
    def post(self, request, slug, number):
        """Have the version's profile made."""
        version = get_version(self.project, number)
        job = services.start_profile(dataset=get_dataset(self.project), user=request.user, version=version)
        return _respond_job(job)


class FindingsView(ProjectView):
    """Lists of items worth a look."""

    @extend_schema(responses=serializers.ScanOut)
    def get(self, request, slug):
        dataset = get_dataset(self.project)
        scan = selectors.find_scan(dataset)
        body = {
            "searched_at": scan.created_at if scan else None,
            "items": scan.item_count if scan else 0,
            "is_old": scan is None or selectors.has_changed_since(dataset, scan.created_at),
            "lists": selectors.list_lists(scan, dataset),
            "columns": scan.columns if scan else [],
            "row_tolerance": scan.row_tolerance if scan else None,
        }
        return Response(serializers.ScanOut(body).data)

    @extend_schema(request=serializers.ScanStart, responses={202: JobStarted})
    def post(self, request, slug):
        """Search the items for faults. A search that is on its way already is given back."""
        wanted = self.parse(serializers.ScanStart)
        job = services.start_scan(dataset=get_dataset(self.project), user=request.user, **wanted)
        return _respond_job(job)


class FindingListView(ProjectView):
    """One list, most worth a look first, without what was kept or excluded."""

    @extend_schema(parameters=[serializers.FindingsQuery], responses=serializers.FindingOut(many=True))
    def get(self, request, slug, finding):
        scan, kind = selectors.find_scan(get_dataset(self.project)), _read_kind(finding)
        if scan is None:
            raise NotFound("The items were not searched yet; POST to findings/ first.")
        is_whole = self.parse(serializers.FindingsQuery, data=request.query_params)["whole"]
        return self.respond_page(selectors.list_findings(scan, kind, is_whole=is_whole), serializers.FindingOut)


class ItemsActView(ProjectView):
    """One step from a list to where it leads."""

    @extend_schema(request=serializers.ItemsAct, responses={200: serializers.ActOut, 202: serializers.ActOut})
    def post(self, request, slug):
        """Label again, exclude, restore, keep out of a list, tag or untag: items by id, by filter, or a whole list.

        All of them, however many: 200 says that it is done, 202 that `job` does it. Either can be taken back as a
        whole: POST to items/acts/ID/undo/.
        """
        wanted = self.parse(serializers.ItemsAct)
        has_items = "items" in wanted or "query" in wanted
        act = services.start_act(
            project=self.project,
            user=request.user,
            action=wanted["action"],
            scope=Scope(
                items=wanted.get("items"),
                query=wanted.get("query"),
                finding="" if has_items else wanted.get("finding", ""),
            ),
            kind=wanted.get("finding", ""),
            tag=wanted.get("tag", ""),
        )
        return respond_act(act)


class ActView(ProjectView):
    """An act on items: how far it is and what it changed."""

    @extend_schema(responses=serializers.ActOut)
    def get(self, request, slug, act_id):
        return Response(serializers.ActOut(selectors.get_act(self.project, act_id)).data)


class ActUndoView(ProjectView):
    """The way back."""

    @extend_schema(request=None, responses={200: serializers.ActOut, 202: serializers.ActOut})
    def post(self, request, slug, act_id):
        """Take all of an act back: at once (200), or by `undo_job` where it changed many items (202)."""
        act = services.undo_act(act=selectors.get_act(self.project, act_id), user=request.user)
        return respond_act(act)


class TagsView(ProjectView):
    """Tags on items."""

    @extend_schema(responses=serializers.TagOut(many=True))
    def get(self, request, slug):
        tags = [{"name": name, "items": count} for name, count in selectors.list_tags(self.project)]
        return self.respond_page(tags, serializers.TagOut)

    @extend_schema(parameters=[serializers.TagName], responses=Changed)
    def delete(self, request, slug):
        """Take a tag off everything."""
        name = self.parse(serializers.TagName, data=request.query_params)["name"]
        return Response({"changed": services.delete_tag(project=self.project, user=request.user, name=name)})


class SavedViewsView(ProjectView):
    """What pages show under names, shared in the project."""

    @extend_schema(responses=serializers.SavedViewOut(many=True))
    def get(self, request, slug):
        return self.respond_page(selectors.list_views(self.project), serializers.SavedViewOut)

    @extend_schema(request=serializers.SavedViewIn, responses={201: serializers.SavedViewOut})
    def post(self, request, slug):
        """Save a view; the same name again changes what it stands for."""
        wanted = self.parse(serializers.SavedViewIn)
        view = services.save_view(project=self.project, user=request.user, **wanted)
        return Response(serializers.SavedViewOut(view).data, status=status.HTTP_201_CREATED)


class SavedViewView(ProjectView):
    """One saved view; the query of one of the page items goes to items/."""

    @extend_schema(responses=serializers.SavedViewOut)
    def get(self, request, slug, view_id):
        return Response(serializers.SavedViewOut(selectors.get_view(self.project, view_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request, slug, view_id):
        view = selectors.get_view(self.project, view_id)
        services.delete_view(project=self.project, user=request.user, view=view)
        return Response(status=status.HTTP_204_NO_CONTENT)


def respond_act(act: ItemAct) -> Response:
    """200 for what is done, 202 for what a job does."""
    body = serializers.ActOut(act).data
    return Response(
        body, status=status.HTTP_200_OK if body["state"] in ("done", "undone") else status.HTTP_202_ACCEPTED
    )


def _describe_profile(dataset, version) -> dict:
    profile = selectors.find_profile(dataset, version)
    if profile is None:
        raise NotFound("There is no profile yet; POST here to have it made.")
    is_old = version is None and selectors.has_changed_since(dataset, profile.created_at)
    return serializers.ProfileOut(profile, context={"is_old": is_old}).data


def _read_kind(finding: str) -> FindingKind:
    try:
        return rules.check_kind(finding)
    except DomainError as error:
        raise NotFound(error.message) from None


def _respond_job(job) -> Response:
    return Response({"job": job.pk, "state": job.state}, status=status.HTTP_202_ACCEPTED)
