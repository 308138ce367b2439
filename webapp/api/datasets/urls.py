"""REST endpoints of the datasets room: URL to view."""

urlpatterns: list = []
