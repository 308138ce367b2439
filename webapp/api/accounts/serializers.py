"""The JSON of people, tokens, invitations and the audit trail."""

from __future__ import annotations

from rest_framework import serializers

from lifecycle.accounts.models import ApiToken, User
from lifecycle.accounts.services.users import THEMES
from lifecycle.projects.models import AuditEvent, Invitation, Membership


class MeSerializer(serializers.ModelSerializer):
    is_admin = serializers.BooleanField(source="is_superuser", read_only=True)
    projects = serializers.SerializerMethodField(help_text="role by project slug; an admin is owner everywhere")

    class Meta:
        model = User
        fields = ["id", "username", "email", "first_name", "last_name", "theme", "is_admin", "projects"]

    def get_projects(self, user) -> dict[str, str]:
        return dict(user.memberships.order_by("project__slug").values_list("project__slug", "role"))


class ProfileSerializer(serializers.Serializer):
    email = serializers.EmailField(required=False, allow_blank=True)
    first_name = serializers.CharField(required=False, allow_blank=True, max_length=150)
    last_name = serializers.CharField(required=False, allow_blank=True, max_length=150)
    theme = serializers.ChoiceField(choices=THEMES, required=False)


class TokenSerializer(serializers.ModelSerializer):
    state = serializers.ChoiceField(choices=["live", "expired", "revoked"], read_only=True)

    class Meta:
        model = ApiToken
        fields = ["id", "name", "scope", "prefix", "state", "created_at", "expires_at", "revoked_at", "last_used_at"]


class NewTokenSerializer(serializers.Serializer):
    name = serializers.CharField(max_length=100)
    scope = serializers.ChoiceField(choices=ApiToken.Scope.choices, default=ApiToken.Scope.WRITE)
    days = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=3650)


class IssuedTokenSerializer(TokenSerializer):
    secret = serializers.CharField(read_only=True, help_text="shown this once")

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "secret"]


class UserSerializer(serializers.ModelSerializer):
    is_admin = serializers.BooleanField(source="is_superuser", read_only=True)

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "email",
            "first_name",
            "last_name",
            "is_active",
            "is_admin",
            "must_change_password",
            "date_joined",
            "last_login",
        ]


class NewUserSerializer(serializers.Serializer):
    username = serializers.CharField(max_length=150)
    email = serializers.EmailField(required=False, allow_blank=True, default="")
    password = serializers.CharField(max_length=200, trim_whitespace=False, write_only=True)
    is_admin = serializers.BooleanField(default=False)


class UserChangeSerializer(serializers.Serializer):
    is_active = serializers.BooleanField(required=False)
    is_admin = serializers.BooleanField(required=False)


class UserFilterSerializer(serializers.Serializer):
    search = serializers.CharField(required=False, max_length=200)
    state = serializers.ChoiceField(choices=["active", "inactive", "admin"], required=False)


class LinkSerializer(serializers.Serializer):
    link = serializers.URLField(help_text="shown this once")


class InvitationSerializer(serializers.ModelSerializer):
    invited_by = serializers.CharField(source="invited_by.username", read_only=True)

    class Meta:
        model = Invitation
        fields = ["id", "email", "role", "invited_by", "created_at", "expires_at"]


class NewInvitationSerializer(serializers.Serializer):
    email = serializers.EmailField(required=False, allow_blank=True, default="")
    days = serializers.IntegerField(default=7, min_value=1, max_value=90)


class NewMemberInvitationSerializer(NewInvitationSerializer):
    role = serializers.ChoiceField(choices=Membership.Role.choices)


class SentInvitationSerializer(InvitationSerializer):
    link = serializers.URLField(read_only=True, help_text="shown this once")

    class Meta(InvitationSerializer.Meta):
        fields = [*InvitationSerializer.Meta.fields, "link"]


class AuditEventSerializer(serializers.ModelSerializer):
    project = serializers.CharField(source="project.slug", default=None, allow_null=True, read_only=True)
    actor = serializers.CharField(source="actor_name", read_only=True)

    class Meta:
        model = AuditEvent
        fields = ["id", "at", "actor", "verb", "summary", "project", "object_type", "object_id", "details"]


class AuditFilterSerializer(serializers.Serializer):
    project = serializers.CharField(required=False, max_length=60, help_text="slug")
    actor = serializers.CharField(required=False, max_length=150, help_text="user name")
    verb = serializers.CharField(required=False, max_length=60, help_text="how it begins, such as person.")
    search = serializers.CharField(required=False, max_length=200)
