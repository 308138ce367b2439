"""The sounds of an import, kept on disk: where each stood, what it is, and whether a table speaks of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from workers.engines.ingest.formats.labelstudio import read_path
from workers.engines.ingest.label_book import UPLOAD_PREFIX, cut_stem, score_place

MOST_ALIKE = 1_000


class Sound(NamedTuple):
    """One sound file; with a `reason` it was set aside, and the rest says nothing."""

    source: int
    member: int
    name: str
    uri: str
    digest: str = ""
    mime: str = ""
    byte_size: int = 0
    reason: str = ""


def is_whole_name(place: str, sound: Sound) -> bool:
    """Whether a place names the sound with its ending."""
    suffix = PurePosixPath(read_path(place)).suffix.lower()
    return len(suffix) > 1 and PurePosixPath(sound.name).suffix.lower() == suffix


_COLUMNS = ", ".join(Sound._fields)


class SoundBook:
    """`add` what was stored, then `find` what tables name, then `list_left`. A killed import opens it again."""

    def __init__(self, path: Path):
        self._base = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute(
            "PRAGMA synchronous = NORMAL"
        )  # a killed process loses nothing, and no commit waits for a disk
        self._base.execute(
            """CREATE TABLE IF NOT EXISTS sounds (
                   source INTEGER, member INTEGER, name TEXT, uri TEXT, digest TEXT, mime TEXT, byte_size INTEGER,
                   reason TEXT, stem TEXT, bare TEXT, is_named INTEGER DEFAULT 0, PRIMARY KEY (source, member))"""
        )
        self._base.execute("CREATE INDEX IF NOT EXISTS sounds_stem ON sounds (stem)")
        self._base.execute("CREATE INDEX IF NOT EXISTS sounds_bare ON sounds (bare)")
        self._base.execute("CREATE INDEX IF NOT EXISTS sounds_digest ON sounds (digest)")

    def __len__(self) -> int:
        return self._base.execute("SELECT count(*) FROM sounds").fetchone()[0]

    def __contains__(self, position: tuple[int, int]) -> bool:
        found = self._base.execute("SELECT 1 FROM sounds WHERE source = ? AND member = ?", position)
        return found.fetchone() is not None

    def add(self, sounds: Sequence[Sound]) -> None:
        """Remember these; one transaction."""
        rows = [(*one, stem := cut_stem(one.name), UPLOAD_PREFIX.sub("", stem)) for one in sounds]
        self._base.execute("BEGIN")
        self._base.executemany(
            f"INSERT OR IGNORE INTO sounds ({_COLUMNS}, stem, bare) VALUES ({', '.join('?' * 10)})", rows
        )
        self._base.execute("COMMIT")

    def find(self, place: str, home: str) -> Sound | None:
        """The sound that a table at `home` calls so: a file name, a path, or an address that ends in one."""
        for path in dict.fromkeys((place.strip(), read_path(place.strip()))):
            if path and (found := self._match(path, home)):
                return found
        return None

    def _match(self, place: str, home: str) -> Sound | None:
        stem, tail = cut_stem(place), "/" + place.replace("\\", "/").strip("/")
        sounds = self._select("stem = ? AND substr('/' || name, -length(?)) = ?", (stem, tail, tail)) or self._select(
            "stem IN (?, ?) OR bare = ?", (stem, UPLOAD_PREFIX.sub("", stem), stem)
        )
        return max(
            sounds, key=lambda one: (is_whole_name(place, one), score_place(one.name, place, home)), default=None
        )

    def _select(self, condition: str, values: tuple[str, ...]) -> list[Sound]:
        """Good sounds, the first of very many: thousands of files may have one name, each in a folder of its own."""
        rows = self._base.execute(
            f"""SELECT {_COLUMNS} FROM sounds WHERE digest <> '' AND ({condition})
                ORDER BY source, member LIMIT {MOST_ALIKE}""",
            values,
        )
        return [Sound(*row) for row in rows]

    def mark_named(self, digests: Sequence[str]) -> None:
        """Rows speak of these sounds: they are no items by themselves."""
        self._base.execute("BEGIN")
        self._base.executemany("UPDATE sounds SET is_named = 1 WHERE digest = ?", [(one,) for one in digests])
        self._base.execute("COMMIT")

    def get(self, digest: str) -> Sound | None:
        """The sound with these bytes, under the first of its names."""
        row = self._base.execute(
            f"SELECT {_COLUMNS} FROM sounds WHERE digest = ? ORDER BY source, member LIMIT 1", (digest,)
        ).fetchone()
        return Sound(*row) if row else None

    def list_left(self, after: tuple[int, int]) -> Iterator[Sound]:
        """Those that no row speaks of, and those set aside, in order, behind `after`."""
        while rows := self._base.execute(
            f"""SELECT {_COLUMNS} FROM sounds WHERE is_named = 0 AND (source, member) > (?, ?)
                ORDER BY source, member LIMIT 1000""", after
        ).fetchall():  # fmt: skip
            yield from (Sound(*row) for row in rows)
            after = rows[-1][:2]

    def close(self) -> None:
        self._base.close()
