"""REST endpoints of the experiments room: URL to view."""

urlpatterns: list = []
