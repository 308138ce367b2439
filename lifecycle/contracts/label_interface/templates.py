"""Configurations to start from, one for every common task, and questions to add to one that is there."""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle.contracts.label_interface.model import Interface

IMAGE = '<Image name="item" value="$image"/>'
TEXT = '<Text name="item" value="$text"/>'
ROW = '<Table name="item" value="$row"/>'


@dataclass(frozen=True)
class Template:
    """One entry of the gallery."""

    key: str
    group: str
    title: str
    summary: str
    config: str


def _labels(*names: str) -> str:
    return "".join(f'\n    <Label value="{name}"/>' for name in names)


def _choices(*names: str) -> str:
    return "".join(f'\n    <Choice value="{name}"/>' for name in names)


def _view(*parts: str) -> str:
    return "<View>\n  " + "\n  ".join(parts) + "\n</View>"


def _drawn(tag: str, *names: str) -> str:
    return f'<{tag} name="label" toName="item">{_labels(*names)}\n  </{tag}>'


def _chosen(choice: str, *names: str, required: str = "") -> str:
    return f'<Choices name="label" toName="item" choice="{choice}"{required}>{_choices(*names)}\n  </Choices>'


REQUIRED = ' required="true"'
KINDS = _chosen("single", "cat", "dog", "other", required=REQUIRED)
MOODS = _chosen("single", "positive", "negative", "neutral", required=REQUIRED)

TEMPLATES: tuple[Template, ...] = (
    Template("image-class", "Images", "Classification", "One class for each picture.", _view(IMAGE, KINDS)),
    Template(
        "image-tags", "Images", "Several classes", "Everything that applies to a picture.",
        _view(IMAGE, _chosen("multiple", "indoors", "people", "text", "vehicle")),
    ),
    Template(
        "boxes", "Images", "Boxes", "Boxes around things, each with a class.",
        _view(IMAGE, _drawn("RectangleLabels", "car", "person", "bicycle")),
    ),
    Template(
        "boxes-attributes", "Images", "Boxes with attributes", "Boxes, and questions about each of them.",
        _view(
            IMAGE, _drawn("RectangleLabels", "car", "person"),
            f'<Choices name="visibility" toName="item" perRegion="true">{_choices("whole", "hidden")}\n  </Choices>',
        ),
    ),
    Template(
        "polygons", "Images", "Polygons", "Outlines of things, corner by corner.",
        _view(IMAGE, _drawn("PolygonLabels", "building", "road", "field")),
    ),
    Template(
        "ellipses", "Images", "Ellipses", "Round things: cells, craters, coins.",
        _view(IMAGE, _drawn("EllipseLabels", "cell", "nucleus")),
    ),
    Template(
        "masks", "Images", "Masks", "Painted masks, pixel by pixel.",
        _view(IMAGE, _drawn("BrushLabels", "foreground", "uncertain")),
    ),
    Template(
        "keypoints", "Images", "Key points", "Single points: joints, landmarks.",
        _view(IMAGE, _drawn("KeyPointLabels", "left eye", "right eye", "nose")),
    ),
    Template(
        "caption", "Images", "Captions", "A sentence about each picture.",
        _view(IMAGE, '<TextArea name="label" toName="item" rows="3" maxSubmissions="1" required="true"/>'),
    ),
    Template(
        "image-rating", "Images", "Rating of pictures", "One to five stars, and why.",
        _view(
            IMAGE, '<Rating name="label" toName="item" maxRating="5" required="true"/>',
            '<TextArea name="why" toName="item" rows="2" maxSubmissions="1" placeholder="Why?"/>',
        ),
    ),
    Template("text-class", "Texts", "Classification", "One class for each text.", _view(TEXT, MOODS)),
    Template(
        "text-tags", "Texts", "Several topics", "Every topic that a text is about.",
        _view(TEXT, _chosen("multiple", "price", "delivery", "quality", "service")),
    ),
    Template(
        "spans", "Texts", "Names in texts", "Stretches of a text, each with a class.",
        _view(_drawn("Labels", "person", "place", "organization"), TEXT),
    ),
    Template(
        "relations", "Texts", "Names and relations", "Stretches of a text, and what connects them.",
        _view(
            _drawn("Labels", "person", "organization"),
            '<Relations>\n    <Relation value="works for"/>\n    <Relation value="founded"/>\n  </Relations>', TEXT,
        ),
    ),
    Template(
        "taxonomy", "Texts", "Taxonomy", "A place in a tree of topics.",
        _view(
            TEXT,
            '<Taxonomy name="label" toName="item">\n    <Choice value="Sports"><Choice value="Football"/>'
            '<Choice value="Tennis"/></Choice>\n    <Choice value="Politics"><Choice value="Local"/></Choice>\n'
            "  </Taxonomy>",
        ),
    ),
    Template(
        "answer", "Texts", "Written answer", "A summary, a translation, an answer, and how sure one is.",
        _view(
            TEXT, '<TextArea name="label" toName="item" rows="4" maxSubmissions="1" required="true"/>',
            '<Rating name="sure" toName="item" maxRating="3"/>',
        ),
    ),
    Template(
        "html", "Texts", "Marked-up text", "Stretches of an HTML page.",
        _view(
            '<HyperTextLabels name="label" toName="item">' + _labels("title", "price") + "\n  </HyperTextLabels>",
            '<HyperText name="item" value="$text"/>',
        ),
    ),
    Template("row-class", "Rows", "Classification", "One class for each row.",
             _view(ROW, _chosen("single", "yes", "no", required=REQUIRED))),
    Template("row-number", "Rows", "A number", "One number for each row.",
             _view(ROW, '<Number name="label" toName="item" required="true"/>')),
    Template(
        "pair", "Rows", "Which is better", "Two answers to one prompt: the better one, and why.",
        _view(
            '<Header value="$prompt"/>', '<Text name="item" value="$a"/>', '<Text name="second" value="$b"/>',
            '<Pairwise name="label" toName="item,second"/>',
            '<TextArea name="why" toName="item" rows="2" maxSubmissions="1" placeholder="Why?"/>',
        ),
    ),
    Template(
        "series", "Rows", "Time series", "Stretches of measurements over time.",
        _view(
            '<TimeSeriesLabels name="label" toName="item">' + _labels("normal", "anomaly") + "\n  </TimeSeriesLabels>",
            '<TimeSeries name="item" value="$series" valueType="json" timeColumn="time">\n'
            '    <Channel column="value" displayName="Value"/>\n  </TimeSeries>',
        ),
    ),
    Template(
        "audio", "Rows", "Sound", "Stretches of a sound, each with a class.",
        _view(_drawn("Labels", "speech", "music", "noise"), '<Audio name="item" value="$audio"/>'),
    ),
    Template(
        "transcript", "Rows", "Transcript", "What is said in a sound.",
        _view('<Audio name="item" value="$audio"/>',
              '<TextArea name="label" toName="item" rows="4" maxSubmissions="1" required="true"/>'),
    ),
)  # fmt: skip

# what can be added to a configuration that is there: title and tag
QUESTIONS: dict[str, str] = {
    "choice": "One of several choices",
    "choices": "Any of several choices",
    "rating": "A rating",
    "number": "A number",
    "text": "A text",
    "taxonomy": "A place in a taxonomy",
    "region-choice": "A choice for every region",
    "region-text": "A text for every region",
    "relations": "Relations between regions",
}
_SNIPPETS = {
    "choice": '<Choices name="{name}" toName="{to}" choice="single">' + _choices("yes", "no") + "\n  </Choices>",
    "choices": '<Choices name="{name}" toName="{to}" choice="multiple">' + _choices("one", "two") + "\n  </Choices>",
    "rating": '<Rating name="{name}" toName="{to}" maxRating="5"/>',
    "number": '<Number name="{name}" toName="{to}"/>',
    "text": '<TextArea name="{name}" toName="{to}" rows="2" maxSubmissions="1"/>',
    "taxonomy": '<Taxonomy name="{name}" toName="{to}">\n    <Choice value="A"><Choice value="A 1"/></Choice>\n'
    "  </Taxonomy>",
    "region-choice": '<Choices name="{name}" toName="{to}" perRegion="true">' + _choices("sure", "not sure")
    + "\n  </Choices>",
    "region-text": '<TextArea name="{name}" toName="{to}" perRegion="true" rows="1" maxSubmissions="1"/>',
    "relations": '<Relations>\n    <Relation value="belongs to"/>\n  </Relations>',
}  # fmt: skip


def find_template(key: str) -> Template | None:
    """The entry of the gallery with this key."""
    return next((template for template in TEMPLATES if template.key == key), None)


def list_questions(interface: Interface) -> dict[str, str]:
    """What can be added to this configuration: questions about regions only where regions are drawn."""
    drawn = bool(interface.find_region_controls())
    has_relations = any(one.tag == "Relations" for one in interface.controls)
    fits = {key: drawn for key in ("region-choice", "region-text")} | {"relations": drawn and not has_relations}
    return {key: title for key, title in QUESTIONS.items() if fits.get(key, True)}


def add_question(xml: str, key: str, interface: Interface) -> str:
    """The configuration with one more question at its end, under a name that is free; unchanged for an unknown key."""
    if key not in _SNIPPETS or not interface.objects or not xml.rstrip().endswith("</View>"):
        return xml
    given = {interface.given_controls.get(one.name, one.name) for one in interface.controls}
    given |= {interface.given_objects.get(one.name, one.name) for one in interface.objects}
    name = next(name for name in (f"{key}{n or ''}" for n in range(1_000)) if name not in given)
    regions, main = interface.find_region_controls(), interface.main_object or interface.objects[0]
    about = regions[0].to[0] if key.startswith("region") and regions else main.name
    snippet = _SNIPPETS[key].format(name=name, to=interface.given_objects.get(about, about))
    body = xml.rstrip()[: -len("</View>")].rstrip()
    return f"{body}\n  {snippet}\n</View>"
