"""What torch refuses of a batch comes back in words, with what to do about it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from trainwright.core.errors import DataError, RecipeError
from trainwright.training import (
    AdamW,
    ArraySource,
    BinaryCrossEntropy,
    CrossEntropy,
    Focal,
    Huber,
    MaskedTokens,
    MultiTask,
    NextToken,
    Trainer,
)

X = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
IDS = torch.tensor([0, 1, 2, 0, 1, 2])


def loss(objective, model=None, **batch):
    batch = {"inputs": X, "target": IDS, **batch}
    (part,) = objective.parts(model or nn.Linear(4, 3), batch).values()
    return part


@pytest.mark.parametrize("weights", [None, (1.0, 2.0, 3.0)])
@pytest.mark.parametrize("kind", [CrossEntropy, Focal])
@pytest.mark.parametrize("shift", [1, -1])
def test_an_id_that_no_class_has_is_named_and_counted(kind, weights, shift):
    with pytest.raises(DataError, match=f"nothing has the id {3 if shift > 0 else -1}") as refusal:
        loss(kind(class_weights=weights), target=IDS + shift)
    assert refusal.value.where == "target: 2 of the 6 targets of a batch"
    assert "target = numpy.unique(target, return_inverse=True)[1]" in refusal.value.mend


def test_the_validation_source_is_refused_alike():
    def source(ids):
        return ArraySource(inputs=X.numpy(), target=ids.numpy())

    trainer = Trainer(nn.Linear(4, 3), CrossEntropy(), train=source(IDS), optimizer=AdamW())
    with pytest.raises(DataError, match="nothing has the id 5, 6, 7"):
        trainer.evaluate(source(IDS + 5))


def test_a_task_among_several_tells_its_own_target():
    class Heads(nn.Module):
        def forward(self, inputs):
            return {"kind": inputs[:, :3]}

    both = MultiTask(tasks={"kind": CrossEntropy(output="kind", target="kinds")})
    with pytest.raises(DataError, match="nothing has the id 3") as refusal:
        both.parts(Heads(), {"inputs": X, "kinds": IDS + 1})
    assert refusal.value.where.startswith("kinds:")


@pytest.mark.parametrize("objective", [MaskedTokens(), NextToken()])
def test_a_token_beyond_the_last_layer_is_refused(objective):
    tokens = torch.full((2, 5), 11)
    model = nn.Sequential(nn.Embedding(12, 4), nn.Linear(4, 10))
    with pytest.raises(DataError, match=r"nothing has the id 11.* 10 classes") as refusal:
        loss(objective, model, inputs=tokens, target=tokens)
    assert "a unit for each token" in refusal.value.mend


@pytest.mark.parametrize("dtype", [torch.int32, torch.int8, torch.uint8])
@pytest.mark.parametrize("objective", [CrossEntropy(), Focal(class_weights=(1.0, 2.0, 3.0))])
def test_ids_of_any_whole_type_give_the_same_loss(objective, dtype):
    torch.manual_seed(0)
    model = nn.Linear(4, 3)
    narrow, wide = loss(objective, model, target=IDS.to(dtype)), loss(objective, model)
    assert (narrow.sum, narrow.count) == (wide.sum, wide.count)


@pytest.mark.parametrize("target", [IDS.float(), torch.full((6, 4), 0.25)])
def test_a_target_of_floats_is_a_distribution_over_the_classes_or_refused(target):
    with pytest.raises(DataError, match="nor distributions over 3 classes") as refusal:
        loss(CrossEntropy(), target=target)
    assert refusal.value.mend == "target = target.astype('int64')"


@pytest.mark.parametrize("kind", [CrossEntropy, Focal])
def test_class_weights_of_another_number_of_classes_are_refused(kind):
    with pytest.raises(RecipeError, match=r"2 class weights.* 3 classes") as refusal:
        loss(kind(class_weights=(1.0, 2.0)), target=IDS % 2)
    assert refusal.value.mend == "give 3 weights"


@pytest.mark.parametrize("dtype", ["int64", "float64", "bool"])
def test_inputs_of_a_type_that_the_first_layer_does_not_take_are_told_with_the_right_one(dtype):
    with pytest.raises(DataError, match=f"does not take {dtype}") as refusal:
        loss(CrossEntropy(), inputs=torch.from_numpy(X.numpy().astype(dtype)))
    assert refusal.value.where == "inputs"
    assert refusal.value.mend == "inputs = inputs.astype('float32')"


def test_floats_for_an_embedding_are_told_to_be_whole():
    model = nn.Sequential(nn.Embedding(10, 3), nn.Flatten(), nn.Linear(12, 3))
    with pytest.raises(DataError, match="does not take float32") as refusal:
        loss(CrossEntropy(), model)
    assert refusal.value.mend == "inputs = inputs.astype('int64')"


@pytest.mark.parametrize("id_", [-1, 10])
def test_ids_beyond_an_embedding_are_told_with_its_size(id_):
    model = nn.Sequential(nn.Embedding(10, 3), nn.Flatten(), nn.Linear(12, 3))
    ids = torch.tensor(np.where(np.eye(6, 4) > 0, id_, 3))
    with pytest.raises(DataError, match="the largest embedding has 10 rows") as refusal:
        loss(CrossEntropy(), model, inputs=ids)
    assert "ids from 0 to 9" in refusal.value.mend


def test_inputs_of_a_shape_that_a_layer_does_not_take_are_told_with_it():
    with pytest.raises(RecipeError, match=r"does not take inputs \(6, 3\)") as refusal:
        loss(CrossEntropy(), inputs=X[:, :3])
    assert "first layer" in refusal.value.mend


def test_what_is_not_understood_goes_on_as_it_was_raised():
    class Own(nn.Module):
        def forward(self, inputs):
            raise RuntimeError("my own trouble")

    with pytest.raises(RuntimeError, match=r"^my own trouble$"):
        loss(CrossEntropy(), Own())


def test_a_name_may_be_an_input_twice():
    class Product(nn.Module):
        def forward(self, first, second):
            return first * second

    part = loss(CrossEntropy(inputs=("inputs", "inputs")), Product(), inputs=X[:, :3])
    assert part.sum == loss(CrossEntropy(), nn.Identity(), inputs=X[:, :3] ** 2).sum


def test_labels_of_yes_and_no_are_between_0_and_1():
    with pytest.raises(DataError, match="labels go from 0 to 2") as refusal:
        loss(BinaryCrossEntropy(), nn.Linear(4, 1))
    assert refusal.value.mend == "target = (target == 2).astype('float32')"


def test_hubers_loss_takes_whole_numbers():
    model = nn.Linear(4, 1)
    assert loss(Huber(), model).sum == loss(Huber(), model, target=IDS.float()).sum
