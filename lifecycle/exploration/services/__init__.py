"""Verbs of the exploration room, one capability a module."""

from lifecycle.exploration.services.findings import act_on_items, keep_items, record_findings, start_scan
from lifecycle.exploration.services.profiles import (
    export_facts,
    export_items,
    profile_due,
    record_profile,
    start_profile,
)
from lifecycle.exploration.services.tags import delete_tag, tag_items, untag_items
from lifecycle.exploration.services.undoing import Undo, act_with_undo, undo
from lifecycle.exploration.services.views import delete_view, save_view

__all__ = [
    "Undo",
    "act_on_items",
    "act_with_undo",
    "delete_tag",
    "delete_view",
    "export_facts",
    "export_items",
    "keep_items",
    "profile_due",
    "record_findings",
    "record_profile",
    "save_view",
    "start_profile",
    "start_scan",
    "tag_items",
    "undo",
    "untag_items",
]
