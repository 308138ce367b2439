"""Verbs on sources: set up, describe, schedule, run. One capability a module; everything public is here."""

from lifecycle.sources.services.running import run_due, run_source
from lifecycle.sources.services.sources import (
    activate_source,
    create_source,
    delete_source,
    pause_source,
    read_contract,
    resume_source,
    save_contract,
    set_schedule,
    set_secrets,
    update_source,
)

__all__ = [
    "activate_source",
    "create_source",
    "delete_source",
    "pause_source",
    "read_contract",
    "resume_source",
    "run_due",
    "run_source",
    "save_contract",
    "set_schedule",
    "set_secrets",
    "update_source",
]
