"""How near generated texts are to their references, as sums a row: BLEU, chrF, ROUGE and answers.

BLEU and chrF are functions of counts summed over all rows, not means of rows: each row gives its
counts, and the same function takes the sums of all rows, of one replicate, or of a part. ROUGE, exact
match and token F1 are means of rows.

Source: BLEU Papineni et al. 2002 (ACL) with the tokens and smoothing of Post 2018, arXiv:1804.08771;
chrF Popović 2015 (WMT), eq. 1; ROUGE Lin 2004 (ACL workshop), sect. 2-3; answers Rajpurkar et al. 2016,
arXiv:1606.05250, sect. 6.1. Parity: tests/numeric/test_texts.py.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from trainwright.core.errors import EnvironmentFault

Floats = NDArray[np.float64]

BLEU_ORDER = 4
CHRF_ORDER = 6
CHRF_BETA = 2  # recall counts so many times as much as precision

_WORD = re.compile(r"[^\W_]+")
_ARTICLE = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def bleu_counts(generated: Sequence[str], references: Sequence[str]) -> Floats:
    """What BLEU is computed from.

    Tokens are those of mteval-v13a, by sacreBLEU, so that the figures compare with published ones.

    Returns:
        Per row: tokens generated, tokens of the reference, matches of order 1 to 4, n-grams generated
        of order 1 to 4. Shape (rows, 10).

    Raises:
        EnvironmentFault: sacrebleu is not installed.
    """
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError as error:
        raise EnvironmentFault(
            "BLEU is counted by sacrebleu, which is not installed",
            where="evaluation of generated texts",
            mend="pip install 'trainwright[language]'",
        ) from error
    scorer = BLEU(effective_order=True)  # of one row; the counts are the same
    rows = []
    for text, reference in zip(generated, references, strict=True):
        score = scorer.sentence_score(text, [reference])
        rows.append([score.sys_len, score.ref_len, *score.counts, *score.totals])
    return np.array(rows, dtype=np.float64).reshape(len(rows), 2 + 2 * BLEU_ORDER)


def bleu(sums: Floats) -> Floats:
    """BLEU from 0 to 100 of summed counts.

    Orders without a match are smoothed as mteval-v13a does: the k-th of them counts 1 / 2**k matches.

    Args:
        sums: Of `bleu_counts`, shape (replicates, 10).

    Returns:
        Shape (replicates,).
    """
    generated, reference = sums[:, 0], sums[:, 1]
    matches, totals = np.split(sums[:, 2:], 2, axis=1)
    missed = matches == 0
    smoothed = np.where(missed, 0.5 ** np.cumsum(missed, axis=1), matches)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.log(smoothed / totals).mean(axis=1)
        brevity = np.minimum(0.0, 1 - reference / generated)
        score = 100 * np.exp(shares + brevity)
    is_defined = (totals > 0).all(axis=1) & (matches > 0).any(axis=1)
    defined: Floats = np.where(is_defined, score, 0.0)
    return defined


def chrf_counts(generated: Sequence[str], references: Sequence[str]) -> Floats:
    """What chrF is computed from: n-grams of characters, blanks left out.

    Returns:
        Per row: n-grams generated, n-grams of the reference, matches; each of order 1 to 6. Where a
        reference has no n-gram of an order, those generated do not count. Shape (rows, 18).
    """
    rows = np.zeros((len(generated), 3 * CHRF_ORDER))
    for row, (text, reference) in enumerate(zip(generated, references, strict=True)):
        ours, theirs = "".join(text.split()), "".join(reference.split())
        for place in range(CHRF_ORDER):
            found, wanted = _grams(ours, place + 1), _grams(theirs, place + 1)
            rows[row, place] = found.total() if wanted else 0
            rows[row, CHRF_ORDER + place] = wanted.total()
            rows[row, 2 * CHRF_ORDER + place] = (found & wanted).total()
    return rows


def chrf(sums: Floats) -> Floats:
    """ChrF (order 6, beta 2) from 0 to 100 of summed counts, as sacreBLEU computes it.

    Precision and recall are means over the orders that both sides have.

    Args:
        sums: Of `chrf_counts`, shape (replicates, 18).

    Returns:
        Shape (replicates,).
    """
    found, wanted, both = np.split(sums, 3, axis=1)
    there = (found > 0) & (wanted > 0)
    orders = np.maximum(1, there.sum(axis=1))
    zeros = np.zeros_like(both)
    precision = np.divide(both, found, out=zeros.copy(), where=there).sum(axis=1) / orders
    recall = np.divide(both, wanted, out=zeros.copy(), where=there).sum(axis=1) / orders
    weight = CHRF_BETA**2
    either = weight * precision + recall
    score: Floats = 100 * np.divide(
        (1 + weight) * precision * recall, either, out=np.zeros_like(either), where=either > 0
    )
    return score


def rouge_scores(generated: Sequence[str], references: Sequence[str]) -> Floats:
    """ROUGE-1, ROUGE-2 and ROUGE-L of each row: F1, from 0 to 1; shape (rows, 3).

    Words are runs of letters and digits of any script, in lower case, not stemmed: for ASCII text the
    words of the package rouge_score, which cuts all other letters away.
    """
    rows = np.zeros((len(generated), 3))
    for row, (text, reference) in enumerate(zip(generated, references, strict=True)):
        ours, theirs = (_WORD.findall(side.lower()) for side in (text, reference))
        for order in (1, 2):
            rows[row, order - 1] = _overlap(_grams(ours, order), _grams(theirs, order))
        rows[row, 2] = _f1(common_subsequence(ours, theirs), len(ours), len(theirs))
    return rows


def answer_scores(generated: Sequence[str], references: Sequence[str]) -> Floats:
    """Exact match (0 or 1) and token F1 of each row; shape (rows, 2).

    Lower case, ASCII punctuation and English articles away, blanks as one: the rules of SQuAD. Two
    texts of which nothing is left match.
    """
    rows = np.zeros((len(generated), 2))
    for row, (text, reference) in enumerate(zip(generated, references, strict=True)):
        ours, theirs = normalised_words(text), normalised_words(reference)
        rows[row, 0] = ours == theirs
        is_nothing = not ours and not theirs
        rows[row, 1] = 1.0 if is_nothing else _overlap(Counter(ours), Counter(theirs))
    return rows


def normalised_words(text: str) -> list[str]:
    """The words by which answers are compared."""
    return _ARTICLE.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split()


def common_subsequence(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """Length of the longest common subsequence.

    One whole number of len(first) bits is the row of the usual table, so a row costs a few machine words.

    Source: Hyyrö 2004, "Bit-parallel LCS-length computation revisited" (AWOCA), fig. 4.
    """
    places: dict[Hashable, int] = {}
    for place, item in enumerate(first):
        places[item] = places.get(item, 0) | 1 << place
    everywhere = (1 << len(first)) - 1
    row = everywhere
    for item in second:
        met = row & places.get(item, 0)
        row = ((row + met) | (row - met)) & everywhere
    return len(first) - row.bit_count()


def _grams(items: Sequence[Hashable], order: int) -> Counter[Hashable]:
    """How often each n-gram is there; `items` are words or a string."""
    if isinstance(items, str):
        return Counter(items[place : place + order] for place in range(len(items) - order + 1))
    return Counter(tuple(items[place : place + order]) for place in range(len(items) - order + 1))


def _overlap(found: Counter[Hashable], wanted: Counter[Hashable]) -> float:
    return _f1((found & wanted).total(), found.total(), wanted.total())


def _f1(both: int, found: int, wanted: int) -> float:
    """2 both / (found + wanted), the harmonic mean of precision and recall; 0 where nothing is common."""
    return 2 * both / (found + wanted) if both else 0.0
