"""`python -m workers.serving`: the inference server, or one of its processes."""

from __future__ import annotations

import argparse
import logging
import os
import select
import signal
import sys
import threading
from pathlib import Path

from lifecycle.contracts.settings import SettingError, load_settings


def main() -> int:
    parser = argparse.ArgumentParser(prog="workers.serving", description="Gristmill's inference server.")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--clerk", action="store_true", help=argparse.SUPPRESS)
    for name in ("--workers", "--listener", "--lifeline"):
        parser.add_argument(name, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = load_settings()
    except SettingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.clerk:
        return _run_clerk(settings, options)
    if options.worker is not None:
        from workers.serving.worker import run_worker

        run_worker(
            settings,
            index=options.worker,
            workers=options.workers,
            listener=options.listener,
            lifeline=options.lifeline,
        )
        return 0
    from workers.serving.parent import PortTaken, run_parent

    try:
        run_parent(settings)
    except PortTaken as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _run_clerk(settings, options) -> int:
    from lifecycle.common.blobs import open_blobs
    from workers.serving.clerk import Clerk
    from workers.serving.parent import CLERK_NICENESS

    os.nice(CLERK_NICENESS)
    clerk = Clerk(
        database_url=settings.database_url,
        blobs=open_blobs(settings.storage_url),
        home=Path(settings.home) / "serving",
        workers=options.workers,
    )
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us as the parent's SIGTERM
    signal.signal(signal.SIGTERM, lambda *_: clerk.stop())
    threading.Thread(target=_watch_lifeline, args=(options.lifeline, clerk), daemon=True).start()
    clerk.run()
    return 0


def _watch_lifeline(lifeline: int, clerk) -> None:
    select.select([lifeline], [], [])
    clerk.stop()


if __name__ == "__main__":
    sys.exit(main())
