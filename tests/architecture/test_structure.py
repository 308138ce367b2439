"""The architecture holds: imports, foreign keys, who writes rows, who publishes jobs, what the web process loads."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
ROOMS = [  # upper rooms first, as in pyproject.toml's contract
    "pipelines",
    "exploration",
    "embeddings",
    "monitoring",
    "deployments",
    "registry",
    "evaluations",
    "experiments",
    "annotations",
    "crawls",
    "sources",
    "datasets",
    "jobs",
    "projects",
    "accounts",
]
SURE_WRITES = {"bulk_create", "bulk_update", "get_or_create", "update_or_create", "select_for_update"}
MANAGER_WRITES = {"create", "update", "delete", "save"}
PUBLISHING = {"delay", "apply_async", "send_task"}


def modules_of(folder: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def calls_of(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.Attribute]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, node.func


def test_imports_keep_the_contracts():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)

    assert done.returncode == 0, done.stdout


def test_every_room_is_placed():
    found = {config.label for config in apps.get_app_configs() if config.name.startswith("lifecycle.")}

    assert found == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_foreign_keys_point_down_or_stay_in_the_room(room):
    below = {*ROOMS[ROOMS.index(room) :], "auth", "contenttypes", "sessions"}
    wrong = [
        f"{model.__name__}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_app_config(room).get_models()
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and field.related_model._meta.app_label not in below
    ]

    assert not wrong


def is_row_write(call: ast.Call, function: ast.Attribute) -> bool:
    """A queryset's or an instance's write; `services.create(…)` of a module and a dict's `update` are none."""
    receiver = ast.unparse(function.value)
    if function.attr in SURE_WRITES:
        return True
    if function.attr not in MANAGER_WRITES:
        return False
    is_queryset = any(mark in receiver for mark in (".objects", ".filter(", ".exclude(", ".all(", "_set."))
    is_related = function.attr in ("create", "delete") and isinstance(function.value, ast.Attribute)
    is_instance = function.attr == "save" and not call.args
    return is_queryset or (is_related and receiver.split(".")[0] not in ("self", "request")) or is_instance


def test_nothing_in_webapp_writes_rows():
    wrong = [
        f"{path}:{call.lineno} {ast.unparse(function)}"
        for path, tree in modules_of("webapp")
        for call, function in calls_of(tree)
        if is_row_write(call, function)
    ]

    assert not wrong, "a view calls a service that writes:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("code", "is_write"),
    [
        ("Item.objects.create(a=1)", True),
        ("project.milestones.create(title='x')", True),
        ("Item.objects.filter(a=1).update(b=2)", True),
        ("item.save()", True),
        ("Item.objects.get_or_create(a=1)", True),
        ("services.create(project=1)", False),
        ("context.update(a=1)", False),
        ("cache.delete('key')", False),
        ("client.patch.delete('url')", True),
        ("image.save(buffer, 'png')", False),
    ],
)
def test_the_check_tells_writes_from_other_calls(code, is_write):
    call, function = next(calls_of(ast.parse(code)))

    assert is_row_write(call, function) is is_write


def test_only_the_publisher_sends_messages():
    wrong = [
        f"{path}:{call.lineno} {ast.unparse(function)}"
        for folder in ("lifecycle", "webapp", "workers")
        for path, tree in modules_of(folder)
        for call, function in calls_of(tree)
        if function.attr in PUBLISHING and path != "workers/celery.py"
    ]

    assert not wrong, "publish through lifecycle.jobs.services.enqueue:\n" + "\n".join(wrong)


def test_a_crawlers_process_loads_nothing_that_it_does_not_fetch_with():
    """It starts anew with each crawl and after each page that kills it."""
    code = """
import sys
from workers.engines.crawl import child, guard, spider
heavy = {"pyarrow", "duckdb", "pandas", "sqlalchemy", "django", "trafilatura", "torch", "onnxruntime", "sklearn"}
print(" ".join(sorted(heavy & set(sys.modules))))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=110)

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_the_web_process_loads_no_learning_library():
    code = """
import sys, webapp.wsgi
from django.urls import get_resolver
from webapp import access
get_resolver().url_patterns, access.load_roles()
heavy = {"torch", "onnxruntime", "transformers", "lightgbm", "sklearn", "label_studio_sdk", "plotly"}
print(" ".join(sorted(heavy & set(sys.modules))))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=110)

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_workers_and_web_settings_name_the_same_kinds():
    from lifecycle.contracts.jobs import JOB_QUEUES, QUEUES

    tasks = {path.stem for path in (ROOT / "workers" / "tasks").glob("*.py")}
    assert set(JOB_QUEUES.values()) <= set(QUEUES)
    assert set(JOB_QUEUES) <= {name for name in _declared_kinds()}, tasks


def _declared_kinds() -> Iterator[str]:
    """The first argument of every @job_task("kind", …) in workers/tasks."""
    for _, tree in modules_of("workers/tasks"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "job_task":
                yield ast.literal_eval(node.args[0])
