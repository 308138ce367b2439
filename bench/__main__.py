"""Run every benchmark (or those named) and write bench/RESULTS.md: `python -m bench [name …]`; `labelling:1000000`
runs one with another size.

A benchmark is a module of this package that prints one JSON object a line: what was measured, the figure, the raw limit
taken in the same run, and their ratio. It runs in a process of its own.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
HEAD = "# Results\n"


def list_names() -> list[str]:
    """The modules of this package that are benchmarks: those with a `main`."""
    files = sorted(HERE.glob("*.py"))
    return [f.stem for f in files if not f.stem.startswith("_") and "\ndef main(" in f.read_text()]


def run(name: str) -> list[dict]:
    """The JSON lines that one benchmark printed. Raises CalledProcessError when it failed."""
    module, *sizes = name.split(":")
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{module}", *sizes], stdout=subprocess.PIPE, text=True, check=True
    )
    rows = []
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            rows.append(json.loads(line))
    return rows


def render(name: str, rows: list[dict], seconds: float) -> str:
    """A Markdown section: a row per JSON line, a table for each run of lines that say the same things."""
    module, *sizes = name.split(":")
    command = " ".join([f"python -m bench.{module}", *sizes])
    lines = [f"## {module}", "", f"`{command}`, {describe_machine()}, {seconds:.0f} s."]
    for columns, alike in itertools.groupby(rows, key=_order):
        lines += ["", "| " + " | ".join(columns) + " |", "| " + " | ".join("---" for _ in columns) + " |"]
        lines += ["| " + " | ".join(_cell(row[column]) for column in columns) + " |" for row in alike]
    return "\n".join(lines) + "\n"


def _order(row: dict) -> tuple[str, ...]:
    """The columns of a line, what was measured first."""
    return tuple(sorted(row, key=lambda column: column != "what"))


def describe_machine() -> str:
    """Cores and Python, as far as a figure depends on them."""
    return f"{os.cpu_count()} cores, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}"


def _cell(value) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return "" if value is None else str(value).replace("|", "/")


def read_sections(text: str) -> dict[str, str]:
    """The sections of an earlier RESULTS.md by name, so that running one benchmark keeps the others."""
    parts = text.split("\n## ")[1:]
    return {part.split("\n", 1)[0].strip(): "## " + part.strip() + "\n" for part in parts}


def write(sections: dict[str, str]) -> None:
    intro = (
        f"{HEAD}\nMade by `make bench`. Read the ratios: each raw limit was taken in the same run; the\n"
        "load generator shares the cores with what it measures.\n\n"
    )
    RESULTS.write_text(intro + "\n".join(sections[name] for name in sorted(sections)))


def _measure(name: str, start: float) -> str:
    rows = run(name)
    return render(name, rows, time.monotonic() - start)


def main(names: list[str]) -> int:
    sections = read_sections(RESULTS.read_text()) if RESULTS.exists() else {}
    failed = []
    for name in names or list_names():
        print(f"bench.{name} …", file=sys.stderr, flush=True)
        start = time.monotonic()
        try:
            sections[name.split(":")[0]] = _measure(name, start)
        except subprocess.CalledProcessError as error:
            failed.append(name)
            print(f"bench.{name} failed with status {error.returncode}", file=sys.stderr)
        write(sections)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
