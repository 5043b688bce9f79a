"""Fit the preparation of a language model: its tokenizer, its special tokens, its chat template.

The tokenizer is that of a pre-trained base, or is fitted on train rows; the template is the recipe's, else
the base's own, else ours. What does not fit the task is refused here, before anything is tokenised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
from tokenizers import Tokenizer

from trainwright.core.columns import Column, ColumnType, Target
from trainwright.core.errors import DataError, RecipeError, nearest, shorten
from trainwright.core.language import LanguageNeeds
from trainwright.core.pretrained import Base, locate
from trainwright.data.language.conversations import from_text
from trainwright.data.language.encoding import (
    BYTES_SPECIAL,
    TURN_END,
    TURN_START,
    Alphabet,
    Bytes,
    Pairs,
    framing_of_documents,
)
from trainwright.data.language.preparation import LanguagePreparation
from trainwright.data.language.templates import (
    CHATML,
    HEADINGS,
    OURS,
    ChatTemplate,
    chat_template,
)
from trainwright.data.language.tokenizers import Vocabulary, fit_vocabulary, vocabulary_of
from trainwright.data.texts.tokenizers import longest_of

_NO_TOKENIZER = '{"version": "1.0", "model": {"type": "BPE", "vocab": {}, "merges": []}}'


def fit_language_preparation(
    frame: pl.DataFrame,
    inputs: Sequence[Column],
    needs: LanguageNeeds,
    *,
    base: Path,
    target: Target,
    shards: Path | None = None,
) -> LanguagePreparation:
    """The tokenizer of a pre-trained base, or one fitted on these rows, which must be train rows.

    Args:
        frame: Typed rows; holds at least `inputs` and the target.
        inputs: One column of texts or conversations.
        needs: What the model family asks for.
        base: The recipe's folder, where the path of a pre-trained base starts.
        target: What is told.
        shards: Where token ids of a large corpus are kept; None: in memory.

    Raises:
        RecipeError: the form, the length or the template does not fit the task or the base.
        DataError: no train row has any text.
    """
    column = target.column if target.tells_itself else _the_text(inputs)
    told = None if target.tells_itself else target.column
    is_chat = column.type is ColumnType.MESSAGES
    is_document = told is None and not is_chat
    _check_form(needs, is_document=is_document, is_chat=is_chat)
    vocabulary = _vocabulary(frame, column, told, needs, base=base)
    alphabet: Alphabet = Bytes() if needs.form == "bytes" else Pairs(vocabulary.tokenizer)
    special = vocabulary.special
    template = None
    if is_chat or (told is not None and needs.form in ("causal", "bytes")):
        template = _template(needs, vocabulary, alphabet, base=base)
        ended = alphabet.encode([template.end], markup=True)[0]
        special = replace(special, end=int(ended[0]))
    elif isinstance(alphabet, Pairs) and told is None and needs.form == "causal":
        special = framing_of_documents(special, alphabet)
    return LanguagePreparation(
        column=column,
        told=told,
        form=needs.form,
        alphabet=alphabet,
        special=special,
        max_length=needs.max_length,
        over_long=needs.over_long or ("split" if is_document else "truncate"),
        template=template,
        shards=shards,
    )


def _vocabulary(
    frame: pl.DataFrame, column: Column, told: Column | None, needs: LanguageNeeds, *, base: Path
) -> Vocabulary:
    if needs.form == "bytes":
        return Vocabulary(Tokenizer.from_str(_NO_TOKENIZER), BYTES_SPECIAL)
    if needs.pretrained is None:
        texts = _texts(frame, [column, *([told] if told else [])])
        return fit_vocabulary(texts, size=needs.vocabulary, sentinels=needs.form == "span")
    found = locate(needs.pretrained, base=base)
    longest = _longest(found)
    if longest is not None and needs.max_length > longest:
        raise RecipeError(
            f"the pre-trained base {found.name!r} takes {longest} tokens, and max_length is"
            f" {needs.max_length}",
            where="model.max_length",
            mend=f"max_length: {longest}",
        )
    return vocabulary_of(found)


def _longest(base: Base) -> int | None:
    if base.is_gguf:
        from trainwright.data.language.gguf import longest_of_gguf

        return longest_of_gguf(base.folder)
    known = base.architecture is not None or (base.folder / "config.json").is_file()
    return longest_of(base) if known else None


def _texts(frame: pl.DataFrame, columns: Sequence[Column]) -> Iterator[str]:
    """All texts of these columns, one by one; what an empty column gives is refused."""
    some = False
    for column in columns:
        for value in frame[column.name].drop_nulls():
            texts = [value]
            if column.type is ColumnType.MESSAGES:
                turns = from_text(value)
                texts = [part for one in turns for part in (f"{one.role}\n", one.content)]
            some = some or any(text.strip() for text in texts)
            yield from texts
    if not some:
        raise DataError(
            "no train row has any text, so that no tokenizer can be fitted",
            where=f"column {shorten(columns[0].name)}",
            mend="data: {inputs: {text: COLUMN}} names another column",
        )


def _template(
    needs: LanguageNeeds, vocabulary: Vocabulary, alphabet: Alphabet, *, base: Path
) -> ChatTemplate:
    """The recipe's, the base's own, or ours."""
    special = vocabulary.special
    named = {"bos": special.start, "eos": special.end, "pad": special.padding}
    tokens = {
        f"{role}_token": "" if token is None else alphabet.piece(token)
        for role, token in named.items()
    }
    specials = alphabet.names
    if needs.template is not None:
        source, name = _said(needs.template, base), "the recipe"
    elif vocabulary.template is not None and needs.form != "bytes":
        source, name = vocabulary.template, repr(needs.pretrained)
    else:
        has_turns = {TURN_START, TURN_END} <= set(specials)
        source, name = (CHATML if has_turns else HEADINGS), "Trainwright"
    return chat_template(source, name=name, tokens=tokens, specials=specials)


def _said(template: str, base: Path) -> str:
    """A template that the recipe holds, a name of ours, or the file that it names."""
    if "{" in template or template in OURS:
        return template
    if not template.endswith((".jinja", ".j2")):
        near = nearest(template, OURS) or "chatml"
        raise RecipeError(
            f"no chat template is called {shorten(template)}",
            where="model.template",
            mend=f"template: {near}, or a file that ends in .jinja, or Jinja itself",
        )
    try:
        return (base / template).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise RecipeError(
            f"the chat template {template!r} cannot be read: {error!s:.120}",
            where="model.template",
            mend="name a file of Jinja, relative to the recipe; or template: chatml",
        ) from error


def _check_form(needs: LanguageNeeds, *, is_document: bool, is_chat: bool) -> None:
    if needs.over_long == "split" and not is_document:
        raise RecipeError(
            "only documents can be split; an answer without its prompt means nothing",
            where="model.over_long",
            mend="over_long: truncate, drop or error",
        )
    if needs.form == "masked" and not is_document:
        raise RecipeError(
            f"a masked model learns documents, not {'conversations' if is_chat else 'pairs'}",
            where="model.family",
            mend="model: {family: causal-lm}",
        )


def _the_text(inputs: Sequence[Column]) -> Column:
    found = [column for column in inputs if column.type is ColumnType.TEXT]
    if len(found) == 1:
        return found[0]
    raise RecipeError(
        f"one column of texts is answered, and there are {len(found)}",
        where="data.inputs",
        mend="data: {inputs: {text: COLUMN}, target: COLUMN}",
    )
