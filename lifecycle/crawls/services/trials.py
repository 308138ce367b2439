"""One address tried before the crawl."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction

from lifecycle.contracts.crawl import CrawlSpec
from lifecycle.contracts.sources import Contract, SourcePreview
from lifecycle.crawls import rules
from lifecycle.crawls.models import CrawlTrial
from lifecycle.crawls.services.crawls import add_secrets, build_spec
from lifecycle.jobs import services as jobs
from lifecycle.sources.models import Source
from lifecycle.sources.services import record_preview

KEPT = 20  # trials of one source


def start_trial(*, source: Source, user, url: str = "") -> CrawlTrial:
    """Have a worker fetch one address and say what the crawl would take from it."""
    config = source.config
    url = url.strip() or next(iter([*config["start_urls"], *config["sitemaps"]]))
    rules.check_config({**config, "start_urls": [url]}, item_kind=source.dataset.item_kind)
    with transaction.atomic():
        trial = CrawlTrial.objects.create(source=source, url=url, created_by=user)
        trial.job = jobs.enqueue(
            kind="crawl_trial",
            title=f"Try {url}"[:200],
            spec={"trial_id": trial.pk},
            project=source.dataset.project,
            created_by=user,
            subject_type="crawl_trial",
            subject_id=trial.pk,
            max_attempts=1,
        )
        trial.save(update_fields=["job", "updated_at"])
        old = CrawlTrial.objects.filter(source=source).order_by("-pk").values_list("pk", flat=True)[KEPT:]
        CrawlTrial.objects.filter(pk__in=list(old)).delete()
    return trial


def load_trial_spec(trial: CrawlTrial) -> CrawlSpec:
    """The source's settings for this one address; patience is short, somebody is waiting."""
    spec = add_secrets(build_spec(trial.source), trial.source)
    return replace(spec, max_attempts=1, timeout_seconds=min(spec.timeout_seconds, 20.0), is_adaptive=False)


def record_trial(*, trial: CrawlTrial, result: Mapping[str, Any]) -> None:
    """What the worker found, and the contract that it suggests. Within the job's transaction."""
    CrawlTrial.objects.filter(pk=trial.pk).update(result=dict(result))
    if result.get("contract") and not trial.source.contract:
        contract = Contract.from_json(result["contract"])
        record_preview(source=trial.source, preview=SourcePreview(contract=contract))
