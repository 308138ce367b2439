"""Verbs on data: take in, load, exclude, label, commit. One capability a module; everything public is here."""

from lifecycle.datasets.services.collections import (
    create_collection,
    describe_ingest,
    discard_collection,
    inspect_collection,
    lock_draft,
    record_preview,
    start_import,
)
from lifecycle.datasets.services.content_prints import MOST as MOST_PRINTED
from lifecycle.datasets.services.content_prints import fill_content_prints, fill_picture_prints
from lifecycle.datasets.services.datasets import create_dataset
from lifecycle.datasets.services.event_times import pick_event_times, restore_event_times, update_event_times
from lifecycle.datasets.services.exports import (
    describe_export,
    list_fitting_layouts,
    record_export,
    start_export,
    store_export,
)
from lifecycle.datasets.services.imported_labels import (
    add_labeled,
    find_new_labels,
    list_classes,
    list_disputed,
    note_disputed,
    pick_labels,
)
from lifecycle.datasets.services.items import exclude_items, record_labels, restore_items, set_excluded
from lifecycle.datasets.services.loading import (
    KnownPrints,
    LabelWriter,
    finish_collection,
    hold_items,
    load_part,
    refresh_statistics,
)
from lifecycle.datasets.services.picture_twins import PictureSearch, compare_pictures
from lifecycle.datasets.services.restoring import list_labels_that_differ, restore_exclusions, start_restore
from lifecycle.datasets.services.row_prints import fill_row_prints
from lifecycle.datasets.services.selections import create_selection
from lifecycle.datasets.services.snapshots import take_snapshot
from lifecycle.datasets.services.splits import update_splits
from lifecycle.datasets.services.tags import archive_version, tag_version, untag_version
from lifecycle.datasets.services.uploads import (
    append_part,
    compare_part,
    delete_stale_uploads,
    discard_upload,
    start_upload,
    store_file,
)
from lifecycle.datasets.services.versions import (
    balance_small_splits,
    commit_version,
    record_history,
    record_version,
)

__all__ = [
    "pick_event_times",
    "restore_event_times",
    "update_event_times",
    "untag_version",
    "tag_version",
    "archive_version",
    "start_restore",
    "restore_exclusions",
    "list_labels_that_differ",
    "store_export",
    "start_export",
    "record_export",
    "list_fitting_layouts",
    "describe_export",
    "MOST_PRINTED",
    "KnownPrints",
    "hold_items",
    "PictureSearch",
    "compare_pictures",
    "fill_picture_prints",
    "LabelWriter",
    "add_labeled",
    "append_part",
    "balance_small_splits",
    "commit_version",
    "compare_part",
    "create_collection",
    "create_dataset",
    "create_selection",
    "delete_stale_uploads",
    "describe_ingest",
    "discard_collection",
    "discard_upload",
    "exclude_items",
    "fill_content_prints",
    "fill_row_prints",
    "find_new_labels",
    "finish_collection",
    "inspect_collection",
    "list_classes",
    "list_disputed",
    "load_part",
    "lock_draft",
    "note_disputed",
    "pick_labels",
    "refresh_statistics",
    "record_labels",
    "record_preview",
    "record_history",
    "record_version",
    "restore_items",
    "set_excluded",
    "start_import",
    "start_upload",
    "store_file",
    "take_snapshot",
    "update_splits",
]
