"""What may be done with findings, and how names are written: plain values."""

from __future__ import annotations

from lifecycle.common.errors import DomainError
from lifecycle.contracts.profile import FindingKind

ACTIONS = ("label", "exclude", "restore", "keep", "unkeep", "tag", "untag")
MAX_TAG_CHARS = 50
DISPUTED = "labels differ"  # the tag of items that one import gave more than one label
MAX_VIEW_CHARS = 80
TITLES = {
    FindingKind.LABEL_ERRORS: "Suspected label errors",
    FindingKind.REGIONS: "Regions worth a look",
    FindingKind.DUPLICATES: "Exact duplicates",
    FindingKind.NEAR_DUPLICATES: "Near-duplicates",
    FindingKind.SPLIT_LEAKS: "Leaks between splits",
    FindingKind.OUTLIERS: "Outliers",
    FindingKind.DAMAGED: "Empty or damaged",
    FindingKind.BLURRED: "Blurred",
}
PURPOSES = {
    FindingKind.LABEL_ERRORS: "A model that never saw the label would give another one.",
    FindingKind.REGIONS: "Boxes, shapes and spans that are there twice, too small, cut wrong, too many or forgotten.",
    FindingKind.DUPLICATES: "The same content more than once. One of each stays, the others are listed.",
    FindingKind.NEAR_DUPLICATES: "Resized, cropped or recompressed pictures, edited texts, rows within a tolerance.",
    FindingKind.SPLIT_LEAKS: "A twin, or members of its group, are on the other side: scores would be too good.",
    FindingKind.OUTLIERS: "Unlike all others: rare and precious, or wrong.",
    FindingKind.DAMAGED: "Nothing to see or read, nearly black or white, unreadable files, wrong encodings.",
    FindingKind.BLURRED: "Far less fine detail than the other pictures have.",
}


def list_kinds(item_kind: str, *, has_regions: bool) -> list[FindingKind]:
    """The lists that items of this kind have, in the order in which a person should look."""
    is_there = {FindingKind.BLURRED: item_kind == "image", FindingKind.REGIONS: has_regions}
    return [kind for kind in TITLES if is_there.get(kind, True)]


def describe_act(action: str, count: int, *, kind: str = "", tag: str = "") -> str:
    """What was done to so many items, as a sentence without its full stop."""
    items = f"{count:,} item{'' if count == 1 else 's'}"
    title = TITLES.get(FindingKind(kind), "") if kind else ""
    sentences = {
        "label": f"Sent to labelling: {items}",
        "exclude": f"Excluded {items}",
        "restore": f"Restored {items}",
        "keep": f"Kept {items} out of “{title}”",
        "unkeep": f"Shows {items} again in “{title}”",
        "tag": f"Tagged {items} “{tag}”",
        "untag": f"Took the tag “{tag}” off {items}",
    }
    return sentences[action]


def name_act(action: str, *, tag: str = "") -> str:
    """The title of the job that does it."""
    titles = {
        "label": "Send items to labelling",
        "exclude": "Exclude items",
        "restore": "Restore items",
        "keep": "Keep items",
        "unkeep": "Show items again",
        "tag": f"Tag items “{tag}”",
        "untag": f"Take the tag “{tag}” off items",
    }
    return titles[action]


def check_kind(kind: str) -> FindingKind:
    """The kind of findings by its name. Raises DomainError for an unknown one."""
    try:
        return FindingKind(kind)
    except ValueError:
        raise DomainError(f"There is no list “{kind}”; use one of {', '.join(FindingKind)}.") from None


def clean_tag(name: str) -> str:
    """A tag as it is stored: single spaces, no comma. Raises DomainError when nothing is left."""
    clean = " ".join(name.replace(",", " ").replace("\0", "").split())
    if not clean or len(clean) > MAX_TAG_CHARS:
        raise DomainError(
            f"A tag has 1 to {MAX_TAG_CHARS} characters.", fields={"tag": f"Write 1 to {MAX_TAG_CHARS} characters."}
        )
    return clean


def clean_view_name(name: str) -> str:
    """A view's name as it is stored. Raises DomainError when nothing is left."""
    clean = " ".join(name.replace("\0", "").split())
    if not clean or len(clean) > MAX_VIEW_CHARS:
        raise DomainError(
            f"Give the view a name of up to {MAX_VIEW_CHARS} characters.", fields={"name": "Write a name."}
        )
    return clean
