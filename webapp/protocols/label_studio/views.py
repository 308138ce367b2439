"""Saved views of the task list: filters and an order under an id, as Label Studio's data manager keeps them."""

from __future__ import annotations

import json
from typing import Any

from rest_framework.response import Response

from lifecycle.annotations import external_selectors as selectors
from lifecycle.annotations.services import external
from lifecycle.common.errors import NotFound
from lifecycle.projects.selectors import get_project
from webapp.protocols.label_studio.base import DoorView, read_body, read_id

PLACES = 1_000  # a view's id is its project's id × PLACES + its place: views are few, and belong to one project


class ViewsView(DoorView):
    def get(self, request):
        project = self.open_project(request.query_params.get("project"), "annotator")
        views = selectors.list_views(project)
        return Response([_describe(project, place, data) for place, data in enumerate(views) if data is not None])

    def post(self, request):
        body = read_body(request)
        project = self.open_project(body.get("project"), "engineer")
        place = external.add_view(project=project, data=body.get("data") or {}, limit=PLACES)
        return Response(_describe(project, place, body.get("data") or {}), status=201)


class ViewView(DoorView):
    def _open(self, view_pk: int, role: str):
        project = self.open_project(view_pk // PLACES, role)
        views = selectors.list_views(project)
        place = view_pk % PLACES
        if place >= len(views) or views[place] is None:
            raise NotFound("There is no such view.")
        return project, place, views[place]

    def get(self, request, view_pk):
        project, place, data = self._open(view_pk, "annotator")
        return Response(_describe(project, place, data))

    def patch(self, request, view_pk):
        project, place, data = self._open(view_pk, "engineer")
        data = read_body(request).get("data") or data
        external.change_view(project=project, place=place, data=data)
        return Response(_describe(project, place, data))

    def delete(self, request, view_pk):
        project, place, _ = self._open(view_pk, "engineer")
        external.change_view(project=project, place=place, data=None)
        return Response(status=204)


def find_query(user, view: str | None) -> dict[str, Any]:
    """{"project": id, "query": JSON} of a saved view; nothing when no view is asked for."""
    if not view:
        return {}
    pk = read_id(view, "view")
    project = get_project(user, selectors.find_slug("project", pk // PLACES), role="annotator")
    views = selectors.list_views(project)
    place = pk % PLACES
    view_data = views[place] if place < len(views) else None
    if view_data is None:
        raise NotFound("There is no such view.")
    wanted = {name: view_data.get(name) for name in ("filters", "ordering", "selectedItems")}
    return {"project": project.pk, "query": json.dumps({name: value for name, value in wanted.items() if value})}


def _describe(project, place: int, data: dict[str, Any]) -> dict[str, Any]:
    return {"id": project.pk * PLACES + place, "project": project.pk, "data": data, "order": place}
