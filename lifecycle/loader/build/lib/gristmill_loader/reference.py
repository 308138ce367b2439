"""How a version is named: ``project/dataset@version``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import LoaderError

NAME = re.compile(r"^(?P<project>[-\w]+)(?:/(?P<dataset>[-\w]+))?(?:@(?P<version>[-\w]+))?$")


@dataclass(frozen=True)
class Reference:
    """`version` is a number, v and a number, a tag, or latest."""

    project: str
    dataset: str = "main"
    version: str = "latest"

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Dataset and version may be left out. Raises LoaderError with the right form for anything else."""
        found = NAME.match(text.strip())
        if found is None:
            raise LoaderError(
                f"“{text}” does not name a version. Write project/dataset@version, as in shoes/main@gold."
            )
        return cls(**{name: value for name, value in found.groupdict().items() if value})
