"""`manage.py demo`: three ready projects from real data, up to live deployments with predictions and feedback."""

from __future__ import annotations

import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from lifecycle.accounts.models import User
from lifecycle.common.errors import DomainError
from webapp.demo.build import DemoFailed, build_all
from webapp.demo.material import MaterialMissing


class Command(BaseCommand):
    help = "Build three ready projects from real data, up to live deployments. Running it twice changes nothing."

    def handle(self, *args, **options) -> None:
        user = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
        if user is None:
            raise CommandError("There is no admin yet. Run `manage.py createadmin` first.")
        started = time.monotonic()
        try:
            built = build_all(user=user, packages=settings.PACKAGES_DIR, say=self._say)
        except (DemoFailed, DomainError, MaterialMissing) as error:
            raise CommandError(str(error)) from error
        self._say(f"Ready in {time.monotonic() - started:.0f} s:")
        for project in built:
            self._say(f"  {project.name}: {settings.SITE_URL}/projects/{project.slug}/")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
