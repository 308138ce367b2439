"""Reads on people and their tokens."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from lifecycle.accounts.models import ApiToken, User
from lifecycle.common.errors import NotFound

USER_ORDERS = {"username": "username", "joined": "date_joined", "seen": "last_login"}


def list_users(*, search: str = "", state: str = "", order: str = "username") -> QuerySet[User]:
    """People of the site. `state` is "", active, inactive or admin; `order` a key of USER_ORDERS; "-" reverses."""
    users = User.objects.all()
    if search:
        users = users.filter(
            Q(username__icontains=search)
            | Q(email__icontains=search)
            | Q(first_name__icontains=search)
            | Q(last_name__icontains=search)
        )
    match state:
        case "active":
            users = users.filter(is_active=True)
        case "inactive":
            users = users.filter(is_active=False)
        case "admin":
            users = users.filter(is_superuser=True)
    column = USER_ORDERS.get(order.removeprefix("-"), "username")
    return users.order_by(f"-{column}" if order.startswith("-") else column, "pk")


def get_user(user_id: int) -> User:
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound("There is no such person.")
    return user


def list_tokens(user: User) -> QuerySet[ApiToken]:
    """The person's tokens, those that work first, then the newest first."""
    return user.api_tokens.order_by("-revoked_at", "-created_at")


def get_token(user: User, token_id: int) -> ApiToken:
    token = user.api_tokens.filter(pk=token_id).first()
    if token is None:
        raise NotFound("You have no such token.")
    return token
