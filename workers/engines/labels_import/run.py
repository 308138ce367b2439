"""Finds out what a file of labels is, and chooses its reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from lifecycle.contracts.label_imports import Draft, LabelImportSpec, Rejected
from lifecycle.contracts.label_interface.questions import find_item_kind
from lifecycle.contracts.problems import ItemKind
from workers.engines.ingest.archives import is_zip
from workers.engines.ingest.errors import Refused
from workers.engines.labels_import import coco, pictures, spans, tables
from workers.engines.labels_import.members import Members

READERS = {
    "JSON": tables.read_json_or_archive,
    "JSON_MIN": tables.read_json,
    "CSV": tables.read_csv,
    "TSV": tables.read_tsv,
    "PARQUET": tables.read_parquet,
    "COCO": coco.read_coco,
    "YOLO": pictures.read_yolo,
    "YOLO_OBB": pictures.read_yolo,
    "YOLO_SEG": pictures.read_yolo,
    "VOC": pictures.read_voc,
    "BRUSH_TO_PNG": pictures.read_masks,
    "CONLL2003": spans.read_conll,
}
BY_SUFFIX = {".csv": "CSV", ".tsv": "TSV", ".parquet": "PARQUET", ".jsonl": "JSON", ".conll": "CONLL2003",
             ".bio": "CONLL2003", ".iob": "CONLL2003", ".txt": "CONLL2003"}  # fmt: skip
HEAD = 4_096
SIGNS_OF_COCO = (b'"images"', b'"info"', b'"categories"', b'"image_id"')


def read(spec: LabelImportSpec) -> Iterator[Draft | Rejected]:
    """Every task of the file. ValueError, with a sentence, where it is nothing that can be read."""
    layout = spec.layout or detect(spec)
    if layout not in READERS:
        raise ValueError(f"There is no layout “{layout[:40]}”.")
    try:
        yield from READERS[layout](spec)
    except Refused as refused:
        raise ValueError(f"{spec.name}: {refused}.") from None
    except (UnicodeDecodeError, KeyError) as error:
        raise ValueError(f"{spec.name} cannot be read: {type(error).__name__} {error}.") from None


def detect(spec: LabelImportSpec) -> str:
    """The layout of a file, by its ending and its beginning. ValueError where it is none that is known."""
    with open(spec.path, "rb") as source:
        head = source.read(HEAD)
    if is_zip(head):
        return _detect_archive(spec)
    suffix = Path(spec.name).suffix.lower()
    if suffix == ".json":
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        return "COCO" if start == b"{" and any(sign in head for sign in SIGNS_OF_COCO) else "JSON"
    if suffix not in BY_SUFFIX:
        raise ValueError(f"Files such as {spec.name} are not read: send JSON, CSV, TSV, Parquet, CoNLL, or a zip of "
                         "COCO, YOLO, Pascal VOC or masks.")  # fmt: skip
    return BY_SUFFIX[suffix]


def _shows_pictures(spec: LabelImportSpec) -> bool:
    main = spec.interface.main_control
    return main is None or find_item_kind(main, spec.interface) == ItemKind.IMAGE


def _detect_archive(spec: LabelImportSpec) -> str:
    try:
        with Members(spec.path) as members:
            names = {PurePosixPath(name).name.lower() for name in members.list(".jsonl", ".yaml", ".yml", ".txt")}
            if "masks.jsonl" in names:
                return "BRUSH_TO_PNG"
            if members.list(".yaml", ".yml") or names & set(pictures.CLASS_FILES):
                return "YOLO"
            if members.list(".xml"):
                return "VOC"
            if members.list(".json"):
                return "COCO" if _shows_pictures(spec) else "JSON"
    except Refused as refused:
        raise ValueError(f"{spec.name}: {refused}.") from None
    raise ValueError("The archive holds no labels that can be read: COCO, YOLO, Pascal VOC, or masks with masks.jsonl.")
