"""What a fresh process loads, and what our own source never uses."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "trainwright"
HEAVY = {
    "numpy", "scipy", "polars", "pyarrow", "pandas", "sklearn", "lightgbm", "mlflow", "sqlalchemy",
    "fastapi", "starlette", "uvicorn", "torch", "ray", "rich.progress",
}  # fmt: skip
FORBIDDEN = {"pickle", "dill", "cloudpickle", "marshal", "shelve", "joblib", "skops"}
FORBIDDEN_CALLS = {
    "eval", "exec", "yaml.load", "torch.load", "np.load", "numpy.load", "joblib.load",
    "pd.read_pickle", "pandas.read_pickle", "os.system", "yaml.unsafe_load", "yaml.full_load",
}  # fmt: skip


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; import json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "statement",
    [
        "import trainwright",
        "import trainwright.cli.main as m, io, contextlib as c\n"
        "with c.redirect_stdout(io.StringIO()): assert m.status_of(['--help']) == 0",
        "from trainwright import load_recipe",
    ],
    ids=["package", "help", "recipe"],
)
def test_a_fresh_import_is_light(statement: str):
    loaded = modules_after(f"exec({statement!r})")
    assert len(loaded) < 300
    assert not {name for name in HEAVY if name in loaded}


OF_EXTRAS = (
    "torch",
    "transformers",
    "tokenizers",
    "peft",
    "safetensors",
    "onnx",
    "gguf",
    "ray",
    "sacrebleu",
)
EVERY_COMMAND = """
import importlib, pkgutil, sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hide())
for name in ("trainwright.flow", "trainwright.cli", "trainwright.deployment.server"):
    for one in pkgutil.walk_packages(importlib.import_module(name).__path__, name + "."):
        importlib.import_module(one.name)
"""


def test_every_command_is_there_for_who_installed_the_core_alone():
    """What needs an extra asks for it when it is used, not when it is imported."""
    loaded = modules_after(f"hidden = {OF_EXTRAS}; exec({EVERY_COMMAND!r})")
    assert "trainwright.flow.run" in loaded


def test_every_public_name_can_be_imported_and_they_are_sorted():
    import trainwright

    assert trainwright.__all__ == sorted(trainwright.__all__)
    assert set(trainwright.__all__) == set(trainwright._HOMES)
    assert len(trainwright.__all__) <= 40
    for name in trainwright.__all__:
        assert getattr(trainwright, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = trainwright.nothing


def source_files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


# The one reader of a pickled file: of a published hash, by `weights_only=True`, in a process of its own.
READS_PICKLE = SOURCE / "models" / "images" / "lite_weights.py"
# The one that executes a program that a model wrote: confined for good, in a process of its own.
RUNS_PROGRAMS = SOURCE / "evaluation" / "confined.py"


@pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_module_uses_what_runs_code_from_data(path: Path):
    source = path.read_text()
    if path == READS_PICKLE:
        assert source.count("torch.load(") == 1
        assert "weights_only=True" in source
        source = source.replace("torch.load(", "the_one_exception(")
    if path == RUNS_PROGRAMS:
        assert source.count("exec(") == 1
        assert source.index("    confine()") < source.index("    exec(")
        source = source.replace("exec(", "the_other_exception(")
    assert violations(source) == []


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "eval('1')",
        "yaml.load(x)",
        "np.load(f, allow_pickle=True)",
    ],
)
def test_the_check_for_unsafe_code_can_say_no(line: str):
    assert violations(line)


def violations(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in FORBIDDEN]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module] if node.module.split(".")[0] in FORBIDDEN else []
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            found += [name] if name in FORBIDDEN_CALLS else []
            found += [
                f"{name}(shell=True)"
                for keyword in node.keywords
                if keyword.arg in ("shell", "allow_pickle")
                and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
            ]
    return found
