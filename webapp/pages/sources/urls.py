"""Pages of the sources room: URL to view."""

urlpatterns: list = []

ACCESS: dict[str, dict[str, str]] = {}
