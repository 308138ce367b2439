"""Versions of a project's label schema: make one from classes or from Label Studio XML, change its classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from lifecycle.annotations import rules, selectors
from lifecycle.annotations.models import LabelSchema
from lifecycle.annotations.services import renames as renaming
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

MAX_CONFIG_BYTES = 200_000


def create_schema(*, project: Project, classes: Sequence[str], created_by) -> LabelSchema:
    """A new version of the schema from the project's problem type and a list of classes.

    Nothing changes, and the newest version is returned, when it already says the same.
    """
    try:
        cleaned = rules.clean_classes(classes)
    except ValueError as error:
        raise DomainError(str(error), fields={"classes": str(error)}) from None
    problem = get_problem_type(project.problem_type)
    if problem.label_kind == LabelKind.NUMBER and cleaned:
        raise DomainError("This project asks for a number: its schema has no classes.")
    return _store(project, cleaned, problem.build_label_config(cleaned), created_by)


def change_schema(
    *,
    project: Project,
    actor,
    classes: Sequence[str],
    renames: Mapping[str, str] | None = None,
    based_on: int | None = None,
) -> LabelSchema:
    """Set the classes, in the order of their keys. Labels of a renamed class follow it; a class that is gone while
    labels use it is refused with how many do.

    `based_on` is the version the caller looked at: a Conflict says when somebody changed the schema since.
    """
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        current = selectors.find_schema(project)
        if current and based_on is not None and current.version != based_on:
            raise Conflict("Somebody changed the classes meanwhile. Look at the new list, then make your change again.")
        old = current.classes if current else []
        try:
            new = rules.clean_classes(classes)
        except ValueError as error:
            raise DomainError(str(error), fields={"classes": str(error)}) from None
        change = rules.compare_classes(old, new, renames or {})
        _refuse_removal(project, change.removed)
        schema = create_schema(project=project, classes=new, created_by=actor)
        for before, after in change.renamed:
            renaming.rename_class(project=project, actor=actor, schema=schema, old=before, new=after)
    return schema


def set_config(*, project: Project, actor, config: str, based_on: int | None = None) -> LabelSchema:
    """Take Label Studio XML as the schema. What this project's problem type cannot answer is refused by name."""
    classes = parse_config(project.problem_type, config)
    return change_schema(project=project, actor=actor, classes=classes, based_on=based_on)


def extend_classes(*, project: Project, names: Iterable[str], created_by) -> LabelSchema | None:
    """Add the classes an import brought that the schema does not know yet; the newest schema either way."""
    if get_problem_type(project.problem_type).label_kind == LabelKind.NUMBER:
        return selectors.find_schema(project)
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        current = selectors.find_schema(project)
        old = list(current.classes) if current else []
        known = set(old)
        new = [name for name in dict.fromkeys(names) if name not in known]
        if not new and current:
            return current
        return create_schema(project=project, classes=[*old, *new], created_by=created_by)


def parse_config(problem_type: str, config: str) -> list[str]:
    """The classes of a Label Studio configuration that this problem type understands; DomainError says what is wrong.

    Entities and document types are refused before anything reads them.
    """
    interface = _read_interface(config)
    problem = get_problem_type(problem_type)
    expected = _read_interface(problem.build_label_config(["a", "b"]))
    _check_tags("object", interface.objects, expected.objects)
    _check_tags("control", interface.controls, expected.controls)
    control = interface.get_control()
    if control.attr.get("choice", "single") not in {"single", "single-radio"}:
        raise DomainError(f'This project has one class per item: choice="{control.attr["choice"]}" is not possible.')
    if problem.label_kind == LabelKind.NUMBER:
        return []
    nested = interface.find_tags_by_class(type(control))
    if len(nested) > 1:
        raise DomainError("There is more than one <Choices>; this project asks one question.")
    return list(control.labels)


def _read_interface(config: str) -> Any:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring
    from label_studio_sdk.label_interface import LabelInterface  # 1 s to import, and only schema editing needs it

    if len(config.encode()) > MAX_CONFIG_BYTES:
        raise DomainError(f"A labelling configuration has at most {MAX_CONFIG_BYTES:,} bytes.")
    try:
        fromstring(config, forbid_dtd=True)
        interface = LabelInterface(config)
        interface.validate()
    except DefusedXmlException:
        raise DomainError("The XML declares a document type or entities, which is not allowed.") from None
    except ParseError as error:
        raise DomainError(f"This is not well-formed XML: {error}.") from None
    except Exception as error:
        raise DomainError(f"Label Studio cannot read this configuration: {str(error)[:200]}") from error
    return interface


def _check_tags(role: str, found: Iterable[Any], expected: Iterable[Any]) -> None:
    want = next(iter(expected))
    tags = list(found)
    for tag in tags:
        if tag.tag != want.tag:
            raise DomainError(f"The tag <{tag.tag}> cannot be answered in this project; it needs <{want.tag}>.")
        if tag.name != want.name:
            raise DomainError(f'The {role} tag must be named name="{want.name}", not “{tag.name}”.')
    if len(tags) != 1:
        raise DomainError(f"The configuration needs exactly one <{want.tag}>; it has {len(tags)}.")


def _refuse_removal(project: Project, removed: Sequence[str]) -> None:
    uses = selectors.count_class_uses(project, removed)
    used = [f"“{name}” ({uses[name]:,})" for name in removed if uses.get(name)]
    if used:
        raise Conflict(
            f"Labels still use {', '.join(used)}. Rename a class into the one that takes its labels over, "
            "or relabel those items first; then remove it."
        )


def _store(project: Project, classes: list[str], config: str, created_by) -> LabelSchema:
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        current = selectors.find_schema(project)
        if current and current.config == config:
            return current
        schema = LabelSchema.objects.create(
            project=project,
            version=current.version + 1 if current else 1,
            config=config,
            classes=classes,
            created_by=created_by,
        )
        record_event(
            project=project,
            actor=created_by,
            verb="schema.changed",
            summary=f"Set the label schema to version {schema.version} ({len(classes)} classes)",
            object_type="label_schema",
            object_id=schema.pk,
        )
    return schema
