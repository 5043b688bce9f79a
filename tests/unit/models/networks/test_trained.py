"""What a network that was trained here gives to another: all of its trunk, and nothing that does not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from trainwright.core.errors import RecipeError, TrustError
from trainwright.core.pretrained import Base, locate
from trainwright.models.networks.architecture import load_architecture
from trainwright.models.networks.estimator import NetworkEstimator
from trainwright.models.networks.trained import architecture_of, load_part, save_part

ARCHITECTURE = {"kind": "cnn", "shape": [1, 4, 4]}


def saved(folder: Path, module: nn.Module) -> Base:
    folder.mkdir()
    save_part(module, folder, part="trunk", architecture=ARCHITECTURE)
    return locate(folder.name, base=folder.parent)


def test_a_part_comes_back_with_its_weights(tmp_path: Path) -> None:
    made = nn.Linear(3, 2)
    base = saved(tmp_path / "base", made)
    assert architecture_of(base, family="cnn") == ARCHITECTURE
    loaded = nn.Linear(3, 2)
    load_part(loaded, base, part="trunk")
    assert all(torch.equal(loaded.state_dict()[k], v) for k, v in made.state_dict().items())


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (nn.Linear(4, 2), r"weight has shape \(2, 3\), and \(2, 4\) is needed"),
        (nn.Linear(3, 2, bias=False), "the weight bias has no place"),
        (nn.Sequential(nn.Linear(3, 2)), "the weight 0.bias is missing"),
    ],
)
def test_weights_that_do_not_fit_are_refused_by_name(
    other: nn.Module, told: str, tmp_path: Path
) -> None:
    base = saved(tmp_path / "base", nn.Linear(3, 2))
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    with pytest.raises(RecipeError, match=told) as caught:
        load_part(other, base, part="trunk")
    assert caught.value.where == "model.pretrained"
    assert caught.value.mend == (
        "name a folder whose weights.safetensors belong to its estimator.json"
    )
    assert all(torch.equal(before[k], v) for k, v in other.state_dict().items())


def test_another_family_is_refused_with_the_one_to_write(tmp_path: Path) -> None:
    base = saved(tmp_path / "base", nn.Linear(3, 2))
    with pytest.raises(RecipeError, match="is of kind 'cnn', and the family is 'vit'") as caught:
        architecture_of(base, family="vit")
    assert caught.value.mend == "family: cnn"


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    base = saved(tmp_path / "base", nn.Linear(3, 2))
    (base.folder / "weights.safetensors").write_bytes(b"rubbish")
    with pytest.raises(RecipeError, match="cannot be loaded") as caught:
        load_part(nn.Linear(3, 2), base, part="trunk")
    assert "weights.safetensors" in caught.value.mend


def test_a_trunk_alone_does_not_pass_for_a_network_that_answers(tmp_path: Path) -> None:
    base = saved(tmp_path / "base", nn.Linear(3, 2))
    with pytest.raises(TrustError, match="do not fit"):
        NetworkEstimator.load(base.folder)
    with pytest.raises(TrustError, match="do not fit"):
        load_architecture(json.loads((base.folder / "estimator.json").read_text())["architecture"])
