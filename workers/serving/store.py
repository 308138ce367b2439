"""The only file of the inference server that knows tables; tests hold its columns against Django's models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from lifecycle.contracts.serving import CHANNEL, Target

# {table: columns} that the statements below use.
TABLES = {
    "deployments_deployment": ("id", "slug", "state", "project_id", "current_release_id", "max_queue", "logs_inputs"),
    "deployments_release": ("id", "number", "targets", "loaded_at", "load_error", "deployment_id"),
    "deployments_deploymentkey": ("deployment_id", "token_hash", "revoked_at"),
    "deployments_prediction": (
        "request_id",
        "deployment_id",
        "release_id",
        "model_version_id",
        "at",
        "door",
        "status",
        "latency_ms",
        "input",
        "features",
        "output",
    ),
    "accounts_apitoken": ("user_id", "scope", "token_hash", "expires_at", "revoked_at", "last_used_at"),
    "accounts_user": ("id", "is_active", "is_superuser"),
    "projects_membership": ("project_id", "user_id"),
}

LIST_DEPLOYMENTS = """
    SELECT d.id, d.slug, d.project_id, d.state = 'active', d.max_queue, d.logs_inputs, r.id, r.number, r.targets,
           b.id, b.number, b.targets
    FROM deployments_deployment d
    LEFT JOIN deployments_release r ON r.id = d.current_release_id
    LEFT JOIN LATERAL (
        SELECT id, number, targets FROM deployments_release
        WHERE deployment_id = d.id AND number < r.number AND loaded_at IS NOT NULL ORDER BY number DESC LIMIT 1
    ) b ON true
"""
FIND_CALLER = """
    SELECT t.scope, u.is_superuser, array(SELECT m.project_id FROM projects_membership m WHERE m.user_id = u.id)
    FROM accounts_apitoken t JOIN accounts_user u ON u.id = t.user_id
    WHERE t.token_hash = %s AND u.is_active AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
"""
NOTE_USE = """
    UPDATE accounts_apitoken SET last_used_at = now()
    WHERE token_hash = %s AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
"""
FIND_KEY = "SELECT deployment_id FROM deployments_deploymentkey WHERE token_hash = %s AND revoked_at IS NULL"
MARK_LOADED = """
    UPDATE deployments_release SET loaded_at = coalesce(loaded_at, now()), load_error = ''
    WHERE id = %s AND (loaded_at IS NULL OR load_error <> '')
"""
MARK_FAILED = "UPDATE deployments_release SET load_error = %s WHERE id = %s AND load_error <> %s"

_COLUMNS = ", ".join(TABLES["deployments_prediction"])
_STAGE = "CREATE TEMP TABLE IF NOT EXISTS staged_prediction (LIKE deployments_prediction) ON COMMIT DELETE ROWS"
_UNBIND = "ALTER TABLE staged_prediction ALTER COLUMN id DROP NOT NULL"
_COPY = f"COPY staged_prediction ({_COLUMNS}) FROM STDIN"
_MOVE = f"""
    INSERT INTO deployments_prediction ({_COLUMNS}) SELECT {_COLUMNS} FROM staged_prediction
    ON CONFLICT (request_id) DO NOTHING
"""


@dataclass(frozen=True)
class ReleaseRow:
    """A release as the services wrote it."""

    id: int
    number: int
    targets: Sequence[dict[str, Any]]

    def parse_targets(self) -> tuple[Target, ...]:
        """Raises KeyError or TypeError for targets that no service wrote."""
        return tuple(Target.from_json(raw) for raw in self.targets)


@dataclass(frozen=True)
class DeploymentRow:
    """A deployment, its current release, and the one before it that answered: for when the current one cannot."""

    id: int
    slug: str
    project_id: int
    is_active: bool
    max_queue: int
    logs_inputs: bool
    release: ReleaseRow | None
    release_before: ReleaseRow | None


@dataclass(frozen=True)
class Caller:
    """Who sent a token: a person with the projects they are in, or the holder of one deployment's key."""

    scope: str = ""
    is_superuser: bool = False
    project_ids: frozenset[int] = frozenset()
    deployment_id: int | None = None


def connect(database_url: str) -> psycopg.Connection:
    """An autocommit connection that notices within seconds when the server is gone."""
    return psycopg.connect(
        database_url.replace("postgres://", "postgresql://", 1),
        autocommit=True,
        connect_timeout=5,
        application_name="gristmill-serving",
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=2,
    )


def list_deployments(connection: psycopg.Connection) -> list[DeploymentRow]:
    return [
        DeploymentRow(*(*row[:6], _build_release(row[6:9]), _build_release(row[9:12])))
        for row in connection.execute(LIST_DEPLOYMENTS)
    ]


def _build_release(columns: Sequence[Any]) -> ReleaseRow | None:
    return ReleaseRow(*columns) if columns[0] is not None else None


def listen(connection: psycopg.Connection) -> None:
    """From now on `connection.notifies` tells of changes."""
    connection.execute(f"LISTEN {CHANNEL}")


def find_caller(connection: psycopg.Connection, token_hash: str) -> Caller | None:
    """Whose token this is; None when it is unknown, revoked or expired. That it was used is noted once a minute."""
    row = connection.execute(FIND_CALLER, (token_hash,)).fetchone()
    if row is not None:
        connection.execute(NOTE_USE, (token_hash,))
        return Caller(scope=row[0], is_superuser=row[1], project_ids=frozenset(row[2]))
    row = connection.execute(FIND_KEY, (token_hash,)).fetchone()
    return Caller(scope="predict", deployment_id=row[0]) if row is not None else None


def mark_loaded(connection: psycopg.Connection, release_id: int) -> None:
    connection.execute(MARK_LOADED, (release_id,))


def mark_failed(connection: psycopg.Connection, release_id: int, reason: str) -> None:
    connection.execute(MARK_FAILED, (reason, release_id, reason))


def insert_predictions(connection: psycopg.Connection, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows (in the order of TABLES) in bulk; what is there already stays as it is."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL client_min_messages = warning")
        cursor.execute(_STAGE)
        cursor.execute(_UNBIND)
        with cursor.copy(_COPY) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(_MOVE)
