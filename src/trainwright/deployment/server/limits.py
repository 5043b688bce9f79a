"""How much a caller may ask of the server; beyond that it says no before it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one request, and on what is in work at once.

    Attributes:
        body_bytes: A larger body is refused (413), by its Content-Length before it is read.
        rows: More instances in one request are refused (413).
        url_bytes: A longer URL is refused (414).
        header_bytes: Larger headers, names and values together, are refused (431).
        receive_seconds: A request that has not arrived by then is refused (408).
        drain_seconds: How long answers in work may take after a signal says stop.
        inline_bytes: Bodies up to here are answered at once; larger ones in a thread, so that
            health probes and small requests do not wait for them.
        large_requests: More large requests than this in work are refused (503).
        faults: How many faults one refusal lists.
        generations: More texts than this being written at once are refused (429).
        choices: More texts than this asked for in one request are refused.
        new_tokens: Of one text; a request that asks for more is refused.
        top_shares: Of the likeliest tokens at each place no more than this are told; a request that asks
            for more is refused.
        generation_seconds: How long texts being written may take after a signal says stop.
    """

    body_bytes: int = 4 << 20
    rows: int = 1_000
    url_bytes: int = 8 << 10
    header_bytes: int = 32 << 10
    receive_seconds: float = 30.0
    drain_seconds: float = 30.0
    inline_bytes: int = 64 << 10
    large_requests: int = 16
    faults: int = 20
    generations: int = 64
    choices: int = 16
    new_tokens: int = 4_096
    top_shares: int = 20
    generation_seconds: float = 300.0
