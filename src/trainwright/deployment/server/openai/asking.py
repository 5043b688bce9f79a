"""Bodies of /v1/chat/completions and /v1/completions as texts to write, strictly.

A parameter that would change the text and that we cannot honour is refused, never ignored; what has no
part in the text (user, metadata ...) is let through. What the body does not say is as the recipe said it;
without a seed, one is drawn.

Source: the OpenAI API reference, "Create chat completion" and "Create completion".
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast, get_args

from trainwright.core.errors import nearest, shorten
from trainwright.core.language import (
    GenerationSettings,
    Message,
    Prompt,
    PromptTokens,
    Role,
    Shares,
)
from trainwright.core.seeds import derive_seed
from trainwright.deployment.server.body import Twice
from trainwright.deployment.server.limits import Limits
from trainwright.deployment.server.refusal import Refusal

_ROLES = ("developer", *get_args(Role))
_WITHOUT_EFFECT = frozenset(
    ("user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key")
)
# What may be sent as long as it asks for nothing: name -> the values that ask for nothing.
_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "frequency_penalty": (0, 0.0),
    "presence_penalty": (0, 0.0),
    "logit_bias": ({},),
    "best_of": (1,),
    "suffix": ("",),
    "tools": ([],),
    "tool_choice": ("none",),
    "functions": ([],),
    "function_call": ("none",),
    "parallel_tool_calls": (True, False),
    "response_format": ({"type": "text"},),
    "modalities": (["text"],),
}
_KNOWN = (
    *("model", "messages", "prompt", "max_tokens", "max_completion_tokens", "temperature", "top_p"),
    *("top_k", "min_p", "n", "stop", "seed", "stream", "stream_options", "logprobs"),
)
_OF_CHATS, _OF_TEXTS = ("top_logprobs",), ("echo",)
MOST_STOPS = 16


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for.

    Attributes:
        texts: A prompt and its settings for each choice, in order.
        stream: Pieces are wanted as they are written.
        shares: What is to be told of how likely tokens are; None: nothing.
        echo: The prompt stands before each text.
        usage: In a stream: the counts of tokens at its end.
        copies: Choices of each prompt; they stand side by side.
    """

    texts: tuple[tuple[Prompt, GenerationSettings], ...]
    stream: bool
    usage: bool
    shares: Shares | None = None
    echo: bool = False
    copies: int = 1


def read_chat(
    document: Any,  # noqa: ANN401 - any JSON value
    *,
    models: Sequence[str],
    defaults: GenerationSettings,
    limits: Limits,
) -> Asked:
    """A body of /v1/chat/completions.

    Raises:
        Refusal: 400 or 404; `where` points at the parameter.
    """
    body = _Body(document, of="messages", models=models)
    return body.asked([_conversation(body.value("messages"))], defaults, limits)


def read_completion(
    document: Any,  # noqa: ANN401 - any JSON value
    *,
    models: Sequence[str],
    defaults: GenerationSettings,
    limits: Limits,
) -> Asked:
    """A body of /v1/completions.

    Raises:
        Refusal: 400 or 404; `where` points at the parameter.
    """
    body = _Body(document, of="prompt", models=models)
    return body.asked(_prompts(body.value("prompt")), defaults, limits)


def _prompts(given: Any) -> list[Prompt]:  # noqa: ANN401 - any JSON value
    """A text, token ids, or a list of either."""
    many = given if isinstance(given, list) and not _are_ids(given) else [given]
    found: list[Prompt] = []
    for one in many:
        if isinstance(one, str):
            found.append(_whole_characters(one, "prompt"))
        elif _are_ids(one):
            found.append(PromptTokens(tuple(one)))
        else:
            what = f"must be a text, token ids, or a list of either, got {shorten(one)}"
            raise wrong("prompt", what)
    if not found:
        raise wrong("prompt", "holds no text")
    return found


def _are_ids(given: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(given, list) and bool(given) and all(type(one) is int for one in given)


def wrong(name: str, what: str, *, mend: str = "") -> Refusal:
    """A parameter that is refused."""
    return Refusal(400, f"{name} {what}", where=f"/{name}", mend=mend)


class _Body:
    """The parameters of a body, each checked when it is asked for."""

    def __init__(self, document: Any, *, of: str, models: Sequence[str]) -> None:  # noqa: ANN401
        if isinstance(document, Twice):
            raise wrong(document.key[:80], "stands twice in one object")
        if not isinstance(document, dict):
            raise Refusal(400, "the body must be an object", mend=f'send {{"model", "{of}"}}')
        self._document = {name: value for name, value in document.items() if value is not None}
        self._of = of
        self._check_names(of)
        model = self._document.get("model")
        if not isinstance(model, str):
            raise wrong("model", "must name the model", mend=f"send {models[0]!r}")
        if model not in models:
            raise Refusal(
                404,
                f"the model {shorten(model)} does not exist",
                where="/model",
                mend=f"use {models[0]!r}; GET /v1/models lists what is served",
                code="model_not_found",
            )
        if of not in self._document:
            raise wrong(of, "is missing")

    def value(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """A parameter that is there."""
        return self._document[name]

    def asked(
        self, prompts: Sequence[Prompt], defaults: GenerationSettings, limits: Limits
    ) -> Asked:
        """The prompts with the settings of the body."""
        echo = self._flag("echo", self._document)
        shares = self._shares(limits, echo=echo)
        settings = self._settings(defaults, limits, least=0 if shares and shares.prompt else 1)
        if echo and shares is None and any(isinstance(one, PromptTokens) for one in prompts):
            raise wrong("echo", "of token ids is told token by token", mend="send logprobs: 0 too")
        if shares is not None and settings.beams > 1:
            raise wrong("logprobs", "is not for a beam search", mend="send a temperature above 0")
        copies = self._whole("n", 1, low=1, high=limits.choices)
        if len(prompts) * copies > limits.choices:
            what = f"asks for {len(prompts) * copies} texts, and {limits.choices} may be"
            raise wrong("prompt" if len(prompts) > 1 else "n", what, mend="send several requests")
        stream = self._flag("stream", self._document)
        options = self._document.get("stream_options", {})
        if not isinstance(options, dict):
            raise wrong("stream_options", "must be an object")
        for name in options:
            if name not in ("include_usage", "include_obfuscation"):
                raise wrong(f"stream_options/{name[:80]}", "is not known")
        if options and not stream:
            raise wrong("stream_options", "is only for stream: true")
        if echo and stream:
            raise wrong("echo", "is not for a stream", mend="leave out one of the two")
        texts = tuple(
            (prompt, replace(settings, seed=_seed(settings.seed, copy)))
            for prompt in prompts
            for copy in range(copies)
        )
        usage = self._flag("include_usage", options)
        return Asked(texts, stream, usage, shares, echo=echo, copies=copies)

    def _shares(self, limits: Limits, *, echo: bool) -> Shares | None:
        """Of a chat a flag and a number; of a completion the number itself."""
        most = limits.top_shares
        if self._of == "prompt":
            if self._document.get("logprobs", False) is False:
                return None
            return Shares(self._whole("logprobs", 0, low=0, high=most), prompt=echo)
        if self._flag("logprobs", self._document):
            return Shares(self._whole("top_logprobs", 0, low=0, high=most))
        if self._whole("top_logprobs", 0, low=0, high=most):
            raise wrong("top_logprobs", "is only for logprobs: true")
        return None

    def _check_names(self, of: str) -> None:
        known = [name for name in _KNOWN if name not in ("messages", "prompt") or name == of]
        known += _OF_CHATS if of == "messages" else _OF_TEXTS
        asks_for_nothing = {*_OF_CHATS, *_OF_TEXTS} - set(known)
        for name, value in self._document.items():
            if name in known or name in _WITHOUT_EFFECT:
                continue
            if name in asks_for_nothing and not value:
                continue
            if name not in _NEUTRAL:
                near = nearest(name, known)
                mend = f"did you mean {near!r}?" if near else "leave it out"
                raise wrong(name[:80], "is not a parameter that is known", mend=mend)
            if not any(type(value) is type(fine) and value == fine for fine in _NEUTRAL[name]):
                raise wrong(name, f"is not supported: {shorten(value)}", mend="leave it out")

    def _settings(
        self, defaults: GenerationSettings, limits: Limits, *, least: int
    ) -> GenerationSettings:
        most = min(defaults.max_new_tokens, limits.new_tokens)
        for name in ("max_tokens", "max_completion_tokens"):
            most = self._whole(name, most, low=least, high=limits.new_tokens)
        temperature = self._number("temperature", defaults.temperature, low=0, high=100)
        is_plain = most <= 1 or ("temperature" in self._document and temperature > 0)
        top_p = self._number("top_p", defaults.top_p, low=0, high=1)
        if top_p == 0:
            raise wrong("top_p", "must be above 0")
        return replace(
            defaults,
            max_new_tokens=most,
            temperature=temperature,
            top_k=self._whole("top_k", defaults.top_k, low=0, high=2**31),
            top_p=top_p,
            min_p=self._number("min_p", defaults.min_p, low=0, high=1),
            beams=1 if is_plain else defaults.beams,  # of one token, a search finds the likeliest
            stop=self._stop(defaults.stop),
            seed=self._whole("seed", secrets.randbits(62), low=-(2**63), high=2**63 - 1),
        )

    def _stop(self, default: tuple[str, ...]) -> tuple[str, ...]:
        given = self._document.get("stop", list(default))
        marks = [given] if isinstance(given, str) else given
        if not isinstance(marks, list) or not all(isinstance(m, str) and m for m in marks):
            raise wrong("stop", "must be a text or a list of texts, none of them empty")
        if len(marks) > MOST_STOPS:
            raise wrong("stop", f"holds {len(marks)} texts, and {MOST_STOPS} may be")
        return tuple(marks)

    def _whole(self, name: str, default: int, *, low: int, high: int) -> int:
        value = self._document.get(name, default)
        if type(value) is not int or not low <= value <= high:
            what = f"must be a whole number from {low} to {high}, got {shorten(value)}"
            raise wrong(name, what)
        return value

    def _number(self, name: str, default: float, *, low: float, high: float) -> float:
        value = self._document.get(name, default)
        if type(value) not in (int, float) or not low <= value <= high:  # NaN is between no two
            raise wrong(name, f"must be a number from {low} to {high}, got {shorten(value)}")
        return float(value)

    @staticmethod
    def _flag(name: str, values: Mapping[str, Any]) -> bool:
        value = values.get(name)
        if value is not None and not isinstance(value, bool):
            raise wrong(name, f"must be true or false, got {shorten(value)}")
        return bool(value)


def _seed(seed: int, copy: int) -> int:
    """Of the first choice the one that was given; each further one draws by its own."""
    return seed if copy == 0 else derive_seed(seed, "choice", copy)


def _conversation(given: Any) -> tuple[Message, ...]:  # noqa: ANN401 - any JSON value
    if not isinstance(given, list):
        raise wrong("messages", "must be a list of {role, content}")
    if not given:
        raise wrong("messages", "is empty", mend='send [{"role": "user", "content": "..."}]')
    turns = [_turn(turn, f"messages/{place}") for place, turn in enumerate(given)]
    if not any(turn.content for turn in turns):
        raise wrong("messages", "says nothing")
    return tuple(turns)


def _turn(turn: Any, where: str) -> Message:  # noqa: ANN401 - any JSON value
    if isinstance(turn, Twice):
        raise wrong(f"{where}/{turn.key[:80]}", "stands twice in one object")
    if not isinstance(turn, dict):
        raise wrong(where, f"must be {{role, content}}, got {shorten(turn)}")
    role = turn.get("role")
    if role not in _ROLES:
        raise wrong(f"{where}/role", f"is {shorten(role)}", mend=f"use one of: {', '.join(_ROLES)}")
    for name, value in turn.items():
        if name not in ("role", "content", "name", "refusal", "audio", "annotations") and value:
            raise wrong(f"{where}/{name[:80]}", "is not supported", mend="leave it out")
    known = "system" if role == "developer" else cast("Role", role)
    return Message(known, _content(turn.get("content"), f"{where}/content"))


def _content(content: Any, where: str) -> str:  # noqa: ANN401 - any JSON value
    """Text, or parts of which each is text."""
    if isinstance(content, str):
        return _whole_characters(content, where)
    if not isinstance(content, list):
        raise wrong(where, f"must be a text, got {shorten(content)}")
    texts = []
    for place, part in enumerate(content):
        if not isinstance(part, dict) or part.get("type") != "text":
            raise wrong(f"{where}/{place}", "is not a part of type text")
        if not isinstance(part.get("text"), str):
            raise wrong(f"{where}/{place}/text", "must be a text")
        texts.append(part["text"])
    return _whole_characters("".join(texts), where)


def _whole_characters(text: str, where: str) -> str:
    """The text, unless it holds half a character, which JSON can say and no model can read."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise wrong(where, "holds half a character (a lone surrogate)") from None
    return text
