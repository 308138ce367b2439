"""Pages of the annotations room: URL to view."""

urlpatterns: list = []
