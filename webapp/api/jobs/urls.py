"""REST endpoints of the jobs room: URL to view."""

urlpatterns: list = []
