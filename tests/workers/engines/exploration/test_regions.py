"""Regions that are wrong are found by what they are, and by what a model that never saw them would draw."""

from __future__ import annotations

import ast
import json
import random
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle.contracts.label_interface.values import join_names
from lifecycle.contracts.profile import FindingKind, FindingsResult
from tests.workers.engines.exploration.sets import draw_scene, encode, write_set
from tests.workers.engines.exploration.test_planted_faults import FOUND, WRONG
from workers.engines.findings.drawn import Drawn, Region
from workers.engines.findings.region_faults import find_box_faults, find_span_faults
from workers.engines.findings.span_tokens import shape, tokenize

Span = tuple[int, int, str]
MODULES = ("argparse", "calendar", "cgitb", "csv", "difflib", "doctest", "ftplib", "gettext", "imaplib", "inspect",
           "locale", "mailbox", "optparse", "pathlib", "pdb", "shutil", "smtplib", "tarfile", "zipfile")  # fmt: skip


def read_statements() -> Iterator[tuple[str, list[Span]]]:
    """Lines of Python's own library, with what its parser says of the names in them."""
    library = Path(sysconfig.get_paths()["stdlib"])
    seen = set()
    for path in [library / f"{name}.py" for name in MODULES]:
        source = path.read_text(encoding="utf-8") if path.exists() else ""
        lines = source.splitlines()
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.stmt) or hasattr(node, "body") or node.lineno != node.end_lineno:
                continue
            text = lines[node.lineno - 1].strip()
            if text.isascii() and 30 <= len(text) <= 90 and text not in seen:
                seen.add(text)
                shift = len(lines[node.lineno - 1]) - len(lines[node.lineno - 1].lstrip())
                yield text, sorted({span for one in ast.walk(node) for span in _read_names(one, shift)})


def _read_names(node: ast.AST, shift: int) -> Iterator[Span]:
    if isinstance(node, ast.Call):
        end = node.func.end_col_offset - shift
        if isinstance(node.func, ast.Name):
            yield end - len(node.func.id), end, "function"
        elif isinstance(node.func, ast.Attribute):
            yield end - len(node.func.attr), end, "method"
    elif isinstance(node, ast.keyword) and node.arg:
        yield node.col_offset - shift, node.col_offset - shift + len(node.arg), "keyword"
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        end = node.end_col_offset - shift
        yield end - len(node.attr), end, "attribute"
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.col_offset - shift, node.end_col_offset - shift, "variable"


def plant(texts: list[str], spans: list[list[Span]]) -> tuple[list[list[Span]], dict[int, Span]]:
    """Spans of which one is wrong in WRONG of the texts: forgotten, of another class, grown by a word, or too many."""
    rng, wrong, planted = random.Random(0), [list(mine) for mine in spans], {}
    names = sorted({name for mine in spans for *_, name in mine})
    usable = [n for n, mine in enumerate(spans) if mine]
    for n in rng.sample(usable, round(WRONG * len(texts))):
        k = rng.randrange(len(wrong[n]))
        start, end, name = wrong[n][k]
        how = rng.choice(["forgotten", "class", "grown"])
        if how == "forgotten":
            del wrong[n][k]
        elif how == "class":
            wrong[n][k] = (start, end, rng.choice([other for other in names if other != name]))
        else:
            before = texts[n][:start].rstrip("( .,=[{'\"*-+")
            at = max(before.rfind(mark) for mark in " .(=[") + 1
            wrong[n][k] = (at, end, name) if at < start else (start, len(texts[n]), name)
        planted[n + 1] = wrong[n][k] if how == "grown" else (start, end, name)
    return wrong, planted


def dump(text: str, spans: list[Span]) -> str:
    return json.dumps([
        {"id": f"r{n}", "from_name": "label", "to_name": "item", "type": "labels",
         "value": {"start": start, "end": end, "text": text[start:end], "labels": [name]}}
        for n, (start, end, name) in enumerate(spans)
    ])  # fmt: skip


def scan_spans(folder, texts: list[str], spans: list[list[Span]], **options) -> FindingsResult:
    labels = [join_names(name for *_, name in mine) for mine in spans]
    results = [dump(text, mine) for text, mine in zip(texts, spans, strict=True)]
    names = tuple(sorted({name for mine in spans for *_, name in mine}))
    made = write_set(folder, "text", texts, labels, label_kind="spans", results=results, **options)
    return made.scan(label_names=names)


def list_regions(result: FindingsResult) -> list:
    return [one for one in result.found if one.kind == FindingKind.REGIONS]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    read = random.Random(1).sample(list(read_statements()), 700)
    texts, spans = [text for text, _ in read], [mine for _, mine in read]
    wrong, planted = plant(texts, spans)
    return scan_spans(tmp_path_factory.mktemp("spans"), texts, wrong), planted, texts


def test_wrong_spans_lead_their_list_with_the_words_in_question(faulty):
    result, planted, texts = faulty

    listed = list_regions(result)
    top = {one.item_id: one for one in listed[: len(texts) // 10]}
    hit = set(top) & set(planted)
    assert len(hit) >= FOUND * len(planted)
    told = [n for n in hit if top[n].reason.split("”")[0][1:] in texts[n - 1][slice(*planted[n][:2])]]
    assert len(told) >= 0.7 * len(hit)
    assert "A model that never saw the labels agrees with" in result.notes[FindingKind.REGIONS]


def test_a_forgotten_span_is_told_in_words(faulty):
    result, *_ = faulty

    reasons = [one.reason for one in list_regions(result)]
    assert any("is not marked; by the others it is “" in reason for reason in reasons)


def test_too_few_texts_are_said(tmp_path):
    texts = [f"Berlin is {n} miles away" for n in range(10)]

    result = scan_spans(tmp_path, texts, [[(0, 6, "LOC")]] * 10)

    assert list_regions(result) == []
    assert "at least 50 labeled texts; there are 10" in result.notes[FindingKind.REGIONS]


@pytest.mark.parametrize("spans", [[], [(0, 4, "word")]])
def test_texts_that_are_all_marked_alike_are_not_doubted(spans, tmp_path):
    texts = [f"word {chr(97 + n % 26)}{n} and more" for n in range(60)]
    result = scan_spans(tmp_path, texts, [spans] * 60)

    assert [one for one in list_regions(result) if one.is_likely] == []


def test_labels_without_regions_have_no_such_list(tmp_path):
    result = write_set(tmp_path, "text", ["a b"] * 60, ["x", "y"] * 30).scan()

    assert FindingKind.REGIONS not in result.notes


def test_members_of_a_group_do_not_vouch_for_each_other(tmp_path):
    """What a word is, is known only to those of its own group: apart from these, nothing can be learned of it."""
    rng = random.Random(0)
    known = ["".join(rng.sample("abcdefghijklmnopqrstuvwxyz", 6)) for _ in range(30)]
    texts = [f"{word} {n}" for word in known for n in range(4)]
    names = [rng.choice(["LOC", "ORG"]) for _ in known]
    spans = [[(0, 6, name)] for name in names for _ in range(4)]
    agreed = []
    for folder, groups in (("apart", None), ("grouped", [word for word in known for _ in range(4)])):
        (tmp_path / folder).mkdir()
        result = scan_spans(tmp_path / folder, texts, spans, groups=groups)
        agreed.append(int(result.notes[FindingKind.REGIONS].split("agrees with ")[1].split("%")[0]))

    assert agreed[0] >= 95 and agreed[1] < 90


SPAN_FAULTS = [
    ((0, 99, "LOC"), "", "the text has 29"),
    ((6, 7, "LOC"), "", "nothing but blanks"),
    ((0, 7, "LOC"), "", "with blanks at its ends"),
    ((0, 6, "LOC"), "Paris", "says that it marks “Paris”, and there is “Berlin”"),
    ((0, 4, "LOC"), "", "“Berl” is cut out of “Berlin”"),
    ((2, 6, "LOC"), "", "“rlin” is cut out of “Berlin”"),
]


@pytest.mark.parametrize(("span", "said", "reason"), SPAN_FAULTS)
def test_a_span_that_is_plainly_wrong_is_told(span, said, reason):
    start, end, name = span
    drawn = Drawn({0: (Region((name,), span=(start, end), text=said),)})

    (doubt,) = find_span_faults(["Berlin and Paris are far away"], drawn)

    assert reason in doubt.reason and doubt.is_likely


def test_right_spans_are_no_faults_and_a_span_marked_twice_is():
    right = Region(("LOC",), span=(0, 6), text="Berlin")
    texts = ["Berlin, and (Paris)"]

    assert find_span_faults(texts, Drawn({0: (right, Region(("LOC",), span=(13, 18), text="Paris"))})) == []
    (doubt,) = find_span_faults(texts, Drawn({0: (right, right)}))
    assert doubt.reason == "“Berlin” is marked “LOC” twice"


def test_where_words_have_no_blanks_spans_within_them_are_usual():
    texts = ["我在北京工作"] * 40
    drawn = Drawn({n: (Region(("LOC",), span=(2, 4), text="北京"),) for n in range(40)})

    assert find_span_faults(texts, drawn) == []


def box(name: str, *corners: float) -> Region:
    return Region((name,), box=corners)  # type: ignore[arg-type]


def test_boxes_at_the_same_place_are_told():
    drawn = Drawn({0: (box("cell", 10, 10, 50, 50), box("cell", 11, 10, 50, 51)),
                   1: (box("cell", 10, 10, 50, 50), box("dirt", 10, 10, 50, 50)),
                   2: (box("cell", 10, 10, 50, 50), box("cell", 30, 10, 70, 50))})  # fmt: skip

    doubts = {doubt.place: doubt.reason for doubt in find_box_faults(drawn)}

    assert doubts == {0: "“cell” is marked twice at the same place",
                      1: "“cell” and “dirt” are marked at the same place"}  # fmt: skip


def test_classes_that_are_always_drawn_together_are_meant_so():
    both = (box("car", 0, 0, 40, 40), box("red", 0, 0, 40, 40))

    assert find_box_faults(Drawn({n: both for n in range(40)})) == []


def test_boxes_of_another_size_than_their_class_are_told():
    rng = random.Random(0)
    usual = {n: (box("cell", 10, 10, 10 + rng.uniform(30, 50), 10 + rng.uniform(30, 50)),) for n in range(60)}

    doubts = find_box_faults(Drawn(usual | {90: (box("cell", 5, 5, 7, 6),), 91: (box("cell", 0, 0, 639, 479),)}))

    assert {doubt.place for doubt in doubts} == {90, 91}
    assert "times smaller than usual" in next(doubt.reason for doubt in doubts if doubt.place == 90)


def test_pictures_with_a_box_twice_are_listed(tmp_path):
    pictures = [encode(draw_scene(seed, 60, 40)) for seed in range(6)]
    entry = {"from_name": "label", "to_name": "item", "type": "rectanglelabels", "original_width": 60,
             "original_height": 40, "value": {"x": 10, "y": 10, "width": 30, "height": 30, "rotation": 0,
                                              "rectanglelabels": ["hill"]}}  # fmt: skip
    results = [json.dumps([entry] * (2 if n == 3 else 1)) for n in range(6)]

    result = write_set(tmp_path, "image", pictures, ["hill"] * 6, label_kind="regions", results=results).scan(
        label_names=("hill",)
    )

    (found,) = list_regions(result)
    assert (found.item_id, found.reason) == (4, "“hill” is marked twice at the same place")
    assert "7 in 6 items" in result.notes[FindingKind.REGIONS]


def test_words_have_the_class_of_the_shortest_span_over_their_middle():
    regions = [Region(("ORG",), span=(0, 18)), Region(("LOC",), span=(8, 14))]

    made = tokenize(0, "Bank of London plc, here", regions)

    assert made.given == ["ORG", "ORG", "LOC", "ORG", ""]


def test_shapes_of_words_are_short():
    assert [shape(word) for word in ("Berlin", "GmbH", "2026", "x1", "Über")] == ["Xx", "XxX", "dddd", "xd", "Xx"]
