"""Earlier versions of the guide, and what each one changed."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.views.decorators.http import require_GET

from lifecycle.annotations import selectors
from lifecycle.common.errors import NotFound
from lifecycle.projects.selectors import get_project
from webapp.pages.annotations.guide import compare_guides, render_guide
from webapp.pages.annotations.shared import build_base


@login_required
@require_GET
def guide_version(request, slug, version):
    """One version, beside its difference from the one before."""
    project = get_project(request.user, slug, role="member")
    versions = {one.version: one for one in selectors.list_guides(project).filter(version__in=(version - 1, version))}
    shown, before = versions.get(version), versions.get(version - 1)
    if shown is None:
        raise NotFound("There is no such version of the guide.")
    context = build_base(project, "guide") | {
        "shown": shown,
        "before": before,
        "html": render_guide(shown.body, slug),
        "changes": compare_guides(before.body if before else "", shown.body),
    }
    return render(request, "annotations/guide_version.html", context)
