"""Keras on PyTorch: its `fit`, with its own AdamW, around the same module."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

os.environ["KERAS_BACKEND"] = "torch"

import keras
from cases import LEARNING_RATE, Case


def fitting(case: Case) -> Callable[[], None]:
    """As its documentation shows it."""
    inputs, target = case.samples["inputs"].numpy(), case.samples["target"].numpy()
    model = keras.Sequential(
        [keras.Input(inputs.shape[1:]), keras.layers.TorchModuleWrapper(case.model)]
    )

    def fit() -> None:
        model.compile(
            optimizer=keras.optimizers.AdamW(learning_rate=LEARNING_RATE, weight_decay=0.0),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,
        )
        model.fit(
            inputs, target, batch_size=case.batch_size, epochs=case.epochs, shuffle=True, verbose=0
        )

    return fit


SYSTEMS: Mapping[str, Callable[[Case], Callable[[], None]]] = {"Keras": fitting}
