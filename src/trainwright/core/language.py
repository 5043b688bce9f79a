"""What stages hand each other about language: conversations, token ids, and how text is generated.

A row of language has something that the model must tell: a whole document, the answer that belongs
to a text, or the assistant's turns of a conversation. What it must tell is counted in bytes, so
that models with different tokenizers can be compared: bits per byte are nats / ln 2 / bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from trainwright.core.errors import DataError, EnvironmentFault

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")
NATS, TOKENS, BYTES = 0, 1, 2  # columns of a language model's prediction
NOTHING_TOLD = "it has no token that is told"  # why a row is left out of training


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str

    def to_json(self) -> dict[str, str]:
        """As JSON values."""
        return {"role": self.role, "content": self.content}


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """A prompt as token ids, read as they are: nothing is put before or behind them."""

    ids: tuple[int, ...]


Prompt = str | tuple[Message, ...] | PromptTokens


@dataclass(frozen=True, slots=True)
class Opening:
    """What a model reads of a prompt before it goes on.

    Attributes:
        ids: Token ids.
        lead: Blanks at the prompt's end that are not among them: what is told begins with them, as in
            training, where a blank and the word behind it are one token. They are no part of the text.
        first: Where the prompt's own tokens begin in `ids`, behind those that frame it.
    """

    ids: tuple[int, ...]
    lead: str = ""
    first: int = 0


@dataclass(frozen=True, slots=True)
class Shares:
    """What is wanted of how likely tokens are.

    Attributes:
        top: So many of the likeliest tokens at each place.
        prompt: Also of the prompt's own tokens.
    """

    top: int = 0
    prompt: bool = False


@dataclass(frozen=True, slots=True)
class TokenShare:
    """A token and how likely it was, before temperature and the like.

    Attributes:
        text: Of the token; one that is no whole character as the tokenizer writes it.
        log: Ln of its probability; None where nothing stands before it.
        top: The likeliest tokens at its place, with theirs.
        is_end: It ends a text, and is no part of it.
    """

    text: str
    log: float | None
    top: tuple[tuple[str, float], ...] = ()
    is_end: bool = False


@dataclass(frozen=True, slots=True)
class LanguageNeeds:
    """What a family of language models asks of the preparation.

    Attributes:
        form: How a row becomes token ids: `causal`, prompt and answer in one run; `masked`, a
            document between the special tokens of an encoder; `span`, an encoder reads and a
            decoder tells; `bytes`, each byte is a token.
        pretrained: Whose tokenizer, as the recipe names it; None: one is fitted on train rows.
        vocabulary: Tokens of a fitted tokenizer, at most.
        max_length: Tokens a passage, special ones included.
        over_long: What becomes of longer rows; `split` is for documents alone. None: documents are
            split, and all others cut off.
        template: A chat template (Jinja) in place of the tokenizer's own; None: its own, or ours.
    """

    form: Literal["causal", "masked", "span", "bytes"] = "causal"
    pretrained: str | None = None
    vocabulary: int = 8_000
    max_length: int = 512
    over_long: Literal["truncate", "split", "drop", "error"] | None = None
    template: str | None = None


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """Ids with a meaning of their own; None where the tokenizer has none.

    Attributes:
        padding: Fills up a batch.
        end: Ends what is told.
        start: Begins a document, or what a decoder tells.
        mask: Stands for a hidden token.
        sentinels: Stand for spans, in order.
    """

    padding: int
    end: int
    start: int | None = None
    mask: int | None = None
    sentinels: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "sentinels": list(self.sentinels)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> SpecialTokens:
        """Inverse of `to_json`."""
        return cls(**{**value, "sentinels": tuple(value["sentinels"])})


@dataclass(frozen=True, slots=True)
class Passages:
    """Rows of language as token ids, one passage after another; a document may be several.

    Attributes:
        ids: Shape (tokens,), int32; may be memory-mapped. Of `causal` the prompt and what is told
            in one run; of `span` what the decoder tells; of `masked` the document.
        taught: The tokens that the model must tell, shape (tokens,), bool. The others are given.
        ends: Where each passage ends in `ids`, shape (passages,), int64.
        rows: The row that each passage belongs to, ascending, shape (passages,), int64.
        num_rows: Rows.
        vocabulary: Number of ids.
        special: Ids with a meaning of their own.
        row_bytes: UTF-8 bytes of what each row tells (what was cut off does not count), shape
            (rows,), float64.
        read_ids: Of an encoder-decoder what the encoder reads, shape (read tokens,), int32.
        read_ends: Where that ends for each passage, shape (passages,), int64.
        lost: Tokens of each row that were cut off, shape (rows,), int64; None where none were.
    """

    ids: NDArray[np.int32]
    taught: NDArray[np.bool_]
    ends: NDArray[np.int64]
    rows: NDArray[np.int64]
    num_rows: int
    vocabulary: int
    special: SpecialTokens
    row_bytes: NDArray[np.float64]
    read_ids: NDArray[np.int32] | None = None
    read_ends: NDArray[np.int64] | None = None
    lost: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class GenerationSettings:
    """How text is generated.

    Attributes:
        max_new_tokens: At most.
        temperature: Logits are divided by it; 0: the likeliest token each time (greedy).
        top_k: Of the likeliest tokens so many are drawn from; 0: all.
        top_p: The likeliest tokens that together have this probability; 1: all.
        min_p: Tokens of at least this share of the likeliest one's probability; 0: all.
        beams: Width of a beam search; 1: none. Not with a temperature.
        stop: Texts that end what is generated; they are not part of it.
        seed: Of the drawing; the same for a prompt alone and in a batch.
    """

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    beams: int = 1
    stop: tuple[str, ...] = ()
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "stop": list(self.stop)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> GenerationSettings:
        """Inverse of `to_json`."""
        return cls(**{**value, "stop": tuple(value["stop"])})


@dataclass(frozen=True, slots=True)
class Generation:
    """What was generated for one prompt.

    Attributes:
        text: Without the prompt, special tokens and stop texts.
        finish: "stop": the end token or a stop text came; "length": it was cut off.
        prompt_tokens: Of the prompt.
        tokens: Generated, the end token included.
        shares: Of the generated tokens, where they are wanted; those of a stop text are not among them.
        prompt: The prompt's own tokens, where they are wanted.
    """

    text: str
    finish: Literal["stop", "length"]
    prompt_tokens: int
    tokens: int
    shares: tuple[TokenShare, ...] = ()
    prompt: tuple[TokenShare, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """What a step brought for one request.

    Attributes:
        request: Its number.
        text: New text; may be empty (half a character, the beginning of a stop text).
        generation: The whole, once it has ended.
        shares: Of the tokens that tell this text, where they are wanted.
    """

    request: int
    text: str
    generation: Generation | None = None
    shares: tuple[TokenShare, ...] = ()


class PromptTooLong(DataError):
    """A prompt leaves a model no room for an answer."""


class Unanswered(EnvironmentFault):
    """A request that came to nothing; the others go on.

    Attributes:
        request: Its number.
    """

    request: int = -1


class Decoding(Protocol):
    """Requests that are generated side by side, a token each a step; one may join or leave at any time.

    A request's text is the same as if it were alone.
    """

    @property
    def active(self) -> int:
        """Requests that have not ended."""
        ...

    def add(
        self, prompt: Prompt, settings: GenerationSettings, shares: Shares | None = None
    ) -> int:
        """A new request; gives its number.

        Args:
            prompt: What is gone on with.
            settings: How; no new token may be asked for where shares of the prompt are wanted.
            shares: How likely tokens are is told; None: it is not.

        Raises:
            DataError: the prompt is empty, or such shares cannot be told.
            PromptTooLong: it is longer than the model can take.
        """
        ...

    def step(self) -> Sequence[Piece]:
        """One more token for every request that is under way.

        Raises:
            Unanswered: nothing will come of one of them, which is forgotten.
        """
        ...

    def cancel(self, request: int) -> None:
        """Forget a request."""
        ...


@runtime_checkable
class WritesItself(Protocol):
    """An estimator whose texts come another way than token by token from a network."""

    def writing(self, preparation: Any) -> Decoding:  # noqa: ANN401 - the family's own
        """A new, empty table of requests."""
        ...


@runtime_checkable
class Generates(Protocol):
    """A model that may generate text."""

    @property
    def generates(self) -> bool:
        """True where it does: a fitted model of a table has these methods as well."""
        ...

    def decoding(self) -> Decoding:
        """A new, empty table of requests."""
        ...

    def generate(self, prompts: Sequence[Prompt], settings: GenerationSettings) -> list[Generation]:
        """One generation a prompt, in order."""
        ...


def generator_of(model: object) -> Generates | None:
    """The model as one that generates text; None where it does not."""
    return model if isinstance(model, Generates) and model.generates else None
