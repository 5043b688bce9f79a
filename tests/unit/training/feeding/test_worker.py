"""Errors go to the parent as what they are."""

from __future__ import annotations

import json

import pytest

from trainwright.core.errors import DataError, Fault, TrustError
from trainwright.training.feeding.worker import _fault, raised


class Special(DataError):
    """One of somebody else."""


def test_an_error_arrives_with_all_its_faults_and_the_workers_traceback() -> None:
    with pytest.raises(TrustError) as caught:
        _refuse()
    expected = caught.value
    found = raised(json.loads(json.dumps(_fault(expected))))
    assert type(found) is TrustError
    assert found.faults == expected.faults
    assert "in _refuse" in found.__notes__[0]


def test_an_error_derived_from_ours_arrives_as_ours() -> None:
    assert type(raised(_fault(Special("x")))) is DataError


def test_memory_that_ran_out_arrives_as_that() -> None:
    with pytest.raises(MemoryError, match="too much"):
        raise raised(_fault(MemoryError("too much")))


def _refuse() -> None:
    raise TrustError("damaged", where="a.png", mend="fetch it", others=[Fault("b", "c", "d")])
