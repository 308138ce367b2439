"""How many answers use which labels and which controls."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field

from django.db import connection

from lifecycle.annotations import selectors
from lifecycle.annotations.models import Annotation
from lifecycle.annotations.schema_rules import JOINT, Break, SchemaChange, identify
from lifecycle.contracts.label_interface import Interface
from lifecycle.projects.models import Project

_LABELS = """
SELECT e.entry->>'from_name', n.name::text, count(DISTINCT a.id)
FROM annotations_annotation a
JOIN annotations_task t ON t.id = a.task_id
JOIN datasets_dataset d ON d.id = t.dataset_id
CROSS JOIN LATERAL jsonb_array_elements(a.result) AS e(entry)
LEFT JOIN LATERAL jsonb_array_elements(
    CASE WHEN jsonb_typeof(e.entry->'value'->(e.entry->>'type')) = 'array'
         THEN e.entry->'value'->(e.entry->>'type') ELSE '[]'::jsonb END) AS n(name) ON true
WHERE d.project_id = %(project)s AND a.is_current AND a.kind = 'answer' AND e.entry ? 'from_name'
GROUP BY 1, 2
"""
_RELATIONS = """
SELECT n.name #>> '{}', count(DISTINCT a.id)
FROM annotations_annotation a
JOIN annotations_task t ON t.id = a.task_id
JOIN datasets_dataset d ON d.id = t.dataset_id
CROSS JOIN LATERAL jsonb_array_elements(a.result) AS e(entry)
CROSS JOIN LATERAL jsonb_array_elements(
    CASE WHEN jsonb_typeof(e.entry->'labels') = 'array' THEN e.entry->'labels' ELSE '[]'::jsonb END) AS n(name)
WHERE d.project_id = %(project)s AND a.is_current AND a.kind = 'answer' AND e.entry->>'type' = 'relation'
GROUP BY 1
"""


@dataclass
class Uses:
    """Current answers per control, and per label of each control (nested labels by their path)."""

    controls: dict[str, int] = field(default_factory=dict)
    labels: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))


def is_plain(interface: Interface) -> bool:
    """Whether an answer is nothing but one class: what `Annotation.value` says is all there is."""
    main = interface.main_control
    return main is not None and len(interface.controls) == 1 and main.tag == "Choices" and not main.multiple


def count_uses(project: Project, interface: Interface) -> Uses:
    """Who says what, over all current answers. Reads every one of them: seconds for a million."""
    uses = Uses()
    per_control: dict[str, int] = defaultdict(int)
    with connection.cursor() as cursor:
        cursor.execute(_LABELS, {"project": project.pk})
        for name, label, count in cursor.fetchall():
            control = interface.by_name.get(name)
            per_control[name] = max(per_control[name], count)
            if control is not None and label is not None:
                key = identify(control, json.loads(label))
                uses.labels[name][key] = uses.labels[name].get(key, 0) + count
        if "relations" in interface.by_name:
            cursor.execute(_RELATIONS, {"project": project.pk})
            uses.labels["relations"] = dict(cursor.fetchall())
    uses.controls = dict(per_control)
    return uses


def count_breaks(project: Project, old: Interface, change: SchemaChange) -> list[Break]:
    """The answers that a change has no place for, the most first."""
    if not change.lost_labels and not change.lost_controls:
        return []
    if is_plain(old) and not change.lost_controls:
        lost = [name for names in change.lost_labels.values() for name in names]
        found = selectors.count_class_uses(project, lost)
        breaks = [Break(old.main, name, count) for name, count in found.items() if count]
    elif not Annotation.objects.filter(task__dataset__project=project, is_current=True, kind="answer").exists():
        return []
    else:
        breaks = _pick_breaks(old, change, count_uses(project, old))
    return sorted(breaks, key=lambda one: -one.answers)


def _pick_breaks(old: Interface, change: SchemaChange, uses: Uses) -> list[Break]:
    breaks = [Break(name, "", uses.controls[name]) for name in change.lost_controls if uses.controls.get(name)]
    for name, labels in change.lost_labels.items():
        counts = uses.labels.get(name, {})
        for label in labels:
            count = sum(n for key, n in counts.items() if _is_at(old, name, key, label))
            if count:
                breaks.append(Break(name, label, count))
    return breaks


def _is_at(interface: Interface, control: str, used: str, label: str) -> bool:
    return used == label or (interface.by_name[control].nested and used.startswith(label + JOINT))
