"""What every view of the Label Studio door stands on: who may call, pages, and errors in Label Studio's form."""

from __future__ import annotations

import uuid
from typing import Any

from rest_framework.exceptions import APIException, NotAuthenticated, NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lifecycle.annotations import external_selectors as selectors
from lifecycle.annotations.services.external_tasks import BadTasks
from lifecycle.common.errors import DomainError
from lifecycle.common.errors import NotFound as NoSuchThing
from lifecycle.projects.models import Project
from lifecycle.projects.selectors import get_project
from webapp import access
from webapp.api.errors import render_problem

VERSION = "1.23.2"  # of the Label Studio whose API this is
MAX_PAGE = 10_000


class DoorView(APIView):
    """A view of the whole site. Who may call it stands in ACCESS of its urls.py."""

    schema = None  # this is Label Studio's API, not a part of ours

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        self.authorize(request, **kwargs)

    def get_permissions(self):
        return [AllowAny()] if self.find_role() == "anonymous" else super().get_permissions()

    def get_exception_handler(self):
        return render_error

    def find_role(self) -> str | None:
        match = getattr(self.request, "resolver_match", None)
        return access.find_role(match.view_name, self.request.method or "") if match else None

    def authorize(self, request, **kwargs) -> None:
        """Nothing more than being logged in, for most of these."""

    def open_project(self, pk: Any, role: str) -> Project:
        """The project with this id, for a caller with at least this role; 404 for strangers and archived ones."""
        number = read_id(pk, "project")
        return self.open_slug(selectors.find_slug("project", number), role)

    def open_slug(self, slug: str, role: str) -> Project:
        project = get_project(self.request.user, slug, role=role, is_archive_open=True)
        if project.archived_at is not None:
            raise NoSuchThing("There is no such project, or it is archived.")
        return project


class ProjectDoorView(DoorView):
    """A view of one thing in a project: `self.project` is loaded and the role checked before the method runs."""

    project: Project
    kind = "project"  # what the id in the URL is of; its argument is this and _pk

    def authorize(self, request, **kwargs) -> None:
        if not request.user.is_authenticated:
            raise NotAuthenticated()
        slug = selectors.find_slug(self.kind, kwargs[f"{self.kind}_pk"])
        self.project = self.open_slug(slug, self.find_role() or "viewer")

    @property
    def role(self) -> str:
        return self.project.role


def render_error(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Label Studio's error document; None, for what nobody expected, becomes a 500 and a logged traceback."""
    problem = render_problem(exception, context)
    if problem is None:
        return None
    body = {
        "id": str(uuid.uuid4()),
        "status_code": problem.status_code,
        "version": VERSION,
        "detail": problem.data["detail"],
        "exc_info": None,
    }
    errors = _list_field_errors(exception, problem.data)
    if errors:
        body |= {"detail": "Validation error", "validation_errors": errors}
    headers = {name: problem[name] for name in ("WWW-Authenticate", "Retry-After") if name in problem}
    return Response(body, status=problem.status_code, headers=headers)


def _list_field_errors(exception: Exception, problem: dict[str, Any]) -> dict[str, list[str]]:
    if isinstance(exception, BadTasks):
        return {"non_field_errors": exception.problems}
    found: dict[str, list[str]] = {}
    for error in problem.get("errors", ()):
        found.setdefault(error["field"] or "non_field_errors", []).append(error["detail"])
    if not found and isinstance(exception, DomainError) and exception.status == 400:
        return {"non_field_errors": [exception.message]}
    return found


class BadRequest(APIException):
    """A parameter that is not what it should be."""

    status_code = 400
    default_code = "invalid"


def read_id(value: Any, name: str) -> int:
    """The id in a query or a body."""
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise DomainError(f"{name} must be an id.", fields={name: "A valid integer is required."}) from None
    return number if 0 < number < 1 << 62 else 0


def read_body(request: Request) -> dict[str, Any]:
    """The body, which must be an object."""
    if not isinstance(request.data, dict):
        raise DomainError("The body must be a JSON object.")
    return dict(request.data.items())


def read_flag(value: Any) -> bool:
    return str(value).lower() in ("1", "true", "yes", "on")


def read_page(request: Request, *, default: int) -> tuple[int, int]:
    """(page, page size) of a list; a page size of -1 means everything, as far as we go."""
    try:
        page = int(request.query_params.get("page", 1))
        size = int(request.query_params.get("page_size", default))
    except ValueError:
        raise NotFound("Invalid page.") from None
    if page < 1:
        raise NotFound("Invalid page.")
    return page, MAX_PAGE if size == -1 else max(1, min(size, MAX_PAGE))


def cut_page(rows, total: int, page: int, size: int) -> list[Any]:
    """One page; past the last one it is 404, which is how the SDK's pagers find the end."""
    if page > 1 and (page - 1) * size >= total:
        raise NotFound("Invalid page.")
    return list(rows[(page - 1) * size : page * size])
