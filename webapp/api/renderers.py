"""How answers are written."""

from rest_framework.renderers import JSONRenderer


class OrjsonRenderer(JSONRenderer):
    """Replaced by orjson."""
