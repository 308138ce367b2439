"""What the pages of a batch say about the source's contract: how it begins and grows, and what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from lifecycle.contracts.crawl import Outcome
from lifecycle.contracts.sources import Contract, Observed
from lifecycle.crawls.models import Crawl
from lifecycle.sources import services as sources
from lifecycle.sources.models import SourceRun

MAX_NOTES = 100


def note_contract(crawl: Crawl, outcomes: Sequence[Outcome]) -> None:
    """Keep it with the batch that it came with. Call with the crawl locked; its `spec` is changed, not saved."""
    contract = next((o.contract for o in reversed(outcomes) if o.contract), None)
    run = SourceRun.objects.select_for_update(of=("self",)).select_related("collection__created_by").get(
        collection_id=crawl.collection_id
    )  # fmt: skip
    if contract:
        crawl.spec = {**crawl.spec, "contract": contract.to_json()}  # another attempt of this crawl goes by it
        sources.keep_contract(run=run, contract=contract)
    known = Contract.from_json(crawl.spec.get("contract") or {})
    if known.columns and not run.contract_number:
        run.contract_number = sources.find_contract_number(run, known)
    run.updated = crawl.superseded
    run.read += sum(len(o.items) + len(o.set_aside) for o in outcomes)
    run.observed = _add_observed(run.observed, outcomes)
    run.notes = list(dict.fromkeys([*run.notes, *(note for o in outcomes for note in o.notes)]))[:MAX_NOTES]
    run.save(update_fields=["contract_number", "read", "updated", "observed", "notes", "updated_at"])


def _add_observed(before: dict, outcomes: Sequence[Outcome]) -> dict:
    seen = {name: Observed.from_json(raw) for name, raw in before.items()}
    for outcome in outcomes:
        for name, more in outcome.observed:
            seen[name] = seen.get(name, Observed()).add(more)
    return {name: asdict(found) for name, found in seen.items()}
