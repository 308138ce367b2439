"""Pages of the annotations room: URL to view."""

from django.urls import path

from webapp.pages.annotations import items, quality_urls, queue_urls, schema, transfer_urls, views, webhooks

P = "projects/<slug:slug>/label"
W = P + "/webhooks/<int:webhook_id>"

urlpatterns = [
    path(P, views.label, name="label"),
    path(P + "/overview", views.overview, name="overview"),
    path(P + "/schema", schema.schema, name="schema"),
    path(P + "/schema/config", schema.config, name="config"),
    path(P + "/guide", views.guide, name="guide"),
    path(P + "/webhooks", webhooks.webhooks, name="webhooks"),
    path(W, webhooks.webhook, name="webhook"),
    path(W + "/log", webhooks.webhook_log, name="webhook-log"),
    path(W + "/test", webhooks.webhook_ping, name="webhook-ping"),
    path(W + "/delete", webhooks.webhook_delete, name="webhook-delete"),
    path(W + "/deliveries/<int:delivery_id>/resend", webhooks.webhook_resend, name="webhook-resend"),
    path(P + "/items/<int:item_id>", items.item, name="item"),
    path(P + "/items/<int:item_id>/picture/<int:size>", items.item_picture, name="item-picture"),
    path(P + "/items/<int:item_id>/sound", items.item_sound, name="item-sound"),
    path(P + "/tasks/<int:task_id>/image", views.task_image, name="task-image"),
    path(P + "/tasks/<int:task_id>/sound", views.task_sound, name="task-sound"),
    path(P + "/tasks/<int:task_id>/media/<str:object_name>", views.task_media, name="task-media"),
    *transfer_urls.urlpatterns,
    *queue_urls.urlpatterns,
    *quality_urls.urlpatterns,
]

ACCESS = {
    "label": {"GET": "annotator"},
    "overview": {"GET": "member"},
    "schema": {"GET": "viewer", "POST": "engineer"},
    "config": {"POST": "engineer"},
    "guide": {"GET": "member", "POST": "reviewer"},
    "webhooks": {"GET": "engineer", "POST": "engineer"},
    "webhook": {"GET": "engineer", "POST": "engineer"},
    "webhook-log": {"GET": "engineer"},
    "webhook-ping": {"POST": "engineer"},
    "webhook-delete": {"POST": "engineer"},
    "webhook-resend": {"POST": "engineer"},
    "item": {"GET": "member"},
    "item-picture": {"GET": "member"},
    "item-sound": {"GET": "member"},
    "task-image": {"GET": "annotator"},
    "task-sound": {"GET": "annotator"},
    "task-media": {"GET": "annotator"},
}
ACCESS |= transfer_urls.ACCESS
ACCESS |= queue_urls.ACCESS
ACCESS |= quality_urls.ACCESS
