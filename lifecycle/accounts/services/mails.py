"""The mails of accounts; a worker sends them, by SMTP or (without EMAIL_URL) into files of the home folder."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import send_mail

from lifecycle.accounts.models import User
from lifecycle.accounts.services import users

RESET_TEXT = """Hello {name},

someone, hopefully you, asked for a new password at {site}.
This link sets one; it works once, within {hours} hours:

{site}/password-reset/{uid}/{token}

If it was not you, do nothing: your password stays as it is.
"""


def send_password_reset(*, email: str) -> int:
    """Mail a reset link to the active person with this address; returns how many mails went out (0 or 1)."""
    user = User.objects.filter(email__iexact=email, is_active=True).exclude(email="").first()
    if user is None:
        return 0
    uid, token = users.build_reset_path(user)
    text = RESET_TEXT.format(
        name=user.first_name or user.username,
        site=settings.SITE_URL,
        hours=settings.PASSWORD_RESET_TIMEOUT // 3600,
        uid=uid,
        token=token,
    )
    return send_mail("A new password for Gristmill", text, settings.DEFAULT_FROM_EMAIL, [user.email])
