"""One thin module a verb: parse, call, print; no logic."""
