"""Pages of the projects room: URL to view."""

from django.urls import path

from webapp.pages.projects import (
    activity,
    charter,
    create,
    decisions,
    help,
    loop,
    members,
    milestones,
    portfolio,
    settings,
)

PROJECT = "projects/<slug:slug>"

urlpatterns = [
    path("", portfolio.list_projects, name="list"),
    path("projects/", portfolio.redirect_home, name="all"),
    path("projects/new", create.create, name="create"),
    path(f"{PROJECT}/", loop.show, name="loop"),
    path(f"{PROJECT}/loop", loop.live, name="loop-live"),
    path(f"{PROJECT}/charter", charter.show, name="charter"),
    path(f"{PROJECT}/charter/edit", charter.edit, name="charter-edit"),
    path(f"{PROJECT}/members", members.list_members, name="members"),
    path(f"{PROJECT}/members/leave", members.leave, name="member-leave"),
    path(f"{PROJECT}/members/<int:user_id>", members.change, name="member-change"),
    path(f"{PROJECT}/members/<int:user_id>/remove", members.remove, name="member-remove"),
    path(f"{PROJECT}/milestones", milestones.list_milestones, name="milestones"),
    path(f"{PROJECT}/milestones/<int:milestone_id>", milestones.edit, name="milestone"),
    path(f"{PROJECT}/milestones/<int:milestone_id>/done", milestones.complete, name="milestone-done"),
    path(f"{PROJECT}/milestones/<int:milestone_id>/reopen", milestones.reopen, name="milestone-reopen"),
    path(f"{PROJECT}/milestones/<int:milestone_id>/delete", milestones.delete, name="milestone-delete"),
    path(f"{PROJECT}/decisions", decisions.list_decisions, name="decisions"),
    path(f"{PROJECT}/decisions/<int:decision_id>", decisions.show, name="decision"),
    path(f"{PROJECT}/decisions/<int:decision_id>/comments", decisions.comment, name="decision-comment"),
    path(f"{PROJECT}/activity", activity.show, name="activity"),
    path(f"{PROJECT}/settings", settings.show, name="settings"),
    path(f"{PROJECT}/settings/archive", settings.archive, name="archive"),
    path(f"{PROJECT}/settings/restore", settings.restore, name="restore"),
    path("help/", help.show, name="help"),
    path("help/<slug:topic>", help.show_topic, name="help-topic"),
]

ACCESS = {
    "list": {"GET": "user"},
    "all": {"GET": "user"},
    "create": {"GET": "user", "POST": "user"},
    "loop": {"GET": "member"},
    "loop-live": {"GET": "member"},
    "charter": {"GET": "member"},
    "charter-edit": {"GET": "engineer", "POST": "engineer"},
    "members": {"GET": "member", "POST": "owner"},
    "member-leave": {"POST": "member"},
    "member-change": {"POST": "owner"},
    "member-remove": {"POST": "owner"},
    "milestones": {"GET": "member", "POST": "engineer"},
    "milestone": {"GET": "engineer", "POST": "engineer"},
    "milestone-done": {"POST": "engineer"},
    "milestone-reopen": {"POST": "engineer"},
    "milestone-delete": {"POST": "engineer"},
    "decisions": {"GET": "member", "POST": "reviewer"},
    "decision": {"GET": "member"},
    "decision-comment": {"POST": "annotator"},
    "activity": {"GET": "viewer"},
    "settings": {"GET": "owner", "POST": "owner"},
    "archive": {"POST": "owner"},
    "restore": {"POST": "owner"},
    "help": {"GET": "user"},
    "help-topic": {"GET": "user"},
}
