"""A text for each of many prompts, a bounded number of them at a time, from any table of requests."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from trainwright.core.language import Decoding, Generation, GenerationSettings, Prompt

SIDE_BY_SIDE = 32  # prompts that are under way


def generate_all(
    decoding: Decoding, prompts: Sequence[Prompt], settings: GenerationSettings
) -> list[Generation]:
    """One generation a prompt, in order; a bounded number of them at a time.

    Raises:
        DataError: a prompt is empty or too long.
    """
    found: dict[int, Generation] = {}
    places: dict[int, int] = {}
    waiting = deque(enumerate(prompts))
    try:
        while waiting or decoding.active:
            while waiting and decoding.active < SIDE_BY_SIDE:
                place, prompt = waiting.popleft()
                places[decoding.add(prompt, settings)] = place
            for piece in decoding.step():
                if piece.generation is not None:
                    found[places[piece.request]] = piece.generation
    finally:  # after a failure or a signal nobody waits for the others
        for request, place in places.items():
            if place not in found:
                decoding.cancel(request)
    return [found[place] for place in range(len(prompts))]
