"""Start everything in order, watch it, restart what crashes, stop everything in the opposite order."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TextIO

from lifecycle.contracts.settings import ROOT, Settings
from workers.supervisor import plan, preflight, spawn
from workers.supervisor.children import Child, State
from workers.supervisor.embedded import EmbeddedPostgres, EmbeddedRedis, EmbeddedServer, EmbeddedServerError

_TICK_SECONDS = 0.1
_ALARMING = ("ERROR", "CRITICAL", "Error:")
_REPEAT_SECONDS = 60.0
_CRASH_LINES = 12
_HEAD_START_SECONDS = 8.0
_PATIENCE_SECONDS = 60  # a command waits so long for every process, then it goes ahead


class AlreadyRunning(RuntimeError):
    """Another supervisor holds this home folder; the message gives its address."""


class CommandFailed(RuntimeError):
    """A set-up command of Django's (migrate, createadmin) failed; the message holds its output."""


class Supervisor:
    def __init__(self, settings: Settings, console: TextIO = sys.stdout) -> None:
        self.settings = settings
        self.console = console
        self.home = Path(settings.home)
        self.run_dir = self.home / "run"
        self.servers: list[EmbeddedServer] = []
        self.children: list[Child] = []
        self._began_at = time.monotonic()
        self._stop_asked = False
        self._announced = False
        self._shown_at: dict[str, float] = {}
        self._head_start_until = 0.0
        self._environ: dict[str, str] = {}

    def run(self) -> None:
        """Blocks until SIGINT, SIGTERM or SIGHUP."""
        with self._everything():
            self._watch()

    def run_with(self, command: Sequence[str], *, servers_only: bool = False) -> int:
        """Run one command while everything (or the databases alone) is up; returns its exit code."""
        with self._everything(servers_only=servers_only):
            patience = time.monotonic() + _PATIENCE_SECONDS
            self._watch(until=lambda: self._all_run() or time.monotonic() > patience)
            process = subprocess.Popen(command, env=self._environ, cwd=ROOT)
            self._watch(until=lambda: process.poll() is not None)
            if process.poll() is None:
                process.terminate()
            return process.wait()

    def _all_run(self) -> bool:
        return all(child.state is State.RUNNING for child in self.children)

    @contextmanager
    def _everything(self, *, servers_only: bool = False) -> Iterator[None]:
        preflight.check_home(self.home)
        with self._only_one():
            end_leftovers(self.run_dir / "processes.json")
            if not servers_only:
                preflight.check_ports(self.settings)
            with self._signals_noted():
                try:
                    self._start(servers_only)
                    yield
                finally:
                    self._stop()

    def _start(self, servers_only: bool) -> None:
        addresses = self._start_servers()
        self._write("env.json", addresses)
        self._environ = plan.child_environ(self.settings, addresses)
        if servers_only or self._stop_asked:
            return
        self._migrate(self._environ)
        self.children = plan.build_children(self.settings, self._environ)
        self._head_start_until = time.monotonic() + _HEAD_START_SECONDS
        self.children[0].start()
        self._note_processes()

    def _start_servers(self) -> dict[str, str]:
        """The embedded servers that no setting replaces, both at once; returns their URLs."""
        logs = self.home / "log"
        servers: dict[str, EmbeddedServer] = {
            "DATABASE_URL": EmbeddedPostgres(self.home / "postgres", log_path=logs / "postgres.log"),
            "REDIS_URL": EmbeddedRedis(self.home / "redis", log_path=logs / "redis.log"),
        }
        wanted = {name: servers[name] for name in self.settings.embedded}
        for server in wanted.values():
            self.servers.append(server)
            server.launch()
        return {name: server.wait_until_ready() for name, server in wanted.items()}

    def _migrate(self, environ: dict[str, str]) -> None:
        """Skipped where the embedded database already has these migrations; a foreign one is always asked."""
        postgres = next((server for server in self.servers if isinstance(server, EmbeddedPostgres)), None)
        stamp = self.run_dir / "migrated"
        fingerprint = f"{migrations_fingerprint()} {postgres.system_identifier}" if postgres else ""
        if fingerprint and stamp.exists() and stamp.read_text() == fingerprint:
            return
        self._say("Preparing the database")
        run_django("migrate", "--no-input", "--verbosity", "0", environ=environ)
        created = run_django("createadmin", environ=environ)
        if created:
            self._say(created)
        stamp.write_text(fingerprint)

    def _watch(self, until: Callable[[], bool] = lambda: False) -> None:
        while not self._stop_asked and not until():
            changed = self._start_others()
            for child in self.children:
                self._echo(child)
                changed |= self._look_after(child)
            for server in self.servers:
                changed |= self._revive(server)
            if changed:
                self._report()
            time.sleep(_TICK_SECONDS)

    def _start_others(self) -> bool:
        """The first child is what people wait for: the rest starts when it answers, or takes too long."""
        waiting = [child for child in self.children if child.state is State.WAITING]
        has_head_start = time.monotonic() < self._head_start_until and self.children[0].state is State.STARTING
        if not waiting or has_head_start:
            return False
        for child in waiting:
            child.start()
        self._note_processes()
        return True

    def _look_after(self, child: Child) -> bool:
        changed = child.check()
        if changed and child.state is State.CRASHED:
            self._explain_crash(child)
        if child.is_due:
            child.start()
            self._note_processes()
            changed = True
        return changed

    def _revive(self, server: EmbeddedServer) -> bool:
        if server.is_running:
            return False
        self._say(f"{server.name} ended unexpectedly; starting it again. The end of its log:\n{server.log_tail(5)}")
        try:
            server.start()
        except EmbeddedServerError as error:
            self._say(str(error))
            time.sleep(2)
        self._note_processes()
        return True

    def _stop(self) -> None:
        """Children first, all at once, so that their last writes find the servers; then Redis, then Postgres."""
        if self.children or self.servers:
            self._say("Stopping")
        for child in self.children:
            child.ask_to_stop()
        now = time.monotonic()
        for child in self.children:
            child.end(now + child.stop_grace_seconds)
        for server in reversed(self.servers):
            server.stop()
        for name in ("env.json", "processes.json"):
            (self.run_dir / name).unlink(missing_ok=True)
        self._say("Stopped")

    def _echo(self, child: Child) -> None:
        """Everything is in the log file; the console shows what may need a person, and that once a minute."""
        for line in child.read_output():
            if any(sign in line for sign in _ALARMING) and self._is_news(f"{child.name} {line}"):
                self._say(f"{child.name:<10} | {line}")

    def _is_news(self, line: str) -> bool:
        """Whether no line like this, numbers apart, was shown within the last minute."""
        now = time.monotonic()
        self._shown_at = {text: at for text, at in self._shown_at.items() if now - at < _REPEAT_SECONDS}
        pattern = re.sub(r"\d+", "#", line)
        is_news = pattern not in self._shown_at
        self._shown_at.setdefault(pattern, now)
        return is_news

    def _explain_crash(self, child: Child) -> None:
        wait = max(0.0, child.next_start_at - time.monotonic())
        self._say(f"{child.name} ended ({child.describe_exit()}); next start in {wait:.0f} s. Log: {child.log_path}")
        if child.crashes_in_a_row in (1, 5):
            tail = list(child.last_lines)[-_CRASH_LINES:]
            self._say("\n".join(f"{child.name:<10} | {line}" for line in tail))
        if child.crashes_in_a_row == 5:
            self._say(f"{child.name} keeps ending. It is tried again every 30 s; the lines above are its last words.")

    def _report(self) -> None:
        web = self.children[0]
        if not self._announced and web.state is State.RUNNING:
            self._announced = True
            self._say(f"Gristmill is at {self.settings.url}  (after {time.monotonic() - self._began_at:.1f} s)")
        states = [f"{child.name} {child.state.value}" for child in self.children]
        states += [f"{server.name} {'running' if server.is_running else 'down'}" for server in self.servers]
        self._say(" · ".join(states))

    def _say(self, text: str) -> None:
        for line in text.splitlines():
            print(f"{time.strftime('%H:%M:%S')}  {line}", file=self.console, flush=True)

    def _write(self, name: str, content: object) -> None:
        fresh = self.run_dir / f"{name}.new"
        fresh.write_text(json.dumps(content, indent=1))
        fresh.replace(self.run_dir / name)

    def _note_processes(self) -> None:
        """For the next start, should this process be killed where the kernel cannot end its children for it."""
        running = [child.process.pid for child in self.children if child.process]
        self._write("processes.json", {pid: spawn.command_of(pid) for pid in running})

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        self.run_dir.mkdir(parents=True, exist_ok=True)
        (self.home / "log").mkdir(exist_ok=True)
        with (self.run_dir / "supervisor.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise AlreadyRunning(f"Gristmill is already running: {lock.read().strip()}") from None
            lock.truncate(0)
            lock.write(f"{self.settings.url} (process {os.getpid()}; stop it with Ctrl-C there or kill {os.getpid()})")
            lock.flush()
            yield

    @contextmanager
    def _signals_noted(self) -> Iterator[None]:
        def note(_number: int, _frame: FrameType | None) -> None:
            self._stop_asked = True

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, note)
        yield


def is_running(settings: Settings) -> bool:
    """Whether another supervisor holds this home folder."""
    lock = Path(settings.home) / "run" / "supervisor.lock"
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def run_django(*arguments: str, environ: dict[str, str]) -> str:
    """A manage.py command's output; its failure in a sentence and its last lines."""
    outcome = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=environ,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        check=False,
    )
    if outcome.returncode:
        tail = "\n".join(outcome.stdout.strip().splitlines()[-_CRASH_LINES:])
        raise CommandFailed(f"manage.py {arguments[0]} failed:\n{tail}")
    return outcome.stdout.strip()


def migrations_fingerprint() -> str:
    """Of our migrations' content and of the lock file, which stands for those of other packages."""
    files = [ROOT / "requirements.lock", *sorted(ROOT.glob("lifecycle/*/migrations/*.py"))]
    digest = hashlib.sha256()
    for path in files:
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


def end_leftovers(processes: Path) -> None:
    """End the children of a supervisor that was killed, and what these had started in their process groups.

    A number that now stands for another program is left alone; one whose leader is gone still names its group.
    """
    with suppress(FileNotFoundError, json.JSONDecodeError):
        for number, command in json.loads(processes.read_text()).items():
            pid = int(number)
            running = spawn.command_of(pid)
            if running == command:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
                spawn.wait_until_dead(pid, 5)
            if running in ("", command):
                spawn.kill_group(pid)
