"""Pages of the accounts room: URL to view."""

from django.urls import path

from webapp.pages.accounts import account, admin, door, invitations

urlpatterns = [
    path("login", door.login, name="login"),
    path("logout", door.logout, name="logout"),
    path("password-reset", door.password_reset, name="password-reset"),
    path("password-reset/sent", door.password_reset_sent, name="password-reset-sent"),
    path("password-reset/<str:uid>/<str:token>", door.password_reset_confirm, name="password-reset-confirm"),
    path("invitations/<str:secret>", door.invitation, name="invitation"),
    path("account", account.profile, name="profile"),
    path("account/password", account.password, name="password-change"),
    path("account/theme", account.theme, name="theme"),
    path("account/sessions/end", account.end_sessions, name="sessions-end"),
    path("account/tokens", account.tokens, name="tokens"),
    path("account/tokens/<int:token_id>/revoke", account.revoke_token, name="token-revoke"),
    path("admin/users", admin.users, name="users"),
    path("admin/users/<int:user_id>/active", admin.set_active, name="user-active"),
    path("admin/users/<int:user_id>/admin", admin.set_admin, name="user-admin"),
    path("admin/users/<int:user_id>/reset-link", admin.reset_link, name="user-reset-link"),
    path("admin/invitations", admin.invite, name="site-invitations"),
    path("admin/invitations/<int:invitation_id>/revoke", admin.revoke_invitation, name="site-invitation-revoke"),
    path("admin/audit", admin.audit, name="audit"),
    path("projects/<slug:slug>/invitations", invitations.project, name="project-invitations"),
    path(
        "projects/<slug:slug>/invitations/<int:invitation_id>/revoke",
        invitations.revoke,
        name="project-invitation-revoke",
    ),
]

ACCESS = {
    "login": {"GET": "anonymous", "POST": "anonymous"},
    "logout": {"POST": "user"},
    "password-reset": {"GET": "anonymous", "POST": "anonymous"},
    "password-reset-sent": {"GET": "anonymous"},
    "password-reset-confirm": {"GET": "anonymous", "POST": "anonymous"},
    "invitation": {"GET": "anonymous", "POST": "anonymous"},
    "profile": {"GET": "user", "POST": "user"},
    "password-change": {"GET": "user", "POST": "user"},
    "theme": {"POST": "user"},
    "sessions-end": {"POST": "user"},
    "tokens": {"GET": "user", "POST": "user"},
    "token-revoke": {"POST": "user"},
    "users": {"GET": "admin"},
    "user-active": {"POST": "admin"},
    "user-admin": {"POST": "admin"},
    "user-reset-link": {"POST": "admin"},
    "site-invitations": {"POST": "admin"},
    "site-invitation-revoke": {"POST": "admin"},
    "audit": {"GET": "admin"},
    "project-invitations": {"GET": "owner", "POST": "owner"},
    "project-invitation-revoke": {"POST": "owner"},
}
