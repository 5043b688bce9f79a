"""Teachers stay as they are; students see what they say."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trainwright.core.errors import RecipeError
from trainwright.training.objectives import IGNORED, CrossEntropy, Distillation

BATCH = {"inputs": torch.randn(6, 3), "target": torch.tensor([0, 1, 2, 0, 1, 2])}


def test_the_teacher_is_frozen_and_in_evaluation_mode():
    teacher = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.9), nn.BatchNorm1d(3))
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    objective = Distillation(teacher=teacher)
    first = objective.parts(student := nn.Linear(3, 3), BATCH)
    again = objective.parts(student, BATCH)
    assert first["soft"].sum == again["soft"].sum
    (first["soft"].sum + first["hard"].sum).backward()
    assert all(parameter.grad is None for parameter in teacher.parameters())
    assert all(torch.equal(before[name], now) for name, now in teacher.state_dict().items())


def test_logits_made_beforehand_are_as_good_as_the_teacher():
    teacher, student = nn.Linear(3, 3), nn.Linear(3, 3)
    batch = {**BATCH, "said": teacher(BATCH["inputs"]).detach()}
    live = Distillation(teacher=teacher).parts(student, BATCH)["soft"]
    made = Distillation(teacher_logits="said").parts(student, batch)["soft"]
    assert live.sum == made.sum


def test_a_teacher_may_read_other_inputs():
    batch = {**BATCH, "other": torch.randn(6, 5)}
    objective = Distillation(teacher=nn.Linear(5, 3), teacher_inputs=("other",))
    assert objective.parts(nn.Linear(3, 3), batch)["soft"].sum > 0


def test_a_student_that_agrees_has_nothing_to_learn_from_the_teacher():
    teacher = nn.Linear(3, 3)
    part = Distillation(teacher=teacher).parts(teacher, BATCH)["soft"]
    assert part.sum.item() == pytest.approx(0, abs=1e-6)


def test_padding_does_not_count_in_either_part():
    batch = {"inputs": torch.randn(2, 4, 3), "target": torch.tensor([[0, 1, 2, 0], [1, 0, 0, 0]])}
    batch["target"][1, 1:] = IGNORED
    objective = Distillation(teacher=nn.Linear(3, 3))
    student = nn.Linear(3, 3)
    first = objective.parts(student, batch)
    assert (first["soft"].count, first["hard"].count) == (5, 5)
    batch["inputs"][1, 1:] = 100.0
    assert objective.parts(student, batch)["soft"].sum == first["soft"].sum


def test_a_rows_weight_holds_for_both_parts():
    batch = {**BATCH, "w": torch.tensor([1.0, 0, 0, 0, 0, 0.5])}
    parts = Distillation(teacher=nn.Linear(3, 3), labels=CrossEntropy(weight="w")).parts(
        nn.Linear(3, 3), batch
    )
    assert (parts["soft"].count, parts["hard"].count) == (1.5, 1.5)


@pytest.mark.parametrize("settings", [{}, {"teacher": nn.Linear(1, 1), "teacher_logits": "x"}])
def test_there_is_one_teacher(settings):
    with pytest.raises(RecipeError, match="one of the two") as refusal:
        Distillation(**settings)
    assert "teacher=MODULE" in refusal.value.mend


def test_a_student_with_other_classes_is_refused():
    with pytest.raises(RecipeError, match=r"\(6, 4\)") as refusal:
        Distillation(teacher=nn.Linear(3, 3)).parts(nn.Linear(3, 4), BATCH)
    assert "as many classes" in refusal.value.mend
