"""A served model that writes, and the real `openai` client to speak with it."""

from __future__ import annotations

import openai
import pytest

from speaking_model import speaking_model, write_speaking_package
from trainwright.core.columns import Task
from trainwright.deployment.package import load_package


@pytest.fixture(scope="session")
def speaking_package(tmp_path_factory):
    """A package by its task; made once."""
    made = {}

    def package(task=Task.INSTRUCTION_TUNING):
        if task not in made:
            folder = tmp_path_factory.mktemp("speaks") / "package"
            made[task] = load_package(write_speaking_package(folder, speaking_model(task)))
        return made[task]

    return package


@pytest.fixture(scope="session")
def client_of():
    """The client of a caller's server."""

    def client(caller, **settings):
        base = f"http://127.0.0.1:{caller.port}/v1"
        return openai.OpenAI(**{"base_url": base, "api_key": "none", "max_retries": 0, **settings})

    return client


@pytest.fixture(scope="session")
def chatting(serving, speaking_package):
    with serving(speaking_package()) as caller:
        yield caller


@pytest.fixture(scope="session")
def client(chatting, client_of):
    with client_of(chatting) as client:
        yield client
