"""REST endpoints of the monitoring room: URL to view."""

urlpatterns: list = []
