"""64-bit fingerprints whose Hamming distance is small for near-duplicates, and the search for close ones.

Pictures: a perceptual hash (the signs of the low frequencies of a 32 × 32 cosine transform; Zauner 2010), so that
resizing, recompression and small crops change few bits. Texts: one bit each of 64 min-hashes over character shingles
(b-bit minwise hashing, Li & König 2010), so that a share J of common shingles leaves about 32 · (1 - J) bits different.
Short texts and small pictures have too little for that: theirs is a hash, of the letters and digits in lower case or of
the pixels, so that only the same ones are near. Rows have none. Stored on `datasets.Item.fingerprint` as a signed
integer.

`find_near` gives each new fingerprint an earlier near-duplicate.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lifecycle.contracts.picture_depth import flatten_depth

NEAR_BITS = 10  # at most so many different bits: near-duplicates, of pictures and of texts
BITS = 64
GRID = 32
FREQUENCIES = 8
FLAT_SPREAD = 4.0  # standard deviation of the gray values below which a picture shows nothing to tell it by
SMALLEST_SIDE = 32  # icons and digits all look alike in 64 bits: of smaller ones only the same pixels are near
SHINGLE_CHARS = 5
LEAST_SHINGLES = 24  # shorter texts say too little: of those only the same letters and digits are near
MOST_SHINGLES = 4_096
CHARS_AT_ONCE = 40_000  # what fits into a core's own cache
WORDS = 4
WORD_BITS = BITS // WORDS
PAIRS_AT_ONCE = 1 << 22
BRUTE_PAIRS = 1 << 25  # below this, comparing all with all is quicker than looking up
WIDE_SEARCH = 1 << 17  # with more different fingerprints, words with two bits changed are not looked up
LEAST_CAP = 64  # at most so many that share a word are compared, or eight times as many as do by chance
PLACE_BITS = 40

Prints = NDArray[np.uint64]


def compute_picture(image: Image.Image) -> int | None:
    """The fingerprint of a decoded picture; None for one too plain to be told from others."""
    if min(image.size) < SMALLEST_SIDE:
        return _hash(repr(image.size).encode() + flatten_depth(image).convert("RGBA").tobytes())
    small = flatten(image).resize((GRID, GRID), Image.Resampling.BILINEAR, reducing_gap=2.0)
    gray = np.asarray(small, dtype=np.float32)
    if float(gray.std()) < FLAT_SPREAD:
        return None
    cosines = _list_cosines()
    low = (cosines @ gray @ cosines.T).ravel()
    return _sign(_pack((low > np.median(low[1:])).reshape(1, BITS))[0])


def flatten(image: Image.Image) -> Image.Image:
    """Gray, with transparent parts on white and deep pictures in eight bits: the way a page shows them."""
    image = flatten_depth(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        picture = image.convert("RGBA")
        picture.thumbnail((GRID * 8, GRID * 8), Image.Resampling.BILINEAR, reducing_gap=2.0)
        ground = Image.new("RGBA", picture.size, "white")
        ground.alpha_composite(picture)
        return ground.convert("L")
    if image.mode not in ("L", "RGB", "YCbCr"):
        return image.convert("RGB").convert("L")
    if min(image.size) > GRID * 8:
        image = image.reduce(min(image.size) // (GRID * 4))
    return image.convert("L")


def compute_text(text: str) -> int | None:
    """The fingerprint of a text; None for one without a letter or digit."""
    shingles = list_shingles(text)
    if len(shingles) < LEAST_SHINGLES:
        return _hash_letters(text)
    lowest: Prints = np.empty(BITS, np.uint64)
    factors, terms = _list_factors()
    for at in range(0, BITS, 16):
        hashed = shingles[:, None] * factors[None, at : at + 16] + terms[at : at + 16]
        lowest[at : at + 16] = hashed.min(axis=0)
    return _sign(_pack(((lowest >> np.uint64(17)) & np.uint64(1)).astype(bool).reshape(1, BITS))[0])


def compute_texts(texts: Sequence[str]) -> list[int | None]:
    """`compute_text` of each, five times as quick for many short ones: their shingles are hashed together."""
    found: list[int | None] = [None] * len(texts)
    plains = [_simplify(text) for text in texts]
    together: list[int] = []
    size = 0
    for place, plain in enumerate(plains):
        count = len(plain) - SHINGLE_CHARS + 1
        if count > MOST_SHINGLES:
            found[place] = compute_text(texts[place])
        elif count >= LEAST_SHINGLES:
            together.append(place)
            size += len(plain)
        else:
            found[place] = _hash_letters(texts[place])
        if size >= CHARS_AT_ONCE or (together and place == len(plains) - 1):
            for done, print_ in zip(together, _compute_together([plains[at] for at in together]), strict=True):
                found[done] = _hash_letters(texts[done]) if print_ is None else print_
            together, size = [], 0
    return found


def _compute_together(plains: list[str]) -> list[int | None]:
    lengths = np.array([len(plain) for plain in plains])
    codes = np.frombuffer("".join(plains).encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    owner = np.repeat(np.arange(len(plains)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(codes))  # characters up to the end of its text
    is_whole = left >= SHINGLE_CHARS
    shingles, owner = _mix(codes)[is_whole[: len(codes) - SHINGLE_CHARS + 1]], owner[is_whole]
    starts = np.concatenate([[0], np.cumsum(lengths - SHINGLE_CHARS + 1)[:-1]])
    lowest: Prints = np.empty((len(plains), BITS), np.uint64)
    for place, (factor, term) in enumerate(zip(*_list_factors(), strict=True)):
        lowest[:, place] = np.minimum.reduceat(shingles * factor + term, starts)
    prints = _pack(((lowest >> np.uint64(17)) & np.uint64(1)).astype(bool))
    keys = np.sort(owner.astype(np.uint64) << np.uint64(40) | shingles >> np.uint64(24))
    different = np.bincount(keys[np.flatnonzero(np.diff(keys, prepend=~keys[:1]))].astype(np.int64) >> 40)
    # so few by the first 40 bits of their hashes are counted again by all 64
    return [
        _sign(print_) if count >= LEAST_SHINGLES or len(_list_plain(plain)) >= LEAST_SHINGLES else None
        for plain, print_, count in zip(plains, prints, different, strict=True)
    ]


def list_shingles(text: str) -> Prints:
    """Hashes of the different runs of SHINGLE_CHARS characters; of a long text the same sample wherever they stand."""
    return _list_plain(_simplify(text))


def _list_plain(plain: str) -> Prints:
    codes = np.frombuffer(plain.encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    return np.unique(_mix(codes))[:MOST_SHINGLES]


def _simplify(text: str) -> str:
    """Lower case, words only, single spaces."""
    return " ".join(re.findall(r"\w+", text[:200_000].lower()))


def _hash_letters(text: str) -> int | None:
    letters = re.sub(r"[\W_]+", "", text[:200_000].casefold())
    return _hash(letters.encode("utf-8", "replace")) if letters else None


def _hash(content: bytes) -> int:
    """64 bits that are far from those of any other content."""
    return int.from_bytes(hashlib.blake2b(content, digest_size=BITS // 8).digest(), "big", signed=True)


def _mix(codes: Prints) -> Prints:
    """A hash of the SHINGLE_CHARS characters from each on."""
    count = max(len(codes) - SHINGLE_CHARS + 1, 0)
    mixed: Prints = np.zeros(count, np.uint64)
    for place in range(SHINGLE_CHARS):
        mixed = mixed * np.uint64(0x100000001B3) + codes[place : place + count]
    return _scatter(mixed)


def compute_similarity(left: str, right: str) -> float:
    """The share of shingles that two texts have in common, from 0 to 1 (Jaccard)."""
    a, b = list_shingles(left), list_shingles(right)
    both = len(np.intersect1d(a, b, assume_unique=True))
    return both / max(len(a) + len(b) - both, 1)


def as_prints(values: Sequence[int] | NDArray[np.int64]) -> Prints:
    """Signed integers, as the database has them, as the unsigned ones that are compared here."""
    return np.asarray(values, dtype=np.int64).view(np.uint64)


def find_near(new: Sequence[int | None], old: Sequence[int] | NDArray[np.int64]) -> list[int | None]:
    """For each new fingerprint the place, in `old` followed by `new`, of the nearest earlier near-duplicate.

    `old` are different ones. Of very many (more than WIDE_SEARCH) near means 7 bits and not NEAR_BITS: eight times
    less to look up. Where thousands share a quarter of their bits, as texts out of one template do, each is compared
    with a bounded number of them: one near-duplicate is found, not surely the nearest.
    """
    found: list[int | None] = [None] * len(new)
    asked = [place for place, print_ in enumerate(new) if print_ is not None]
    known = as_prints(old)
    values, first, code = np.unique(
        as_prints([print_ for print_ in new if print_ is not None]), return_index=True, return_inverse=True
    )
    order = np.argsort(first)  # of the different new ones, by where they first stand
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    nearest = _find_earlier(np.concatenate([known, values[order]]), len(known))
    for number, place in enumerate(asked):
        mine = int(rank[code[number]])
        at = int(first[order[mine]])
        match = len(known) + mine if at < number else int(nearest[mine])  # the same to the bit, or near
        if match >= 0:
            found[place] = match if match < len(known) else len(known) + asked[int(first[order[match - len(known)]])]
    return found


def _find_earlier(values: Prints, start: int) -> NDArray[np.int64]:
    """For each of `values[start:]` the place of the nearest one before it; -1 where none is near."""
    best = np.full(len(values) - start, BITS << PLACE_BITS, np.int64)  # bits that differ, and then the place
    if len(best) * len(values) <= BRUTE_PAIRS:
        _compare_earlier(values, start, best)
    else:
        _look_up_earlier(values, start, best)
    return np.where(best >> PLACE_BITS < BITS, best & ((1 << PLACE_BITS) - 1), -1)


def _compare_earlier(values: Prints, start: int, best: NDArray[np.int64]) -> None:
    """All with all that stand before them. Lowers `best`."""
    rows = max(PAIRS_AT_ONCE // max(len(values), 1), 1)
    for begin in range(start, len(values), rows):
        mine = np.arange(begin, min(begin + rows, len(values)))
        bits = np.bitwise_count(values[mine, None] ^ values[None, : mine[-1] + 1])
        bits[np.arange(mine[-1] + 1)[None, :] >= mine[:, None]] = BITS
        at = bits.argmin(axis=1)
        least = bits[np.arange(len(mine)), at].astype(np.int64)
        is_near = least <= NEAR_BITS
        best[mine[is_near] - start] = least[is_near] << PLACE_BITS | at[is_near]


def _look_up_earlier(values: Prints, start: int, best: NDArray[np.int64]) -> None:
    """By 16-bit words, one of four of which must be nearly equal (multi-index hashing, Norouzi et al. 2012): the
    closest words first, and a row that is settled is done. Lowers `best`."""
    most_flips = NEAR_BITS // WORDS if len(values) <= WIDE_SEARCH else 1
    max_bits = min(NEAR_BITS, (most_flips + 1) * WORDS - 1)
    cap = max(LEAST_CAP, 8 * len(values) >> WORD_BITS)
    index = [_sort_by_word(values, word) for word in range(WORDS)]
    rows = np.arange(len(best))
    for flips in range(most_flips + 1):
        for word, (places, sorted_values, starts) in enumerate(index):
            mine = _cut_word(values[start + rows], word).astype(np.int64)
            for mask in _list_masks(flips):
                key = mine ^ mask
                ends = np.minimum(starts[key + 1], starts[key] + cap)
                for i, at in _expand(starts[key], ends):
                    row = rows[i]
                    bits = np.bitwise_count(values[start + row] ^ sorted_values[at])
                    close = np.flatnonzero(bits <= max_bits)
                    row, place = row[close], places[at[close]]
                    earlier = place < row + start
                    far = bits[close][earlier].astype(np.int64) << PLACE_BITS
                    np.minimum.at(best, row[earlier], far | place[earlier])
        # what is left out now has its nearest, or, from the second round on, one that is near
        rows = rows[best[rows] >> PLACE_BITS >= (BITS if flips else WORDS)]


def _sort_by_word(values: Prints, word: int) -> tuple[NDArray, Prints, NDArray]:
    """(places by word, values in that order, where each word starts)."""
    words = _cut_word(values, word)
    places = np.argsort(words, kind="stable")  # of 16 bits: a radix sort
    starts = np.concatenate([[0], np.cumsum(np.bincount(words, minlength=1 << WORD_BITS))])
    return places, values[places], starts


def _expand(starts: NDArray, ends: NDArray) -> Iterator[tuple[NDArray, NDArray]]:
    """(row, place) for every place in each row's range, a bounded number at once."""
    counts = ends - starts
    total = np.cumsum(counts)
    begin = 0
    while begin < len(counts):
        done = total[begin - 1] if begin else 0
        end = max(int(np.searchsorted(total, done + PAIRS_AT_ONCE, side="right")), begin + 1)
        some = counts[begin:end]
        rows = np.repeat(np.arange(begin, end), some)
        offsets = np.arange(int(some.sum())) - np.repeat(np.cumsum(some) - some, some)
        yield rows, np.repeat(starts[begin:end], some) + offsets
        begin = end


def _cut_word(prints: Prints, word: int) -> NDArray[np.uint16]:
    return ((prints >> np.uint64(word * WORD_BITS)) & np.uint64((1 << WORD_BITS) - 1)).astype(np.uint16)


@cache
def _list_masks(flips: int) -> tuple[int, ...]:
    """Every way to change so many bits of a word."""
    return tuple(sum(1 << place for place in chosen) for chosen in combinations(range(WORD_BITS), flips))


@cache
def _list_cosines() -> NDArray[np.float32]:
    steps = (2 * np.arange(GRID) + 1) * math.pi / (2 * GRID)
    return np.cos(np.arange(FREQUENCIES)[:, None] * steps[None, :]).astype(np.float32)


@cache
def _list_factors() -> tuple[Prints, Prints]:
    seeded = np.random.default_rng(0x6E656172)
    return seeded.integers(1, 1 << 63, BITS, np.uint64) * np.uint64(2) + np.uint64(1), seeded.integers(
        0, 1 << 63, BITS, np.uint64
    )


def _scatter(values: Prints) -> Prints:
    """The finalizer of splitmix64: every bit of the input reaches every bit of the output."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _pack(bits: NDArray[np.bool_]) -> Prints:
    return np.packbits(bits, axis=1).view(">u8").astype(np.uint64).ravel()


def _sign(value: np.uint64) -> int:
    return int(value) - (1 << BITS) if int(value) >= 1 << (BITS - 1) else int(value)
