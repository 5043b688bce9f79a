"""Reweighing: train rows weighed so that the label no longer depends on the protected group.

A row of group g and label y counts P(g) P(y) / P(g, y): a combination that is rarer than it would be by
chance counts more. Several protected columns make one group together. The weights' mean is 1.

Cost: it changes what is learnt, not who is in the data; groups of few rows get large weights, at most 10.
Source: Kamiran & Calders 2012, Knowledge and Information Systems 33(1), algorithm 3.
"""

from __future__ import annotations

import numpy as np

from trainwright.core.artifacts import Split
from trainwright.core.columns import ROW, Task
from trainwright.core.errors import RecipeError
from trainwright.data.bias.groups import groupings
from trainwright.data.findings import finding
from trainwright.data.view import View
from trainwright.data.weights import Weights

LARGEST = 10.0


def weigh(view: View) -> Weights | None:
    """What each train row counts, where the recipe asks for reweighing."""
    if view.settings.balance != "reweighing":
        return None
    if view.target.task is not Task.CLASSIFICATION:
        raise RecipeError(
            f"reweighing is for classes, and {view.target.name!r} is a target of {view.target.task.value}",
            where="data.balance",
            mend="balance: none",
        )
    rules = groupings(view)
    places = {label: code for code, label in enumerate(view.target.classes)}
    names = [*view.settings.protected, view.target.name]
    rows, groups, labels = [], [], []
    for block in view.blocks(names, split=Split.TRAIN):
        rows.append(block[ROW].to_numpy())
        codes = tuple(rule.codes(block[rule.column]) for rule in rules)
        groups.append(np.ravel_multi_index(codes, [len(rule.names) for rule in rules]))
        labels.append(block[view.target.name].replace_strict(places).to_numpy().astype(np.int64))
    group = np.unique(np.concatenate(groups), return_inverse=True)[1]
    label = np.concatenate(labels)
    joint = np.zeros((int(group.max()) + 1, len(places)))
    np.add.at(joint, (group, label), 1.0)
    expected = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True) / joint.sum()
    factors = np.minimum(
        np.divide(expected, joint, out=np.ones_like(joint), where=joint > 0), LARGEST
    )
    factors = np.where(joint > 0, factors, 1.0)
    factors *= joint.sum() / (factors * joint).sum()
    there = factors[joint > 0]
    said = finding(
        "bias",
        "info",
        f"reweighing by {', '.join(view.settings.protected)}: train rows count from {there.min():.3g} to"
        f" {there.max():.3g}, so that the label does not depend on the group. Probabilities are brought"
        " back to the true shares of the classes by calibration",
        column=view.settings.protected[0],
    )
    return Weights(np.concatenate(rows), factors[group, label], (said,))
