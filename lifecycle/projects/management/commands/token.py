"""``manage.py token USERNAME``: a new API token on standard output, and nothing else there."""

from django.core.management.base import BaseCommand, CommandError

from lifecycle.accounts.models import ApiToken, User
from lifecycle.common.errors import DomainError
from lifecycle.projects import people


class Command(BaseCommand):
    help = "Print a new API token of a person."

    def add_arguments(self, parser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="command line")
        parser.add_argument("--scope", choices=ApiToken.Scope.values, default=ApiToken.Scope.WRITE)
        parser.add_argument("--days", type=int, default=None, help="days until it expires; never when left out")

    def handle(self, *args, username, name, scope, days, **options) -> None:
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active user “{username}”.")
        try:
            _, secret = people.issue_token(user=user, name=name, scope=scope, days=days)
        except DomainError as error:
            raise CommandError(error.message) from None
        self.stdout.write(secret)
