"""Pascal VOC: one XML a picture, boxes in pixels counted from 1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from workers.engines.ingest.formats.regions import Damage, Shape, clean_name


class VocPicture(NamedTuple):
    file_name: str  # empty when the XML does not say; the picture is then called like the XML
    shapes: list[Shape]
    problems: list[str]


def read_voc(content: bytes) -> VocPicture:
    """What one XML says. ValueError with a sentence when it is no VOC file; entities and document types are refused."""
    try:
        root = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise ValueError("the XML declares a document type or entities, which is not allowed") from None
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise ValueError(f"the XML is not well-formed ({str(error)[:100]})") from None
    if root.tag != "annotation":
        raise ValueError("the XML is no Pascal VOC annotation")
    found = list(_read_objects(root, _read_size(root)))
    shapes = [shape for shape in found if isinstance(shape, Shape)]
    return VocPicture(_text(root, "filename"), shapes, [problem for problem in found if isinstance(problem, str)])


def _read_objects(root: Any, scale: tuple[float, float] | None) -> Iterator[Shape | str]:
    for number, thing in enumerate(root.iter("object"), start=1):
        try:
            label = clean_name(_text(thing, "name"))
            x0, y0, x1, y1 = (float(_text(thing, f"bndbox/{edge}")) for edge in ("xmin", "ymin", "xmax", "ymax"))
        except Damage as damage:
            yield f"object {number} {damage}"
        except ValueError:
            yield f"object {number} has no box that can be read"
        else:
            yield Shape("box", label, ((x0 - 1, y0 - 1), (x1, y1)), scale)


def _read_size(root: Any) -> tuple[float, float] | None:
    try:
        width, height = float(_text(root, "size/width")), float(_text(root, "size/height"))
    except ValueError:
        return None
    return (width, height) if width > 0 and height > 0 else None


def _text(element: Any, path: str) -> str:
    return (element.findtext(path) or "").strip()
