"""Which processes one machine runs, with which commands and environment."""

from __future__ import annotations

import os
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

from lifecycle.contracts.settings import ROOT, Settings
from workers.supervisor.children import Child

_PYTHON = Path(sys.executable)
_WEB_THREADS = 16


def build_children(settings: Settings, environ: Mapping[str, str]) -> list[Child]:
    """Web comes first, so that on a small machine it gets the processor before the others."""
    logs = Path(settings.home) / "log"
    children = [
        Child("web", web_command(settings), environ, logs / "web.log", ROOT, _answers(web_probe(settings))),
        Child("serving", serving_command(), environ, logs / "serving.log", ROOT, _answers(serving_probe(settings))),
        _worker("io", 4, settings, environ),
        _worker("cpu", settings.worker_concurrency, settings, environ),
        Child("beat", beat_command(settings), environ, logs / "beat.log", ROOT, _says("beat: Starting")),
    ]
    if has_gpu():
        children.insert(4, _worker("gpu", 1, settings, environ))
    return children


def web_command(settings: Settings) -> list[str]:
    granian = [str(_PYTHON.with_name("granian")), "--interface", "wsgi", "--no-ws", "--respawn-failed-workers"]
    listen = ["--host", settings.host, "--port", str(settings.port)]
    size = ["--workers", str(settings.web_workers), "--blocking-threads", str(_WEB_THREADS)]
    return [*granian, *listen, *size, "--workers-kill-timeout", "5", "webapp.wsgi:application"]


def serving_command() -> list[str]:
    return [str(_PYTHON), "-m", "workers.serving"]


def worker_command(queue: str, concurrency: int) -> list[str]:
    celery = [str(_PYTHON.with_name("celery")), "--quiet", "--app", "workers.celery", "worker"]
    return [*celery, "--queues", queue, "--hostname", f"{queue}@%h", "--concurrency", str(concurrency), "-l", "INFO"]


def beat_command(settings: Settings) -> list[str]:
    celery = [str(_PYTHON.with_name("celery")), "--quiet", "--app", "workers.celery", "beat", "-l", "INFO"]
    scheduler = "django_celery_beat.schedulers:DatabaseScheduler"
    return [*celery, "--scheduler", scheduler, "--pidfile", ""]


def web_probe(settings: Settings) -> str:
    return f"http://{_reachable(settings)}:{settings.port}/healthz"


def serving_probe(settings: Settings) -> str:
    return f"http://{_reachable(settings)}:{settings.serving_port}/healthz"


def has_gpu() -> bool:
    """Whether an NVIDIA driver is loaded; asking torch would cost seconds."""
    return Path("/proc/driver/nvidia/version").exists() or shutil.which("nvidia-smi") is not None


def child_environ(settings: Settings, addresses: Mapping[str, str]) -> dict[str, str]:
    """This environment plus what the supervisor settled; unbuffered, so that logs are live."""
    settled = {"GRISTMILL_HOME": settings.home, "DJANGO_SETTINGS_MODULE": "webapp.settings", **addresses}
    return {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT), **settled}


def _worker(queue: str, concurrency: int, settings: Settings, environ: Mapping[str, str]) -> Child:
    name = f"worker-{queue}"
    log_path = Path(settings.home) / "log" / f"{name}.log"
    # heavy jobs step back for people's clicks
    niceness = 0 if queue == "io" else 5
    command = worker_command(queue, concurrency)
    return Child(name, command, environ, log_path, ROOT, _says(" ready."), niceness, stop_grace_seconds=15)


def _reachable(settings: Settings) -> str:
    host = settings.host
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _answers(url: str) -> Callable[[Child], bool]:
    """Any HTTP answer counts: 503 means that it runs and says what is missing."""

    def probe(_: Child) -> bool:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    return probe


def _says(text: str) -> Callable[[Child], bool]:
    return lambda child: any(text in line for line in child.last_lines)
