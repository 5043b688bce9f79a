"""One shape for all images, decided by train rows; frames and single rows give the same bits."""

from __future__ import annotations

import base64
import io
import json
import pickle
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from trainwright.core.columns import Column, ColumnType
from trainwright.core.errors import DataError, TrustError
from trainwright.core.features import ImageNeeds
from trainwright.core.parts import load
from trainwright.data.images import preparation
from trainwright.data.images.preparation import ImagePreparation, fit_image_preparation

COLUMN = Column("scan", ColumnType.IMAGE)


def png(height: int, width: int, *, mode: str = "L", seed: int = 0) -> bytes:
    depth = (3,) if mode == "RGB" else ()
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, *depth), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def frame(*files: bytes | None) -> pl.DataFrame:
    return pl.DataFrame({"scan": pl.Series(files, dtype=pl.Binary)})


def fitted(*files: bytes | None, needs: ImageNeeds | None = None) -> ImagePreparation:
    return fit_image_preparation(frame(*files), [COLUMN], needs or ImageNeeds(), base=Path())


def test_the_commonest_size_of_the_train_rows_holds() -> None:
    found = fitted(png(8, 6), png(8, 6), png(20, 20), None)
    assert (found.height, found.width, found.channels) == (8, 6, 1)


def test_the_median_holds_where_no_size_is_common() -> None:
    found = fitted(png(8, 10), png(9, 11), png(10, 30), png(11, 31), png(12, 32))
    assert (found.height, found.width) == (10, 30)


def test_large_images_are_scaled_to_224_with_their_shape_kept() -> None:
    found = fitted(png(448, 300))
    assert (found.height, found.width) == (224, 150)


def test_one_image_in_colour_makes_all_of_them_so() -> None:
    assert fitted(png(4, 4), png(4, 4, mode="RGB")).channels == 3


def test_what_the_family_asks_for_holds() -> None:
    found = fitted(png(8, 8), needs=ImageNeeds(size=5, channels=3))
    assert (found.height, found.width, found.channels) == (5, 5, 3)


def test_a_pretrained_base_says_its_size_and_channels(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    config = {"model_type": "vit", "image_size": 16, "num_channels": 3}
    (tmp_path / "base" / "config.json").write_text(json.dumps(config))
    needs = ImageNeeds(pretrained="base")
    found = fit_image_preparation(frame(png(8, 8)), [COLUMN], needs, base=tmp_path)
    assert (found.height, found.width, found.channels) == (16, 16, 3)


def test_a_network_that_was_trained_here_says_its_height_width_and_channels(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    architecture = {"kind": "cnn", "shape": [3, 6, 10]}
    (tmp_path / "base" / "estimator.json").write_text(json.dumps({"architecture": architecture}))
    for size, wanted in ((None, (6, 10, 3)), (5, (5, 5, 3))):
        needs = ImageNeeds(size=size, pretrained="base")
        found = fit_image_preparation(frame(png(8, 8)), [COLUMN], needs, base=tmp_path)
        assert (found.height, found.width, found.channels) == wanted


def test_rows_and_frames_give_the_same_bits_also_from_base64() -> None:
    files = [png(8, 8, seed=1), None, png(11, 7, seed=2)]
    prepared = fitted(*files)
    everywhere = np.arange(3)
    ours = prepared.transform(frame(*files)).pixels(everywhere)
    texts = [None if data is None else base64.b64encode(data).decode() for data in files]
    for rows in ([{"scan": data} for data in files], [{"scan": text} for text in texts]):
        assert (prepared.transform_rows(rows).pixels(everywhere) == ours).all()
    assert (ours[1] == 128).all()


def test_pixels_come_in_the_order_asked_for_kept_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [png(4, 4, seed=seed) for seed in range(5)]
    rows = np.array([3, 1, 3])
    kept = fitted(*files).transform(frame(*files))
    first, again = kept.pixels(rows), kept.pixels(rows)
    monkeypatch.setattr(preparation, "CACHE_BYTES", 0)
    fresh = fitted(*files).transform(frame(*files)).pixels(rows)
    assert (first == again).all()
    assert (first == fresh).all()
    assert (first[0] == first[2]).all()
    assert (first[0] != first[1]).any()


def test_images_go_to_another_process_without_their_pixels() -> None:
    files = [png(64, 64, seed=seed) for seed in range(3)]
    images = fitted(*files).transform(frame(*files))
    before = len(pickle.dumps(images))
    pixels = images.pixels(np.arange(3))
    sent = pickle.dumps(images)
    assert len(sent) == before
    assert (pickle.loads(sent).pixels(np.arange(3)) == pixels).all()


def test_a_damaged_image_is_told_by_its_row() -> None:
    images = fitted(png(4, 4)).transform(frame(png(4, 4), b"nothing"))
    with pytest.raises(DataError, match="no image") as caught:
        images.pixels(np.arange(2))
    assert caught.value.where == "row 1"


def test_no_image_at_all_is_refused() -> None:
    with pytest.raises(DataError, match="no train row has an image") as caught:
        fitted(None, None)
    assert "paths" in caught.value.mend


def test_text_that_is_not_base64_is_refused() -> None:
    with pytest.raises(DataError, match="base64"):
        fitted(png(4, 4)).transform_rows([{"scan": "?"}])


def test_a_saved_preparation_is_the_same_when_loaded(tmp_path: Path) -> None:
    prepared = fitted(png(8, 6))
    prepared.save(tmp_path)
    assert load(prepared.kind, tmp_path) == prepared
    assert prepared.unseen([{"scan": None}]) == [[]]


def test_a_changed_preparation_is_not_loaded(tmp_path: Path) -> None:
    fitted(png(8, 6)).save(tmp_path)
    (tmp_path / "preparation.json").write_text('{"height": 3}')
    with pytest.raises(TrustError, match="not a preparation") as caught:
        load("image-preparation", tmp_path)
    assert "restore" in caught.value.mend
