"""People and the tokens their scripts carry; knows no projects."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac

from lifecycle.common.models import TimestampedModel


class User(AbstractUser):
    """A person who can log in. `is_superuser` is the site admin."""

    email = models.EmailField(blank=True)
    must_change_password = models.BooleanField(default=False)
    theme = models.CharField(max_length=8, default="auto")  # auto | light | dark
    session_epoch = models.PositiveIntegerField(default=0)  # raising it ends every session

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), condition=~models.Q(email=""), name="user_email_unique")]

    def get_session_auth_hash(self) -> str:
        return self._with_epoch(super().get_session_auth_hash())

    def get_session_auth_fallback_hash(self):
        return (self._with_epoch(value) for value in super().get_session_auth_fallback_hash())

    def _with_epoch(self, value: str) -> str:
        return salted_hmac("accounts.session", f"{value}.{self.session_epoch}", algorithm="sha256").hexdigest()


class ApiToken(TimestampedModel):
    """A secret a script sends as ``Authorization: Bearer …``; only its hash is kept."""

    class Scope(models.TextChoices):
        READ = "read"  # safe methods only
        WRITE = "write"  # everything the user may do
        PREDICT = "predict"  # the serving doors only

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    scope = models.CharField(max_length=16, choices=Scope, default=Scope.WRITE)
    token_hash = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)  # first characters, so a person can tell tokens apart
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def state(self) -> str:
        """live, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        is_expired = self.expires_at is not None and self.expires_at <= timezone.now()
        return "expired" if is_expired else "live"


class IdempotentReply(models.Model):
    """The answer to a write that carried an ``Idempotency-Key``; a repeat within a day gets it again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)  # 0 only inside the transaction that is writing it
    content_type = models.CharField(max_length=100, blank=True)
    body = models.BinaryField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotent_reply_once")]

    def __str__(self) -> str:
        return self.key
