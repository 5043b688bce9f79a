"""The pickle of weights is opened by another process, and only where its hash is the one published."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from trainwright.core.errors import EnvironmentFault, TrustError
from trainwright.core.pretrained import Base
from trainwright.models.images import lite_weights as room


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRAINWRIGHT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def pickled(folder: Path, content: object) -> Base:
    folder.mkdir()
    torch.save(content, folder / "efficientnet-lite0-x.pth")
    return Base("efficientnet-lite0", folder)


def trusted(base: Base, tensors: dict[str, torch.Tensor], patch: pytest.MonkeyPatch) -> None:
    patch.setattr(room, "FILE_SHA256", room.sha256_file(next(base.folder.glob("*.pth"))))
    patch.setattr(room, "TENSORS_SHA256", room._digest(tensors))


def test_tensors_come_by_our_names_and_from_the_cache_ever_after(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = pickled(
        tmp_path / "p", {"_fc.bias": torch.ones(2), "_blocks.3._bn0.weight": torch.ones(1)}
    )
    ours = {"head.bias": torch.ones(2), "mid.3.bn0.weight": torch.ones(1)}
    trusted(base, ours, monkeypatch)
    found = room.lite_weights(base)
    assert set(found) == set(ours)
    assert [path.suffix for path in cache.iterdir()] == [".safetensors"]
    monkeypatch.setattr(room, "_convert", lambda *_: pytest.fail("read again"))
    assert torch.equal(room.lite_weights(base)["head.bias"], torch.ones(2))


def test_a_changed_file_in_the_cache_is_made_anew(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = pickled(tmp_path / "p", {})
    trusted(base, {"head.bias": torch.ones(2)}, monkeypatch)
    made = []

    def convert(file: Path, kept: Path) -> None:
        made.append(file)
        save_file({"head.bias": torch.ones(2)}, kept)

    monkeypatch.setattr(room, "_convert", convert)
    cache.mkdir()
    for content in (torch.zeros(2), torch.ones(3)):
        name = f"efficientnet-lite0-{room.FILE_SHA256[:16]}.safetensors"
        save_file({"head.bias": content}, cache / name)
        assert torch.equal(room.lite_weights(base)["head.bias"], torch.ones(2))
    assert len(made) == 2


def test_a_file_with_another_hash_is_not_opened(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = pickled(tmp_path / "p", {"_fc.bias": torch.ones(2)})
    monkeypatch.setattr(room, "_convert", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(TrustError, match="not the one that was published") as caught:
        room.lite_weights(base)
    assert "--force-reinstall" in caught.value.mend


def test_a_pickle_that_holds_code_is_refused_by_the_other_process(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = pickled(tmp_path / "p", {"_fc.bias": Path("anything that is no tensor")})
    trusted(base, {}, monkeypatch)
    with pytest.raises(EnvironmentFault, match="cannot be read"):
        room.lite_weights(base)
    assert list(cache.iterdir()) == []
