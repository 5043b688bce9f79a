"""The small sections: training, evaluation, deployment, monitoring, tracking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, field_validator, model_validator

from trainwright.core.language import GenerationSettings
from trainwright.core.parts import Part, Registry, objectives, optimizers, schedules
from trainwright.recipe.quantities import Bound, Bytes, Seconds
from trainwright.recipe.reads import Section


def _parsed_by(registry: Registry) -> Callable[[Any], Any]:
    """A validator: a mapping with `kind` becomes the part of that kind."""

    def parse(value: Any) -> Any:  # noqa: ANN401 - any YAML value
        if value is None or isinstance(value, Part):
            return value
        if isinstance(value, str):
            value = {"kind": value}
        if not isinstance(value, dict):
            raise ValueError(f"no {registry.noun} | mend: {{kind: {next(iter(registry))}}}")  # noqa: TRY004 - pydantic wants it
        parsed = registry.parse(value, where=registry.noun)
        if isinstance(parsed, Part):
            return parsed
        path, fault = parsed[0]
        raise ValueError(f"{'.'.join(path)}: {fault.what} | mend: {fault.mend}")

    return parse


OptimizerPart = Annotated[SerializeAsAny[Part], BeforeValidator(_parsed_by(optimizers))]
SchedulePart = Annotated[SerializeAsAny[Part], BeforeValidator(_parsed_by(schedules))]
ObjectivePart = Annotated[SerializeAsAny[Part], BeforeValidator(_parsed_by(objectives))]


class OfKind(Section):
    """A section that its `kind` alone may stand for: `swa` is `{kind: swa}`."""

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:  # noqa: ANN401 - any YAML value
        return {"kind": value} if isinstance(value, str) else value


class EarlyStopping(Section):
    """When the validation loss no longer gets better, a network's training ends."""

    patience: int | None = Field(default=None, ge=1)
    """Evaluations without a better loss that end the training; the family's own, else 5."""
    min_improvement: float = Field(default=0.0, ge=0)
    """How much lower the loss must be to count as better."""


class Averaging(OfKind):
    """Averaged weights are judged and packaged in place of the last ones."""

    kind: Literal["ema", "swa"] = "ema"
    """ema: exponential moving average a step; swa: plain average of the late epochs' ends."""
    decay: float = Field(default=0.999, gt=0, lt=1)
    """Of ema: what is kept of the average a step."""
    start: float = Field(default=0.75, ge=0, lt=1)
    """Of swa: the share of the epochs after which the average begins."""

    @model_validator(mode="after")
    def _fits(self) -> Averaging:
        useless = "decay" if self.kind == "swa" else "start"
        if useless in self.model_fields_set and getattr(self, useless) != (
            type(self).model_fields[useless].default
        ):
            raise ValueError(f"kind {self.kind} cannot use: {useless} | mend: remove {useless}")
        return self


class Mixing(OfKind):
    """Rows of a batch are blended, inputs and targets alike (classification of images)."""

    kind: Literal["mixup", "cutmix"] = "mixup"
    """mixup: weighted sums; cutmix: a box of the other image."""
    alpha: float = Field(default=0.2, gt=0)
    """Of the Beta distribution that the weight is drawn from."""


class Distillation(Section):
    """A student learns what a packaged teacher says of the train rows, beside their labels."""

    teacher: str
    """MODEL: name@champion, name/3, or a run; trained on this very snapshot."""
    temperature: float = Field(default=2.0, gt=0)
    """Both logits are divided by it."""
    soft: float = Field(default=0.5, ge=0, le=1)
    """Weight of what the teacher says; the labels have the rest."""


class CheckpointSettings(Section):
    """What a training run keeps to go on from."""

    every: int | None = Field(default=None, ge=1)
    """Steps between checkpoints; None: after each evaluation, and where a minute has gone by."""
    keep_last: int = Field(default=2, ge=1)
    """Newest ones that stay."""
    keep_best: int = Field(default=1, ge=0)
    """Ones of least validation loss that stay."""
    asynchronous: bool = True
    """Written by a thread while training goes on."""
    grace: Seconds | None = 30.0
    """What a SIGTERM leaves before the SIGKILL: no save is begun that would take longer; null: any."""


class TrainingSettings(Section):
    """How the fit is run; what only networks can use is refused where none is a candidate."""

    budget: Seconds = Field(default=300.0, ge=1)
    """Bounds everything after the snapshot, package included."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Of everything random after the split."""
    threads: int = Field(default=2, ge=1, le=256)
    """Part of what a package is a function of."""
    epochs: int | None = Field(default=None, ge=1)
    """Passes over the train rows, at most; the family's own where not said."""
    tokens: int | None = Field(default=None, ge=1)
    """Language models: tokens to learn from, in place of a number of passes, or at most."""
    batch_size: int | Literal["auto"] | None = None
    """Rows an update; auto: the largest that memory takes; the family's own where not said."""
    tokens_per_batch: int | None = Field(default=None, ge=1)
    """Texts and sequences: padded tokens an update, in place of a number of rows."""
    accumulate: int = Field(default=1, ge=1)
    """Pieces that an update's batch is cut into, to need less memory; the numbers stay the same."""
    optimizer: OptimizerPart | None = None
    """kind: sgd, adamw, adafactor or muon, with its settings."""
    schedule: SchedulePart | None = None
    """kind: constant, linear, cosine, warmup-stable-decay, one-cycle or reduce-on-plateau."""
    objective: ObjectivePart | None = None
    """kind: cross-entropy, focal, mse, mae, huber or quantile, with its settings."""
    early_stopping: EarlyStopping | None = EarlyStopping()
    """{patience: 5}; null: all epochs are made."""
    precision: Literal["fp32", "bf16", "fp16"] | None = None
    """Of forward and backward; weights stay fp32. fp32 where not said."""
    clip_norm: float | None = Field(default=None, gt=0)
    """Gradients are scaled down to this norm; the family's own where not said."""
    compile: bool = False
    """torch.compile; pays where training is long."""
    activation_checkpointing: bool = False
    """Activations are computed again in the backward pass, to need less memory."""
    averaging: Averaging | None = None
    """{kind: ema} or {kind: swa}."""
    mixing: Mixing | None = None
    """{kind: mixup} or {kind: cutmix}."""
    distillation: Distillation | None = None
    """{teacher: MODEL}: learn from a larger model; classification."""
    checkpoints: CheckpointSettings = CheckpointSettings()
    """What is kept to go on from."""
    device: str = Field(default="cpu", pattern=r"^(cpu|mps|cuda(:[0-9]{1,2})?)$")
    """cpu, cuda, cuda:1 or mps; equal bits are promised on the cpu."""
    memory_limit: Bytes | None = None
    """What `prove` holds the longest batch to: 4GiB, 500MB."""
    log_every: int = Field(default=10, ge=1)
    """Steps between two records of loss, rates, norms, throughput and memory."""
    workers: int = Field(default=0, ge=0, le=64)
    """Processes that make batches; 0: this one."""

    @field_validator("batch_size")
    @classmethod
    def _is_positive(cls, value: int | str | None) -> int | str | None:
        if isinstance(value, int) and value < 1:
            raise ValueError("a batch has at least one row | mend: batch_size: 32, or auto")
        return value


class GenerationSection(Section):
    """How a language model writes text: for validation rows, in `predict`, and by default when served."""

    max_new_tokens: int = Field(default=256, ge=1, le=65_536)
    """Tokens of a text, at most."""
    temperature: float = Field(default=0.0, ge=0, le=100)
    """Logits are divided by it; 0: the likeliest token each time."""
    top_k: int = Field(default=0, ge=0)
    """So many of the likeliest tokens are drawn from; 0: all."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """The likeliest tokens that together have this probability are drawn from."""
    min_p: float = Field(default=0.0, ge=0, le=1)
    """Tokens of at least this share of the likeliest one's probability are drawn from."""
    beams: int = Field(default=1, ge=1, le=16)
    """Width of a beam search; 1: none."""
    stop: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """Texts that end what is written; they are not part of it."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Of what is drawn."""

    @model_validator(mode="after")
    def _fits(self) -> GenerationSection:
        if self.beams > 1 and self.temperature > 0:
            raise ValueError(
                "a beam search draws nothing | mend: remove temperature, or set beams: 1"
            )
        return self

    def settings(self) -> GenerationSettings:
        """As a model is told."""
        return GenerationSettings(
            max_new_tokens=self.max_new_tokens,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            min_p=self.min_p,
            beams=self.beams,
            stop=self.stop,
            seed=self.seed,
        )


class FairnessSettings(Section):
    """How far apart groups of `data.protected` may be where two classes are told apart by a threshold."""

    demographic_parity_difference: float | None = Field(default=None, ge=0, lt=1)
    """Of the share of rows for which the second class is told."""
    equal_opportunity_difference: float | None = Field(default=None, ge=0, lt=1)
    """Of that share among rows that have the class."""
    equalized_odds_difference: float | None = Field(default=None, ge=0, lt=1)
    """Of that share among rows that have it, and among rows that have not: the larger one."""

    @property
    def at_most(self) -> dict[str, float]:
        """The limits that are set."""
        said = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in said.items() if value is not None}


class EvaluationSettings(Section):
    """What is measured, and what must hold."""

    metric: str | None = None
    """Replaces the proper loss in the choice among candidates."""
    slices: tuple[str, ...] = ()
    """Columns whose values are reported one by one."""
    cross_validation: int | None = Field(default=None, ge=2, le=50)
    """Compare the families by so many folds."""
    must_beat_baseline: bool = False
    """The verdict "no signal" is exit 1."""
    fairness: FairnessSettings = FairnessSettings()
    """Limits within which the threshold is chosen."""
    generation: GenerationSection = GenerationSection()
    """How a language model writes text."""
    canaries: int | None = Field(default=None, ge=3, le=300)
    """Plant so many secrets in the train rows, and measure what the model remembers of them."""


class DeploymentSettings(Section):
    """When the package may become champion."""

    gate: dict[str, Bound] = Field(default={})
    """METRIC: ">= 0.70"; compared with the worse bound of the interval."""
    accept: tuple[Literal["memory"], ...] = ()
    """[memory]: a model that remembers planted secrets (evaluation.canaries) may become champion too."""


class DriftSettings(Section):
    """When a drift alarm is raised."""

    false_alarm_rate: float = Field(default=0.01, gt=0, lt=0.5)
    """A call, over all columns."""


class MonitoringSettings(Section):
    """What is watched after launch."""

    drift: DriftSettings = DriftSettings()
    """When live rows count as drifted."""


class TrackingSettings(Section):
    """Where runs are mirrored to, after the fact."""

    kind: Literal["mlflow", "none"] = "mlflow"
    """mlflow or none."""
    uri: str | None = None
    """A tracking server; mlflow.db in the workspace where not said."""
    tensorboard: bool = False
    """Also write the curves of networks to `tensorboard/` of the run (extra `tensorboard`)."""

    @model_validator(mode="after")
    def _fits(self) -> TrackingSettings:
        if self.kind == "none" and self.uri is not None:
            raise ValueError("kind none cannot use: uri | mend: remove uri, or kind: mlflow")
        return self
