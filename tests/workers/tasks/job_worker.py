"""One job of any kind in a process of its own, through the real runtime."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402

from workers import runtime  # noqa: E402
from workers.celery import app  # noqa: E402

if __name__ == "__main__":
    app.loader.import_default_modules()
    settings.SOURCE_FOLDERS = sys.argv[2:]
    settings.JOB_PUBLISHER = "lifecycle.jobs.testing.publish"
    runtime.execute(int(sys.argv[1]))
