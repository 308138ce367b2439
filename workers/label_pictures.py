"""Pictures for an import of labels: those of the project, those that came along, those behind http(s) addresses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from types import TracebackType
from typing import Any

from django.conf import settings

from lifecycle.annotations.label_studio import get_item_kind, get_variable
from lifecycle.annotations.picture_addresses import find_by_name, find_pictures
from lifecycle.annotations.services.external_tasks import Picture
from lifecycle.annotations.services.label_imports import read_address
from lifecycle.contracts.ingest import IngestLimits
from lifecycle.contracts.label_imports import Draft, LabelImportSpec
from workers.engines import labels_import as engine
from workers.engines.ingest.archives import is_zip
from workers.engines.ingest.errors import Refused
from workers.engines.ingest.images import check_image
from workers.engines.labels_import.fetch import FetchFailed, fetch
from workers.engines.labels_import.members import Members
from workers.runtime import JobContext

AT_ONCE = 8  # addresses that are asked side by side
Reject = Callable[[str, str], None]


class PictureFinder:
    """Used as a context manager; `complete` makes tasks of a batch of drafts."""

    def __init__(self, context: JobContext, spec: LabelImportSpec):
        self._context, self._spec, self._limits = context, spec, IngestLimits()
        self._find_here = find_pictures(context.job.created_by)
        self._shows_pictures = get_item_kind(spec.interface) == "image"
        self._members: Members | None = None
        with open(spec.path, "rb") as source:
            if self._shows_pictures and is_zip(source.read(4)):
                self._members = Members(spec.path)
        self._along = self._members.index_pictures() if self._members else {}

    def __enter__(self) -> PictureFinder:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._members:
            self._members.__exit__(kind, error, trace)

    def complete(self, drafts: Sequence[Draft], reject: Reject) -> tuple[list[str], list[dict], dict[str, Picture]]:
        """(place of each task, tasks in Label Studio's words, pictures by address) of those that can be completed."""
        if not self._shows_pictures:
            return [one.place for one in drafts], [dict(one.body or {}) for one in drafts], {}
        variable = get_variable(self._spec.interface)
        addresses = [one.picture or read_address(one.body, variable) for one in drafts]
        pictures = self._find([address for address in addresses if address], reject)
        places, bodies = [], []
        for draft, address in zip(drafts, addresses, strict=True):
            picture = pictures.get(address)
            if picture is None:
                reject(draft.place, f"its picture “{address[:120]}” is neither here nor came along")
                continue
            places.append(draft.place)
            bodies.append(dict(draft.body) if draft.body is not None else self._build(draft, address, picture, reject))
        return places, bodies, pictures

    def _build(self, draft: Draft, address: str, picture: Picture, reject: Reject) -> dict[str, Any]:
        interface = self._spec.interface
        result, problems = engine.build_result(interface, draft.regions, picture.width or 0, picture.height or 0)
        for problem in problems:
            reject(draft.place, problem)
        return {"data": {get_variable(interface): address}, "annotations": [{"result": result}]}

    def _find(self, addresses: list[str], reject: Reject) -> dict[str, Picture]:
        found = self._find_here(addresses)
        named = [one for one in addresses if one not in found and "://" not in one]
        for address in named:
            member = self._along.get(PurePosixPath(address.replace("\\", "/")).stem)
            if member and self._members:
                self._keep(found, address, self._members.read(member), reject)
        assert self._context.job.project is not None
        found |= find_by_name(self._context.job.project, [one for one in named if one not in found])
        far = [one for one in dict.fromkeys(addresses) if one not in found and one.startswith(("http://", "https://"))]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for address, content in zip(far, pool.map(self._fetch, far), strict=True):
                if isinstance(content, FetchFailed):
                    reject(address, str(content))
                else:
                    self._keep(found, address, content, reject)
        return found

    def _fetch(self, address: str) -> bytes | FetchFailed:
        try:
            rule = settings.ALLOW_PRIVATE_ADDRESSES
            return fetch(address, private_addresses=rule, max_bytes=self._limits.file_bytes)
        except FetchFailed as failed:
            return failed

    def _keep(self, found: dict[str, Picture], address: str, content: bytes, reject: Reject) -> None:
        try:
            facts = check_image(content, self._limits)
        except Refused as refused:
            reject(address, str(refused))
            return
        blob = self._context.blobs.put(content)
        found[address] = Picture(blob, facts.width, facts.height, facts.mime, len(content))
