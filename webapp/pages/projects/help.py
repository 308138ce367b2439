"""Help inside the product: one short page per topic."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.views.decorators.http import require_GET

from lifecycle.common.errors import NotFound


@dataclass(frozen=True)
class Topic:
    key: str
    title: str
    icon: str
    summary: str


TOPICS = (
    Topic("start", "Once round the loop", "infinity", "From raw files to a live model, step by step"),
    Topic("frame", "Frame and plan", "target", "Charter, milestones, decisions, people"),
    Topic("data", "Data", "cloud-upload", "Upload, look, version"),
    Topic("label", "Label", "tags", "Classes, keys, the queue, guides"),
    Topic("train", "Train and evaluate", "flask", "Recipes, runs, scores, decisions"),
    Topic("serve", "Serve and watch", "rocket", "Models, deployments, feedback, drift, retraining"),
    Topic("keys", "Keys", "keyboard", "What can be done without a mouse"),
    Topic("rest", "REST", "api", "The same with curl: tokens, lists, errors"),
)


@login_required
@require_GET
def show(request):
    return render(request, "help/index.html", {"topics": TOPICS})


@login_required
@require_GET
def show_topic(request, topic):
    found = next((entry for entry in TOPICS if entry.key == topic), None)
    if found is None:
        raise NotFound("There is no help on this topic.")
    context = {"topics": TOPICS, "topic": found, "body": f"help/_{found.key}.html"}
    return render(request, "help/topic.html", context)
