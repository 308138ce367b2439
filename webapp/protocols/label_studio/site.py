"""What belongs to no project: the version, the caller, the people they work with."""

from __future__ import annotations

from rest_framework.response import Response

from lifecycle.annotations.external_payloads import build_user
from lifecycle.annotations.external_selectors import list_colleagues
from lifecycle.common.errors import NotFound
from webapp.protocols.label_studio.base import VERSION, DoorView


class HealthView(DoorView):
    """What the SDK's `check_connection` asks; whether everything behind it works says /healthz."""

    def get(self, request):
        return Response({"status": "UP"})


class VersionView(DoorView):
    def get(self, request):
        return Response({
            "release": VERSION,
            "edition": "Community",
            "label-studio-os-package": {"version": VERSION, "short_version": VERSION.rpartition(".")[0]},
            "label-studio-os-backend": {"message": "Gristmill", "version": VERSION},
            "label-studio-frontend": {},
            "label-studio-converter": {},
            "dm2": {},
            "backend": {"server": "gristmill"},
            "lsf": {},
        })  # fmt: skip


class WhoAmIView(DoorView):
    def get(self, request):
        return Response(build_user(request.user))


class UsersView(DoorView):
    def get(self, request):
        return Response([build_user(user) for user in list_colleagues(request.user)])


class UserView(DoorView):
    def get(self, request, user_pk):
        found = list_colleagues(request.user).filter(pk=user_pk).first()
        if found is None:
            raise NotFound("There is no such person, or you do not work with them.")
        return Response(build_user(found))
