"""A package is a function of what goes in, and loads only as what it was written as."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys

import numpy as np
import pytest

from trainwright.core import parts
from trainwright.core.artifacts import Prediction
from trainwright.core.durable import read_json, sha256_file, write_json
from trainwright.core.errors import EnvironmentFault, TrainingError, TrustError
from trainwright.deployment.package import load_package, verify_package


def files_of(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def renew_manifest(folder):
    """What an attacker does who can write everything: the hashes fit again."""
    manifest = read_json(folder / "manifest.json")
    manifest["files"] = {
        name: {
            "sha256": sha256_file(folder / name),
            "bytes": (folder / name).stat().st_size,
        }
        for name in files_of(folder)
        if name != "manifest.json"
    }
    write_json(folder / "manifest.json", manifest)


@pytest.fixture
def no_parser(monkeypatch):
    """Fails the test when a parser of weights is called."""
    called = []
    monkeypatch.setattr(parts, "load", lambda *call: called.append(call))
    yield
    assert called == []


def test_a_package_answers_as_its_model_did(folder, model, frame_of):
    frame = frame_of(50, seed=9)
    package = load_package(folder)
    np.testing.assert_array_equal(
        package.model.predict(frame).probabilities, model.predict(frame).probabilities
    )
    assert package.facts == {"snapshot": "ab" * 32}
    assert package.reference == {"columns": []}
    assert [column["name"] for column in package.signature["inputs"]] == [
        "age",
        "city",
        "member",
        "joined",
    ]


def test_equal_inputs_make_equal_bytes_wherever_the_folder_is(tmp_path, model, write):
    first, second = write(tmp_path / "a", model), write(tmp_path / "deep" / "b", model)
    assert files_of(first) == files_of(second)
    for name in files_of(first):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert load_package(first).hash == load_package(second).hash


def test_another_fact_makes_another_hash(tmp_path, model, write):
    first = write(tmp_path / "a", model)
    second = write(tmp_path / "b", model, facts={"snapshot": "cd" * 32})
    assert load_package(first).hash != load_package(second).hash


def test_a_package_is_never_written_over(folder, model, write):
    with pytest.raises(EnvironmentFault):
        write(folder, model)
    assert load_package(folder).hash


def test_a_loaded_package_can_be_written_again_byte_for_byte(tmp_path, folder, write):
    again = write(tmp_path / "again", load_package(folder).model)
    assert (again / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()


def test_every_file_with_any_bit_flipped_is_refused_before_a_parser_runs(folder, no_parser):
    for name in files_of(folder):
        path = folder / name
        sound = path.read_bytes()
        for position in (0, len(sound) // 2, len(sound) - 1):
            for bit in (0, 7):
                damaged = bytearray(sound)
                damaged[position] ^= 1 << bit
                path.write_bytes(damaged)
                if name == "manifest.json" and json_equal(damaged, sound):
                    continue
                with pytest.raises(TrustError):
                    load_package(folder)
        path.write_bytes(sound)


def json_equal(damaged, sound):
    """A flipped bit of white space says nothing else."""
    try:
        return json.loads(damaged) == json.loads(sound)
    except ValueError:
        return False


def test_a_cut_or_lengthened_file_is_refused(folder, no_parser):
    path = folder / "golden.json"
    sound = path.read_bytes()
    for data in (sound[:-1], sound + b" ", b""):
        path.write_bytes(data)
        with pytest.raises(TrustError, match="bytes, and its manifest says"):
            load_package(folder)


def test_an_extra_file_is_refused(folder, no_parser):
    (folder / "notes.txt").write_text("hello")
    with pytest.raises(TrustError, match="not in the manifest"):
        load_package(folder)


def test_a_missing_file_is_refused(folder, no_parser):
    (folder / "card.md").unlink()
    with pytest.raises(TrustError, match="missing"):
        load_package(folder)


def test_a_missing_manifest_is_refused(folder, no_parser):
    (folder / "manifest.json").unlink()
    with pytest.raises(TrustError, match="missing"):
        load_package(folder)


def test_a_renamed_file_is_told_as_missing_and_as_extra(folder, no_parser):
    (folder / "card.md").rename(folder / "cart.md")
    with pytest.raises(TrustError) as caught:
        load_package(folder)
    assert len(caught.value.faults) == 2


def test_a_case_twin_is_refused(folder, no_parser):
    shutil.copy(folder / "card.md", folder / "Card.md")
    with pytest.raises(TrustError, match="differ by case only"):
        load_package(folder)


def test_a_link_in_place_of_a_file_is_refused(folder, tmp_path, no_parser):
    (folder / "card.md").rename(tmp_path / "card.md")
    (folder / "card.md").symlink_to(tmp_path / "card.md")
    with pytest.raises(TrustError, match="neither a file nor a folder"):
        load_package(folder)


def test_a_link_in_place_of_a_folder_is_refused(folder, tmp_path, no_parser):
    (folder / "model").rename(tmp_path / "model")
    (folder / "model").symlink_to(tmp_path / "model")
    with pytest.raises(TrustError, match="neither a file nor a folder"):
        load_package(folder)


def test_a_pipe_is_refused_and_not_waited_for(folder, no_parser):
    (folder / "card.md").unlink()
    os.mkfifo(folder / "card.md")
    with pytest.raises(TrustError, match="neither a file nor a folder"):
        load_package(folder)


@pytest.mark.parametrize(
    "name",
    [
        "model.pkl",
        "m.joblib",
        "m.pt",
        "m.bin",
        "m.h5",
        "m.keras",
        "m.npy",
        "m.npz",
        "m.pickle",
        "m",
    ],
)
def test_a_format_that_can_carry_code_is_not_allowed(folder, name, no_parser):
    (folder / "model" / name).write_bytes(pickle.dumps({"a": 1}))
    renew_manifest(folder)
    with pytest.raises(TrustError, match="format not allowed"):
        load_package(folder)
    (check, *_) = verify_package(folder)
    assert check.name == "no pickle"
    assert not check.passed


def test_a_pickle_offered_as_a_package_is_not_allowed(tmp_path, no_parser):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(TrustError, match="format not allowed") as caught:
        load_package(path)
    assert "export the model" in caught.value.mend


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "name", ["card.md", "facts.json", "model/extra.txt", "w.safetensors", "g.onnx"]
)
def test_a_pickle_by_another_name_is_refused_even_with_its_hash_right(
    folder, name, protocol, no_parser
):
    for value in (os.system, {"a": os.system}, [os.system], (os.system,), {"a": 1}, [1], (1, 2)):
        (folder / name).write_bytes(pickle.dumps(value, protocol=protocol))
        renew_manifest(folder)
        with pytest.raises(TrustError, match="format not allowed"):
            load_package(folder)


def test_no_pickle_is_opened_whatever_is_offered(folder):
    """The audit hook cannot be taken away again, so it runs in a process of its own."""
    import subprocess

    (folder / "card.md").write_bytes(pickle.dumps(os.system))
    (folder / "model" / "m.pkl").write_bytes(pickle.dumps(os.system))
    renew_manifest(folder)
    code = """
import sys, pickle, pathlib
seen = []
watched = ("pickle.find_class", "os.system")
sys.addaudithook(lambda event, args: seen.append(event) if event in watched else None)
from trainwright.deployment.package import load_package, verify_package
folder = pathlib.Path(sys.argv[1])
for path in (folder, folder / "model" / "m.pkl"):
    try:
        load_package(path)
    except Exception as error:
        print(type(error).__name__)
    verify_package(path)
print(seen)
pickle.loads(pickle.dumps(print))
print(seen)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, timeout=60
    )
    lines = done.stdout.splitlines()
    assert lines[:3] == ["TrustError", "TrustError", "[]"]
    assert lines[3] == "['pickle.find_class']"  # the hook does see one


def test_a_newer_format_says_how_to_upgrade(folder, no_parser):
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", {**manifest, "format": 2})
    with pytest.raises(TrustError, match="format 2") as caught:
        load_package(folder)
    assert "pip install -U" in caught.value.mend


@pytest.mark.parametrize(
    "change",
    [
        {"format": None},
        {"format": "1"},
        {"format": True},
        {"format": 0},
        {"files": []},
        {"files": {"../card.md": {"sha256": "0" * 64, "bytes": 1}}},
        {"files": {"/etc/passwd.txt": {"sha256": "0" * 64, "bytes": 1}}},
        {"files": {"card.md": {"sha256": "short", "bytes": 1}}},
        {"files": {"card.md": {"sha256": "0" * 64, "bytes": -1}}},
        {"files": {"card.md": {"sha256": "0" * 64}}},
        {"files": {"card.pkl": {"sha256": "0" * 64, "bytes": 1}}},
    ],
)
def test_a_manifest_that_is_not_ours_is_refused(folder, change, no_parser):
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", {**manifest, **change})
    with pytest.raises(TrustError):
        load_package(folder)


def test_a_kind_that_nobody_knows_is_refused(folder):
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", {**manifest, "kind": "os"})
    with pytest.raises(TrustError, match="kind 'os'"):
        load_package(folder)


def test_a_part_that_is_no_model_is_refused(folder):
    for path in (folder / "model" / "preparation").iterdir():
        shutil.copy(path, folder / "model" / path.name)
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", {**manifest, "kind": "preparation"})
    renew_manifest(folder)
    with pytest.raises(TrustError, match="not a model"):
        load_package(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(TrustError, match="no package here"):
        load_package(tmp_path / "nothing")
    assert not any(check.passed for check in verify_package(tmp_path / "nothing"))


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(TrustError):
        load_package(tmp_path)


def test_changed_weights_with_fresh_hashes_fail_on_the_golden_rows(tmp_path, linear_model, write):
    folder = write(tmp_path / "package", linear_model, tolerance=1e-9)
    (path,) = (folder / "model" / "estimator").glob("*.json")
    document = read_json(path)
    nudge(document)
    write_json(path, document)
    renew_manifest(folder)
    with pytest.raises(TrustError, match="golden row"):
        load_package(folder)
    assert [check.passed for check in verify_package(folder)] == [True, True, True, False]


def nudge(value):
    """Move every float in a JSON value a little."""
    for key in value if isinstance(value, dict) else range(len(value)):
        if isinstance(value[key], float):
            value[key] += 1e-3
        elif isinstance(value[key], dict | list):
            nudge(value[key])


def test_golden_answers_that_were_changed_are_noticed_to_the_last_bit(folder):
    golden = read_json(folder / "golden.json")
    golden["probabilities"][0][0] = float(np.nextafter(golden["probabilities"][0][0], 1))
    write_json(folder / "golden.json", golden)
    renew_manifest(folder)
    with pytest.raises(TrustError, match="golden row 0"):
        load_package(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"rows": []},
        {"rows": [], "values": [], "probabilities": []},
        {"values": [0]},
        {"rows": 3},
        {"x": 1},
    ],
)
def test_golden_rows_that_prove_nothing_are_refused(folder, change):
    golden = read_json(folder / "golden.json")
    write_json(folder / "golden.json", {**golden, **change})
    renew_manifest(folder)
    with pytest.raises(TrustError, match="golden rows"):
        load_package(folder)


def test_a_tolerance_lets_the_last_digits_differ_and_no_more(tmp_path, linear_model, write):
    for change, sound in ((1e-12, True), (1e-6, False)):
        folder = write(tmp_path / str(change), linear_model, tolerance=1e-9)
        golden = read_json(folder / "golden.json")
        golden["probabilities"][0][0] += change
        write_json(folder / "golden.json", golden)
        renew_manifest(folder)
        assert all(check.passed for check in verify_package(folder)) is sound


class Broken:
    """A model whose answers are not finite; otherwise the one it wraps."""

    def __init__(self, model):
        self._model = model

    def __getattr__(self, name):
        return getattr(self._model, name)

    def predict_rows(self, rows):
        answer = self._model.predict_rows(rows)
        return Prediction(answer.values, answer.probabilities * np.nan)


def test_a_model_that_answers_nan_is_not_packaged(tmp_path, model, write):
    with pytest.raises(TrainingError, match="not a finite number"):
        write(tmp_path / "package", Broken(model))
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_answers_nan_on_a_golden_row_is_not_loaded(folder, model, monkeypatch):
    nan = Prediction(np.zeros(3), np.full((3, 2), np.nan))
    monkeypatch.setattr(type(model), "predict_rows", lambda self, rows: nan)
    with pytest.raises(TrustError, match="golden row 0: the model answers"):
        load_package(folder)


def test_a_package_without_golden_rows_is_a_mistake_of_the_caller(tmp_path, model, write):
    with pytest.raises(ValueError, match="golden rows"):
        write(tmp_path / "package", model, golden_rows=[])


def test_a_signature_that_is_not_the_models_is_refused(folder):
    signature = read_json(folder / "signature.json")
    signature["inputs"][0]["required"] = True
    write_json(folder / "signature.json", signature)
    renew_manifest(folder)
    with pytest.raises(TrustError, match="signature is not the model's"):
        load_package(folder)


def test_a_sound_package_passes_every_check(folder):
    checks = verify_package(folder)
    assert [check.name for check in checks] == [
        "no pickle",
        "package files",
        "package hashes",
        "golden rows",
    ]
    assert all(check.passed for check in checks)


def test_a_changed_file_is_named_and_what_follows_is_not_judged(folder, no_parser):
    path = folder / "facts.json"
    path.write_bytes(path.read_bytes().replace(b"abab", b"abac", 1))
    checks = {check.name: check for check in verify_package(folder)}
    assert checks["package files"].passed
    assert "facts.json" in checks["package hashes"].detail
    assert "not judged" in checks["golden rows"].detail


def test_regression_models_are_packaged_too(tmp_path, regression_model, write):
    package = load_package(write(tmp_path / "package", regression_model))
    assert read_json(package.folder / "golden.json")["probabilities"] is None
