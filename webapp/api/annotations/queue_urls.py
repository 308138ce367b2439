"""REST endpoints of the queue: settings, budget, assignments, skips, gold items, comments, inbox."""

from django.urls import path

from webapp.api.annotations import comment_views, queue_views, smart_views

P = "projects/<slug:slug>/"

urlpatterns = [
    path(P + "queue/settings/", queue_views.SettingsView.as_view(), name="queue-settings"),
    path(P + "queue/rank/", queue_views.RankView.as_view(), name="queue-rank"),
    path(P + "queue/budget/", queue_views.BudgetView.as_view(), name="queue-budget"),
    path(P + "queue/skipped/", queue_views.SkippedView.as_view(), name="queue-skipped"),
    path(P + "queue/settle/", queue_views.SettleView.as_view(), name="queue-settle"),
    path(P + "queue/suggestions/", smart_views.OpenedView.as_view(), name="queue-suggestions"),
    path(P + "assignments/", queue_views.AssignmentsView.as_view(), name="assignments"),
    path(P + "assignment-rules/", queue_views.RulesView.as_view(), name="assignment-rules"),
    path(P + "assignment-rules/<int:rule_id>/", queue_views.RuleView.as_view(), name="assignment-rule"),
    path(P + "gold/", queue_views.GoldView.as_view(), name="gold"),
    path(P + "gold/many/", queue_views.GoldManyView.as_view(), name="gold-many"),
    path(P + "gold/accuracy/", queue_views.GoldAccuracyView.as_view(), name="gold-accuracy"),
    path(P + "tasks/<int:task_id>/gold/", queue_views.TaskGoldView.as_view(), name="task-gold"),
    path(P + "tasks/<int:task_id>/comments/", comment_views.CommentsView.as_view(), name="task-comments"),
    path(P + "tasks/<int:task_id>/mentionable/", comment_views.MentionableView.as_view(), name="task-mentionable"),
    path(P + "tasks/<int:task_id>/smart/", smart_views.AskView.as_view(), name="task-smart"),
    path(P + "tasks/<int:task_id>/smart/<int:job_id>/", smart_views.AnswerView.as_view(), name="task-smart-answer"),
    path(P + "comments/<int:comment_id>/resolve/", comment_views.ResolveView.as_view(), name="comment-resolve"),
    path("inbox/", comment_views.InboxView.as_view(), name="inbox"),
    path("inbox/read/", comment_views.InboxReadView.as_view(), name="inbox-read"),
]

ACCESS = {
    "queue-settings": {"GET": "engineer", "PATCH": "engineer"},
    "queue-rank": {"POST": "engineer"},
    "queue-budget": {"GET": "engineer"},
    "queue-skipped": {"GET": "reviewer", "POST": "reviewer"},
    "queue-settle": {"POST": "reviewer"},
    "queue-suggestions": {"POST": "annotator"},
    "assignments": {"GET": "reviewer", "POST": "reviewer", "DELETE": "reviewer"},
    "assignment-rules": {"GET": "reviewer", "POST": "reviewer"},
    "assignment-rule": {"GET": "reviewer", "POST": "reviewer", "DELETE": "reviewer"},
    "gold": {"GET": "reviewer", "POST": "reviewer"},
    "gold-many": {"POST": "reviewer", "DELETE": "reviewer"},
    "gold-accuracy": {"GET": "reviewer"},
    "task-gold": {"DELETE": "reviewer"},
    "task-comments": {"GET": "annotator", "POST": "annotator"},
    "task-mentionable": {"GET": "annotator"},
    "task-smart": {"POST": "annotator"},
    "task-smart-answer": {"GET": "annotator"},
    "comment-resolve": {"POST": "annotator", "DELETE": "annotator"},
    "inbox": {"GET": "user"},
    "inbox-read": {"POST": "user"},
}
