"""REST endpoints of people, tokens, invitations and the audit trail."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from lifecycle.accounts import selectors
from lifecycle.accounts.models import ApiToken
from lifecycle.projects import audit, invitations, people
from webapp.api.accounts import serializers as shapes
from webapp.api.base import ApiView, ProjectView
from webapp.api.pagination import CursorPagination


class MeView(ApiView):
    """The person the token or session belongs to."""

    @extend_schema(responses=shapes.MeSerializer)
    def get(self, request):
        return Response(shapes.MeSerializer(request.user).data)

    @extend_schema(request=shapes.ProfileSerializer, responses=shapes.MeSerializer)
    def patch(self, request):
        values = self.parse(shapes.ProfileSerializer)
        return Response(shapes.MeSerializer(people.update_profile(user=request.user, values=values)).data)


class TokensView(ApiView):
    """Your own API tokens."""

    @extend_schema(responses=shapes.TokenSerializer(many=True))
    def get(self, request):
        return self.respond_page(selectors.list_tokens(request.user), shapes.TokenSerializer)

    @extend_schema(request=shapes.NewTokenSerializer, responses={201: shapes.IssuedTokenSerializer})
    def post(self, request):
        """The secret is in this answer and nowhere else."""
        values = self.parse(shapes.NewTokenSerializer)
        with_token = request.auth if isinstance(request.auth, ApiToken) else None
        token, secret = people.issue_token(user=request.user, with_token=with_token, **values)
        answer = {**shapes.TokenSerializer(token).data, "secret": secret}
        return Response(answer, status=201)


class TokenView(ApiView):
    """One of your API tokens."""

    @extend_schema(responses=shapes.TokenSerializer)
    def get(self, request, token_id):
        return Response(shapes.TokenSerializer(selectors.get_token(request.user, token_id)).data)

    @extend_schema(responses={204: None})
    def delete(self, request, token_id):
        """Revoke it: it stops working with the next request."""
        people.revoke_token(user=request.user, token=selectors.get_token(request.user, token_id))
        return Response(status=204)


class UsersView(ApiView):
    """Everyone on this site; for site admins."""

    @extend_schema(
        parameters=[shapes.UserFilterSerializer],
        responses=shapes.UserSerializer(many=True),
    )
    def get(self, request):
        filters = self.parse(shapes.UserFilterSerializer, data=request.query_params)
        return self.respond_page(selectors.list_users(**filters), shapes.UserSerializer)

    @extend_schema(request=shapes.NewUserSerializer, responses={201: shapes.UserSerializer})
    def post(self, request):
        """A new account, whose person has to choose another password at the first login."""
        user = people.create_user(admin=request.user, **self.parse(shapes.NewUserSerializer))
        return Response(shapes.UserSerializer(user).data, status=201)


class UserView(ApiView):
    """One person; for site admins."""

    @extend_schema(responses=shapes.UserSerializer)
    def get(self, request, user_id):
        return Response(shapes.UserSerializer(selectors.get_user(user_id)).data)

    @extend_schema(request=shapes.UserChangeSerializer, responses=shapes.UserSerializer)
    def patch(self, request, user_id):
        """Activate, deactivate, make admin."""
        values = self.parse(shapes.UserChangeSerializer)
        user = people.change_standing(admin=request.user, user=selectors.get_user(user_id), **values)
        return Response(shapes.UserSerializer(user).data)


class ResetLinkView(ApiView):
    """A link that sets a new password; for site admins."""

    @extend_schema(request=None, responses={201: shapes.LinkSerializer})
    def post(self, request, user_id):
        uid, token = people.make_reset_link(admin=request.user, user=selectors.get_user(user_id))
        path = reverse("accounts:password-reset-confirm", args=[uid, token])
        return Response({"link": request.build_absolute_uri(path)}, status=201)


class SiteInvitationsView(ApiView):
    """Open invitations to the site; for site admins."""

    @extend_schema(responses=shapes.InvitationSerializer(many=True))
    def get(self, request):
        return self.respond_page(invitations.list_open(None), shapes.InvitationSerializer)

    @extend_schema(request=shapes.NewInvitationSerializer, responses={201: shapes.SentInvitationSerializer})
    def post(self, request):
        return _send(request, None, self.parse(shapes.NewInvitationSerializer))


class SiteInvitationView(ApiView):
    """One open invitation to the site; for site admins."""

    @extend_schema(responses={204: None})
    def delete(self, request, invitation_id):
        """Withdraw it: its link stops working."""
        invitations.revoke(invitation=invitations.get(None, invitation_id), user=request.user)
        return Response(status=204)


class ProjectInvitationsView(ProjectView):
    """Open invitations into a project; for its owners."""

    @extend_schema(responses=shapes.InvitationSerializer(many=True))
    def get(self, request, slug):
        return self.respond_page(invitations.list_open(self.project), shapes.InvitationSerializer)

    @extend_schema(request=shapes.NewMemberInvitationSerializer, responses={201: shapes.SentInvitationSerializer})
    def post(self, request, slug):
        return _send(request, self.project, self.parse(shapes.NewMemberInvitationSerializer))


class ProjectInvitationView(ProjectView):
    """One open invitation into a project; for its owners."""

    @extend_schema(responses={204: None})
    def delete(self, request, slug, invitation_id):
        """Withdraw it: its link stops working."""
        invitations.revoke(invitation=invitations.get(self.project, invitation_id), user=request.user)
        return Response(status=204)


class AuditView(ApiView):
    """Who did what, newest first; for site admins."""

    pagination_class = CursorPagination

    @extend_schema(
        parameters=[shapes.AuditFilterSerializer],
        responses=shapes.AuditEventSerializer(many=True),
    )
    def get(self, request):
        filters = self.parse(shapes.AuditFilterSerializer, data=request.query_params)
        return self.respond_page(audit.list_events(**filters), shapes.AuditEventSerializer)


def _send(request, project, values: dict) -> Response:
    invitation, secret = invitations.create(invited_by=request.user, project=project, **values)
    link = request.build_absolute_uri(reverse("accounts:invitation", args=[secret]))
    return Response({**shapes.InvitationSerializer(invitation).data, "link": link}, status=201)
