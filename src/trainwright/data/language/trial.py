"""A chat template is tried before it is used: in a process of its own, with limits of time and memory.

A loop without end or a text that doubles itself ends that process and nothing else. The trial costs about
0.3 s once a fit; templates of ours need none.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

from trainwright.core.errors import RecipeError

LIMIT_SECONDS, LIMIT_BYTES = 5, 1 << 28
_CHILD = """
import json, resource, sys
limits = json.load(sys.stdin)
from trainwright.data.language import templates
resource.setrlimit(resource.RLIMIT_AS, (limits["bytes"],) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (limits["seconds"],) * 2)
one = templates.ChatTemplate("it", limits["source"], limits["tokens"], ())
for messages in (templates._PROBE, templates._LONGER):
    try:
        one._render(messages, prompt=False)
        one._render(messages[:-1], prompt=True)
    except templates.DataError as error:
        if isinstance(error.__cause__, MemoryError):
            raise
        # any other refusal is told by the caller, who renders it again
"""


def try_template(source: str, *, tokens: Mapping[str, str], name: str) -> None:
    """Render two small conversations elsewhere.

    Raises:
        RecipeError: it takes more than 5 s or 256 MB.
    """
    asked = {
        "source": source,
        "tokens": dict(tokens),
        "seconds": LIMIT_SECONDS,
        "bytes": LIMIT_BYTES,
    }
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _CHILD],
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=60 * LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        status = -1
    else:
        status = done.returncode
    if status:
        raise RecipeError(
            f"the chat template of {name} cannot render two short conversations within {LIMIT_SECONDS} s"
            f" and {LIMIT_BYTES >> 20} MB",
            where="model.template",
            mend="model: {template: chatml}, or a template of your own",
        )
