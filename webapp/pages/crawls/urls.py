"""Pages of the crawls room: URL to view."""

urlpatterns: list = []

ACCESS: dict[str, dict[str, str]] = {}
