"""Verbs on crawls: set up a site, start, pause, resume, stop, try; and the frontier that a worker writes through."""

from lifecycle.crawls.services.crawls import (
    create_site,
    finish_crawl,
    load_spec,
    open_crawl,
    pause_crawl,
    resume_crawl,
    start_crawl,
    stop_crawl,
    update_site,
)
from lifecycle.crawls.services.frontier import check, claim, find_next_due, record, release, seed
from lifecycle.crawls.services.gone import exclude_gone, restore_gone
from lifecycle.crawls.services.trials import load_trial_spec, record_trial, start_trial

__all__ = [
    "check",
    "claim",
    "create_site",
    "exclude_gone",
    "find_next_due",
    "finish_crawl",
    "load_spec",
    "load_trial_spec",
    "open_crawl",
    "pause_crawl",
    "record",
    "record_trial",
    "release",
    "restore_gone",
    "resume_crawl",
    "seed",
    "start_crawl",
    "start_trial",
    "stop_crawl",
    "update_site",
]
