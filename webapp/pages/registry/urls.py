"""Pages of the registry room: URL to view."""

urlpatterns: list = []
