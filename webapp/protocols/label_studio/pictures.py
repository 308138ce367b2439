"""Pictures and sounds of tasks: served to those who may see the task, and found again by their address."""

from __future__ import annotations

from rest_framework.renderers import BaseRenderer

from lifecycle.annotations import external_selectors as selectors
from lifecycle.common.errors import NotFound
from webapp.files import respond_file, respond_sound
from webapp.protocols.label_studio.base import ProjectDoorView


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

    def get(self, request, slug, digest, name=""):
        tasks = selectors.list_tasks(self.project, request.user, role=self.role)
        task = tasks.filter(item__blob=digest).first()
        if task is None:
            raise NotFound("There is no such file, or its task is not in your hands.")
        return respond_sound(request, task.item) if task.item.is_sound else respond_file(task.item)
