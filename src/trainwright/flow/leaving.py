"""How networks leave: what is written of a language model and of any other, and how it is compared."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import polars as pl

from trainwright.core.artifacts import Check, Prediction
from trainwright.core.columns import ColumnType
from trainwright.core.errors import CommandError
from trainwright.core.language import Message, Passages
from trainwright.core.leaving import Answers, Codec
from trainwright.deployment.export.exchanges import exchanges_of
from trainwright.deployment.export.formats import Format, Quantization, bounds_of
from trainwright.deployment.export.gguf import check_gguf, write_gguf
from trainwright.deployment.export.hub import write_codec, write_hub
from trainwright.deployment.export.onnx import FILE, OnnxNetwork, quantize_onnx
from trainwright.deployment.export.parity import language_checks, padded, prediction_checks
from trainwright.deployment.export.tokens import for_prompts
from trainwright.models.fitted import FittedModel

if TYPE_CHECKING:
    from trainwright.data.language.preparation import LanguagePreparation
    from trainwright.models.networks.estimator import NetworkEstimator

GGUF_FILE = "model.gguf"
SPELT = 32  # texts whose token ids are compared


class Asked(NamedTuple):
    """What both are asked: golden rows, and validation rows where they are here."""

    golden: Sequence[Mapping[str, Any]]
    validation: pl.DataFrame | None


class Leaving(ABC):
    """One model on its way out.

    Args:
        model: The package's.
        asked: Rows to compare by.
        to: The format.
        quantization: Or None.
        name: Of the model, for people.
    """

    def __init__(
        self,
        model: FittedModel,
        asked: Asked,
        *,
        to: Format,
        quantization: Quantization | None,
        name: str,
    ) -> None:
        self.model = model
        self.asked = asked
        self.to = to
        self.quantization = quantization
        self.name = name
        self.bounds = bounds_of(quantization)
        self.estimator = cast("NetworkEstimator", model.estimator)

    @abstractmethod
    def write(self, folder: Path) -> None:
        """Fill an empty folder."""

    @abstractmethod
    def check(self, folder: Path) -> Iterable[Check]:
        """Read it again by the format's own runtime, and compare."""


class LanguageLeaving(Leaving):
    """A language model of transformers: the Hub's layout, GGUF, ONNX."""

    def __init__(self, model: FittedModel, asked: Asked, **settings: Any) -> None:  # noqa: ANN401 - of the base
        super().__init__(model, asked, **settings)
        from trainwright.models.export.hub import language_module, lay_open

        module = language_module(self.estimator)
        if module is None:
            raise CommandError(
                "this network is no language model of transformers", where=f"--to {self.to}"
            )
        self.module = module
        self.network = lay_open(module)
        self.preparation = cast("LanguagePreparation", model.preparation)
        self.codec = codec_of(self.preparation, self.network.config)
        if self.to == "gguf":
            check_gguf(self.network, self.codec)

    def write(self, folder: Path) -> None:
        if self.to == "safetensors":
            write_hub(folder, self.network, self.codec, quantization=self.quantization)
        elif self.to == "gguf":
            path = folder / GGUF_FILE
            write_gguf(
                path, self.network, self.codec, name=self.name, quantization=self.quantization
            )
        else:
            from trainwright.models.export.onnx import write_language_onnx

            write_language_onnx(self.module, folder / FILE)
            if self.quantization is not None:
                quantize_onnx(folder / FILE, self.quantization)
            write_codec(folder, self.codec)

    def check(self, folder: Path) -> Iterator[Check]:
        from trainwright.models.export.hub import ModuleNetwork

        begin = int(self.network.config.get("decoder_start_token_id") or 0)
        exchanges = exchanges_of(self._passages(), kind=self.network.kind, begin=begin)
        if not exchanges:
            yield Check("rows", False, "there is nothing to compare by: no row tells a token")
            return
        again = self._again(folder)
        yield from language_checks(
            ModuleNetwork(self.module),
            again,
            exchanges,
            bounds=self.bounds,
            generates=self.network.kind != "masked-lm",
        )
        if self.to == "onnx" and self.quantization is None:  # int8 scales activations by the batch
            yield padded(again, exchanges)
        yield self._spelt(folder)
        if self.preparation.column.type is ColumnType.MESSAGES:
            yield self._conversed(folder)
        elif self.codec.starts and self.to != "gguf":  # there a flag says it
            yield self._prompted(folder)

    def _again(self, folder: Path) -> Answers:
        from trainwright.models.export.hub import load_gguf, load_hub

        if self.to == "safetensors":
            return load_hub(folder)
        return load_gguf(folder / GGUF_FILE) if self.to == "gguf" else OnnxNetwork(folder / FILE)

    def _passages(self) -> Passages:
        """Validation rows, or where there are none the golden ones."""
        if self.asked.validation is not None:
            return self.preparation.transform(self.asked.validation)
        return self.preparation.transform_rows(self.asked.golden)

    def _spelt(self, folder: Path) -> Check:
        """Are texts the same tokens there?"""
        from trainwright.models.export.hub import spelling

        texts = self._texts()
        pairs = zip(spelling(self.codec, texts), self._spelt_again(folder, texts), strict=True)
        same = sum(one == other for one, other in pairs)
        detail = f"{same} of {len(texts)} texts are the same tokens"
        return Check("tokenizer", same == len(texts), detail)

    def _conversed(self, folder: Path) -> Check:
        """Is a conversation's prompt the same tokens there?"""
        from trainwright.models.export.hub import chat_text

        talk = (Message("user", "What does 1 cost?  Zwölf €."),)
        said = chat_text(folder / GGUF_FILE if self.to == "gguf" else folder, talk)
        same = [list(self.preparation.prompt_ids(talk))] == self._spelt_again(folder, [said])
        detail = "a conversation's prompt is the same tokens" if same else "the prompt differs"
        return Check("chat template", same, detail)

    def _prompted(self, folder: Path) -> Check:
        """Does a document's beginning become the tokens that the package begins with?"""
        from trainwright.models.export.hub import prompt_ids

        text = "What does 1 cost?  Zwölf €."
        same = list(self.preparation.prompt_ids(text)) == prompt_ids(folder, text)
        detail = "a document's beginning is the same tokens" if same else "the prompt differs"
        return Check("prompt", same, detail)

    def _spelt_again(self, folder: Path, texts: list[str]) -> list[list[int]]:
        """Ids of texts by the tokenizer that was written."""
        if self.to == "gguf":  # transformers passes over how numbers are cut there
            from trainwright.data.language.gguf import vocabulary_of_gguf

            tokenizer = vocabulary_of_gguf(folder / GGUF_FILE).tokenizer
            return [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
        from trainwright.models.export.hub import token_ids

        return token_ids(folder, texts)

    def _texts(self) -> list[str]:
        names = [c.name for c in self.model.inputs if c.type is ColumnType.TEXT]
        rows = (
            self.asked.golden
            if self.asked.validation is None
            else self.asked.validation.head(SPELT).to_dicts()
        )
        found = [str(row[name]) for row in rows for name in names if row.get(name)]
        return ["What does 1 cost?  Zwölf €.\n\n5   007", *found][:SPELT]


class NetworkLeaving(Leaving):
    """Any other network: its weights with its architecture, or a graph that takes prepared samples."""

    def __init__(self, model: FittedModel, asked: Asked, **settings: Any) -> None:  # noqa: ANN401 - of the base
        super().__init__(model, asked, **settings)
        wrong = self.to == "gguf" or (self.to == "safetensors" and self.quantization is not None)
        if wrong:
            raise CommandError(
                f"{self.quantization or self.to} is of language models alone,"
                f" and this is of kind {self.estimator.architecture.kind!r}",
                where="--quantize" if self.quantization else "--to",
                mend="--to onnx, with --quantize int8 if it is to be smaller",
            )

    def write(self, folder: Path) -> None:
        if self.to == "safetensors":
            self.estimator.save(folder)
            return
        from trainwright.models.export.onnx import write_network_onnx

        features = self.model.preparation.transform_rows(self.asked.golden[:2])
        write_network_onnx(self.estimator, features, folder / FILE)
        if self.quantization is not None:
            quantize_onnx(folder / FILE, self.quantization)

    def check(self, folder: Path) -> Iterator[Check]:
        again = replace(self.model, estimator=self._again(folder))
        pairs = [
            (self.model.predict_rows(self.asked.golden), again.predict_rows(self.asked.golden))
        ]
        if self.asked.validation is not None:
            frame = self.asked.validation
            pairs.append((self.model.predict(frame), again.predict(frame)))
        yield from prediction_checks(
            _joined([before for before, _ in pairs]),
            _joined([after for _, after in pairs]),
            bounds=self.bounds,
        )

    def _again(self, folder: Path) -> NetworkEstimator:
        from trainwright.models.networks.estimator import NetworkEstimator

        if self.to == "safetensors":
            return NetworkEstimator.load(folder)
        from trainwright.models.export.onnx import answered_by

        return answered_by(self.estimator, OnnxNetwork(folder / FILE))


def codec_of(preparation: LanguagePreparation, config: Mapping[str, Any]) -> Codec:
    """The tokenizer of a language model's preparation, as a document.

    Raises:
        CommandError: it has none, since it reads bytes.
    """
    tokenizer = getattr(preparation.alphabet, "tokenizer", None)
    if tokenizer is None:
        raise CommandError("a model of bytes has no tokenizer to be exported", where="--to")
    template = preparation.template
    document, starts = tokenizer.to_str(), False
    if preparation.form == "causal":
        starts = _tells_documents(preparation) and (
            preparation.prompt_ids("a")[0] == preparation.special.start
        )
        document = for_prompts(document, preparation.special, starts=starts)
    return Codec(
        document=document,
        special=preparation.special,
        template=None if template is None else template.source,
        max_length=int(config.get("max_position_embeddings") or preparation.max_length),
        starts=starts,
    )


def _tells_documents(preparation: LanguagePreparation) -> bool:
    """Does it read what it tells, as a text?"""
    return preparation.told is None and preparation.column.type is ColumnType.TEXT


def _joined(predictions: Sequence[Prediction]) -> Prediction:
    probabilities = [one.probabilities for one in predictions if one.probabilities is not None]
    return Prediction(
        np.concatenate([one.values for one in predictions]),
        np.concatenate(probabilities) if probabilities else None,
    )
