"""Everything that handing out a task depends on, read in one statement: annotators ask for it with every item."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle.annotations.models import (
    URGENT,
    AssistanceSettings,
    LabelSchema,
    QualitySettings,
    QueueSettings,
    SuggestionSource,
)
from lifecycle.annotations.selectors import read_interface
from lifecycle.common.rows import Columns, read_all
from lifecycle.contracts.label_interface import Interface
from lifecycle.projects.models import Project

_QUEUE, _QUALITY, _SCHEMA = Columns(QueueSettings, "q"), Columns(QualitySettings, "k"), Columns(LabelSchema, "c")
_ASSISTANCE, _SOURCE = Columns(AssistanceSettings, "a"), Columns(SuggestionSource, "s")
_PARTS = (_QUEUE, _QUALITY, _SCHEMA, _ASSISTANCE, _SOURCE)
_READ = f"""
SELECT {", ".join(part.sql for part in _PARTS)}, d.id,
    EXISTS (SELECT 1 FROM annotations_assignment m WHERE m.dataset_id = d.id AND m.user_id = %(user)s AND m.is_open),
    EXISTS (SELECT 1 FROM annotations_task t
            WHERE t.dataset_id = d.id AND t.state = 'open' AND NOT t.is_reserved AND t.priority >= {URGENT}),
    EXISTS (SELECT 1 FROM annotations_task t
            WHERE t.dataset_id = d.id AND t.state = 'open' AND NOT t.is_reserved AND t.answers > 0)
FROM projects_project p
LEFT JOIN datasets_dataset d ON d.project_id = p.id
LEFT JOIN annotations_queuesettings q ON q.project_id = p.id
LEFT JOIN annotations_qualitysettings k ON k.project_id = p.id
LEFT JOIN annotations_assistancesettings a ON a.project_id = p.id AND a.is_on
LEFT JOIN annotations_suggestionsource s ON s.id = a.source_id
LEFT JOIN LATERAL (
    SELECT * FROM annotations_labelschema v WHERE v.project_id = p.id ORDER BY v.version DESC LIMIT 1
) c ON true
WHERE p.id = %(project)s ORDER BY d.id
"""


@dataclass(frozen=True)
class Supply:
    """One dataset of the project, and which parts of its queue can have anything for this person."""

    dataset_id: int
    has_assigned: bool
    has_urgent: bool
    has_begun: bool  # tasks that somebody answered and that wait for another answer, this person's own among them


@dataclass(frozen=True)
class Labelling:
    """How a project is labeled now; settings that nobody changed are the defaults, unsaved."""

    queue: QueueSettings
    quality: QualitySettings
    assistance: AssistanceSettings | None  # with its source; None while nothing is suggested
    interface: Interface | None  # None while there is no schema
    schema_version: int | None
    supplies: tuple[Supply, ...]


def read_labelling(project: Project, user) -> Labelling:
    """What counts for this person at this moment."""
    rows = read_all(_READ, {"project": project.pk, "user": user.pk}, *_PARTS)
    queue, quality, schema, assistance, source = rows[0][:5]
    if assistance is not None and source is not None:
        assistance.project, assistance.source = project, source
    return Labelling(
        queue=queue or QueueSettings(project=project),
        quality=quality or QualitySettings(project=project),
        assistance=assistance if source is not None else None,
        interface=read_interface(project, schema) if schema else None,
        schema_version=schema.version if schema else None,
        supplies=tuple(Supply(*row[5:]) for row in rows if row[5] is not None),
    )
