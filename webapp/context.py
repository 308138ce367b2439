"""What every template knows besides its own context."""

from django.conf import settings


def site(request) -> dict:
    return {"serving_url": settings.SERVING_URL}
