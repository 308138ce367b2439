"""Verbs of the deployments room, one capability a module."""

from lifecycle.deployments.services.deployments import configure, create, start, stop
from lifecycle.deployments.services.feedback import FeedbackRow, record_feedback, record_feedback_rows
from lifecycle.deployments.services.keys import create_key, revoke_key
from lifecycle.deployments.services.releases import release, rollback

__all__ = [
    "FeedbackRow",
    "configure",
    "create",
    "create_key",
    "record_feedback",
    "record_feedback_rows",
    "release",
    "revoke_key",
    "rollback",
    "start",
    "stop",
]
