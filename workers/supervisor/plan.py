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
from workers.supervisor import openmp
from workers.supervisor.children import Child

_PYTHON = Path(sys.executable)
_WEB_THREADS = 16
_IO_JOBS = 4  # crawls and imports wait more than they compute
_HEAVY = ("worker-cpu", "worker-gpu")
_NICENESS = 10  # of all workers: an import or a training steps back for people's clicks


def build_commands(settings: Settings) -> dict[str, list[str]]:
    """Every kind of process with its command: `make run` and the containers start the same."""
    return {
        "web": web_command(settings),
        "serving": [str(_PYTHON), "-m", "workers.serving"],
        "worker-io": worker_command("io", _IO_JOBS),
        "worker-cpu": worker_command("cpu", settings.worker_concurrency),
        "worker-gpu": worker_command("gpu", 1),
        "beat": beat_command(),
    }


def build_environ(name: str, settings: Settings) -> dict[str, str]:
    """What a process gets unless the operator says otherwise: each heavy job its share of the cores. More threads than
    cores do not only slow each other down, they spin while they wait: a training took five times as long."""
    if name not in _HEAVY:
        return {}
    return {"OMP_NUM_THREADS": str(max(1, (os.cpu_count() or 1) // settings.worker_concurrency))}


def build_children(settings: Settings, environ: Mapping[str, str]) -> list[Child]:
    """Web comes first, so that on a small machine it gets the processor before the others."""
    probes = {"web": _answers(web_probe(settings)), "serving": _answers(serving_probe(settings))}
    probes["beat"] = _says("beat: Starting")
    return [
        Child(
            name=name,
            command=command,
            environ={**build_environ(name, settings), **environ},
            log_path=Path(settings.home) / "log" / f"{name}.log",
            cwd=ROOT,
            is_ready=probes.get(name, _says(" ready.")),
            niceness=_NICENESS if name.startswith("worker-") else 0,
        )
        for name, command in build_commands(settings).items()
        if name != "worker-gpu" or has_gpu()
    ]


def web_command(settings: Settings) -> list[str]:
    granian = [str(_PYTHON.with_name("granian")), "--interface", "wsgi", "--no-ws", "--respawn-failed-workers"]
    listen = ["--host", settings.host, "--port", str(settings.port)]
    size = ["--workers", str(settings.web_workers), "--blocking-threads", str(_WEB_THREADS)]
    return [*granian, *listen, *size, "--workers-kill-timeout", "5", "webapp.wsgi:application"]


def worker_command(queue: str, concurrency: int) -> list[str]:
    celery = [str(_PYTHON.with_name("celery")), "--quiet", "--app", "workers.celery", "worker"]
    return [*celery, "--queues", queue, "--hostname", f"{queue}@%h", "--concurrency", str(concurrency), "-l", "INFO"]


def beat_command() -> list[str]:
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
    libraries = openmp.find_library_path(Path(settings.home) / "run" / "lib", os.environ)
    return {**os.environ, **libraries, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT), **settled}


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
