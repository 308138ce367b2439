"""Verbs of the projects room, one capability a module."""

from lifecycle.projects.services.charters import update_charter
from lifecycle.projects.services.decisions import add_comment, record_decision
from lifecycle.projects.services.events import record_event
from lifecycle.projects.services.members import add_member, change_role, remove_member
from lifecycle.projects.services.milestones import (
    add_milestone,
    change_milestone,
    complete_milestone,
    delete_milestone,
    reopen_milestone,
)
from lifecycle.projects.services.projects import archive, create, rename, restore

__all__ = [
    "add_comment",
    "add_member",
    "add_milestone",
    "archive",
    "change_milestone",
    "change_role",
    "complete_milestone",
    "create",
    "delete_milestone",
    "record_decision",
    "record_event",
    "remove_member",
    "rename",
    "reopen_milestone",
    "restore",
    "update_charter",
]
