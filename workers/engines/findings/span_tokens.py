"""Spans that are missing, too many, cut wrong or of another class: cleanlab's token classification on the out-of-fold
predictions of a light model, which sees each word, its shape, its ends, and its neighbors twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from lifecycle.contracts.profile import FindingKind
from workers.engines.findings.drawn import Doubt, Drawn, Region, cut
from workers.engines.findings.folds import FOLDS
from workers.engines.findings.loading import Look

WORD = re.compile(r"\w+")
LEAST_LABELED = 50  # texts
LEAST_PER_CLASS = FOLDS  # texts with it
MAX_TOKENS = 150_000  # of texts chosen at random beyond
MAX_FEATURES = 30_000
AFFIX = 3  # characters
NEAR = (-2, -1, 1, 2)  # neighbors
STRENGTH = 1.0  # C of the models: how far they trust single features
LEAST_SHARE = 0.02  # of a neighbor being of a class, to count as a feature
OUTSIDE = ""  # the class of what is not marked
UNJUDGED = -1


@dataclass(frozen=True)
class Tokens:
    """The words of one text, where each is, and the class that it is marked with; None, which is not judged, for one
    that is too rare. Signs are left out: whether a span takes the comma behind it is nobody's fault."""

    place: int
    bounds: list[tuple[int, int]]
    given: list[str | None]

    def __len__(self) -> int:
        return len(self.bounds)


def doubt_spans(look: Look, drawn: Drawn) -> list[Doubt]:
    """The most doubtful word of each text, with what may be wrong there; nothing, and a note why, of too few."""
    marked = [place for place, mine in drawn.regions.items() if all(one.span for one in mine)]
    if len(marked) < LEAST_LABELED:
        return _refuse(look, f"Needs at least {LEAST_LABELED} labeled texts; there are {len(marked)}.")
    sentences = _choose(look, drawn, marked)
    names = _choose_names(sentences)
    if len(names) < 2:
        return _refuse(look, f"Needs a class that at least {LEAST_PER_CLASS} texts have.")
    known = [_keep(one, set(names)) for one in sentences]
    index = {name: n for n, name in enumerate(names)}
    given = np.array([UNJUDGED if name is None else index[name] for one in known for name in one.given])
    owners = np.repeat(np.arange(len(known)), [len(one) for one in known])
    shares = predict_tokens(look, known, owners, given, len(names))
    is_judged = given >= 0
    agrees = (shares.argmax(1) == given)[is_judged].mean()
    look.notes[FindingKind.REGIONS] = (
        f"A model that never saw the labels agrees with {agrees:.0%} of {is_judged.sum():,} words in "
        f"{len(known):,} texts" + ("." if len(known) == len(marked) else f", chosen at random of {len(marked):,}.")
    )
    return _rank(look.items.contents, known, names, given, shares)


def _refuse(look: Look, why: str) -> list[Doubt]:
    look.notes[FindingKind.REGIONS] = f"Spans that are missing, cut wrong or too many are not looked for. {why}"
    return []


def _choose(look: Look, drawn: Drawn, places: Sequence[int]) -> list[Tokens]:
    """Texts in random order up to MAX_TOKENS, then as they come."""
    chosen: list[Tokens] = []
    count = 0
    for place in np.random.default_rng(look.spec.seed).permutation(places):
        made = tokenize(int(place), look.items.contents[place], drawn.regions[int(place)])
        count += len(made)
        if count > MAX_TOKENS and chosen:
            break
        chosen += [made] if len(made) else []
    return sorted(chosen, key=lambda one: one.place)


def tokenize(place: int, text: str, regions: Sequence[Region]) -> Tokens:
    """A word has the class of the span that covers its middle; of several, the shortest."""
    bounds = [match.span() for match in WORD.finditer(text)]
    given: list[str | None] = [OUTSIDE] * len(bounds)
    middles = np.array([(start + end) / 2 for start, end in bounds])
    spans = sorted(((one.span, one.name) for one in regions if one.span), key=lambda pair: pair[0][0] - pair[0][1])
    for (start, end), name in spans:
        for n in np.flatnonzero((middles > start) & (middles < end)):
            given[n] = name
    return Tokens(place, bounds, given)


def _choose_names(sentences: Sequence[Tokens]) -> list[str]:
    counts = Counter(name for one in sentences for name in set(one.given) if name is not None)
    return sorted(name for name, count in counts.items() if count >= LEAST_PER_CLASS)


def _keep(one: Tokens, names: set[str]) -> Tokens:
    return Tokens(one.place, one.bounds, [name if name in names else None for name in one.given])


def predict_tokens(
    look: Look, known: Sequence[Tokens], owners: np.ndarray, given: np.ndarray, classes: int
) -> np.ndarray:
    """[words, classes]: by models of the other folds. Equal texts, and texts of one group, are in one fold. A second
    model is told, beside the features, what the first says of the neighbors: stacked sequential learning (Cohen and
    Carvalho, 2005)."""
    features = encode_tokens([describe_tokens(look.items.contents[one.place], one.bounds) for one in known])
    _, numbers = np.unique([_find_group(look, one.place) for one in known], return_inverse=True)
    groups = numbers[owners]
    first = _predict(look, features, given, groups, classes)
    return _predict(look, sparse.hstack([features, _look_around(first, owners)]).tocsr(), given, groups, classes)


def _find_group(look: Look, place: int) -> str:
    group = look.items.groups[place]
    return f"g {group}" if group else f"t {' '.join(look.items.contents[place].lower().split())}"


def _predict(look: Look, features: Any, given: np.ndarray, groups: np.ndarray, classes: int) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    shares = np.full((len(given), classes), 1 / classes)
    folds = min(FOLDS, groups.max() + 1)
    if folds < 2:
        return shares
    for others, asked in GroupKFold(folds, shuffle=True, random_state=look.spec.seed).split(groups, groups=groups):
        look.check()
        train = others[given[others] != UNJUDGED]
        if len(np.unique(given[train])) < 2:
            continue
        model = LogisticRegression(C=STRENGTH, max_iter=60, tol=1e-3).fit(features[train], given[train])
        shares[asked] = 0
        shares[np.ix_(asked, model.classes_)] = model.predict_proba(features[asked])
    return shares


def _look_around(shares: np.ndarray, owners: np.ndarray) -> sparse.csr_matrix:
    """[words, neighbors x classes]: what each neighbor likely is; nothing beyond the ends of a text."""
    count = len(owners)
    likely = np.where(shares >= LEAST_SHARE, shares, 0)
    columns = []
    for side in NEAR:
        beside = np.clip(np.arange(count) + side, 0, count - 1)
        is_there = (owners[beside] == owners) & (beside != np.arange(count))
        columns.append(sparse.csr_matrix(likely[beside] * is_there[:, None]))
    return sparse.hstack(columns).tocsr()


def encode_tokens(described: Sequence[Sequence[Sequence[str]]]) -> sparse.csr_matrix:
    """One row a word: the features that at least two words have, the most frequent of them."""
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(analyzer=list, binary=True, min_df=2, max_features=MAX_FEATURES, dtype=np.float64)
    return vectorizer.fit_transform(features for words in described for features in words)


def describe_tokens(text: str, bounds: Sequence[tuple[int, int]]) -> list[list[str]]:
    """The features of each word: itself, its shape, how it begins and ends, the same of its neighbors, the signs before
    and behind it, its place in the text."""
    words = [text[start:end] for start, end in bounds]
    own = [_describe(word) for word in words]
    edges = [0, *(edge for bound in bounds for edge in bound), len(text)]
    signs = ["".join(text[a:b].split())[:2] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    described = []
    for n, mine in enumerate(own):
        features = ["", *mine, f"<{signs[n]}", f">{signs[n + 1]}", f"@{min(n, 4)}", f"@-{min(len(words) - n, 4)}"]
        for side in NEAR:
            is_there = 0 <= n + side < len(words)
            near = own[n + side] if is_there else ["end"]
            features += [f"{side}{one}" for one in (near if abs(side) == 1 else near[:2])]
            if abs(side) == 1:
                features.append(f"{side}p{near[0]} {mine[0]}")
        described.append(features)
    return described


def _describe(word: str) -> list[str]:
    lower = word.lower()
    ends = [f"a{lower[:n]}" for n in range(1, AFFIX + 1)] + [f"z{lower[-n:]}" for n in range(1, AFFIX + 1)]
    return [f"w{lower}", f"s{shape(word)}", *ends]


def shape(word: str) -> str:
    """“Berlin” is Xx, “GmbH” XxX, “2026” dddd: runs of letters count once, each digit by itself, six signs at most."""
    classes = "".join("d" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in word)
    return re.sub(r"([Xx])\1+", r"\1", classes)[:6]


def _rank(
    texts: Sequence[str], known: Sequence[Tokens], names: Sequence[str], given: np.ndarray, shares: np.ndarray
) -> list[Doubt]:
    """One doubt a text in which a token would be of another class."""
    from cleanlab.token_classification.filter import find_label_issues
    from cleanlab.token_classification.rank import get_label_quality_scores

    starts = np.cumsum([0, *(len(one) for one in known)])
    judged = [np.flatnonzero(given[a:b] >= 0) for a, b in zip(starts, starts[1:], strict=False)]
    used = [n for n, mine in enumerate(judged) if len(mine)]
    labels = [given[starts[n] + judged[n]].tolist() for n in used]
    predicted = [shares[starts[n] + judged[n]] for n in used]
    quality, of_tokens = get_label_quality_scores(labels, predicted, token_score_method="normalized_margin")
    issues = {place for place, _ in find_label_issues(labels, predicted, n_jobs=1)}  # cleanlab's own cut
    doubts = []
    for place, (n, score) in enumerate(zip(used, quality, strict=True)):
        at = int(judged[n][int(of_tokens[place].to_numpy().argmin())])
        mine = shares[starts[n] : starts[n + 1]]
        likely = [names[k] for k in mine.argmax(1)]
        if likely[at] == known[n].given[at]:
            continue
        reason = say_why(texts[known[n].place], known[n], likely, at, float(mine[at].max()))
        doubts.append(Doubt(known[n].place, float(1 - score), reason, place in issues))
    return doubts


def say_why(text: str, tokens: Tokens, likely: Sequence[str], at: int, share: float) -> str:
    """What the model would do at one token, together with those beside it that it would change alike."""
    was, would = tokens.given[at], likely[at]
    first, last = at, at
    while first and (tokens.given[first - 1], likely[first - 1]) == (was, would):
        first -= 1
    while last + 1 < len(tokens) and (tokens.given[last + 1], likely[last + 1]) == (was, would):
        last += 1
    words = f"“{cut(text[tokens.bounds[first][0] : tokens.bounds[last][1]])}”"
    beside = [tokens.given[n] for n in (first - 1, last + 1) if 0 <= n < len(tokens)]
    sure = f"({share:.0%})"
    if not was:
        if would in beside:
            return f"{words} is beside “{cut(would)}” and not marked; by the others it is part of it {sure}"
        return f"{words} is not marked; by the others it is “{cut(would)}” {sure}"
    if not would:
        if was in beside:
            return f"{words} is marked as part of “{cut(was)}”; by the others it is not {sure}"
        return f"{words} is marked “{cut(was)}”; by the others it is nothing {sure}"
    return f"{words} is marked “{cut(was)}”; by the others it is “{cut(would)}” {sure}"
