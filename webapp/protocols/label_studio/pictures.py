"""Pictures of tasks: served to those who may see the task, and found again by their address."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from rest_framework.renderers import BaseRenderer

from lifecycle.annotations import external_selectors as selectors
from lifecycle.annotations.external_payloads import PICTURES
from lifecycle.annotations.services.external_tasks import Picture
from lifecycle.common.errors import DomainError, NotFound
from lifecycle.datasets.models import Item
from lifecycle.projects.selectors import get_project
from webapp.files import respond_file
from webapp.protocols.label_studio.base import ProjectDoorView

ADDRESS = re.compile(re.escape(PICTURES) + r"(?P<slug>[-\w]+)/(?P<blob>[0-9a-f]{64})$")


class AnythingRenderer(BaseRenderer):
    """Lets a client ask for any type; the view answers with the picture's own."""

    media_type = "*/*"
    format = "picture"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        from webapp.api.renderers import dump

        return dump(data)


class PictureView(ProjectDoorView):
    renderer_classes = [AnythingRenderer]

    def authorize(self, request, **kwargs) -> None:
        self.project = self.open_slug(kwargs["slug"], self.find_role() or "viewer")

    def get(self, request, slug, digest):
        tasks = selectors.list_tasks(self.project, request.user, role=self.role)
        task = tasks.filter(item__blob=digest).first()
        if task is None:
            raise NotFound("There is no such picture, or its task is not in your hands.")
        return respond_file(task.item)


def find_pictures(user) -> Callable[[Iterable[str]], dict[str, Picture]]:
    """find(addresses) gives the pictures of this installation behind them, as far as the user may read them."""

    def find(addresses: Iterable[str]) -> dict[str, Picture]:
        wanted: dict[str, dict[str, str]] = {}
        for address in addresses:
            path = address.partition("://")[2].partition("/")[2] if "://" in address else address.lstrip("/")
            if match := ADDRESS.match(f"/{path}"):
                wanted.setdefault(match["slug"], {})[match["blob"]] = address
        found: dict[str, Picture] = {}
        for slug, blobs in wanted.items():
            found |= _find_in(user, slug, blobs)
        return found

    return find


def _find_in(user, slug: str, blobs: dict[str, str]) -> dict[str, Picture]:
    try:
        project = get_project(user, slug, role="reviewer")
    except DomainError:
        return {}
    items = Item.objects.filter(dataset__project=project, blob__in=list(blobs))
    return {blobs[item.blob]: Picture(item.blob, item.width, item.height, item.mime, item.byte_size) for item in items}
