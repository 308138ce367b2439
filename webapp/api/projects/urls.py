"""REST endpoints of the projects room: URL to view."""

urlpatterns: list = []
