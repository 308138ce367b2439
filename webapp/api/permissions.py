"""What a caller's token allows."""

from rest_framework.permissions import IsAuthenticated


class HasScope(IsAuthenticated):
    """Replaced by the real scopes."""
