"""Verbs of the exploration room, one capability a module."""

from lifecycle.exploration.services.acts import (
    act_on_items,
    delete_old_acts,
    run_act,
    run_undo,
    start_act,
    undo_act,
)
from lifecycle.exploration.services.catching_up import catch_up_due, look_up_languages
from lifecycle.exploration.services.findings import record_findings, start_scan
from lifecycle.exploration.services.profiles import (
    export_facts,
    export_items,
    profile_due,
    record_profile,
    start_profile,
)
from lifecycle.exploration.services.tags import delete_tag, tag_items
from lifecycle.exploration.services.views import delete_view, save_view

__all__ = [
    "act_on_items",
    "catch_up_due",
    "delete_old_acts",
    "delete_tag",
    "delete_view",
    "export_facts",
    "export_items",
    "look_up_languages",
    "profile_due",
    "record_findings",
    "record_profile",
    "run_act",
    "run_undo",
    "save_view",
    "start_act",
    "start_profile",
    "start_scan",
    "tag_items",
    "undo_act",
]
