"""Verbs on sources: set up, describe, schedule, run. One capability a module; everything public is here."""

from lifecycle.sources.services.gone import exclude_gone, restore_gone
from lifecycle.sources.services.results import (
    begin_loading,
    describe_collect,
    find_contract_number,
    finish_run,
    keep_contract,
    place_part,
    record_preview,
)
from lifecycle.sources.services.rows import bind_rows
from lifecycle.sources.services.running import adopt_draft, preview_source, run_due, run_source
from lifecycle.sources.services.sources import (
    activate_source,
    create_source,
    delete_source,
    pause_source,
    read_contract,
    resume_source,
    save_contract,
    set_mapping,
    set_schedule,
    set_secrets,
    take_turn,
    update_source,
)

__all__ = [
    "activate_source",
    "adopt_draft",
    "begin_loading",
    "bind_rows",
    "create_source",
    "delete_source",
    "describe_collect",
    "exclude_gone",
    "find_contract_number",
    "finish_run",
    "keep_contract",
    "pause_source",
    "place_part",
    "preview_source",
    "read_contract",
    "record_preview",
    "restore_gone",
    "resume_source",
    "run_due",
    "run_source",
    "save_contract",
    "set_mapping",
    "set_schedule",
    "set_secrets",
    "take_turn",
    "update_source",
]
