"""What is silent when it goes wrong with language models, each made to speak: one check, one fault.

Passages of one row see each other; nothing is learnt from, or the end never is; a template garbles the
answers; the loss is not the one that everybody means; requests that are generated together disturb each
other.
The checks work on a few rows of the run's own, with its own model, template and attention backend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainwright.core.artifacts import Check
from trainwright.core.features import Examples
from trainwright.core.language import Generation, Passages, Prompt
from trainwright.models.language.families import LanguageFamily
from trainwright.models.language.network import CausalNetwork, MaskedNetwork
from trainwright.models.language.samples import CausalSource, chosen, starts_of

if TYPE_CHECKING:
    from trainwright.models.networks.plan import NetworkPlan

LOSS_TOLERANCE = 1e-5  # relative, fp32
TOKENS, PASSAGES, LAYERS = 64, 48, 2


@dataclass(frozen=True, slots=True)
class LanguageSubject:
    """What is proven of.

    Attributes:
        plan: Made anew, with the same first weights each time; of short passages.
        passages: Of a few rows, as the run itself prepares them.
        decode: Ids to text, without special tokens.
        told_bytes: UTF-8 bytes that each row tells, counted in the text itself; shape (rows,).
        prompts: A few that a model goes on from.
        generate: What the plan's module writes for prompts, side by side; None: it writes none.
        has_template: A template stands between text and tokens.
        given: The text of each row that is to be answered, where a template writes it down; else None.
        leaves_out: Rows that are too long are left out of training.
    """

    plan: Callable[[], NetworkPlan]
    passages: Passages
    decode: Callable[[Sequence[int]], str]
    told_bytes: NDArray[np.float64]
    prompts: Sequence[Prompt]
    generate: Callable[[NetworkPlan, Sequence[Prompt]], Sequence[Generation]] | None
    has_template: bool
    given: Sequence[str] | None = None
    leaves_out: bool = False


def prove_language(subject: LanguageSubject) -> Iterator[Check]:
    """Every check, one after the other; one that breaks says no."""
    checks: tuple[tuple[str, Callable[[LanguageSubject], Check]], ...] = (
        ("isolation", check_isolation),
        ("told tokens", check_told),
        ("round trip", check_round_trip),
        ("loss", check_loss),
        ("generation", check_generation),
    )
    for name, check in checks:
        try:
            yield check(subject)
        except Exception as error:  # a check that cannot be made has proven nothing
            yield Check(name, False, f"it broke: {type(error).__name__}: {str(error)[:200]}")


def check_isolation(subject: LanguageSubject) -> Check:
    """What one passage of a row holds changes nothing, to the last bit, of what another one costs."""
    plan = subject.plan()
    network = plan.module.eval()
    if not isinstance(network, CausalNetwork):
        return Check("isolation", True, "each passage has a row of its own")
    few = _shortened(subject.passages, tokens=TOKENS // 4, count=4)
    first = slice(1, int(few.ends[0]))
    other = few.ids.copy()
    other[first] = (other[first] + 1) % few.vocabulary
    nats = []
    for ids in (few.ids, other):
        source = CausalSource(replace(few, ids=ids), width=int(few.ends[-1]) + len(few.ends))
        batch = source.batch(np.arange(1), epoch=0, training=False)
        with torch.no_grad():
            nats.append(network(batch["ids"], batch["positions"], batch["labels"])[0])
    begins = (batch["positions"][0] == 0).nonzero().flatten().tolist()
    if len(begins) < 2:
        return Check("isolation", True, "there are no two passages to put into a row")
    changed = not torch.equal(nats[0][: begins[1]], nats[1][: begins[1]])
    leak = float((nats[0][begins[1] :] - nats[1][begins[1] :]).abs().max())
    backend = network.model.config._attn_implementation
    told = f"{len(begins)} passages in a row, attention by {backend}"
    return Check(
        "isolation",
        changed and leak == 0.0,
        f"{told}: another first one moves the others by {leak:.1e} nats",
    )


def check_told(subject: LanguageSubject) -> Check:
    """Each row has a token that is learnt from, and the end token is among them."""
    passages = subject.passages
    sizes = np.diff(passages.ends, prepend=0)
    owners = np.repeat(passages.rows, sizes)
    told = np.bincount(owners[passages.taught], minlength=passages.num_rows)
    is_out = np.zeros(passages.num_rows, dtype=bool)
    if subject.leaves_out and passages.lost is not None:
        is_out = passages.lost > 0
    silent = np.flatnonzero((told == 0) & ~is_out)
    if len(silent):
        some = ", ".join(map(str, silent[:3].tolist()))
        return Check(
            "told tokens",
            False,
            f"{len(silent)} of {passages.num_rows} rows teach nothing: {some}; a larger max_length, or"
            " over_long: drop",
        )
    is_end = passages.ids == passages.special.end
    ends = int((is_end & passages.taught).sum())
    before = np.concatenate([[False], passages.taught[:-1]])
    forgotten = int((is_end & ~passages.taught & before & ~_first(passages)).sum())
    network = subject.plan().module
    if not isinstance(network, MaskedNetwork) and (forgotten or not ends):
        what = (
            f"{forgotten} end tokens after an answer are not told" if forgotten else "none is told"
        )
        return Check("told tokens", False, f"end tokens: {what}: the model would not learn to stop")
    share = passages.taught.mean()
    return Check(
        "told tokens",
        True,
        f"{int((~is_out).sum())} rows: {told[~is_out].min(initial=told.max())} to {told.max()} tokens"
        f" each, {share:.0%} of all;"
        f" the end token {ends} times",
    )


def check_round_trip(subject: LanguageSubject) -> Check:
    """What is learnt from, decoded, is what the rows tell: as many bytes as the text itself has.

    A text that is to be answered stands whole in what is read before the answer.
    """
    passages = subject.passages
    if not subject.has_template:
        return Check("round trip", True, "no template stands between text and tokens")
    sizes = np.diff(passages.ends, prepend=0)
    owners = np.repeat(passages.rows, sizes)[passages.taught]
    ids = passages.ids[passages.taught]
    lost = np.zeros(passages.num_rows, np.int64) if passages.lost is None else passages.lost
    whole = np.flatnonzero(lost == 0)
    wrong = [
        row
        for row in whole.tolist()
        if len(subject.decode(ids[owners == row].tolist()).encode()) != subject.told_bytes[row]
    ]
    if subject.given is not None:
        given = np.repeat(passages.rows, sizes)[~passages.taught]
        read = passages.ids[~passages.taught]
        wrong += [
            row
            for row in whole.tolist()
            if subject.given[row] not in subject.decode(read[given == row].tolist())
        ]
    if wrong or not len(whole):
        wrong = sorted(set(wrong))
        some = ", ".join(map(str, wrong[:3]))
        return Check(
            "round trip",
            False,
            f"{len(wrong)} of {len(whole)} rows come back otherwise: {some}"
            if wrong
            else "every row is cut off",
        )
    return Check("round trip", True, f"{len(whole)} rows come back byte for byte")


def check_loss(subject: LanguageSubject) -> Check:
    """The loss of a batch is the one that transformers' own class computes from the same labels."""
    plan = subject.plan()
    network: Any = plan.module.eval()
    rows = np.arange(min(8, len(plan.train)))
    batch = plan.train.batch(rows, epoch=0, training=False)
    with torch.no_grad():
        (part,) = plan.judge.parts(network, batch).values()
        own = network.model(**_as_transformers(network, batch)).loss
    mean = float(part.sum / part.count)
    gap = abs(mean - float(own)) / max(abs(float(own)), 1e-12)
    told = f"{len(rows)} rows: {mean:.6f}, {type(network.model).__name__}'s own {float(own):.6f}"
    return Check("loss", gap <= LOSS_TOLERANCE, f"{told}: off by {gap:.1e}")


def check_generation(subject: LanguageSubject) -> Check:
    """Prompts of different lengths, generated side by side, get the texts that they get alone."""
    if subject.generate is None:
        return Check("generation", True, "such a model writes no text")
    plan = subject.plan()
    plan.module.eval()
    together = subject.generate(plan, subject.prompts)
    alone = [subject.generate(plan, [prompt])[0] for prompt in subject.prompts]
    differing = [n for n, (a, b) in enumerate(zip(together, alone, strict=True)) if a != b]
    lengths = sorted({one.prompt_tokens for one in alone})
    told = f"{len(alone)} prompts of {lengths[0]} to {lengths[-1]} tokens"
    if differing:
        return Check(
            "generation", False, f"{told}: {len(differing)} get another text than they get alone"
        )
    return Check("generation", bool(alone), f"{told}: the same texts together and alone")


def shrunk(family: LanguageFamily, examples: Examples) -> tuple[LanguageFamily, Examples]:
    """The family with the first layers of its base alone, and short passages of a few rows.

    Args:
        family: As the recipe has it.
        examples: Of a few rows.
    """
    few = _shortened(examples.features, tokens=TOKENS, count=PASSAGES)
    update: dict[str, Any] = {"max_length": TOKENS}
    if family.pretrained is not None:
        update["layers"] = LAYERS
    return family.model_copy(update=update), replace(examples, features=few)


def _shortened(passages: Passages, *, tokens: int, count: int) -> Passages:
    """The first passages with something to tell, each cut to the tokens about the first told one."""
    starts = starts_of(passages.ends)
    spans = list(zip(starts.tolist(), passages.ends.tolist(), strict=True))
    numbers = [n for n, (start, end) in enumerate(spans) if passages.taught[start:end].any()]
    kept = chosen(passages, np.array(numbers[:count], dtype=np.int64))
    places: list[NDArray[np.int64]] = []
    for start, end in zip(starts_of(kept.ends).tolist(), kept.ends.tolist(), strict=True):
        told = start + int(np.argmax(kept.taught[start:end]))
        begin = max(start, min(told - tokens // 4, end - tokens))
        places.append(np.arange(begin, min(end, begin + tokens)))
    where = np.concatenate(places)
    found = replace(
        kept,
        ids=kept.ids[where],
        taught=kept.taught[where],
        ends=np.cumsum([len(one) for one in places]).astype(np.int64),
    )
    if kept.read_ids is None or kept.read_ends is None:
        return found
    reads = [
        np.arange(start, min(end, start + tokens))
        for start, end in zip(starts_of(kept.read_ends), kept.read_ends, strict=True)
    ]
    return replace(
        found,
        read_ids=kept.read_ids[np.concatenate(reads)],
        read_ends=np.cumsum([len(one) for one in reads]).astype(np.int64),
    )


def _first(passages: Passages) -> NDArray[np.bool_]:
    """The first token of each passage."""
    found = np.zeros(len(passages.ids), dtype=bool)
    starts = starts_of(passages.ends)
    found[starts[starts < len(found)]] = True
    return found


def _as_transformers(network: Any, batch: Any) -> dict[str, Any]:  # noqa: ANN401
    """A batch in the words of transformers, which isolates passages only where nothing is cached."""
    if isinstance(network, CausalNetwork):
        return {
            "input_ids": batch["ids"],
            "position_ids": batch["positions"],
            "labels": batch["labels"],
            "use_cache": False,
        }
    if isinstance(network, MaskedNetwork):
        return {
            "input_ids": batch["ids"],
            "attention_mask": batch["mask"].long(),
            "labels": batch["labels"],
        }
    return {
        "input_ids": batch["read_ids"],
        "attention_mask": batch["read_mask"].long(),
        "decoder_input_ids": batch["ids"],
        "labels": batch["labels"],
    }
