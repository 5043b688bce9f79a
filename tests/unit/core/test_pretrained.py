"""What a recipe's `pretrained` means: folders of the Hub, packages of ours, and what is neither."""

from __future__ import annotations

import json
from fnmatch import fnmatch
from pathlib import Path

import pytest

from trainwright.core.errors import EnvironmentFault, RecipeError, TrustError
from trainwright.core.pretrained import cache_folder, family_of, locate


def written(folder: Path, **files: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("kind", ["cnn", "vit", "text-encoder", "causal-lm"])
def test_a_network_that_was_trained_here_tells_its_family(kind: str, tmp_path: Path) -> None:
    written(tmp_path / "base", estimator={"architecture": {"kind": kind}})
    assert family_of("base", base=tmp_path) == kind


def test_a_package_is_meant_by_its_own_folder_too(tmp_path: Path) -> None:
    inner = written(
        tmp_path / "spam-3" / "model" / "estimator",
        estimator={"architecture": {"kind": "text-encoder", "config": {"pad_token_id": 1}}},
    )
    (inner / "weights.safetensors").write_bytes(b"weights")
    prepared = written(tmp_path / "spam-3" / "model" / "preparation", tokenizer={})
    found = locate("spam-3", base=tmp_path)
    assert found.folder == inner
    assert found.tokenizer == prepared
    assert found.config == {"pad_token_id": 1}
    assert found.origin["pretrained"] == "spam-3"
    assert len(found.origin["weights.safetensors"]) == 64


def test_a_folder_of_the_hub_has_no_architecture_of_ours(tmp_path: Path) -> None:
    folder = written(tmp_path / "base", config={"model_type": "bert"}, tokenizer={})
    written(tmp_path / "preparation", tokenizer={})
    found = locate("base", base=tmp_path)
    assert found.architecture is None
    assert found.config == {"model_type": "bert"}
    assert found.tokenizer == folder
    assert family_of("base", base=tmp_path) == "text-encoder"


def test_a_network_that_none_can_start_from_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "base", estimator={"architecture": {"kind": "lstm"}})
    with pytest.raises(RecipeError, match="is of kind 'lstm'") as caught:
        family_of("base", base=tmp_path)
    assert (
        caught.value.mend == "use one of: causal-lm, cnn, masked-lm, seq2seq-lm, text-encoder, vit"
    )


@pytest.mark.parametrize("content", [{"booster": 1}, {"architecture": "cnn"}, [1]])
def test_a_package_of_no_network_is_refused(content: object, tmp_path: Path) -> None:
    written(tmp_path / "base", estimator=content)
    with pytest.raises(RecipeError, match="is no network") as caught:
        family_of("base", base=tmp_path)
    assert "package whose model is a network" in caught.value.mend


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    written(tmp_path / "base")
    (tmp_path / "base" / "estimator.json").write_text("{")
    with pytest.raises(TrustError):
        family_of("base", base=tmp_path)


@pytest.mark.parametrize("name", ["nothing", "all-minilm"])
def test_what_is_not_there_is_refused_with_what_may_be_meant(name: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="there is no pre-trained base") as caught:
        locate(name, base=tmp_path)
    assert "package" in caught.value.mend or "all-minilm-l6-v2" in caught.value.mend


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRAINWRIGHT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/trainwright")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "trainwright"


def test_a_gguf_file_is_a_base_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    found = locate("model.gguf", base=tmp_path)
    assert found.is_gguf
    assert found.tokenizer == tmp_path / "model.gguf"
    assert list(found.origin) == ["pretrained", "model.gguf"]
    assert family_of("model.gguf", base=tmp_path) == "causal-lm"


def test_a_base_without_its_configuration_is_told_what_it_lacks(tmp_path):
    (tmp_path / "base").mkdir()
    base = locate("base", base=tmp_path)
    with pytest.raises(TrustError, match=r"'base' has no config\.json") as caught:
        _ = base.config
    assert "layout of the Hub" in str(caught.value)
    assert "backup" not in str(caught.value)


COMMIT = "0123456789" * 4


@pytest.fixture
def hub(monkeypatch):
    """What the Hub's client is asked for; it gives `answer`, or raises it."""
    asked = []

    class Hub:
        answer: object = "/found"

        def __call__(self, repository, **said):
            asked.append((repository, said))
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

    made = Hub()
    made.asked = asked
    monkeypatch.setattr("huggingface_hub.snapshot_download", made)
    return made


def test_the_hub_is_asked_only_for_what_is_pinned_by_its_commit(hub, tmp_path):
    assert locate(f"org/name@{COMMIT}", base=tmp_path).folder == Path("/found")
    assert locate("org/name", base=tmp_path).folder == Path("/found")
    (pinned, loose) = [said for _, said in hub.asked]
    assert (pinned["revision"], pinned["local_files_only"]) == (COMMIT, False)
    assert (loose["revision"], loose["local_files_only"]) == (None, True)
    files = ["config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"]
    assert all(any(fnmatch(file, one) for one in pinned["allow_patterns"]) for file in files)
    code = ["modeling_own.py", "pytorch_model.bin", "training_args.pt", "model.pkl"]
    assert not any(fnmatch(file, one) for one in pinned["allow_patterns"] for file in code)


@pytest.mark.parametrize("revision", ["main", "v1.0", COMMIT[:7], COMMIT.replace("0", "G")])
def test_a_branch_a_tag_and_a_part_of_a_commit_are_no_pins(hub, tmp_path, revision):
    with pytest.raises(RecipeError, match="may be another model tomorrow") as caught:
        locate(f"org/name@{revision}", base=tmp_path)
    assert "40 digits of its commit: org/name@COMMIT" in caught.value.mend
    assert not hub.asked


def test_what_cannot_be_had_is_told_by_its_reason(hub, tmp_path):
    hub.answer = OSError("Name or service not known\nand more")
    with pytest.raises(EnvironmentFault, match="cannot be fetched from the Hub: Name or service"):
        locate(f"org/name@{COMMIT}", base=tmp_path)
    with pytest.raises(EnvironmentFault, match="not in the local cache of the Hub") as caught:
        locate("org/name", base=tmp_path)
    assert "org/name@COMMIT" in caught.value.mend
