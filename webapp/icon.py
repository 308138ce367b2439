"""The icon for who asks without having read a page: a picture or a file opened for itself names none."""

from django.shortcuts import redirect
from django.templatetags.static import static
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe


@require_safe
@cache_control(max_age=24 * 60 * 60, public=True)
def favicon(request):
    return redirect(static("img/favicon.svg"))
