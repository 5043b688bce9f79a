"""Reading files: every fault is named with its line, and nothing is shifted, guessed or lost."""

from trainwright.data.reading.source import read_source
from trainwright.data.reading.tables import RawTable, SourceFile, TypedBlock
from trainwright.data.reading.typed import read_typed

__all__ = ["RawTable", "SourceFile", "TypedBlock", "read_source", "read_typed"]
