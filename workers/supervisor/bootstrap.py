"""The first thing `make run` starts: finds a Python, makes .venv with everything in it, goes on inside it.

Runs on whatever `python3` is there, so it must stay readable to old Pythons: no new syntax, standard library only.
"""

import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.environ.get("GRISTMILL_VENV") or os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
OLDEST, NEWEST = (3, 11), (3, 13)
NO_PYTHON = (
    "Gristmill needs Python 3.11, 3.12 or 3.13, and none was found: python3 is {found}.\n"
    "Install one (Debian, Ubuntu: apt install python3.11 python3.11-venv; macOS: brew install python@3.13;\n"
    "anywhere: uv python install 3.13), or name one: make run PYTHON=/path/to/python3.13"
)
NO_VENV = (
    "{python} cannot make a virtual environment:\n{reason}\n"
    "On Debian and Ubuntu the package python3-venv is missing: apt install python3-venv"
)


def main(arguments):
    python = find_python()
    if python is None:
        sys.exit(NO_PYTHON.format(found=sys.version.split()[0]))
    if not is_usable(VENV_PYTHON):
        make_venv(python)
    os.chdir(ROOT)
    os.execv(VENV_PYTHON, [VENV_PYTHON, "-m", "workers.supervisor"] + arguments)


def find_python():
    """This Python if it fits, else the newest fitting one on PATH, else None."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return sys.executable
    names = ["python3.%d" % minor for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    found = [shutil.which(name) for name in names]
    return next((path for path in found if path and is_usable(path)), None)


def is_usable(python):
    """Whether this program starts and has a version that fits (a name on PATH may be an empty shim)."""
    if not os.path.exists(python):
        return False
    check = "import sys; sys.exit(not (%r <= sys.version_info[:2] <= %r))" % (OLDEST, NEWEST)
    return subprocess.call([python, "-c", check], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0


def make_venv(python):
    print("Making a virtual environment with " + python, flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    outcome = subprocess.run([python, "-m", "venv", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if outcome.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit(NO_VENV.format(python=python, reason=outcome.stdout.decode(errors="replace").strip()))


if __name__ == "__main__":
    main(sys.argv[1:])
