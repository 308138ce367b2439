"""One training in a process of its own, through the real runtime, that writes a checkpoint every half second."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

import django

django.setup()

from workers import runtime  # noqa: E402
from workers.celery import app  # noqa: E402
from workers.engines.train.run import run  # noqa: E402  (Django must be set up first)

CHECKPOINT_SECONDS = 0.5

if __name__ == "__main__":
    app.loader.import_default_modules()
    run.__kwdefaults__["checkpoint_seconds"] = CHECKPOINT_SECONDS
    runtime.execute(int(sys.argv[1]))
