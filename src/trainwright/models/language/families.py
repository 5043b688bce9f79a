"""The recipe's language models: how they are written; what they build is imported when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from trainwright.core.clock import Pacer
from trainwright.core.columns import Column, ColumnType, Target, Task
from trainwright.core.features import Examples
from trainwright.core.language import LanguageNeeds
from trainwright.core.parts import families
from trainwright.core.protocols import Fit, Workplace
from trainwright.models.networks.family import NetworkFamily
from trainwright.models.networks.idle import check_heads, refuse_idle
from trainwright.recipe.reads import Section
from trainwright.recipe.sections import TrainingSettings

if TYPE_CHECKING:
    from trainwright.models.networks.plan import NetworkPlan

_TEXTS = (ColumnType.TEXT, ColumnType.MESSAGES)
_SIZES = ("hidden", "layers", "heads", "vocabulary")
_LOW_RANK = ("lora", "dora")


class LanguageFamily(NetworkFamily):
    """What the three have in common.

    Attributes:
        tasks: What it can learn.
        form: How its rows become token ids.
    """

    tasks: ClassVar[tuple[Task, ...]]
    form: ClassVar[Literal["causal", "masked", "span"]]

    family: str
    """Which one."""
    pretrained: str | None = None
    """A package of ours, a folder in Hub layout, a name of the Hub, a GGUF file, or smollm2-135m-instruct."""
    adapt: Literal["full", "lora", "dora"] = "full"
    """Of a pre-trained base: all weights, or low-rank updates of the matrices, merged at the end."""
    lora_rank: int = Field(default=16, ge=1, le=1024)
    """Of the low-rank updates."""
    lora_alpha: float | None = Field(default=None, gt=0)
    """The updates are scaled by it over the rank; twice the rank where not said."""
    max_length: int = Field(default=512, ge=8, le=131_072)
    """Tokens of a passage, special ones included."""
    over_long: Literal["truncate", "split", "drop", "error"] | None = None
    """Longer rows: truncate, split (into passages), drop or error; where not said documents are split."""
    dropout: float | None = Field(default=None, ge=0, lt=1)
    """Share of the units that an update leaves out; the base's own, or none, where not said."""
    hidden: int = Field(default=256, ge=8)
    """From scratch: length of a token's vector."""
    layers: int = Field(default=4, ge=1, le=200)
    """From scratch: layers; of an encoder-decoder so many each."""
    heads: int = Field(default=4, ge=1)
    """From scratch: attention heads a layer."""
    vocabulary: int = Field(default=8_000, ge=260, le=300_000)
    """From scratch: tokens of the tokenizer that is fitted on train rows."""

    @model_validator(mode="after")
    def _fits(self) -> LanguageFamily:
        check_heads(hidden=self.hidden, heads=self.heads)
        refuse_idle(self, self._idle())
        return self

    def _idle(self) -> dict[str, str]:
        """The keys that nothing can come of, each with the reason."""
        if self.pretrained is None:
            no_base = "there is no pre-trained base to adapt"
            return dict.fromkeys(("adapt", "lora_rank", "lora_alpha"), no_base)
        whole = "" if self.adapt in _LOW_RANK else f"adapt: {self.adapt} makes no low-rank updates"
        fixed = f"the base {self.pretrained!r} has its own"
        return {**dict.fromkeys(_SIZES, fixed), "lora_rank": whole, "lora_alpha": whole}

    @property
    def needs(self) -> LanguageNeeds:
        """Token ids: the base's, or those of a tokenizer fitted on train rows."""
        return LanguageNeeds(
            form=self.form,
            pretrained=self.pretrained,
            vocabulary=self.vocabulary,
            max_length=self.max_length,
            over_long=self.over_long,
        )

    @property
    def base_name(self) -> str | None:
        return self.pretrained

    @property
    def cost(self) -> int:
        """Far above what serves tables."""
        return 8

    @property
    def settings(self) -> frozenset[str]:
        """All that serves tokens."""
        return (super().settings | {"tokens", "tokens_per_batch"}) - {"distillation"}

    def unfit(self, inputs: Sequence[Column], target: Target) -> str:
        """It reads one column of texts or conversations, and tells texts."""
        if target.task not in self.tasks:
            known = ", ".join(task.value for task in self.tasks)
            return f"it cannot learn {target.task.value}, but {known}"
        if len(inputs) == 1 and inputs[0].type in _TEXTS:
            return ""
        return f"it reads one column of texts, and there are {len(inputs)} columns"

    def planned(
        self,
        train: Examples,
        validation: Examples | None,
        *,
        target: Target,
        training: TrainingSettings,
        seed: int,
        base: Path,
    ) -> NetworkPlan:
        """The plan itself: a row that counts twice is read twice."""
        return self.plan(train, validation, target=target, training=training, seed=seed, base=base)

    def plan(
        self,
        train: Examples,
        validation: Examples | None,
        *,
        target: Target,
        training: TrainingSettings,
        seed: int,
        base: Path,
    ) -> NetworkPlan:
        from trainwright.models.language.planning import plan_language

        return plan_language(
            self, train, validation, target=target, training=training, seed=seed, base=base
        )

    def fit(
        self,
        train: Examples,
        validation: Examples | None,
        *,
        target: Target,
        training: TrainingSettings,
        seed: int,
        pacer: Pacer,
        workplace: Workplace,
    ) -> Fit:
        """Train the plan on the loop; its samples are passages, which no row's name fits."""
        return super().fit(
            train,
            validation,
            target=target,
            training=training,
            seed=seed,
            pacer=pacer,
            workplace=replace(workplace, name_rows=None),
        )


class Rehearsal(Section):
    """Old text among the new, so that a base does not forget what it could do."""

    source: str
    """JSON lines with a key text: documents like those that the base was trained on."""
    share: float = Field(default=0.1, ge=0, le=0.9)
    """Of the tokens that are learnt from; 0: what is forgotten is measured, and nothing done about it."""


@families.register
class CausalLM(LanguageFamily):
    """A decoder that tells each token from those before it: pre-trained and adapted, or from scratch."""

    tasks: ClassVar[tuple[Task, ...]] = (
        Task.LANGUAGE_MODELLING,
        Task.INSTRUCTION_TUNING,
        Task.TEXT_TO_TEXT,
    )
    form: ClassVar[Literal["causal", "masked", "span"]] = "causal"

    family: Literal["causal-lm"] = "causal-lm"
    """A decoder in the manner of Llama."""
    packing: bool = True
    """Several passages share a row of a training batch, none of which sees another."""
    neftune: float | None = Field(default=None, gt=0, le=100)
    """Noise on the token vectors in training: alpha of NEFTune, 5 is usual."""
    template: str | None = None
    """A chat template (Jinja) in place of the base's own."""
    rehearsal: Rehearsal | None = None
    """{source: FILE, share: 0.1}: old text among the new; the report has bits a byte before and after."""

    @property
    def needs(self) -> LanguageNeeds:
        return replace(super().needs, template=self.template)

    def _idle(self) -> dict[str, str]:
        if self.pretrained is not None:
            return super()._idle()
        return {**super()._idle(), "rehearsal": "there is no pre-trained base that could forget"}


@families.register
class MaskedLM(LanguageFamily):
    """An encoder that tells hidden tokens from those on both sides."""

    tasks: ClassVar[tuple[Task, ...]] = (Task.LANGUAGE_MODELLING,)
    form: ClassVar[Literal["causal", "masked", "span"]] = "masked"

    family: Literal["masked-lm"] = "masked-lm"
    """An encoder in the manner of BERT."""


@families.register
class Seq2SeqLM(LanguageFamily):
    """An encoder that reads and a decoder that tells: hidden spans, a text for a text, or answers."""

    tasks: ClassVar[tuple[Task, ...]] = (
        Task.LANGUAGE_MODELLING,
        Task.INSTRUCTION_TUNING,
        Task.TEXT_TO_TEXT,
    )
    form: ClassVar[Literal["causal", "masked", "span"]] = "span"

    family: Literal["seq2seq-lm"] = "seq2seq-lm"
    """An encoder-decoder in the manner of T5."""
    template: str | None = None
    """Of conversations: a chat template (Jinja) in place of the base's own."""

    @property
    def needs(self) -> LanguageNeeds:
        return replace(super().needs, template=self.template)

    def unfit(self, inputs: Sequence[Column], target: Target) -> str:
        """As every family of language; a template is for conversations."""
        if self.template is not None and target.task is not Task.INSTRUCTION_TUNING:
            return "it reads no conversations here, so that no template is asked; remove model.template"
        return super().unfit(inputs, target)
