"""The schema editor: labels in a form, templates, questions to add, XML; what a change would do, before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST
from PIL import ImageColor

from lifecycle.annotations import selectors, services
from lifecycle.annotations.models import Annotation, Task
from lifecycle.annotations.schema_rules import JOINT, list_labels, list_successors
from lifecycle.annotations.services.external import set_external_config
from lifecycle.annotations.services.schemas import edit_schema, preview_change, read_config
from lifecycle.annotations.uses import Uses, count_uses, is_plain
from lifecycle.common.errors import DomainError
from lifecycle.contracts.label_interface import (
    CONTROLS,
    Control,
    Interface,
    Label,
    guess_problem_type,
    list_unused,
    parse_interface,
)
from lifecycle.contracts.label_interface.editing import LabelChange, edit_labels, list_bad_keys
from lifecycle.contracts.label_interface.labels import has_keys
from lifecycle.contracts.label_interface.templates import TEMPLATES, add_question, find_template, list_questions
from lifecycle.contracts.problems import get_problem_type
from lifecycle.projects.rules import is_allowed
from lifecycle.projects.selectors import get_project
from webapp.pages.annotations.forms import read_class_rows, read_label_changes, read_posted, read_renames
from webapp.pages.annotations.samples import list_preview_tasks
from webapp.pages.annotations.shared import build_base

UNKNOWN_COLOR = "#808080"
COUNTED = 50_000  # answers: above, the page does not read them all only to show how often a label is used


@login_required
@require_http_methods(["GET", "POST"])
def schema(request, slug):
    """Labels in the order of their keys; renames carry answers over, a label in use cannot be dropped.

    `?template=` and `?add=` open a draft that is not saved yet; with `check` the form is only shown, as it would be.
    """
    project = get_project(request.user, slug, role="engineer" if request.method == "POST" else "viewer")
    if request.method == "POST" and "check" in request.POST:
        return _show_labels(request, project)
    if request.method == "POST":
        try:
            changed = _save_labels(request, project)
        except DomainError as refused:
            return _render(request, project, error=refused.message, bad_keys=_find_bad_keys(request, project))
        messages.success(request, f"Saved. The label schema is at version {changed.version}.")
        return redirect("annotations:schema", slug=slug)
    return _render(request, project, draft=_open_draft(request, project))


@login_required
@require_POST
def config(request, slug):
    """Take Label Studio XML as the schema; with `check` only say what it would change, and show it."""
    project = get_project(request.user, slug, role="engineer")
    draft = request.POST.get("config", "")
    if "check" in request.POST:
        if request.htmx:
            return render(
                request,
                "annotations/_schema_draft.html",
                build_base(project, "schema") | _check(request, project, draft),
            )
        return _render(request, project, draft=draft)
    if not draft.strip():
        return _render(request, project, error="Paste a Label Studio configuration first.", draft=draft)
    try:
        saved = _save_config(request, project, draft)
    except DomainError as refused:
        return _render(request, project, error=refused.message, draft=draft)
    messages.success(request, f"Saved. The label schema is at version {saved.version}.")
    for sentence in list_unused(draft):
        messages.warning(request, sentence)
    return redirect("annotations:schema", slug=slug)


def _save_labels(request, project):
    current = selectors.find_schema(project)
    if "control" not in request.POST or current is None:
        classes, renames, based_on = read_class_rows(request.POST)
        return services.change_schema(
            project=project, actor=request.user, classes=classes, renames=renames, based_on=based_on
        )
    changes, based_on = _read_changes(request, selectors.read_interface(project, current))
    bad = _find_bad_keys(request, project)
    if bad:
        raise DomainError(f"Nothing was saved: {'a key' if len(bad) == 1 else 'some keys'} cannot be given. See below.")
    return edit_schema(project=project, actor=request.user, changes=changes, based_on=based_on)


def _read_changes(request, interface: Interface) -> tuple[dict[str, list[LabelChange]], int | None]:
    """What the rows of the form change, and the version they were made from."""
    changes, based_on = read_label_changes(request.POST, interface.by_name)
    kept = {name: [_drop_unchanged(one, interface.by_name[name]) for one in found] for name, found in changes.items()}
    return kept, based_on


def _find_bad_keys(request, project) -> dict[tuple[str, str], str]:
    """{(control, label): why it cannot have the key that was typed for it}."""
    interface = selectors.find_interface(project)
    if interface is None or "control" not in request.POST:
        return {}
    return list_bad_keys(interface, _read_changes(request, interface)[0])


def _show_labels(request, project):
    """The labelling tool with the labels as they stand in the form, saving nothing."""
    current = selectors.get_schema(project)
    changes, _ = _read_changes(request, selectors.read_interface(project, current))
    try:
        draft = edit_labels(selectors.read_config(current), project.problem_type, changes)
        shown = _preview(request, project, read_config(project.problem_type, draft))
    except (DomainError, ValueError) as refused:
        shown = {"draft_error": str(refused)}
    said = {"change_shown": True, "bad_keys": list(dict.fromkeys(_find_bad_keys(request, project).values()))}
    return render(request, "annotations/_schema_draft.html", build_base(project, "schema") | shown | said)


def _drop_unchanged(change: LabelChange, control: Control) -> LabelChange:
    """A color or key that was given by place, and left so, is not written into the configuration."""
    now = next((label for label in control.labels if _call(control, label) == change.old), None)
    if now is None or not has_keys(control):
        return replace(change, color=None, key=None)
    color = None if change.color in (None, "", _show_color(now)) else change.color
    return replace(change, color=color, key=None if change.key == now.key else change.key)


def _show_color(label: Label) -> str:
    """A label's color as a field for colors can show it."""
    try:
        red, green, blue = ImageColor.getrgb(label.color)[:3]
    except ValueError:
        return UNKNOWN_COLOR
    return f"#{red:02x}{green:02x}{blue:02x}"


def _save_config(request, project, draft: str):
    based_on = request.POST.get("based_on", "")
    if _may_become_another(project, draft):
        return set_external_config(project=project, actor=request.user, config=draft)
    return services.set_config(
        project=project,
        actor=request.user,
        config=draft,
        based_on=int(based_on) if based_on.isdecimal() else None,
        renames=read_renames(request.POST),
        accepts_loss="accepts_loss" in request.POST,
    )


def _may_become_another(project, draft: str) -> bool:
    """Whether a configuration asks for another problem type, in a project that has no items yet."""
    if Task.objects.filter(dataset__project=project).exists():
        return False
    try:
        fits = parse_interface(draft, project.problem_type).main_control is not None
        return not fits and bool(guess_problem_type(parse_interface(draft)))
    except ValueError:
        return False


def _open_draft(request, project) -> str | None:
    template = find_template(request.GET.get("template", ""))
    if template:
        return template.config
    current = selectors.find_schema(project)
    if current is None or "add" not in request.GET:
        return None
    interface = selectors.read_interface(project, current)
    return add_question(selectors.read_config(current), request.GET["add"], interface)


def _check(request, project, draft: str) -> dict[str, Any]:
    """What a draft would change, the answers it has no place for, and what it looks like."""
    current = selectors.find_schema(project)
    base = {"draft": draft, "based_on": request.POST.get("based_on") or (current.version if current else 0)}
    try:
        if _may_become_another(project, draft):
            base["becomes"] = get_problem_type(guess_problem_type(parse_interface(draft))).title
            return base | {"unused": list_unused(draft)} | _describe(request, project, parse_interface(draft), None, [])
        interface, change, breaks = preview_change(project=project, config=draft, renames=read_renames(request.POST))
    except DomainError as refused:
        return base | {"draft_error": refused.message}
    except ValueError as refused:
        return base | {"draft_error": str(refused)}
    return base | {"unused": list_unused(draft)} | _describe(request, project, interface, change, breaks)


def _describe(request, project, interface: Interface, change, breaks) -> dict[str, Any]:
    options = {one.name: list_labels(one) for one in interface.controls}
    old = selectors.find_interface(project)
    called = old or interface
    shown = [{"control": one.control, "called": called.call(one.control), "label": one.label, "answers": one.answers,
              "options": options.get(one.control, []) if one.label or old is None
              else list_successors(old, old.by_name[one.control], interface)} for one in breaks]  # fmt: skip
    final = any(one.control == interface.main and not _draws(interface.by_name.get(one.control)) for one in breaks)
    return _preview(request, project, interface) | {"change": change, "breaks": shown, "must_rename": final}


def _draws(control: Control | None) -> bool:
    return control is not None and CONTROLS[control.tag].draws


def _preview(request, project, interface: Interface) -> dict[str, Any]:
    """The context of the labelling tool over a few items, saving nothing."""
    problem = get_problem_type(project.problem_type)
    setup = {
        "user": request.user.pk,
        "project": project.pk,
        "api": "",
        "label_kind": problem.label_kind,
        "item_kind": problem.item_kind,
        "classes": [],
        "interface": interface.to_json(),
        "preview": {"tasks": list_preview_tasks(project, interface)},
    }
    return {"setup": setup, "can_answer": True, "progress": selectors.count_progress(project), "guide_html": ""}


def _render(
    request,
    project,
    *,
    error: str = "",
    draft: str | None = None,
    bad_keys: Mapping[tuple[str, str], str] | None = None,
):
    """The page; with `bad_keys` after its form was refused: what was typed stays, and each key has its reason."""
    current = selectors.find_schema(project)
    interface = selectors.read_interface(project, current) if current else None
    can_edit = is_allowed(project.role, "engineer")
    context = build_base(project, "schema") | {
        "schema": current,
        "config": draft if draft is not None else (selectors.read_config(current) if current else ""),
        "is_draft": draft is not None,
        "controls": _fill_in(request, _list_controls(project, interface), bad_keys) if interface else [],
        "classes_only": interface is None or not interface.controls,
        "asks_number": get_problem_type(project.problem_type).label_kind == "number",
        "questions": list_questions(interface) if interface else {},
        "templates": _list_templates(project),
        "versions": list(selectors.list_schemas(project)[:10]),
        "error": error,
        "based_on": current.version if current else 0,
    }
    if can_edit and draft is not None:
        context |= _check(request, project, draft)
    elif can_edit and interface and interface.controls:
        context |= _preview(request, project, interface)
    return render(request, "annotations/schema.html", context, status=400 if error else 200)


def _list_controls(project, interface: Interface) -> list[dict[str, Any]]:
    """Every control with its labels, their keys and colors, and how many answers use them."""
    uses = _count(project, interface)
    return [
        {
            "name": control.name,
            "called": interface.call(control.name),
            "title": control.attrs.get("title") or control.tag,
            "tag": control.tag,
            "is_main": control.name == interface.main,
            "is_nested": control.nested,
            "has_keys": has_keys(control),
            "rows": _list_rows(control, uses),
        }
        for control in interface.controls
        if CONTROLS[control.tag].part
    ]


def _fill_in(request, controls: list[dict[str, Any]], bad_keys: Mapping[tuple[str, str], str] | None):
    """What was typed in place of what is stored, where the form was refused."""
    if bad_keys is None:
        return controls
    typed = read_posted(request.POST)
    for control in controls:
        control["more"] = request.POST.get(f"more-{control['name']}", "")
        for row in control["rows"]:
            where = (control["name"], row["old"])
            row |= typed.get(where, {}) | {"error": bad_keys.get(where, "")}
            row["is_removed"] = " ".join(where) in request.POST.getlist("remove")
    return controls


def _call(control: Control, label: Label) -> str:
    """A label's name, or the whole path to it."""
    return JOINT.join(label.path) if control.nested else label.value


def _list_rows(control: Control, uses: Uses | None) -> list[dict[str, Any]]:
    counts = uses.labels.get(control.name, {}) if uses else {}
    return [
        {
            "place": place,
            "name": label.value,
            "old": _call(control, label),
            "value": _call(control, label) if control.tag == "Taxonomy" else label.value,  # as items are called
            "key": label.key,
            "color": _show_color(label),
            "uses": counts.get(_call(control, label), 0) if uses else None,
        }
        for place, label in enumerate(control.labels, start=1)
    ]


def _count(project, interface: Interface) -> Uses | None:
    if is_plain(interface):
        return Uses(labels={interface.main: selectors.count_class_uses(project, interface.classes)})
    answers = Annotation.objects.filter(task__dataset__project=project, is_current=True)
    return count_uses(project, interface) if answers[:COUNTED].count() < COUNTED else None


def _list_templates(project) -> dict[str, list[Any]]:
    """The gallery in groups: all of it while there are no items, else what fits the problem type."""
    is_free = not Task.objects.filter(dataset__project=project).exists()
    groups: dict[str, list[Any]] = {}
    for template in TEMPLATES:
        if is_free or parse_interface(template.config, project.problem_type).main_control:
            groups.setdefault(template.group, []).append(template)
    return groups
