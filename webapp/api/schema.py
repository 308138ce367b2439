"""What every operation of the OpenAPI document has in common: its name, problems, idempotency, the room as its tag."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema as BaseAutoSchema

PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem document",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "a sentence for people"},
        "code": {"type": "string", "description": "stable, for programs"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "Sent twice with the same key within a day, the write has one effect and one answer.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
WRITES = ("post", "put", "patch", "delete")
VERBS = {"GET": "get", "POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}


class AutoSchema(BaseAutoSchema):
    """Names operations by their path, so that two never share a name: get_projects_items, get_projects_items_one."""

    def get_operation_id(self) -> str:
        parts = [part for part in self.path.removeprefix("/api/v1/").split("/") if part]
        words = [part.replace("-", "_") for part in parts if not part.startswith("{")]
        if parts and parts[-1].startswith("{"):
            words.append("one")
        return "_".join([VERBS.get(self.method, self.method.lower()), *words])


def add_common_parts(result: dict[str, Any], generator, request, public) -> dict[str, Any]:
    """A drf-spectacular postprocessing hook."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    for path, operations in result.get("paths", {}).items():
        for method, operation in operations.items():
            operation["tags"] = [_find_room(path)]
            operation["responses"]["default"] = {
                "description": "What went wrong",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
            if method in WRITES:
                operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    return result


def _find_room(path: str) -> str:
    """The room of a path: what stands after the project, or first."""
    parts = [part for part in path.removeprefix("/api/v1/").split("/") if part and not part.startswith("{")]
    return parts[1] if parts[0] == "projects" and len(parts) > 1 else parts[0]
