"""What is skipped for want of a server or a program is said at the end, once for each."""

import pytest

from machinery import MACHINERY, Machinery, lines_of_what_was_not_run, needs

pytest_plugins = ["pytester"]


def test_a_line_for_each_machinery_that_is_not_here(monkeypatch):
    monkeypatch.setitem(
        MACHINERY, "loom", Machinery(lambda: False, "a loom", "apt-get install loom")
    )
    mark = needs("loom").mark
    assert mark.args == (True,)
    reasons = [mark.kwargs["reason"], mark.kwargs["reason"], "not here: a well (dig)", "too slow"]
    assert lines_of_what_was_not_run(reasons) == [
        "not run: 2 tests that need a loom (apt-get install loom)",
        "not run: 1 tests that need a well (dig)",
    ]


def test_what_is_here_is_run(monkeypatch):
    monkeypatch.setitem(MACHINERY, "air", Machinery(lambda: True, "air", "open a window"))
    assert needs("air").mark.args == (False,)


def test_the_summary_of_a_run_ends_with_it(pytester: pytest.Pytester):
    pytester.makeconftest("from machinery import pytest_terminal_summary")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.skipif(True, reason="not here: a loom (apt-get install loom)")
        def test_weaving(): ...
        """
    )
    done = pytester.runpytest_inprocess()
    done.stdout.fnmatch_lines(["not run: 1 tests that need a loom (apt-get install loom)"])
