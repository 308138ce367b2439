"""Versions of a project's label schema: make one from classes or from Label Studio XML, change its labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from lifecycle.annotations import rules, schema_rules, selectors
from lifecycle.annotations.models import LabelSchema
from lifecycle.annotations.schema_rules import JOINT, Renames, SchemaChange
from lifecycle.annotations.services import renames as renaming
from lifecycle.annotations.uses import count_breaks
from lifecycle.common.errors import Conflict, DomainError
from lifecycle.contracts.label_interface import CONTROLS, MAIN_CONTROL, Interface, parse_interface
from lifecycle.contracts.label_interface.editing import LabelChange, edit_labels, list_renames, read_changes
from lifecycle.contracts.label_interface.parsing import check_config
from lifecycle.contracts.problems import LabelKind, get_problem_type
from lifecycle.projects.models import Project
from lifecycle.projects.services import record_event

SHOWN_BREAKS = 5


def create_schema(*, project: Project, classes: Sequence[str], created_by) -> LabelSchema:
    """A new version of the schema from the project's problem type and a list of classes.

    Nothing changes, and the newest version is returned, when it already says the same.
    """
    cleaned = _clean(classes)
    problem = get_problem_type(project.problem_type)
    if problem.label_kind == LabelKind.NUMBER and cleaned:
        raise DomainError("This project asks for a number: its schema has no classes.")
    return _store(project, _write_classes(project, cleaned, {}), created_by)


def change_schema(
    *,
    project: Project,
    actor,
    classes: Sequence[str],
    renames: Mapping[str, str] | None = None,
    based_on: int | None = None,
) -> LabelSchema:
    """Set the classes of the main control, in the order of their keys. Labels of a renamed class follow it; a class
    that is gone while labels use it is refused with how many do.

    `based_on` is the version the caller looked at: a Conflict says when somebody changed the schema since.
    """
    cleaned = _clean(classes)
    current = selectors.find_schema(project)
    change = rules.compare_classes(current.classes if current else [], cleaned, renames or {})
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        config = _write_classes(project, cleaned, dict(change.renamed))
        asked = {MAIN_CONTROL: _by_path(project, current, renames or {})}
        return _replace(project, actor, config, renames=asked, based_on=based_on, accepts_loss=False)


def edit_schema(
    *,
    project: Project,
    actor,
    changes: Mapping[str, Sequence[LabelChange]],
    based_on: int | None = None,
    accepts_loss: bool = False,
) -> LabelSchema:
    """Names, order, colors and keys of labels of several controls at once; answers follow renamed labels. Two labels
    with one name become one."""
    current = selectors.get_schema(project)
    try:
        config = edit_labels(selectors.read_config(current), project.problem_type, changes)
    except ValueError as error:
        raise DomainError(str(error)) from None
    interface = selectors.read_interface(project, current)
    renames = {name: list_renames(interface.by_name[name], labels) for name, labels in changes.items()}
    return set_config(
        project=project, actor=actor, config=config, based_on=based_on, renames=renames, accepts_loss=accepts_loss
    )


def set_config(
    *,
    project: Project,
    actor,
    config: str,
    based_on: int | None = None,
    renames: Renames | None = None,
    accepts_loss: bool = False,
) -> LabelSchema:
    """Take Label Studio XML as the schema, as it is given. A tag that is not supported is refused by its name.

    Answers follow `renames` (control -> {old label: new one}, in the project's own names). What the new schema has no
    place for is refused with how many answers say it, unless `accepts_loss`: these entries leave the answers then,
    whose versions before are kept.
    """
    read_config(project.problem_type, config)
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        return _replace(project, actor, config, renames=renames or {}, based_on=based_on, accepts_loss=accepts_loss)


def preview_change(*, project: Project, config: str, renames: Renames | None = None):
    """(what the configuration asks, what changes, the answers it has no place for) without changing anything."""
    new = read_config(project.problem_type, config)
    current = selectors.find_schema(project)
    if current is None:
        return new, SchemaChange(), []
    change = schema_rules.compare_interfaces(selectors.read_interface(project, current), new, renames or {})
    return new, change, count_breaks(project, selectors.read_interface(project, current), change)


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


def read_config(problem_type: str, config: str) -> Interface:
    """What a configuration asks, where this problem type understands it; DomainError says what is wrong with it.

    Entities and document types are refused before anything reads them.
    """
    try:
        interface = parse_interface(config, problem_type)
        check_config(config)
        rules.clean_classes(_list_classes(interface))
    except ValueError as error:
        raise DomainError(str(error), fields={"config": str(error)}) from None
    if interface.main_control is None:
        raise DomainError(_complain(problem_type, config))
    return interface


def _list_classes(interface: Interface) -> list[str]:
    """Each class once, as it may stand in several branches."""
    return list(dict.fromkeys(interface.classes))[: rules.MAX_CLASSES]


def parse_config(problem_type: str, config: str) -> list[str]:
    """The classes of a configuration that this problem type understands; DomainError says what is wrong with it."""
    return read_config(problem_type, config).classes


def _by_path(project: Project, current: LabelSchema | None, renames: Mapping[str, str]) -> dict[str, str]:
    """Renames of classes, where these stand inside each other by their whole paths."""
    main = selectors.read_interface(project, current).main_control if current else None
    if main is None or not main.nested:
        return dict(renames)
    return {JOINT.join(path): new for old, new in renames.items() for path in main.find_paths(old)}


def _complain(problem_type: str, config: str) -> str:
    """Why no control answers the problem type: what there is, and what it would take."""
    problem = get_problem_type(problem_type)
    interface = parse_interface(config)
    tags_there = [one.tag for one in interface.objects] + [one.tag for one in interface.controls]
    there = ", ".join(dict.fromkeys(f"<{tag}>" for tag in tags_there)) or "nothing"
    tags = " or ".join(f"<{tag}>" for tag in sorted(problem.controls)) or "a control"
    single = ""
    if problem.label_kind == LabelKind.CLASS:
        single = " It has one class per item: choice=“multiple” and nested choices are not possible."
    kind = {"image": "one <Image>", "text": "one text", "row": "a row or several fields"}[problem.item_kind]
    return (
        f"This configuration has {there}, but nothing in it answers {problem.title.lower()}: "
        f"that takes {tags} about {kind}.{single}"
    )


def _clean(classes: Sequence[str]) -> list[str]:
    try:
        return rules.clean_classes(classes)
    except ValueError as error:
        raise DomainError(str(error), fields={"classes": str(error)}) from None


def _write_classes(project: Project, classes: list[str], renames: Mapping[str, str]) -> str:
    """The configuration with other classes: the problem type's own, or the one there is with its labels changed."""
    problem, current = get_problem_type(project.problem_type), selectors.find_schema(project)
    if current is None or selectors.read_config(current) == problem.build_label_config(current.classes):
        return problem.build_label_config(classes)
    config = selectors.read_config(current)
    interface = selectors.read_interface(project, current)
    main = interface.main_control
    if main is None or not CONTROLS[main.tag].part:
        return problem.build_label_config(classes)
    try:
        changes = {main.name: read_changes(interface, main.name, classes, renames)}
        return edit_labels(config, project.problem_type, changes)
    except ValueError as error:
        raise DomainError(str(error), fields={"classes": str(error)}) from None


def _replace(
    project: Project, actor, config: str, *, renames: Renames, based_on: int | None, accepts_loss: bool
) -> LabelSchema:
    """Store a configuration in place of the newest one, and let the answers follow. The project's row is locked."""
    current = selectors.find_schema(project)
    if current and based_on is not None and current.version != based_on:
        raise Conflict("Somebody changed the classes meanwhile. Look at the new list, then make your change again.")
    if current is None:
        return _store(project, config, actor)
    old, new = selectors.read_interface(project, current), read_config(project.problem_type, config)
    change = schema_rules.compare_interfaces(old, new, renames)
    if change.lost_labels or change.lost_controls:
        _refuse_loss(project, old, change, accepts_loss)
    schema = _store(project, config, actor)
    if change.touches_answers:
        renaming.carry_over(project=project, actor=actor, schema=schema, old=old, new=new, change=change)
    return schema


def _refuse_loss(project: Project, old: Interface, change: SchemaChange, accepts_loss: bool) -> None:
    breaks = count_breaks(project, old, change)
    drawn = {control.name for control in old.find_region_controls()}
    final = [one for one in breaks if one.control == MAIN_CONTROL and one.control not in drawn]
    if accepts_loss and not final:
        return
    if not breaks:
        return
    shown = [f"“{one.label or one.control}” ({one.answers:,})" for one in (final or breaks)[:SHOWN_BREAKS]]
    raise Conflict(
        f"Labels still use {', '.join(shown)}. Rename a class into the one that takes its labels over, "
        "or relabel those items first; then remove it."
    )


def _store(project: Project, config: str, created_by) -> LabelSchema:
    interface = read_config(project.problem_type, config)
    classes = _list_classes(interface)
    with transaction.atomic():
        Project.objects.select_for_update().get(pk=project.pk)
        current = selectors.find_schema(project)
        if current and selectors.read_config(current) == config:
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
