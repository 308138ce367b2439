"""Pages of the pipelines room: URL to view."""

urlpatterns: list = []
