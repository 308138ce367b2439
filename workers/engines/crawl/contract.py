"""Pages held to the source's contract: inferred at the first rows, grown where it says so. No network, no parsing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lifecycle.contracts.crawl import CrawlSpec
from lifecycle.contracts.ingest import IngestLimits
from lifecycle.contracts.sources import ColumnRule, Contract, Observed
from workers.engines.collect.cells import Cell
from workers.engines.collect.gate import Gate
from workers.engines.collect.inference import infer_contract

SAMPLE_ROWS = 1_000
ENOUGH_ROWS = 20  # fewer cannot say that a number is always whole, or a word always one of two
SOFTER_TYPES = {"integer": "number", "boolean": "category"}


class Said(NamedTuple):
    """What one page says about the contract: how it is now, if it became another one; what was seen; notes."""

    contract: Contract | None = None
    observed: Mapping[str, Observed] = {}
    notes: Sequence[str] = ()


class Keeper:
    """Made once per crawl: `check` the rows of a page, then `finish` the page."""

    def __init__(self, spec: CrawlSpec, limits: IngestLimits):
        self.contract = self._told = spec.contract
        self._limits = limits
        self._known = dict(spec.known_columns)
        self._said: set[str] = set()
        self._observed: dict[str, Observed] = {}
        self._notes: list[str] = []

    def check(
        self, uri: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], declared: Mapping[str, str]
    ) -> list[str]:
        """Why each row breaks the contract, "" for those that keep it. `declared` are types that somebody said."""
        types = self._infer_new(columns, rows, declared)
        gate = Gate(self.contract, self._limits)
        reason = gate.open(columns, uri, types)
        if reason:
            return [reason] * len(rows)
        bad = gate.check(rows).bad
        self.contract = gate.contract
        for name, seen in gate.observe().items():
            self._observed[name] = self._observed.get(name, Observed()).add(seen)
        self._note(uri, list(gate.notes))
        return [bad.get(place, "") for place in range(len(rows))]

    def finish(self) -> Said:
        """What the page said. A page that broke off while it was read leaves its part to the next one."""
        contract = self.contract if self.contract != self._told else None
        said = Said(contract, self._observed, self._notes)
        self._told, self._observed, self._notes = self.contract, {}, []
        return said

    def _infer_new(
        self, columns: Sequence[str], rows: Sequence[Sequence[Cell]], declared: Mapping[str, str]
    ) -> dict[str, str]:
        """Types of the columns that the contract does not have; the first rows of all begin it."""
        known = {rule.name for rule in self.contract.columns}
        if known and (self.contract.new_columns != "keep" or known.issuperset(columns)):
            return {}
        sample = rows[:SAMPLE_ROWS]
        found = infer_contract(columns, sample, known_kinds={**declared, **self._known})
        is_enough = len(sample) >= ENOUGH_ROWS
        types = {
            rule.name: rule.type if is_enough or declared.get(rule.name) == rule.type
            else SOFTER_TYPES.get(rule.type, rule.type)
            for rule in found.columns
        }  # fmt: skip
        if not known:  # a page's rows have no key: what looks like one may begin anew on the next page
            rules = tuple(ColumnRule(name, kind) for name, kind in types.items())
            self.contract = Contract(columns=rules, new_columns="keep")
        return types

    def _note(self, uri: str, notes: Sequence[str]) -> None:
        """Each thing once, however many pages it is true of."""
        for note in notes:
            said = note.removeprefix(f"{uri}: ")
            if said not in self._said:
                self._said.add(said)
                self._notes.append(note)
