"""Files of several pictures are told: an animation's frames, a scan's pages."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainwright.data.images.decoding import holds_more
from trainwright.data.prepare import prepare
from trainwright.recipe.loading import load_recipe


def no_probe(*arguments: object, **settings: object) -> np.ndarray:
    raise AssertionError("a lone column is not probed")


def picture(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 256, (12, 9, 3), dtype=np.uint8))


def saved(ending: str, *, more: int) -> bytes:
    into = io.BytesIO()
    kept = {"save_all": True, "append_images": [picture(1 + one) for one in range(more)]}
    picture(0).save(into, ending, **(kept if more else {}))
    return into.getvalue()


@pytest.mark.parametrize("ending", ["GIF", "TIFF", "WEBP", "PNG"])
def test_several_pictures_are_told_from_one(ending: str) -> None:
    assert holds_more(saved(ending, more=2))
    assert not holds_more(saved(ending, more=0))


def test_a_photo_is_one_picture() -> None:
    assert not holds_more(saved("JPEG", more=0))


def test_rows_whose_files_hold_several_pictures_are_warned_of_by_name(tmp_path: Path) -> None:
    for row in range(60):
        path = tmp_path / "d" / "ab"[row % 2] / f"{row:03}.gif"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(saved("GIF", more=int(row == 8)))
    (tmp_path / "r.yaml").write_text("data: {source: d}\n")
    recipe = load_recipe(tmp_path / "r.yaml")
    snapshot = prepare(recipe, base=tmp_path, snapshots=tmp_path / "s", probe=no_probe)
    (one,) = [one for one in snapshot.findings if "several pictures" in one.message]
    assert (one.kind, one.severity, one.count) == ("unreadable", "warning", 1)
    assert "'d/a/008.gif'" in one.message
