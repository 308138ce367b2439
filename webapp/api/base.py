"""What every REST view stands on: the access table, the project getter, pages, idempotent writes."""

from __future__ import annotations

from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from lifecycle.common.errors import NotFound
from lifecycle.projects.models import Project
from lifecycle.projects.selectors import get_project
from webapp import access
from webapp.api.idempotency import IdempotentWrites
from webapp.api.pagination import Pagination


class ApiView(IdempotentWrites):
    """A view of the whole site. Who may call it stands in ACCESS of its urls.py: "anonymous", "user" or "admin"."""

    pagination_class: type | None = Pagination

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        self.authorize(request, **kwargs)
        self.claim_key(request)

    def get_permissions(self):
        return [AllowAny()] if self.find_role() == "anonymous" else super().get_permissions()

    def find_role(self) -> str | None:
        """The least role of ACCESS for this request; None when the URL does not know the method (405 follows)."""
        match = getattr(self.request, "resolver_match", None)
        return access.find_role(match.view_name, self.request.method or "") if match else None

    def authorize(self, request, **kwargs) -> None:
        """Raises NotFound where the caller may not know that there is such a place."""
        if self.find_role() == "admin" and not request.user.is_superuser:
            raise NotFound("There is no such place, or it is for site admins.")

    def respond_page(self, queryset, serializer_class, **options) -> Response:
        """One page of `queryset` in the envelope; `options` go to the serializer."""
        assert self.pagination_class is not None
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(queryset, self.request, view=self)
        serializer = serializer_class(page, many=True, context={"request": self.request, **options.pop("context", {})})
        return paginator.get_paginated_response(serializer.data)

    def parse(self, serializer_class, *, data=None, **options) -> dict:
        """The validated body (or `data`, such as request.query_params); raises with the errors by field."""
        options = {"context": {"request": self.request}} | options
        serializer = serializer_class(data=self.request.data if data is None else data, **options)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data


class ProjectView(ApiView):
    """A view below ``projects/<slug>/``: `self.project` is loaded and the role checked before the method runs."""

    project: Project

    def authorize(self, request, **kwargs) -> None:
        if not request.user.is_authenticated:
            raise NotAuthenticated()
        role = self.find_role()
        self.project = get_project(request.user, kwargs["slug"], role=role or "viewer")
