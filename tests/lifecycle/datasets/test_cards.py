"""Whatever people wrote, a card keeps its shape: front matter that is YAML, the same sections, the same tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import yaml
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lifecycle.datasets.card_text import build_table, escape, put_on_one_line, quote
from lifecycle.datasets.cards import CardFacts, build_card

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
WORDS = st.text(
    st.one_of(st.characters(), st.sampled_from("|\\`*_[]<>#-+=~&!\"':{}\n\r\t\u2028\x85\x00\u202e1.) ")), max_size=40
)
PLAIN = CardFacts(
    title="Zoo, v1", purpose="why", item_kind="image", problem="Image classification", message="first",
    content_hash="ab" * 32, created="2026-01-02 by owner", item_count=3, labeled_count=2,
    summary={"splits": {"train": 3}, "labeled": {"train": 2}, "balance": {"train": {"cat": 1, "dog": 1}}},
    policy="by share", sources=[{"title": "a", "kind": "upload", "license": "MIT", "items": 3, "by": "o",
                                 "at": date(2026, 1, 2)}],
    pages=[["site", "license", "CC", "3"]], labels_by=[("owner", 2)], columns=[("size", "number")], issues=["none"],
    tags=["gold (since 2026-01-02)"], found=["nothing"],
)  # fmt: skip


def spoil(words: str) -> CardFacts:
    """The plain facts with these words in every place that people fill in."""
    source = {**PLAIN.sources[0], "title": words, "license": words, "by": words}
    balance = {"train": {"cat": 1, words + "x": 1}}
    return replace(
        PLAIN, title=words, purpose=f"x {words}", message=f"x {words}", created=words, policy=words,
        summary={**PLAIN.summary, "balance": balance}, sources=[source], pages=[[words, "license", words, "3"]],
        labels_by=[(words, 2)], columns=[(words, words)], issues=[words], tags=[words], found=[words],
        profile=profile(words), profiled_on="2026-01-03",
    )  # fmt: skip


def profile(words: str) -> dict:
    column = {"name": words, "title": words, "kind": words, "is_measure": False, "missing": 1, "distinct": 2}
    return {
        "items": 3, "columns": [{**column, "values": [[words, 2], ["b", 1]]}],
        "suspects": [{"column": words, "kind": "leak", "score": 1, "reason": words}],
        "texts": {"languages": [["en", 2]], "looked_up": 2, "near_empty": 0, "damaged": 1},
    }  # fmt: skip


def outline(card: str) -> list[str]:
    """The structure of the Markdown without its words: opening and closing tags of blocks, and no inline markup."""
    body = card.split("---\n", 2)[2]
    tokens = MARKDOWN.parse(body)
    inline = {child.type for token in tokens for child in token.children or ()}
    assert inline <= {"text", "text_special", "softbreak", "code_inline"}, inline
    return [token.type for token in tokens]


@given(words=WORDS)
@hypothesis_settings(deadline=None, max_examples=300)
def test_nothing_that_people_write_breaks_the_card(words):
    assume(put_on_one_line(words))
    card = build_card(spoil(words))

    front = yaml.safe_load(card.split("---\n")[1])
    assert front["language"] == ["en"] and set(front) >= {"pretty_name", "license", "size_categories"}
    assert all(isinstance(front[name], str) for name in ("pretty_name", "license"))
    assert outline(card) == outline(build_card(spoil("plain")))


@given(words=WORDS)
@hypothesis_settings(deadline=None, max_examples=300)
def test_words_are_shown_as_they_were_written(words):
    (paragraph,) = [token for token in MARKDOWN.parse("x " + escape(words)) if token.type == "inline"]
    cell = MARKDOWN.parse(build_table([["head"], [words]]))
    shown = "".join(child.content for token in cell[-6:] for child in token.children or ())

    clean = yaml.safe_load(quote(words))
    assert "".join(child.content for child in paragraph.children).strip() == f"x {clean}".strip()
    assert shown == clean


def test_a_license_that_hugging_face_knows_is_named_as_it_does():
    def front(*licenses: str) -> dict:
        sources = [{**PLAIN.sources[0], "license": name} for name in licenses]
        return yaml.safe_load(build_card(replace(PLAIN, sources=sources)).split("---\n")[1])

    assert front("CC BY 4.0")["license"] == front("cc-by-4.0", "CC BY 4.0")["license"] == "cc-by-4.0"
    assert front("ours", "MIT")["license"] == "other" and front("ours", "MIT")["license_name"] == "MIT; ours"
    assert front("")["license"] == "unknown"


def test_long_lists_are_cut_and_say_so():
    many = replace(
        PLAIN,
        columns=[(f"c{n}", "number") for n in range(300)],
        summary={"balance": {"train": {f"class {n}": n + 1 for n in range(60)}}},
    )

    card = build_card(many)

    assert "and 200 more columns." in card and "and 20 more classes." in card and "class 59" in card
