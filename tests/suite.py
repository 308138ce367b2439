"""What `make test` runs: the tests that may share a database server beside those that kill theirs, both at once.

The serial tests restart Postgres, kill workers and wait a lot; they have servers of their own, so they cost the others
only their share of the processor. Their output comes last, in one piece.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

PYTEST = [sys.executable, "-m", "pytest", "--durations=40", "--durations-min=2"]
# a file is one unit of work, so that what its fixtures start or train is made by one process only
PARALLEL = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-m", "not long and not serial"]
SERIAL = ["-p", "no:cacheprovider", "-m", "serial and not long"]


def main() -> int:
    """Exit code 0 when both parts pass."""
    with tempfile.TemporaryFile() as told:
        serial = subprocess.Popen([*PYTEST, *SERIAL], stdout=told, stderr=subprocess.STDOUT)
        try:
            parallel = subprocess.run([*PYTEST, *PARALLEL], check=False).returncode
            alone = serial.wait()
        finally:
            serial.kill()
        told.seek(0)
        sys.stdout.flush()
        sys.stdout.buffer.write(told.read())
    return parallel or alone


if __name__ == "__main__":
    sys.exit(main())
