"""Read Label Studio XML into an Interface; what cannot be asked here is refused by its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from lifecycle.contracts.label_interface.attributes import check_values, list_unmet, list_unused_attributes
from lifecycle.contracts.label_interface.labels import Element, read_labels, with_keys
from lifecycle.contracts.label_interface.model import (
    MAIN_CONTROL,
    MAIN_OBJECT,
    Condition,
    Control,
    Interface,
    ObjectTag,
)
from lifecycle.contracts.label_interface.questions import find_main
from lifecycle.contracts.label_interface.tags import CONTROLS, IGNORED, LAYOUT, OBJECTS, PARTS, SUPPORTED, UNUSED

MAX_CONFIG_BYTES = 200_000
MAX_DEPTH = 40
MAX_NAME_CHARS = 100
MODES = {"region-selected", "choice-selected", "no-region-selected", "choice-unselected"}
DROPPED_ATTRS = {"name", "toName", "style", "className", "idAttr", "visibleWhen"}
RENAMED = {"AudioPlus": "Audio"}


@lru_cache(maxsize=256)
def parse_interface(xml: str, problem_type: str = "") -> Interface:
    """What a configuration asks. The main control is the first one that answers `problem_type`; without one, the first
    that answers any problem type, else the first that speaks of the whole task.

    ValueError, with a sentence, for XML that cannot be read, tags that are not supported, names that are missing or
    double, questions about nothing. A configuration that asks nothing is an Interface without controls.
    """
    root = read_xml(xml)
    _check_tags(root)
    parts = list(_walk_parts(root, ()))
    objects = tuple(_read_object(one, when) for one, when in parts if _tag(one) in OBJECTS)
    _check_names(root)
    filters = _read_filters(root)
    controls = tuple(_read_control(one, when, objects, filters) for one, when in parts if _tag(one) in CONTROLS)
    _check_conditions(objects, controls)
    _check_per_region(controls)
    interface = Interface(objects, with_keys(controls), tuple(_read_layout(root)))
    return _with_own_names(interface, find_main(interface, problem_type))


def list_unused(xml: str) -> list[str]:
    """A sentence for each tag and attribute that is kept in the configuration and does nothing here, each key that a
    label cannot have, and each condition that never holds. ValueError as `parse_interface`."""
    root = read_xml(xml)
    found = {_tag(element) for element in _walk(root)}
    tags = [f"<{tag}> is kept, but not used: {reason}." for tag, reason in UNUSED.items() if tag in found]
    return [*tags, *list_unused_attributes(root), *list_unmet(parse_interface(xml))]


def check_config(xml: str) -> None:
    """What is asked of a configuration that is about to be saved, beyond what can be read. ValueError as `read_xml`."""
    check_values(read_xml(xml))


def read_xml(xml: str) -> Element:
    """The root of a configuration; ValueError, with a sentence, for XML that is hostile, too large or broken."""
    if len(xml.encode("utf-8", "replace")) > MAX_CONFIG_BYTES:
        raise ValueError(f"A labelling configuration has at most {MAX_CONFIG_BYTES:,} bytes.")
    try:
        root: Element = fromstring(xml, forbid_dtd=True)
    except DefusedXmlException:
        raise ValueError("The XML declares a document type or entities, which is not allowed.") from None
    except (ParseError, UnicodeError, ValueError) as error:
        raise ValueError(f"This is not well-formed XML: {error}.") from None
    if root.tag != "View":
        raise ValueError(f"A labelling configuration begins with <View>, not with <{str(root.tag)[:60]}>.")
    return root


def _tag(element: Element) -> str:
    return RENAMED.get(str(element.tag), str(element.tag))


def _walk(element: Element, depth: int = 0) -> Iterator[Element]:
    if depth > MAX_DEPTH:
        raise ValueError(f"The tags of this configuration are nested deeper than {MAX_DEPTH}.")
    yield element
    for child in element:
        yield from _walk(child, depth + 1)


def _check_tags(root: Element) -> None:
    for element in _walk(root):
        if _tag(element) not in SUPPORTED:
            raise ValueError(
                f"The tag <{_tag(element)[:60]}> is not supported here. Supported are: "
                f"{', '.join(sorted(OBJECTS | CONTROLS.keys() | LAYOUT))}."
            )


def _check_names(root: Element) -> None:
    names = []
    for element in _walk(root):
        tag, name = _tag(element), element.get("name") or ""
        if tag == "Relations":
            names.append("relations")
        elif tag in OBJECTS or tag in CONTROLS:
            if not name.strip():
                raise ValueError(f"A <{tag}> has no name: give it name=“…”.")
            if len(name) > MAX_NAME_CHARS or not name.isprintable():
                raise ValueError(f"The name of a <{tag}> has at most {MAX_NAME_CHARS} characters that can be shown.")
            names.append(name)
    double = [name for name, count in Counter(names).items() if count > 1]
    if double:
        raise ValueError(f"The name “{double[0]}” is there twice. Give every tag a name of its own.")


def _read_object(element: Element, when: tuple[Condition, ...]) -> ObjectTag:
    tag, value = _tag(element), (element.get("value") or "").strip()
    if element.get("valueList"):
        raise ValueError(f"<{tag} valueList=…> shows several things in one task, which is not supported.")
    if not value:
        raise ValueError(f"A <{tag}> has no value: say which field it shows, such as value=“$field”.")
    if not value.startswith("$") and tag not in {"Text", "HyperText"}:
        raise ValueError(f"A <{tag}> shows a field of the task: its value begins with “$”, such as value=“$field”.")
    attrs = _read_attrs(element)
    attrs.pop("value", None)
    if tag == "TimeSeries":
        attrs["channels"] = [dict(child.attrib) for child in element if _tag(child) == "Channel"]
        if not attrs["channels"]:
            raise ValueError("A <TimeSeries> needs at least one <Channel column=“…”/>.")
        if any(not channel.get("column") for channel in attrs["channels"]):
            raise ValueError("A <Channel> of a <TimeSeries> has no column: say which one it draws.")
    if not value.startswith("$"):
        attrs["text"] = value
    return ObjectTag(element.get("name") or "", tag, value[1:] if value.startswith("$") else "", attrs, when)


def _read_attrs(element: Element) -> dict[str, Any]:
    """Attributes as a browser may see them: nothing that styles or runs."""
    kept = {k: v for k, v in element.attrib.items() if k not in DROPPED_ATTRS and not k.lower().startswith("on")}
    return {name: value for name, value in kept.items() if not name.startswith("when")}


def _walk_parts(element: Element, when: tuple[Condition, ...]) -> Iterator[tuple[Element, tuple[Condition, ...]]]:
    """Objects and controls with the conditions that they and the views around them have."""
    own = _read_condition(element)
    when = (*when, own) if own and own not in when else when
    if _tag(element) in CONTROLS or _tag(element) in OBJECTS:
        yield element, when
        return
    for child in element:
        yield from _walk_parts(child, when)


def _read_condition(element: Element) -> Condition | None:
    mode = element.get("visibleWhen")
    if not mode:
        return None
    if mode not in MODES:
        raise ValueError(f"visibleWhen=“{mode[:60]}” is not supported; it can be {', '.join(sorted(MODES))}.")
    values = element.get("whenChoiceValue") or element.get("whenLabelValue") or ""
    return Condition(element.get("whenTagName") or "", tuple(v.strip() for v in values.split(",") if v.strip()), mode)


def _read_filters(root: Element) -> dict[str, str]:
    """{control that is searched: what stands in its empty search box}."""
    filters = [element for element in _walk(root) if _tag(element) == "Filter"]
    return {one.get("toName") or "": one.get("placeholder") or "Find …" for one in filters}


def _read_shortcuts(element: Element) -> list[dict[str, str]]:
    """Words that a text takes by one click, or by a key while one types."""
    found = []
    for child in element:
        if _tag(child) == "Shortcut" and (text := child.get("value") or ""):
            found.append(
                {"text": text, "words": child.get("alias") or text, "key": (child.get("hotkey") or "").strip()}
            )
    return found


def _read_control(
    element: Element, when: tuple[Condition, ...], objects: tuple[ObjectTag, ...], filters: Mapping[str, str]
) -> Control:
    tag = _tag(element)
    rule = CONTROLS[tag]
    if tag == "Relations":
        labels = read_labels(element, tag)
        return Control("relations", tag, rule.type, (), multiple=True, labels=labels)
    name = element.get("name") or ""
    targets = _read_targets(element, tag, name, objects)
    per_region = _is_true(element, "perRegion")
    if per_region and not rule.can_be_per_region:
        raise ValueError(f"A <{tag}> cannot be asked per region.")
    if (element.get("value") or "").startswith("$") and rule.part:
        raise ValueError(f"“{name}” takes its labels from each task, which is not supported: list them in the tag.")
    if element.get("apiUrl"):
        raise ValueError(
            f"“{name}” takes its labels from another server, which is not supported: list them in the tag."
        )
    labels = read_labels(element, tag)
    attrs = _read_attrs(element)
    if name in filters and labels:
        attrs["filter"] = filters[name]
    if tag == "TextArea" and (shortcuts := _read_shortcuts(element)):
        attrs["shortcuts"] = shortcuts
    return Control(
        name=name,
        tag=tag,
        type=rule.type,
        to=targets,
        per_region=per_region,
        multiple=_is_multiple(element, tag),
        required=_is_true(element, "required"),
        nested=tag == "Taxonomy" or any(label.parent for label in labels),
        attrs=attrs,
        when=when,
        labels=labels,
    )


def _read_targets(element: Element, tag: str, name: str, objects: tuple[ObjectTag, ...]) -> tuple[str, ...]:
    by_name = {one.name: one for one in objects}
    targets = tuple(part.strip() for part in (element.get("toName") or "").split(",") if part.strip())
    if not targets:
        raise ValueError(f"The <{tag}> “{name}” does not say what it is about: give it toName=“…”.")
    for target in targets:
        if target not in by_name:
            raise ValueError(f"The <{tag}> “{name}” is about “{target[:60]}”, but nothing has that name.")
        if by_name[target].tag not in CONTROLS[tag].about:
            raise ValueError(f"A <{tag}> cannot be about a <{by_name[target].tag}>.")
    if (tag == "Pairwise") != (len(targets) == 2):
        wanted = "two objects, such as toName=“a,b”" if tag == "Pairwise" else "exactly one object"
        raise ValueError(f"A <{tag}> is about {wanted}.")
    return targets


def _is_true(element: Element, name: str) -> bool:
    return (element.get(name) or "").lower() == "true"


def _is_multiple(element: Element, tag: str) -> bool:
    if tag == "Taxonomy":
        return element.get("maxUsages") != "1"
    choice = element.get("choice", "single")
    if choice not in {"single", "single-radio", "multiple"}:
        raise ValueError(f"choice=“{choice[:60]}” is not possible; it can be single, single-radio or multiple.")
    return choice == "multiple"


def _check_conditions(objects: tuple[ObjectTag, ...], controls: tuple[Control, ...]) -> None:
    names = {control.name for control in controls}
    parts: list[ObjectTag | Control] = [*objects, *controls]
    for part in parts:
        for one in part.when:
            if one.control and one.control not in names:
                raise ValueError(f"“{part.name}” waits for “{one.control[:60]}”, but nothing has that name.")


def _check_per_region(controls: tuple[Control, ...]) -> None:
    drawn = {target for control in controls if CONTROLS[control.tag].draws for target in control.to}
    for control in controls:
        if control.per_region and not drawn & set(control.to):
            raise ValueError(f"“{control.name}” is asked per region, but nothing draws regions on “{control.to[0]}”.")


def _read_layout(element: Element) -> Iterator[dict[str, Any]]:
    """What stands where: `ref` names an object or a control, `text` is shown as it is."""
    for child in element:
        tag = _tag(child)
        if tag in IGNORED or tag in PARTS:
            continue
        if tag in OBJECTS or tag in CONTROLS:
            yield {"tag": tag, "ref": "relations" if tag == "Relations" else child.get("name"), "children": []}
            continue
        node: dict[str, Any] = {"tag": tag, "children": list(_read_layout(child))}
        text = child.get("value") or child.get("title") or ""
        if text.startswith("$"):
            node["field"] = text[1:]
        elif text:
            node["text"] = text
        if tag == "Filter":
            node["ref"] = child.get("toName") or ""
        condition = _read_condition(child)
        yield node | ({"when": [condition.to_json()]} if condition else {})


def _with_own_names(interface: Interface, main: Control | None) -> Interface:
    """The main control becomes `label`, its object `item`; whatever has these names takes the others in exchange."""
    if main is None:
        return interface
    controls = _trade(main.name, MAIN_CONTROL)
    objects = _trade(main.to[0], MAIN_OBJECT) if main.to else {}
    return Interface(
        objects=tuple(
            replace(one, name=objects.get(one.name, one.name), when=_rename_conditions(one.when, controls))
            for one in interface.objects
        ),
        controls=tuple(_rename_control(one, controls, objects) for one in interface.controls),
        layout=tuple(_rename_node(node, controls | objects) for node in interface.layout),
        main=MAIN_CONTROL,
        given_controls=controls,
        given_objects=objects,
    )


def _trade(given: str, own: str) -> dict[str, str]:
    return {} if given == own else {given: own, own: given}


def _rename_control(control: Control, controls: Mapping[str, str], objects: Mapping[str, str]) -> Control:
    return replace(
        control,
        name=controls.get(control.name, control.name),
        to=tuple(objects.get(name, name) for name in control.to),
        when=_rename_conditions(control.when, controls),
    )


def _rename_conditions(when: tuple[Condition, ...], controls: Mapping[str, str]) -> tuple[Condition, ...]:
    return tuple(replace(one, control=controls.get(one.control, one.control)) for one in when)


def _rename_node(node: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    changed = dict(node) | {"children": [_rename_node(child, names) for child in node["children"]]}
    if "ref" in changed:
        changed["ref"] = names.get(changed["ref"], changed["ref"])
    if "when" in changed:
        changed["when"] = [one | {"control": names.get(one["control"], one["control"])} for one in changed["when"]]
    return changed
