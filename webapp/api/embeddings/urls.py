"""REST of the embeddings room: URL to view."""

urlpatterns: list = []

ACCESS: dict[str, dict[str, str]] = {}
