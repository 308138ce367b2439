"""Tasks, annotations, predictions and projects in the words of Label Studio's API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from lifecycle.annotations.label_studio import Interface, build_data, get_item_kind, swap_names
from lifecycle.annotations.models import Annotation, QueueSettings, Suggestion, Task
from lifecycle.contracts.file_names import read_name
from lifecycle.contracts.sounds import replace_references
from lifecycle.projects.models import Project

PICTURES = "/label-studio/data/"  # where the door serves pictures and sounds: PICTURES + slug / blob
DEFAULTS: dict[str, Any] = {
    "description": "",
    "expert_instruction": "",
    "show_instruction": False,
    "show_skip_button": True,
    "enable_empty_annotation": True,
    "show_annotation_history": False,
    "color": "#FFFFFF",
    "is_published": False,
    "is_draft": False,
    "model_version": "",
    "min_annotations_to_start_training": 0,
    "sampling": "Sequential sampling",
    "show_ground_truth_first": False,
    "show_overlap_first": False,
    "overlap_cohort_percentage": 100,
    "task_data_login": None,
    "task_data_password": None,
    "control_weights": {},
    "evaluate_predictions_automatically": False,
    "skip_queue": "REQUEUE_FOR_OTHERS",
    "reveal_preannotations_interactively": False,
    "show_collab_predictions": True,
    "pinned_at": None,
}


def _point(data: Mapping[str, Any], address: str) -> dict[str, Any]:
    """What a client sent of a row, with the sound's address in this project."""
    return replace_references(data, address) if address else dict(data)


def build_address(project: Project, *, blob: str, mime: str | None, source_uri: str) -> str:
    """Where the door serves a picture or a sound, with what it was called at the end, as clients name their files by
    it; empty for an item without one."""
    if not blob:
        return ""
    name = read_name(source_uri, mime)
    return f"{PICTURES}{project.slug}/{blob}" + (f"/{quote(name)}" if name else "")


def build_task_data(
    interface: Interface, *, kept: Mapping[str, Any] | None, text: str, row: Any, address: str
) -> dict[str, Any]:
    """What a task shows, its file at `address`, and what a client sent of it and beside it (`kept`)."""
    data = build_data(interface, text=text, row=row, address=address)
    if kept is None:
        return data
    return {**data, **kept} if get_item_kind(interface) == "image" else _point(kept, address)


def build_task(
    project: Project,
    interface: Interface,
    task: Task,
    *,
    annotations: Sequence[dict[str, Any]] | None = None,
    predictions: Sequence[dict[str, Any]] | None = None,
    counts: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """A task; with its annotations and predictions where these are given."""
    external, counts, item = task.external or {}, counts or {}, task.item
    kept = external.get("data")
    address = build_address(project, blob=item.blob, mime=item.mime, source_uri=item.source_uri)
    body: dict[str, Any] = {
        "id": task.pk,
        "data": build_task_data(interface, kept=kept, text=item.text, row=item.row, address=address),
        "meta": external.get("meta") or {},
        "created_at": task.item.created_at,
        "updated_at": task.updated_at,
        "is_labeled": task.state == Task.State.DONE,
        "overlap": task.overlap,
        "inner_id": task.pk,
        "project": project.pk,
        "updated_by": [],
        "file_upload": None,
        "comment_authors": [],
        "comment_count": 0,
        "unresolved_comment_count": 0,
        "last_comment_updated_at": None,
        "allow_skip": True,
        "total_annotations": counts.get("answers", 0),
        "cancelled_annotations": counts.get("skips", 0),
        "total_predictions": counts.get("suggestions", 0),
    }
    if annotations is not None:
        body |= {"annotations": list(annotations), "drafts": []}
    if predictions is not None:
        body["predictions"] = list(predictions)
    return body


def build_annotation(
    project: Project, interface: Interface, annotation: Annotation, *, id: int, created_at=None
) -> dict[str, Any]:
    """An annotation under `id`, which stays the same however often its answer changes."""
    kept = annotation.external or {}
    result = swap_names(interface, annotation.result)
    lead = annotation.lead_time_ms
    return {
        "id": id,
        "result": result,
        "result_count": len(result),
        "completed_by": annotation.user_id,
        "unique_id": kept.get("unique_id"),
        "was_cancelled": annotation.kind == Annotation.Kind.SKIP,
        "ground_truth": bool(kept.get("ground_truth")),
        "created_at": created_at or annotation.created_at,
        "updated_at": annotation.created_at,
        "draft_created_at": None,
        "lead_time": None if lead is None else lead / 1_000,
        "import_id": kept.get("import_id"),
        "last_action": "imported" if annotation.origin == Annotation.Origin.IMPORT else "submitted",
        "bulk_created": False,
        "task": annotation.task_id,
        "project": project.pk,
        "updated_by": annotation.user_id,
        "parent_prediction": kept.get("parent_prediction"),
        "parent_annotation": kept.get("parent_annotation"),
        "last_created_by": None,
    }


def build_prediction(project: Project, interface: Interface, suggestion: Suggestion) -> dict[str, Any]:
    return {
        "id": suggestion.pk,
        "model_version": suggestion.model_version,
        "result": swap_names(interface, suggestion.result),
        "score": suggestion.score,
        "cluster": None,
        "neighbors": None,
        "mislabeling": 0.0,
        "created_at": suggestion.created_at,
        "updated_at": suggestion.updated_at,
        "model": None,
        "model_run": None,
        "task": suggestion.task_id,
        "project": project.pk,
    }


def build_project(
    project: Project, *, config: str, settings: Mapping[str, Any], queue: QueueSettings, counts: Mapping[str, int]
) -> dict[str, Any]:
    """A project with what a client set, defaults for the rest, and its counts."""
    body = DEFAULTS | {name: value for name, value in settings.items() if name in DEFAULTS}
    return body | {
        "id": project.pk,
        "title": project.name,
        "label_config": config,
        "parsed_label_config": {},
        "maximum_annotations": queue.overlap,
        "skip_queue": "IGNORE_SKIPPED" if queue.skips_to_leave == 1 else "REQUEUE_FOR_OTHERS",
        "created_at": project.created_at,
        "created_by": build_user(project.created_by),
        "organization": 1,
        "workspace": None,
        "members_count": counts.get("members", 0),
        "task_number": counts.get("tasks", 0),
        "finished_task_number": counts.get("finished", 0),
        "num_tasks_with_annotations": counts.get("annotated", 0),
        "total_annotations_number": counts.get("answers", 0) + counts.get("skips", 0),
        "useful_annotation_number": counts.get("answers", 0),
        "skipped_annotations_number": counts.get("skips", 0),
        "ground_truth_number": counts.get("ground_truth", 0),
        "total_predictions_number": counts.get("suggestions", 0),
        "queue_total": counts.get("tasks", 0),
        "queue_done": counts.get("finished", 0),
        "start_training_on_annotation_update": False,
        "config_has_control_tags": bool(config) and "toName" in config,
        "state": _find_state(counts),
        "assignment_settings": {},
        "review_settings": {},
        "ready": True,
    }


def _find_state(counts: Mapping[str, int]) -> str:
    total = counts.get("tasks", 0)
    return "completed" if total and total == counts.get("finished") else "in_progress" if total else "created"


def build_user(user) -> dict[str, Any]:
    name = f"{user.first_name} {user.last_name}".strip() or user.username
    return {
        "id": user.pk,
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "initials": "".join(part[0] for part in name.split()[:2]).upper(),
        "avatar": None,
        "phone": "",
        "date_joined": user.date_joined,
        "last_activity": user.last_login or user.date_joined,
        "active_organization": 1,
    }
