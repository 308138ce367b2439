"""Pages of the exploration room: URL to view."""

urlpatterns: list = []

ACCESS: dict[str, dict[str, str]] = {}
