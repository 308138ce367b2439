"""REST endpoints of the projects room: URL to view."""

from django.urls import path

from webapp.api.projects import views

PROJECT = "projects/<slug:slug>"

urlpatterns = [
    path("projects/", views.ProjectList.as_view(), name="projects"),
    path(f"{PROJECT}/", views.ProjectDetail.as_view(), name="project"),
    path(f"{PROJECT}/loop/", views.LoopView.as_view(), name="loop"),
    path(f"{PROJECT}/charter/", views.CharterView.as_view(), name="charter"),
    path(f"{PROJECT}/charter/versions/", views.CharterVersions.as_view(), name="charter-versions"),
    path(f"{PROJECT}/members/", views.MemberList.as_view(), name="members"),
    path(f"{PROJECT}/members/<int:user_id>/", views.MemberDetail.as_view(), name="member"),
    path(f"{PROJECT}/milestones/", views.MilestoneList.as_view(), name="milestones"),
    path(f"{PROJECT}/milestones/<int:milestone_id>/", views.MilestoneDetail.as_view(), name="milestone"),
    path(f"{PROJECT}/decisions/", views.DecisionList.as_view(), name="decisions"),
    path(f"{PROJECT}/decisions/<int:decision_id>/", views.DecisionView.as_view(), name="decision"),
    path(f"{PROJECT}/decisions/<int:decision_id>/comments/", views.CommentList.as_view(), name="comments"),
    path(f"{PROJECT}/activity/", views.ActivityList.as_view(), name="activity"),
]

ACCESS = {
    "projects": {"GET": "user", "POST": "user"},
    "project": {"GET": "member", "PATCH": "owner"},
    "loop": {"GET": "member"},
    "charter": {"GET": "member", "PATCH": "engineer"},
    "charter-versions": {"GET": "member"},
    "members": {"GET": "member", "POST": "owner"},
    "member": {"GET": "member", "PATCH": "owner", "DELETE": "owner"},
    "milestones": {"GET": "member", "POST": "engineer"},
    "milestone": {"GET": "member", "PATCH": "engineer", "DELETE": "engineer"},
    "decisions": {"GET": "member", "POST": "reviewer"},
    "decision": {"GET": "member"},
    "comments": {"GET": "member", "POST": "annotator"},
    "activity": {"GET": "viewer"},
}
