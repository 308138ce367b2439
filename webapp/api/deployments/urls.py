"""REST endpoints of the deployments room: URL to view."""

urlpatterns: list = []
