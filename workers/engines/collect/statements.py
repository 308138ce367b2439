"""Is this text one query that only reads? A first look, before the database's own locks: it errs on the safe side."""

from __future__ import annotations

import re

from workers.engines.collect.errors import SourceError

# what a token of SQL can be; what stands inside quotes and comments is not looked at
TOKENS = re.compile(
    r"""(?P<bang>/\*!)|(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`)
        |(?P<dollar>\$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$)|(?P<word>[A-Za-z_][A-Za-z0-9_$]*)|(?P<end>;)
        |(?P<open>/\*|['"`])|(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
FIRST_WORDS = ("select", "with", "values", "table", "from")
WRITING_WORDS = frozenset(
    {
        *("insert", "update", "delete", "merge", "drop", "alter", "create", "truncate", "grant", "revoke", "copy"),
        *("attach", "detach", "install", "load", "call", "do", "execute", "prepare", "pragma", "vacuum", "lock"),
        *("into", "outfile", "dumpfile", "set", "reset", "export", "import", "checkpoint"),
    }
)
# names that only look like verbs, where they follow a dot or stand before a bracket
HARMLESS_BEFORE_BRACKET = frozenset({"insert", "truncate", "replace", "set"})


def check_query(query: str) -> str:
    """The query without its final semicolon. Raises SourceError with the reason when it may do more than read."""
    words, ends = [], 0
    for match in TOKENS.finditer(query):
        kind = match.lastgroup if match.lastgroup != "tag" else "dollar"
        if kind == "bang":
            raise SourceError("Comments that MySQL executes (/*! … */) are not allowed in the query.")
        if kind == "quoted" and "\\'" in match.group():
            raise SourceError("A backslash before a quote means different things to databases; write '' instead.")
        if kind == "open":
            raise SourceError("A quote or a comment in the query is opened and never closed.")
        if ends and kind not in ("comment", "end") and match.group().strip():
            raise SourceError("Only one statement is allowed; take out what follows the semicolon.")
        ends += kind == "end"
        if kind == "word":
            words.append((match.group().lower(), match.start(), match.end()))
    if not words or words[0][0] not in FIRST_WORDS:
        raise SourceError("Only a query that reads is allowed: start it with SELECT or WITH.")
    for word, start, end in words:
        if word in WRITING_WORDS and not _is_a_name(query, word, start, end):
            raise SourceError(f"{word.upper()} is not allowed here: a source only reads. Quote it if it is a name.")
    return _cut_end(query)


def _is_a_name(query: str, word: str, start: int, end: int) -> bool:
    """After a dot, or called like a function that has the name of a verb."""
    before, after = query[:start].rstrip()[-1:], query[end:].lstrip()[:1]
    return before == "." or (after == "(" and word in HARMLESS_BEFORE_BRACKET)


def _cut_end(query: str) -> str:
    """Without a final semicolon, which could not stand inside brackets."""
    for match in TOKENS.finditer(query):
        if match.lastgroup == "end":
            return query[: match.start()].strip()
    return query.strip()
