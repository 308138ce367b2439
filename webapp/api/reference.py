"""The API as a page: the OpenAPI document, room by room, with the role each call asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.shortcuts import render
from django.urls import URLPattern, get_resolver
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from webapp import access

METHODS = ("get", "post", "put", "patch", "delete")
NO_ROOM = "site"


@require_safe
def show(request):
    return render(request, "accounts/api_reference.html", {"rooms": list(build_rooms().items())})


@cache
def build_rooms() -> dict[str, list[dict[str, Any]]]:
    """{room: its operations in the order of the paths}; made once per process, as the code does not change under it."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    roles = {
        (path, method): role
        for path, name in list_api_paths()
        for method, role in access.load_roles().get(name, {}).items()
    }
    rooms: dict[str, list[dict[str, Any]]] = {}
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods:
                operation = _describe(schema, path, method, methods[method])
                operation["role"] = roles.get((path, method.upper()), "")
                rooms.setdefault(operation["room"], []).append(operation)
    return dict(sorted(rooms.items()))


def list_api_paths() -> Iterator[tuple[str, str]]:
    """(path as OpenAPI writes it, view name) of every URL below /api/v1/."""
    for resolver in get_resolver().url_patterns:
        if isinstance(resolver, URLPattern) or not str(resolver.pattern).startswith("api/v1/"):
            continue
        for pattern in resolver.url_patterns:
            assert isinstance(pattern, URLPattern)
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/{resolver.pattern}{pattern.pattern}")
            yield path, f"{resolver.namespace}:{pattern.name}"


def _describe(schema: dict, path: str, method: str, operation: dict) -> dict[str, Any]:
    text = operation.get("description") or operation.get("summary") or ""
    parameters = [
        {
            "name": parameter["name"],
            "type": _name_type(parameter.get("schema", {})),
            "is_required": parameter.get("required", False),
            "text": parameter.get("description", ""),
        }
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query"
    ]
    status, answer = next(iter(operation.get("responses", {}).items()), ("", {}))
    return {
        "id": operation["operationId"],
        "room": next(iter(operation.get("tags", [])), NO_ROOM),
        "method": method.upper(),
        "path": path,
        "text": text,
        "summary": text.split("\n")[0],
        "parameters": parameters,
        "body": _list_fields(schema, _find_schema(operation.get("requestBody", {}))),
        "status": status,
        "answer": _list_fields(schema, _find_schema(answer)),
    }


def _find_schema(holder: dict) -> dict:
    content: dict[str, dict] = holder.get("content", {})
    return next((media.get("schema", {}) for media in content.values()), {})


def _list_fields(schema: dict, node: dict) -> list[dict[str, Any]]:
    """The fields of an object; those of one row where it is a page or a list of rows."""
    node = _resolve(schema, node)
    if "results" in node.get("properties", {}):
        node = _resolve(schema, node["properties"]["results"])
    if node.get("type") == "array":
        node = _resolve(schema, node.get("items", {}))
    required = node.get("required", [])
    return [
        {
            "name": name,
            "type": _name_type(field),
            "is_required": name in required,
            "text": field.get("description", ""),
        }
        for name, field in node.get("properties", {}).items()
    ]


def _resolve(schema: dict, node: dict) -> dict:
    while "$ref" in node:
        node = schema["components"]["schemas"][node["$ref"].rsplit("/", 1)[-1]]
    return node


def _name_type(field: dict) -> str:
    if "$ref" in field:
        return field["$ref"].rsplit("/", 1)[-1]
    for key in ("oneOf", "anyOf", "allOf"):
        if key in field:
            return " or ".join(dict.fromkeys(_name_type(option) for option in field[key]))
    if "enum" in field:
        return " | ".join(str(value) for value in field["enum"])
    if field.get("type") == "array":
        return f"list of {_name_type(field.get('items', {}))}"
    kind = field.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(field.get("format", kind))
