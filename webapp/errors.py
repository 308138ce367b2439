"""The pages behind status 400, 403, 404 and 500."""

from django.shortcuts import render


def render_bad_request(request, exception=None):
    return render(request, "errors/400.html", status=400)


def render_forbidden(request, exception=None):
    return render(request, "errors/403.html", status=403)


def render_not_found(request, exception=None):
    return render(request, "errors/404.html", status=404)


def render_server_error(request):
    return render(request, "errors/500.html", status=500)
