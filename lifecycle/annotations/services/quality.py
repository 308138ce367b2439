"""How a project looks after its labels: the share that is reviewed, consensus, the quiz."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from lifecycle.annotations.models import QualitySettings
from lifecycle.common.errors import DomainError
from lifecycle.common.rows import Columns, read_one
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

MAX_QUESTIONS = 50
SHARES = {"review_share": (0.0, 1.0), "min_posterior": (0.0, 1.0), "quiz_pass_share": (0.1, 1.0)}
_CHOICES = {"return_to": QualitySettings.ReturnTo.values, "consensus_method": QualitySettings.Method.values}

_SETTINGS = Columns(QualitySettings, "q")
_OWN = f"SELECT {_SETTINGS.sql} FROM annotations_qualitysettings q WHERE q.project_id = %s"


def find_settings(project: Project) -> QualitySettings:
    """The settings; the defaults, unsaved, while nobody changed them."""
    found = read_one(_OWN, [project.pk], _SETTINGS)
    return found[0] if found else QualitySettings(project=project)


def change_settings(*, project: Project, actor, **changes: Any) -> QualitySettings:
    """Set any of the fields of QualitySettings; the others stay."""
    _check(changes)
    with transaction.atomic():
        settings, _ = QualitySettings.objects.select_for_update().get_or_create(project=project)
        before = {name: getattr(settings, name) for name in changes}
        for name, value in changes.items():
            setattr(settings, name, value)
        settings.save()
        changed = [name.replace("_", " ") for name, value in changes.items() if before[name] != value]
        if changed:
            summary = f"Quality of labels: changed {', '.join(sorted(changed))}"
            record_event(project=project, actor=actor, verb="quality.changed", summary=summary)
    return settings


def _check(changes: dict[str, Any]) -> None:
    for name, (low, high) in SHARES.items():
        if name in changes and not low <= changes[name] <= high:
            sentence = f"A share between {low:g} and {high:g}."
            raise DomainError(sentence, fields={name: sentence})
    for name, known in _CHOICES.items():
        if name in changes and changes[name] not in known:
            sentence = f"One of {', '.join(known)}."
            raise DomainError(sentence, fields={name: sentence})
    if not 0 <= changes.get("quiz_questions", 0) <= MAX_QUESTIONS:
        sentence = f"Between 0 and {MAX_QUESTIONS} questions."
        raise DomainError(sentence, fields={"quiz_questions": sentence})
