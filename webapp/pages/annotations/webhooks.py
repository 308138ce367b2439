"""The webhooks of a project: who is told what happens to labels, and what was sent."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lifecycle.annotations import webhook_selectors as selectors
from lifecycle.annotations.services import webhooks as services
from lifecycle.common.errors import DomainError
from lifecycle.contracts.webhooks import EVENTS
from lifecycle.projects.selectors import get_project

DELIVERIES = 50
CHOICES = [(name, said) for name, said in EVENTS.items() if name != "PING"]


class WebhookForm(forms.Form):
    """Shape only; the service says what an address or an event may be."""

    url = forms.CharField(max_length=2_000)
    events = forms.MultipleChoiceField(choices=CHOICES, required=False)
    header_name = forms.CharField(max_length=100, required=False)
    header_value = forms.CharField(max_length=2_000, required=False)


class ChangeForm(forms.Form):
    url = forms.CharField(max_length=2_000)
    events = forms.MultipleChoiceField(choices=CHOICES, required=False)
    is_active = forms.BooleanField(required=False)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request, slug):
    """The list, and the form for another one. The signing key is on the page that answers the form, and never again."""
    project = get_project(request.user, slug, role="engineer")
    form = WebhookForm(request.POST or None)
    if request.method != "POST":
        return _render_list(request, project, form)
    if not form.is_valid():
        return _render_list(request, project, form, error="Give the address that shall be told.")
    wanted = form.cleaned_data
    headers = {wanted["header_name"]: wanted["header_value"]} if wanted["header_name"] else {}
    try:
        made, secret = services.create_webhook(
            project=project, actor=request.user, url=wanted["url"], events=wanted["events"], headers=headers
        )
    except DomainError as refused:
        return _render_list(request, project, form, error=refused.message)
    return _render_list(request, project, WebhookForm(), made=made, secret=secret)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request, slug, webhook_id):
    """One webhook with the log of its deliveries."""
    project = get_project(request.user, slug, role="engineer")
    found = selectors.get_webhook(project, webhook_id)
    error = ""
    if request.method == "POST":
        form = ChangeForm(request.POST)
        try:
            if not form.is_valid():
                raise DomainError("Give the address that shall be told.")
            services.change_webhook(webhook=found, actor=request.user, changes=form.cleaned_data)
            messages.success(request, "Saved.")
            return redirect("annotations:webhook", slug, webhook_id)
        except DomainError as refused:
            error = refused.message
    context = _describe_log(request, project, found) | {"error": error, "choices": CHOICES}
    return render(request, "annotations/webhook.html", context, status=400 if error else 200)


@login_required
@require_safe
def webhook_log(request, slug, webhook_id):
    """The log alone, which looks for news while something is on its way."""
    project = get_project(request.user, slug, role="engineer")
    found = selectors.get_webhook(project, webhook_id)
    return render(request, "annotations/_webhook_log.html", _describe_log(request, project, found))


@login_required
@require_POST
def webhook_delete(request, slug, webhook_id):
    project = get_project(request.user, slug, role="engineer")
    services.delete_webhook(webhook=selectors.get_webhook(project, webhook_id), actor=request.user)
    messages.success(request, "The webhook is deleted; nothing is sent there any more.")
    return redirect("annotations:webhooks", slug)


@login_required
@require_POST
def webhook_ping(request, slug, webhook_id):
    project = get_project(request.user, slug, role="engineer")
    services.ping(webhook=selectors.get_webhook(project, webhook_id))
    messages.success(request, "A test is on its way; see the log below.")
    return redirect("annotations:webhook", slug, webhook_id)


@login_required
@require_POST
def webhook_resend(request, slug, webhook_id, delivery_id):
    project = get_project(request.user, slug, role="engineer")
    found = selectors.get_webhook(project, webhook_id)
    services.resend(delivery=selectors.get_delivery(found, delivery_id))
    messages.success(request, "It is on its way again.")
    return redirect("annotations:webhook", slug, webhook_id)


def _render_list(request, project, form, *, error: str = "", made=None, secret: str = ""):
    context = {
        "project": project,
        "section": "label",
        "form": form,
        "error": error,
        "made": made,
        "secret": secret,
        "webhooks": selectors.list_webhooks(project),
        "choices": CHOICES,
        "chosen": form.data.getlist("events") if form.is_bound else [],
    }
    return render(request, "annotations/webhooks.html", context, status=400 if error else 200)


def _describe_log(request, project, found) -> dict:
    deliveries = selectors.list_deliveries(found, state=request.GET.get("state", ""))
    page = Paginator(deliveries, DELIVERIES).get_page(request.GET.get("page"))
    is_waiting = any(delivery.state == "waiting" for delivery in page)
    return {"project": project, "section": "label", "webhook": found, "page": page, "is_waiting": is_waiting}
