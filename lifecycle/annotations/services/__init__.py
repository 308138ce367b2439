"""Verbs of the annotations room, one capability a module."""

from lifecycle.annotations.services.answers import skip, submit, withdraw
from lifecycle.annotations.services.guides import write_guide
from lifecycle.annotations.services.imports import (
    ImportedLabels,
    open_tasks,
    record_imported_labels,
    refresh_statistics,
)
from lifecycle.annotations.services.queue import delete_stale_leases, lease_next, release, renew
from lifecycle.annotations.services.queue_settings import change_settings
from lifecycle.annotations.services.reopening import reopen, request_labels, withdraw_request
from lifecycle.annotations.services.schemas import (
    change_schema,
    create_schema,
    extend_classes,
    parse_config,
    set_config,
)

__all__ = [
    "ImportedLabels",
    "change_schema",
    "change_settings",
    "create_schema",
    "delete_stale_leases",
    "extend_classes",
    "lease_next",
    "open_tasks",
    "parse_config",
    "record_imported_labels",
    "refresh_statistics",
    "release",
    "renew",
    "reopen",
    "request_labels",
    "set_config",
    "skip",
    "submit",
    "withdraw",
    "withdraw_request",
    "write_guide",
]
