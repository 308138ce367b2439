"""REST endpoints of the accounts room: URL to view."""

from django.urls import path

from webapp.api.accounts import views

urlpatterns = [
    path("me/", views.MeView.as_view(), name="me"),
    path("tokens/", views.TokensView.as_view(), name="tokens"),
    path("tokens/<int:token_id>/", views.TokenView.as_view(), name="token"),
    path("users/", views.UsersView.as_view(), name="users"),
    path("users/<int:user_id>/", views.UserView.as_view(), name="user"),
    path("users/<int:user_id>/reset-link/", views.ResetLinkView.as_view(), name="reset-link"),
    path("invitations/", views.SiteInvitationsView.as_view(), name="invitations"),
    path("invitations/<int:invitation_id>/", views.SiteInvitationView.as_view(), name="invitation"),
    path("audit/", views.AuditView.as_view(), name="audit"),
    path("projects/<slug:slug>/invitations/", views.ProjectInvitationsView.as_view(), name="project-invitations"),
    path(
        "projects/<slug:slug>/invitations/<int:invitation_id>/",
        views.ProjectInvitationView.as_view(),
        name="project-invitation",
    ),
]

ACCESS = {
    "me": {"GET": "user", "PATCH": "user"},
    "tokens": {"GET": "user", "POST": "user"},
    "token": {"GET": "user", "DELETE": "user"},
    "users": {"GET": "admin", "POST": "admin"},
    "user": {"GET": "admin", "PATCH": "admin"},
    "reset-link": {"POST": "admin"},
    "invitations": {"GET": "admin", "POST": "admin"},
    "invitation": {"DELETE": "admin"},
    "audit": {"GET": "admin"},
    "project-invitations": {"GET": "owner", "POST": "owner"},
    "project-invitation": {"DELETE": "owner"},
}
