"""Pictures, sounds and series for an import of labels: of the project, come along, or behind http(s) addresses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

from django.conf import settings

from lifecycle.annotations.external_payloads import PICTURES
from lifecycle.annotations.label_studio import (
    MAX_ROW_BYTES,
    find_sound_field,
    get_item_kind,
    get_variable,
    is_far,
    list_fields_to_fetch,
)
from lifecycle.annotations.picture_addresses import find_by_name, find_pictures
from lifecycle.annotations.services.external_tasks import Cells, Picture
from lifecycle.annotations.services.label_imports import read_address
from lifecycle.contracts.file_names import find_closest, list_stems
from lifecycle.contracts.ingest import IngestLimits
from lifecycle.contracts.label_imports import Draft, LabelImportSpec
from lifecycle.contracts.sounds import is_sound
from workers.engines import labels_import as engine
from workers.engines.ingest.archives import is_zip
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.images import check_image
from workers.engines.ingest.sounds import check_sound
from workers.engines.labels_import.cells import READERS
from workers.engines.labels_import.fetch import FetchFailed, fetch
from workers.engines.labels_import.members import Members
from workers.runtime import JobContext

AT_ONCE = 8  # addresses that are asked side by side
BATCH = 1_000
KEPT_FREE = 100_000  # bytes of a row for its other cells
BATCH_OF_CELLS = 50  # of tasks that may each hold a megabyte
NOWHERE = "is neither here nor came along"
Reject = Callable[[str, str], None]
Completed = tuple[list[str], list[dict], dict[str, Picture], Cells]


class PictureFinder:
    """Used as a context manager; `complete` makes tasks of a batch of drafts."""

    def __init__(self, context: JobContext, spec: LabelImportSpec):
        assert context.job.project is not None
        self._project = context.job.project
        self._context, self._spec, self._limits = context, spec, IngestLimits()
        self._find_here = find_pictures(context.job.created_by)
        self._shows_pictures = get_item_kind(spec.interface) == "image"
        self._variable = get_variable(spec.interface) if self._shows_pictures else find_sound_field(spec.interface)
        self._fetched_fields = list_fields_to_fetch(spec.interface)
        self._members: Members | None = None
        with open(spec.path, "rb") as source:
            if self._variable and is_zip(source.read(4)):
                self._members = Members(spec.path)
        self._along = self._index() if self._members else {}

    @property
    def batch_size(self) -> int:
        """How many drafts to complete at once: what is fetched into rows is held until they are recorded."""
        return BATCH_OF_CELLS if self._fetched_fields else BATCH

    def __enter__(self) -> PictureFinder:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._members:
            self._members.__exit__(kind, error, trace)

    def _index(self) -> dict[str, list[str]]:
        assert self._members
        return self._members.index_pictures() if self._shows_pictures else self._members.index_sounds()

    def complete(self, drafts: Sequence[Draft], reject: Reject) -> Completed:
        """(place of each task, tasks in Label Studio's words, pictures by address, what was fetched into rows by field
        and address) of those that can be completed."""
        if not self._shows_pictures:
            return self._complete_rows(drafts, reject)
        addresses = [one.picture or read_address(one.body, self._variable) for one in drafts]
        pictures, missing = self._find([address for address in addresses if address])
        places, bodies = [], []
        for draft, address in zip(drafts, addresses, strict=True):
            picture = pictures.get(address)
            if picture is None:
                reject(draft.place, f"its picture “{address[:120]}” {missing.get(address, NOWHERE)}")
                continue
            places.append(draft.place)
            bodies.append(dict(draft.body) if draft.body is not None else self._build(draft, address, picture, reject))
        return places, bodies, pictures, {}

    def _complete_rows(self, drafts: Sequence[Draft], reject: Reject) -> Completed:
        """Rows stay as they are, but that a sound that is found gets its address in this project, and what lies at
        another address and is shown out of the row comes into it."""
        addresses = [read_address(one.body, self._variable) if self._variable else "" for one in drafts]
        wanted = [address for address in addresses if address and not address.startswith("data:")]
        found, missing = self._find(wanted)
        sounds = {address: one for address, one in found.items() if is_sound(one.mime)}
        fetched = self._fetch_cells(drafts)
        places, bodies, pictures = [], [], {}
        cells: dict[tuple[str, str], str] = {}
        for draft, address in zip(drafts, addresses, strict=True):
            body = dict(draft.body or {})
            try:
                cells |= self._pick_cells(body, fetched)
            except FetchFailed as failed:
                reject(draft.place, str(failed))
                continue
            if address in sounds:
                own = f"{PICTURES}{self._project.slug}/{sounds[address].blob}"
                pictures[own] = sounds[address]
                body = _put_sound(body, address, own)
            elif address in wanted:
                reject(draft.place, f"its sound “{address[:120]}” {missing.get(address, NOWHERE)}")
                continue
            places.append(draft.place)
            bodies.append(body)
        return places, bodies, pictures, cells

    def _fetch_cells(self, drafts: Sequence[Draft]) -> dict[tuple[str, str], str | FetchFailed]:
        """{(tag, address): the cell in place of the address, or why there is none}."""
        wanted = {
            (tag, address)
            for draft in drafts
            for field, tag in self._fetched_fields.items()
            if is_far(address := read_address(draft.body, field))
        }
        own = self._find_here({address for _, address in wanted})
        far = sorted(one for one in wanted if one[1] not in own)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return dict(zip(far, pool.map(self._fetch_cell, far), strict=True))

    def _fetch_cell(self, wanted: tuple[str, str]) -> str | FetchFailed:
        tag, address = wanted
        content = self._fetch(address.strip())
        if isinstance(content, FetchFailed):
            return content
        try:
            return READERS[tag](content, self._limits, (MAX_ROW_BYTES - KEPT_FREE) // len(self._fetched_fields))
        except Refused as refused:
            return FetchFailed(str(refused))

    def _pick_cells(
        self, body: dict[str, Any], fetched: Mapping[tuple[str, str], str | FetchFailed]
    ) -> dict[tuple[str, str], str]:
        """{(field, address): cell} of one task. Raises FetchFailed where one is not to be had."""
        picked = {}
        for field, tag in self._fetched_fields.items():
            address = read_address(body, field)
            cell = fetched.get((tag, address))
            if isinstance(cell, FetchFailed):
                raise FetchFailed(f"“{address[:120]}” of “{field}” could not be fetched: {cell}")
            if cell is not None:
                picked[field, address] = cell
        return picked

    def _build(self, draft: Draft, address: str, picture: Picture, reject: Reject) -> dict[str, Any]:
        interface = self._spec.interface
        result, problems = engine.build_result(interface, draft.regions, picture.width or 0, picture.height or 0)
        for problem in problems:
            reject(draft.place, problem)
        return {"data": {self._variable: address}, "annotations": [{"result": result}]}

    def _find(self, addresses: list[str]) -> tuple[dict[str, Picture], dict[str, str]]:
        """({address: its picture or sound}, {address: why there is none, where more is known than that})."""
        found = self._find_here(addresses)
        missing: dict[str, str] = {}
        named = [one for one in addresses if one not in found and "://" not in one]
        for address in named:
            called = next((self._along[stem] for stem in list_stems(address) if stem in self._along), ())
            closest = find_closest(address, called)
            if len(closest) == 1 and self._members:
                self._keep(found, missing, address, self._members.read(closest[0]))
            elif closest:
                missing[address] = f"may be any of {len(closest)} files, such as {closest[0]} and {closest[1]}"
        here, unclear = find_by_name(self._project, [one for one in named if one not in found and one not in missing])
        found, missing = found | here, missing | unclear
        far = [one for one in dict.fromkeys(addresses) if one not in found and one.startswith(("http://", "https://"))]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for address, content in zip(far, pool.map(self._fetch, far), strict=True):
                if isinstance(content, FetchFailed):
                    missing[address] = f"could not be fetched: {content}"
                else:
                    self._keep(found, missing, address, content)
        return found, missing

    def _fetch(self, address: str) -> bytes | FetchFailed:
        try:
            rule = settings.ALLOW_PRIVATE_ADDRESSES
            return fetch(address, private_addresses=rule, max_bytes=self._limits.file_bytes)
        except FetchFailed as failed:
            return failed

    def _keep(self, found: dict[str, Picture], missing: dict[str, str], address: str, content: bytes) -> None:
        try:
            width, height, mime = self._check(content)
        except Refused as refused:
            missing[address] = f"cannot be taken: {refused}"
            return
        found[address] = Picture(self._context.blobs.put(content), width, height, mime, len(content))

    def _check(self, content: bytes) -> tuple[int | None, int | None, str]:
        if not self._shows_pictures:
            return None, None, check_sound(content)
        facts = check_image(content, self._limits)
        return facts.width, facts.height, facts.mime


def _put_sound(body: dict[str, Any], address: str, own: str) -> dict[str, Any]:
    """The task with the sound's address in this project in place of the one it came with."""
    data = body.get("data", body)
    changed = {name: own if value == address else value for name, value in data.items()}
    return {**body, "data": changed} if "data" in body else changed
