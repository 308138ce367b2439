"""Pages of the experiments room: URL to view."""

urlpatterns: list = []
