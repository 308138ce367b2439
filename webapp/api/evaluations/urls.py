"""REST endpoints of the evaluations room: URL to view."""

urlpatterns: list = []
