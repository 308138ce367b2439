"""``manage.py createadmin``: the first admin of a new site; does nothing on a site that has people."""

from django.conf import settings
from django.core.management.base import BaseCommand

from lifecycle.accounts.services import users


class Command(BaseCommand):
    help = "Create the user “admin” on a site without people; prints a generated password, once."

    def handle(self, *args, **options) -> None:
        admin, password = users.create_first_admin(settings.ENV.admin_password)
        if admin is None:
            return
        if password:
            self.stdout.write(f"First login: user name “{admin.username}”, password “{password}”")
            self.stdout.write("It is shown this once, and you choose another at the first login.")
        else:
            self.stdout.write(f"First login: user name “{admin.username}”, the password of GRISTMILL_ADMIN_PASSWORD.")
