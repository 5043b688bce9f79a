from __future__ import annotations

from pathlib import Path

import pytest

from trainwright.core.errors import DataError
from trainwright.data.reading import read_source
from trainwright.data.reading.delimited import Delimited
from trainwright.recipe.data import DataSettings


@pytest.mark.parametrize("then", ["a longer file", "another file of equal length"])
def test_a_file_that_changes_while_it_is_read_whole_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    file = tmp_path / "t.csv"
    file.write_text("a,y\n1,u\n2,v\n")
    reading = Delimited.blocks

    def changed(self: Delimited):
        yield from reading(self)
        if then == "a longer file":
            with file.open("a") as more:
                more.write("3,u\n")
        else:
            (tmp_path / "aside").write_text("a,y\n1,u\n2,u\n")
            (tmp_path / "aside").replace(file)

    monkeypatch.setattr(Delimited, "blocks", changed)
    with pytest.raises(DataError, match="changed while it was read") as caught:
        read_source(DataSettings(source="t.csv", target="y"), base=tmp_path)
    assert caught.value.where == "t.csv"
