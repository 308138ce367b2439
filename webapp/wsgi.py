"""The WSGI application that granian serves."""

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from lifecycle.common.garbage import OF_A_PAGE, look_seldom

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
application = get_wsgi_application()
import_module(settings.ROOT_URLCONF)  # every page's module is loaded now, not by whoever comes first
look_seldom(OF_A_PAGE)
