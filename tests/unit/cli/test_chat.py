"""`trainwright chat` on a pipe and on a terminal."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from speaking_model import speaking_model, write_speaking_package
from trainwright.core.language import GenerationSettings, Message

COMMAND = [sys.executable, "-m", "trainwright", "chat"]
SHORT = GenerationSettings(max_new_tokens=6)


@pytest.fixture(scope="module")
def model():
    return speaking_model()


@pytest.fixture(scope="module")
def folder(tmp_path_factory, model):
    return write_speaking_package(
        tmp_path_factory.mktemp("speaks") / "package", model, generation=SHORT.to_json()
    )


def test_a_pipe_is_answered_line_by_line_as_one_object(folder, model, tmp_path):
    done = subprocess.run(
        [*COMMAND, str(folder), "--json", "--workspace", str(tmp_path)],
        input=b"hello\n/reset\n\xff\n",
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (wanted,) = model.generate([(Message("user", "hello"),)], SHORT)
    assert told["answers"][0] == {"text": wanted.text, "finish": wanted.finish, "tokens": 6}
    assert told["turns"][0] == {"role": "user", "content": "\ufffd"}


def test_on_a_terminal_a_fault_is_told_and_control_c_at_the_prompt_ends_it(folder, tmp_path):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, str(folder), "--max-new-tokens", "70", "--workspace", str(tmp_path)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen = b""

    def until(mark):
        nonlocal seen
        deadline = time.monotonic() + 100
        while mark not in seen and time.monotonic() < deadline:
            seen += os.read(ours, 65_536)
        assert mark in seen
        seen = seen.split(mark, 1)[1]

    try:
        until(b"> ")
        os.write(ours, b"/nothing\n")
        until(b"no command")
        until(b"> ")
        for _ in range(30):  # one between the prompt and its read is heard at the next, as by hand
            process.send_signal(signal.SIGINT)  # at the prompt it ends the conversation
            with suppress(subprocess.TimeoutExpired):
                process.wait(2)
                break
        assert process.returncode == 0
    finally:
        process.kill()
        os.close(ours)
