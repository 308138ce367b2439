"""Build Label Studio labelling configurations (XML) for the problem types."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr


def build_choices_config(object_tag: str, classes: Sequence[str]) -> str:
    """A single-choice configuration over one object tag, e.g. ``<Image name="item" value="$image"/>``."""
    choices = "\n".join(f"    <Choice value={quoteattr(name)}/>" for name in classes)
    return (
        f"<View>\n  {object_tag}\n"
        f'  <Choices name="label" toName="item" choice="single" required="true">\n{choices}\n  </Choices>\n</View>'
    )


def build_multiple_config(object_tag: str, classes: Sequence[str]) -> str:
    """A configuration that asks for any number of choices."""
    choices = "\n".join(f"    <Choice value={quoteattr(name)}/>" for name in classes)
    return (
        f"<View>\n  {object_tag}\n"
        f'  <Choices name="label" toName="item" choice="multiple">\n{choices}\n  </Choices>\n</View>'
    )


def build_regions_config(object_tag: str, control: str, classes: Sequence[str]) -> str:
    """A configuration that asks for any number of regions; `control` is RectangleLabels, PolygonLabels or Labels."""
    labels = "\n".join(f"    <Label value={quoteattr(name)}/>" for name in classes)
    return f'<View>\n  {object_tag}\n  <{control} name="label" toName="item">\n{labels}\n  </{control}>\n</View>'


def build_number_config(object_tag: str) -> str:
    """A configuration that asks for one number."""
    return f'<View>\n  {object_tag}\n  <Number name="label" toName="item" required="true"/>\n</View>'
