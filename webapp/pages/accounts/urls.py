"""Pages of the accounts room: URL to view."""

urlpatterns: list = []
