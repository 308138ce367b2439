"""The real supervisor and embedded servers, with small programs in place of web, worker and the rest."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from lifecycle.contracts.settings import ROOT, Settings, load_settings
from workers.supervisor import plan, supervisor
from workers.supervisor.__main__ import supervise
from workers.supervisor.children import Child

_SLEEPER = "import subprocess, sys; print('up', flush=True); subprocess.run(['sleep', '600'])"
_CRASHER = "import sys; print('up', flush=True); print('the reason is here', flush=True); sys.exit(3)"
_CHATTER = """
import time
print("up")
for number in range(600):
    print(f"12:00:{number} ERROR it hurts here", flush=True)
    time.sleep(0.05)
"""


def build_children(settings: Settings, environ: Mapping[str, str]) -> list[Child]:
    web = [sys.executable, "-m", "http.server", str(settings.port), "--bind", settings.host]
    commands = {"web": web, "worker": [sys.executable, "-c", _SLEEPER]}
    if "--crash" in sys.argv:
        commands["chatter"] = [sys.executable, "-c", _CHATTER]
        commands["crasher"] = [sys.executable, "-c", _CRASHER]
    logs = Path(settings.home) / "log"
    probes = {"web": plan._answers(plan.web_probe(settings))}
    says_up = plan._says("up")
    return [
        Child(name, command, environ, logs / f"{name}.log", ROOT, probes.get(name, says_up))
        for name, command in commands.items()
    ]


def run_django(*arguments: str, environ: Mapping[str, str]) -> str:
    return "password: once" if arguments[0] == "createadmin" else ""


if __name__ == "__main__":
    load_settings()  # fails early on a wrong environment
    plan.build_children = build_children
    supervisor.run_django = run_django
    supervise()
