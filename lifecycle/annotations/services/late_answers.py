"""Answers that were given under an earlier label schema than the one that counts as they arrive: a page was open, or
offline for days, while somebody changed the classes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from lifecycle.annotations.models import LabelSchema
from lifecycle.annotations.schema_rules import NO_LABEL, SchemaChange, compare_interfaces, identify, migrate_result
from lifecycle.annotations.selectors import read_interface
from lifecycle.contracts.label_interface import MAIN_CONTROL, Interface
from lifecycle.contracts.label_interface.values import find_key
from lifecycle.projects.models import AuditEvent, Project

MOVED, RENAMED = "schema.labels_moved", "schema.class_renamed"


def bring_up_to_date(project: Project, result: Any, shown: int, newest: int) -> list[dict[str, Any]] | None:
    """A result that was given under version `shown`, in the names of version `newest`: checked, and complete, as its
    own version asks, so that a question that was added meanwhile refuses nothing. None where there is no such version.

    ValueError, with a sentence, for a result its own version refuses, and for one that says what was taken out since.
    """
    versions = LabelSchema.objects.filter(project=project, version__gte=shown, version__lte=newest)
    schemas = list(versions.order_by("version"))
    if not schemas or schemas[0].version != shown:
        return None
    interfaces = [read_interface(project, schema) for schema in schemas]
    renames = _read_renames(project, schemas[1:])
    moved = interfaces[0].check_result(result)
    interfaces[0].check_complete(moved)
    interfaces[0].check_asked(moved)
    for (old, new), schema in zip(pairwise(interfaces), schemas[1:], strict=True):
        change = compare_interfaces(old, new, renames[schema.pk])
        _refuse_lost(moved, old, change, schema.version)
        moved = migrate_result(moved, change, new)
    return moved


def _read_renames(project: Project, schemas: Sequence[LabelSchema]) -> dict[int, dict[str, dict[str, str]]]:
    """What each version renamed, by its id: {control: {old label: new one}}, as the project's events tell."""
    renames: dict[int, dict[str, dict[str, str]]] = defaultdict(dict)
    events = AuditEvent.objects.filter(project=project, verb__in=(MOVED, RENAMED), object_type="label_schema")
    told = events.filter(object_id__in=[str(schema.pk) for schema in schemas]).order_by("pk")
    for verb, schema_id, details in told.values_list("verb", "object_id", "details"):
        found = renames[int(schema_id)]
        if verb == MOVED:
            found.update({name: dict(labels) for name, labels in details["renamed"].items()})
            for old, new in (details.get("controls") or {}).items():
                found.setdefault(old, {})[NO_LABEL] = new
        else:
            found.setdefault(MAIN_CONTROL, {})[details["old"]] = details["new"]
    return renames


def _refuse_lost(result: Sequence[Mapping[str, Any]], old: Interface, change: SchemaChange, version: int) -> None:
    since = f"version {version} of the label schema came before this answer arrived"
    for entry in result:
        name = "relations" if entry.get("type") == "relation" else entry["from_name"]
        if name in change.lost_controls:
            raise ValueError(f"The question “{name}” is not asked any more, or asked otherwise: {since}.")
        lost = change.lost_labels.get(name, ())
        ended = {step for step, now in change.steps.get(name, {}).items() if now is None}
        for label in _list_said(old, name, entry) if lost else ():
            if label in lost or label in ended:
                raise ValueError(f"“{label}” is not a class any more: {since}.")


def _list_said(interface: Interface, name: str, entry: Mapping[str, Any]) -> list[str]:
    """The labels of an entry, as a change calls them."""
    control = interface.by_name[name]
    said = entry.get("labels") if name == "relations" else entry["value"].get(find_key(control, entry))
    return [identify(control, one) for one in said] if isinstance(said, list) else []
