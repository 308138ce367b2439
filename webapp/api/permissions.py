"""What a caller's token allows, before any project is looked at."""

from __future__ import annotations

from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated

from lifecycle.accounts.models import ApiToken


class HasScope(IsAuthenticated):
    """Logged in, with a token (if by token) whose scope covers the method.

    A browser session opened with a generated password is good for changing that password only.
    """

    def has_permission(self, request, view) -> bool:
        if not super().has_permission(request, view):
            return False
        token = request.auth
        if not isinstance(token, ApiToken):
            self._require_chosen_password(request)
        elif token.scope == ApiToken.Scope.PREDICT:
            raise PermissionDenied("A token of scope “predict” works at the inference server only.", code="scope")
        elif token.scope == ApiToken.Scope.READ and request.method not in SAFE_METHODS:
            raise PermissionDenied("A token of scope “read” cannot change anything.", code="scope")
        return True

    def _require_chosen_password(self, request) -> None:
        if request.user.must_change_password:
            raise PermissionDenied("Choose a new password first.", code="password_change_required")
