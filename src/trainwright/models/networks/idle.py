"""Settings of a network that nothing can come of, or that clash, are refused, and it is said why.

Whoever sets one expects something of it, so that to pass over it would be to run another experiment.
"""

from __future__ import annotations

from collections.abc import Mapping

from trainwright.core.parts import Part


def refuse_idle(part: Part, idle: Mapping[str, str]) -> None:
    """Refuse the keys that differ from their defaults and cannot be used, all at once.

    Args:
        part: Whose keys they are.
        idle: Key -> why nothing can come of it; "" where something can.

    Raises:
        ValueError: with the reasons, and the keys to remove.
    """
    fields = type(part).model_fields
    useless: dict[str, list[str]] = {}
    for key, why in idle.items():
        if why and getattr(part, key) != fields[key].default:
            useless.setdefault(why, []).append(key)
    if useless:
        told = "; ".join(
            f"{', '.join(keys)} cannot be used: {why}" for why, keys in useless.items()
        )
        keys = [key for keys in useless.values() for key in keys]
        raise ValueError(f"{told} | mend: remove {', '.join(keys)}")


def check_heads(*, hidden: int, heads: int) -> None:
    """Refuse attention heads that do not divide the width.

    Raises:
        ValueError: with the next width that they divide.
    """
    if hidden % heads:
        raise ValueError(
            f"{heads} heads do not divide {hidden} hidden units"
            f" | mend: hidden: {heads * max(1, hidden // heads)}"
        )


def idle_adaptation(*, pretrained: str | None, adapt: str) -> dict[str, str]:
    """The keys that say how a base is adapted, and why nothing can come of them."""
    if pretrained is None:
        no_base = "there is no pre-trained base to adapt"
        return dict.fromkeys(("adapt", "lora_rank", "unfreeze", "layer_decay"), no_base)
    frozen = "" if adapt == "full" else f"adapt: {adapt} leaves the layers of the base as they are"
    return {
        "adapt": "",
        "lora_rank": "" if adapt == "lora" else f"adapt: {adapt} makes no low-rank updates",
        "unfreeze": frozen,
        "layer_decay": frozen,
    }
