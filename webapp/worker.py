"""The service worker of the labelling pages, at an address of its own: it may not look after pages above its own."""

from django.conf import settings
from django.http import FileResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

SCRIPT = settings.BASE_DIR / "static" / "js" / "labelling-worker.js"


@require_safe
@cache_control(no_cache=True, public=True)
def labelling_worker(request):
    return FileResponse(SCRIPT.open("rb"), content_type="text/javascript")
