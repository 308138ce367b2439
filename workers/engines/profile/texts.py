"""Texts: what is measured of each once, and the words that set the classes apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
from ftfy import fix_text
from ftfy.badness import is_bad

LANGUAGE_CHARS = 600  # enough to tell a language
LEAST_LANGUAGE_CHARS = 20
VOCABULARY_TEXTS = 30_000
VOCABULARY_CHARS = 5_000
COMPARED_WORDS = 30_000
WORDS_PER_CLASS = 15
SHOWN_CLASSES = 12
NEAR_EMPTY_WORDS = 3  # fewer than so many
SHOWN_EXAMPLES = 12
REPLACEMENT = "\ufffd"
TOKEN = r"(?u)\b[^\W\d_][\w'’-]+\b"


def is_damaged(text: str) -> bool:
    """Whether the text shows signs of having been read in a wrong encoding (mojibake) or of lost characters."""
    return not text.isascii() and (REPLACEMENT in text or is_bad(text))


def repair(text: str) -> str:
    """The text as ftfy would mend it."""
    return fix_text(text)


def find_language(text: str) -> str:
    """ISO 639-1 code; "" for texts too short to tell."""
    import py3langid

    part = text[:LANGUAGE_CHARS].strip()
    return py3langid.classify(part)[0] if len(part) >= LEAST_LANGUAGE_CHARS else ""


def describe_texts(base: duckdb.DuckDBPyConnection, labels: Sequence[str]) -> dict[str, Any]:
    """{"languages", "looked_up", "near_empty", "damaged", "vocabulary"}; counts are of what was measured so far."""
    near_empty, damaged, looked_up = base.execute(
        f"""SELECT count(*) FILTER (f.words < {NEAR_EMPTY_WORDS}), count(*) FILTER (f.is_damaged),
                   count(*) FILTER (f.language IS NOT NULL AND f.language <> '') FROM m JOIN f USING (item_id)"""
    ).fetchall()[0]
    languages = base.execute(
        """SELECT f.language, count(*) AS n FROM m JOIN f USING (item_id)
           WHERE f.language <> '' GROUP BY 1 ORDER BY n DESC, 1 LIMIT 15"""
    ).fetchall()
    examples = base.execute(
        "SELECT m.item_id, m.text FROM m JOIN f USING (item_id) WHERE f.is_damaged ORDER BY 1 LIMIT ?", [SHOWN_EXAMPLES]
    ).fetchall()
    return {
        "languages": [[name, count] for name, count in languages],
        "looked_up": looked_up,
        "near_empty": near_empty,
        "near_empty_words": NEAR_EMPTY_WORDS,
        "damaged": damaged,
        "damaged_examples": [[item, _excerpt(text), _excerpt(repair(text))] for item, text in examples],
        "vocabulary": compute_vocabulary(base, labels),
    }


def compute_vocabulary(base: duckdb.DuckDBPyConnection, labels: Sequence[str]) -> dict[str, Any]:
    """{"distinct", "texts", "top": [[word, texts]], "by_class": {class: [[word, z]]}} of a sample of the texts.

    Words that set a class apart: log-odds with an informative Dirichlet prior, as z-scores (Monroe, Colaresi, Quinn
    2008, section 3.5.1), counting a word once a text.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    rows = base.execute(
        f"""SELECT left(text, {VOCABULARY_CHARS}), label FROM (SELECT text, label FROM m WHERE text IS NOT NULL)
            USING SAMPLE reservoir({VOCABULARY_TEXTS} ROWS) REPEATABLE (7)"""
    ).fetchall()
    vectorizer = CountVectorizer(lowercase=True, token_pattern=TOKEN, min_df=2, binary=True, dtype=np.float32)
    try:
        counts = vectorizer.fit_transform(text for text, _ in rows)
    except ValueError:  # no word occurs twice
        return {"distinct": 0, "texts": len(rows), "top": [], "by_class": {}}
    words: np.ndarray = vectorizer.get_feature_names_out()
    totals: np.ndarray = np.asarray(counts.sum(0)).ravel()
    distinct = len(words)
    if distinct > COMPARED_WORDS:
        common = np.sort(np.argsort(-totals, kind="stable")[:COMPARED_WORDS])
        counts, words, totals = counts[:, common], words[common], totals[common]
    by_class = {}
    given = np.array([label if label is not None else "" for _, label in rows], dtype=object)
    for label in list(labels)[:SHOWN_CLASSES]:
        inside = given == label
        outside = (given != "") & ~inside
        if inside.sum() < 5 or outside.sum() < 5 or len(words) < 2:
            continue
        z = _compare(np.asarray(counts[inside].sum(0)).ravel(), np.asarray(counts[outside].sum(0)).ravel(), totals)
        best = [i for i in np.argsort(-z)[:WORDS_PER_CLASS] if z[i] > 1.96]
        by_class[label] = [[str(words[i]), round(float(z[i]), 2)] for i in best]
    top = np.argsort(-totals)[:40]
    return {
        "distinct": distinct,
        "texts": len(rows),
        "top": [[str(words[i]), int(totals[i])] for i in top],
        "by_class": by_class,
    }


def _compare(inside: np.ndarray, outside: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """z of each word's log-odds ratio between two groups of texts."""
    prior = totals * (1_000 / totals.sum()) + 0.01
    weight, n, k = prior.sum(), inside.sum(), outside.sum()
    odds = np.log((inside + prior) / (n + weight - inside - prior))
    odds -= np.log((outside + prior) / (k + weight - outside - prior))
    return odds / np.sqrt(1 / (inside + prior) + 1 / (outside + prior))


def _excerpt(text: str, length: int = 160) -> str:
    """The part of the text around the first character that is not ASCII."""
    first = next((n for n, c in enumerate(text) if not c.isascii()), 0)
    start = max(0, first - length // 3)
    return text[start : start + length]
