"""Plain methods to compare with: BM25 by `bm25s`, and the trigrams of PostgreSQL's `pg_trgm`."""

import re
import time
from collections.abc import Callable, Mapping, Sequence

import bm25s

Texts = Mapping[str, str]
Ranked = tuple[list[str], float]
"""The ids of offers, the best first, and how many seconds that took."""


def by_bm25(offers: Texts) -> Callable[[str], Ranked]:
    """BM25 as Lucene has it (k1 1.5, b 0.75), over words without capitals; what has no word in common is left out."""
    ids = list(offers)
    index = bm25s.BM25()
    index.index([_words(text) for text in offers.values()], show_progress=False)
    known = set(index.vocab_dict)

    def search(asked: str) -> Ranked:
        begun = time.perf_counter()
        words = [word for word in _words(asked) if word in known]
        scores = index.get_scores(words) if words else []
        found = _best_first(ids, [float(score) for score in scores]) if words else []
        return found, time.perf_counter() - begun

    return search


def by_trigrams(offers: Texts) -> Callable[[str], Ranked]:
    """What `similarity()` of pg_trgm gives: the trigrams in common, by those in either."""
    ids = list(offers)
    theirs = [trigrams(text) for text in offers.values()]

    def search(asked: str) -> Ranked:
        begun = time.perf_counter()
        mine = trigrams(asked)
        return _best_first(ids, [len(mine & its) / len(mine | its or {""}) for its in theirs]), (
            time.perf_counter() - begun
        )

    return search


def trigrams(text: str) -> set[str]:
    """Of each word, with two spaces before it and one after it, every three signs in a row."""
    padded = (f"  {word} " for word in re.findall(r"[^\W_]+", text.lower()))
    return {word[place : place + 3] for word in padded for place in range(len(word) - 2)}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _best_first(ids: Sequence[str], scores: Sequence[float]) -> list[str]:
    """Ties stand in the order of the ids, so that every run gives the same list."""
    found = [(-score, its_id) for its_id, score in zip(ids, scores, strict=True) if score > 0]
    return [its_id for _, its_id in sorted(found)]
