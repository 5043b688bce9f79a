"""What a stage needs from someone else, in as few methods as it can say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from trainwright.core.artifacts import CurvePoint, Prediction
from trainwright.core.columns import Column, Target
from trainwright.core.features import Examples, Needs

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from trainwright.core.clock import Pacer
    from trainwright.recipe.sections import TrainingSettings


class Saved(Protocol):
    """Something that lives in a folder of a package.

    `kind` finds its room again (`core.parts.load`).
    """

    @property
    def kind(self) -> str: ...

    def save(self, folder: Path) -> None:
        """Write into an existing, empty folder; no pickle."""
        ...


class Preparation(Saved, Protocol):
    """The fitted data steps: the same in training, batch scoring and the server."""

    def transform(self, frame: pl.DataFrame) -> Any:  # noqa: ANN401 - of AnyFeatures
        """Features of typed rows (the columns of `Snapshot.inputs`; others are ignored)."""
        ...

    def transform_rows(self, rows: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - of AnyFeatures
        """The same, bit for bit, from Python values, without a data frame.

        Values are None, float | int, str, bool, or for date-times microseconds since 1970 as int.
        """
        ...

    def unseen(self, rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        """For each row, the category columns whose value was not seen in training."""
        ...


@runtime_checkable
class KnowsFate(Protocol):
    """A preparation that cannot take every row whole, and says what becomes of those."""

    def fate(self, frame: pl.DataFrame, *, training: bool = True) -> pl.DataFrame:
        """Columns row, step, action and reason; one line a row concerned."""
        ...


class Estimator(Saved, Protocol):
    """A fitted member of a family."""

    def predict(self, features: Any) -> NDArray[np.float64]:  # noqa: ANN401 - of AnyFeatures
        """Probabilities of shape (rows, classes), or values of shape (rows,).

        A row's answer depends on it alone.
        """
        ...


@runtime_checkable
class AsksOutside(Estimator, Protocol):
    """An estimator whose answers come from elsewhere and are paid for: none is asked for twice."""

    def keeping(self, folder: Path | None) -> AsksOutside:
        """The same, which keeps what it is answered in this folder, and looks there first."""
        ...

    def remembering(self, features: Any) -> AsksOutside:  # noqa: ANN401 - of AnyFeatures
        """The same, which takes the answers to these rows along wherever it is saved."""
        ...

    def usage(self, features: Any) -> Mapping[str, Any]:  # noqa: ANN401 - of AnyFeatures
        """What the answers to these rows took: seconds, tokens, cost a thousand; JSON values."""
        ...


@dataclass(frozen=True, slots=True)
class Fit:
    """What a family's `fit` gives back.

    Attributes:
        estimator: Ready to predict.
        iterations: Iterations (trees, passes) that it keeps.
        stopped: Why it ended: "early", "budget", "converged" or "limit".
        curve: Loss after each iteration, for the diagnosis.
        history: What the training loop recorded: step, epoch and values each; for the report.
        best: Which step a network's weights come from, and why; in words.
    """

    estimator: Estimator
    iterations: int
    stopped: str
    curve: tuple[CurvePoint, ...] = ()
    history: tuple[Mapping[str, float], ...] = ()
    best: str = ""


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a fit happens; nothing of it has a part in the result.

    Attributes:
        base: The recipe's folder, where its paths start.
        folder: For the checkpoints of this fit; None: none are written.
        progress: Told how far the fit is.
        record: Told each record of the training loop as it is made.
        name_rows: Names rows that are learnt from, given by position, for messages; None: by number.
        answers: Where answers of an endpoint are kept, so that none is paid for twice; None: nowhere.
    """

    base: Path
    folder: Path | None = None
    progress: Progress = field(default_factory=lambda: Silent())
    record: Callable[[Mapping[str, float]], object] = lambda _: None
    name_rows: Callable[[Sequence[int]], str] | None = None
    answers: Path | None = None


class Family(Protocol):
    """One kind of model: the recipe's `model` section with that `family`."""

    @property
    def family(self) -> str: ...

    @property
    def needs(self) -> Needs: ...

    @property
    def cost(self) -> int:
        """Rank by cost of serving.

        Of tied candidates the lower wins (baseline 0, linear 1, lightgbm 2, networks 3 and more).
        """
        ...

    @property
    def settings(self) -> frozenset[str]:
        """The keys of `training` that it can use; others that are set are refused."""
        ...

    def unfit(self, inputs: Sequence[Column], target: Target) -> str:
        """Why it cannot learn from such columns or such a target; "" where it can."""
        ...

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
        """Learn from `train`; stop early on `validation` where there is one.

        A pure function of its arguments and of what the pacer answers. Where `train.weights` are given
        each row's loss counts so much; a family that cannot do so raises RecipeError.
        """
        ...


class Calibrator(Saved, Protocol):
    """Maps probabilities to better ones."""

    def apply(self, probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shape (rows, classes) in and out; rows sum to 1."""
        ...


@runtime_checkable
class Model(Saved, Protocol):
    """What evaluation, packages, servers and monitors know of a model, and nothing else."""

    @property
    def target(self) -> Target: ...

    @property
    def inputs(self) -> tuple[Column, ...]: ...

    def predict(self, frame: pl.DataFrame) -> Prediction:
        """Typed rows in, one prediction a row, in order."""
        ...

    def predict_rows(self, rows: Sequence[Mapping[str, Any]]) -> Prediction:
        """The same from Python values, without a data frame (see `Preparation.transform_rows`)."""
        ...

    def unseen(self, rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        """For each row, the category columns whose value was not seen in training."""
        ...


class Probe(Protocol):
    """A quick model that stage 1 asks how well columns tell the target; given to it by the flow."""

    def __call__(
        self,
        features: NDArray[np.float64],
        target: NDArray[np.float64],
        *,
        folds: NDArray[np.int64],
        task: str,
    ) -> NDArray[np.float64]:
        """Out-of-fold predictions.

        Args:
            features: Shape (rows, columns), float64, NaN where missing, categories as codes.
            target: Class codes or values, shape (rows,).
            folds: Fold of each row, shape (rows,); below 0 for rows that are learnt from and not asked about.
            task: "classification" or "regression".

        Returns:
            Probabilities (rows, classes), or values (rows,); NaN for rows of no fold.
        """
        ...


class FoldModels(Protocol):
    """Models of some rows, each fitted without the fold that it is asked about."""

    @property
    def families(self) -> tuple[str, ...]:
        """Those that can learn from these rows, the quickest first."""
        ...

    def predict(
        self,
        family: str,
        values: NDArray[np.float64],
        *,
        folds: NDArray[np.int64],
        learn: NDArray[np.bool_] | None = None,
        seed: int = 0,
    ) -> NDArray[np.float64]:
        """What a row's own fold had no part in.

        Args:
            family: Of `families`.
            values: What is learnt: class codes or numbers, shape (rows,).
            folds: Fold of each row, shape (rows,).
            learn: The rows that are learnt from; all where not said. Shape (rows,).
            seed: Of the fits.

        Returns:
            Probabilities (rows, classes), rows sum to 1; or values (rows,).
        """
        ...


@runtime_checkable
class Placed(Protocol):
    """Models that know where their rows stand."""

    def points(self) -> NDArray[np.float64]:
        """Of the rows, on one scale, so that distances mean something; shape (rows, any), finite."""
        ...


class OutOfFold(Protocol):
    """Several families to judge labels by; given to stage 1 by the flow, which knows models."""

    def __call__(
        self, frame: pl.DataFrame, inputs: Sequence[Column], *, target: Target
    ) -> FoldModels:
        """Prepare typed rows: no target is looked at here."""
        ...


class Embedder(Protocol):
    """Pre-trained encoders of texts; given to stage 1 by the flow, which knows models."""

    def hash(self, pretrained: str) -> str:
        """What tells this encoder from any other of the same name."""
        ...

    def vectors(
        self, texts: Iterable[pl.Series], *, pretrained: str
    ) -> Iterator[NDArray[np.float32]]:
        """Vectors of length 1, block by block; of a text without a word all zeros.

        Args:
            texts: Blocks of strings; null is a text without a word.
            pretrained: As the recipe names the encoder.

        Returns:
            A block each, shape (texts, width), float32.
        """
        ...


class TextClassifier(Protocol):
    """Classifiers of texts that were trained here; given to stage 1 by the flow, which knows models."""

    def hash(self, model: str) -> str:
        """What tells this model from any other of the same name."""
        ...

    def probabilities(
        self, texts: Iterable[pl.Series], *, model: str, label: str
    ) -> Iterator[NDArray[np.float64]]:
        """How likely each text is of a class, block by block.

        Args:
            texts: Blocks of strings; null is an empty text.
            model: As the recipe names it.
            label: A class of the model.

        Returns:
            A block each, shape (texts,), in [0, 1].
        """
        ...


class NameTagger(Saved, Protocol):
    """A model that finds names of persons in texts; saved with the package whose contract needs it."""

    @property
    def hash(self) -> str:
        """What tells this model from any other."""
        ...

    def find(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Where names begin and end in each text, in order, none within another.

        What is found in a text depends on it alone.
        """
        ...


class NameTaggers(Protocol):
    """Finders of names; given to stage 1 by the flow, which knows models."""

    def load(self, model: str) -> NameTagger:
        """The one that the recipe names: a package of ours, or a folder in Hub layout."""
        ...


class Tracker(Protocol):
    """A reader of the record that mirrors it elsewhere, after the fact. May raise.

    Never in the way of a run.
    """

    def mirror_run(self, run_dir: Path) -> bool:
        """Bring one run over; True when something was new. A second call changes nothing."""
        ...

    def mirror_versions(self, registry: Path) -> int:
        """Bring versions and aliases over; how many were new. A second call changes nothing."""
        ...


class Progress(Protocol):
    """Shows how long work is getting on; implemented by the terminal, silent by default."""

    def stage(self, name: str) -> None:
        """A new stage begins."""
        ...

    def advance(self, done: float, total: float, note: str = "") -> None:
        """`done` of `total` of the stage is done."""
        ...


class Silent:
    """A `Progress` that shows nothing."""

    def stage(self, name: str) -> None:
        """Nothing."""

    def advance(self, done: float, total: float, note: str = "") -> None:
        """Nothing."""
