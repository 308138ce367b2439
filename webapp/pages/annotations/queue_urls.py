"""Pages of the queue: settings, budget, tasks, assignments, skips, gold items, comments and the inbox."""

from django.urls import path

from webapp.pages.annotations import assignments, comments, gold, queue, tasks

P = "projects/<slug:slug>/label"
T = P + "/tasks/<int:task_id>"

urlpatterns = [
    path(P + "/queue", queue.queue, name="queue"),
    path(P + "/queue/rank", queue.queue_rank, name="queue-rank"),
    path(P + "/queue/settle", queue.queue_settle, name="queue-settle"),
    path(P + "/budget", queue.budget, name="budget"),
    path(P + "/tasks", tasks.task_list, name="tasks"),
    path(P + "/tasks/change", tasks.task_change, name="tasks-change"),
    path(T, tasks.task_detail, name="task"),
    path(T + "/comments", comments.comment_add, name="task-comments"),
    path(T + "/gold", gold.gold_mark, name="task-gold"),
    path(P + "/comments/<int:comment_id>/resolve", comments.comment_resolve, name="comment-resolve"),
    path(P + "/skipped", tasks.skipped, name="skipped"),
    path(P + "/assignments", assignments.assignments, name="assignments"),
    path(P + "/assignments/people", assignments.assignment_take_back, name="assignments-take-back"),
    path(P + "/assignments/<int:rule_id>", assignments.rule_change, name="assignment-rule"),
    path(P + "/gold", gold.gold_list, name="gold"),
    path(P + "/gold/undo", gold.gold_undo, name="gold-undo"),
    path("inbox", comments.inbox, name="inbox"),
]

ACCESS = {
    "queue": {"GET": "viewer", "POST": "engineer"},
    "queue-rank": {"POST": "engineer"},
    "queue-settle": {"POST": "reviewer"},
    "budget": {"GET": "viewer"},
    "tasks": {"GET": "reviewer"},
    "tasks-change": {"POST": "reviewer"},
    "task": {"GET": "annotator"},
    "task-comments": {"POST": "annotator"},
    "task-gold": {"POST": "reviewer"},
    "comment-resolve": {"POST": "annotator"},
    "skipped": {"GET": "reviewer", "POST": "reviewer"},
    "assignments": {"GET": "reviewer", "POST": "reviewer"},
    "assignments-take-back": {"POST": "reviewer"},
    "assignment-rule": {"POST": "reviewer"},
    "gold-undo": {"POST": "reviewer"},
    "gold": {"GET": "reviewer"},
    "inbox": {"GET": "user", "POST": "user"},
}
