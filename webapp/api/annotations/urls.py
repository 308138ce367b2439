"""REST endpoints of the annotations room: URL to view."""

urlpatterns: list = []
