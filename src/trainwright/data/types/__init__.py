"""Types: what each column is, decided by all of its values, and how its text becomes values.

    evidence = Evidence.of(context)                      # one scan of the raw blocks
    evidence.add(block, first_row)
    typing = ColumnTyping(evidence, context)             # or TargetTyping(evidence, context, task=task)
    while True:                                          # mostly once
        tally = Tally()
        values, part = typing.read(block, first_row)     # of each block, in the order of the rows
        tally = tally.merge(part)
        if typing.judge(tally):
            break

Then `typing.column` is the contract, and the values of the last round are the column's.
"""

from trainwright.data.types.case import Context, Receipt, TypedColumn
from trainwright.data.types.cells import parse_value
from trainwright.data.types.columns import ColumnTyping, type_column
from trainwright.data.types.evidence import Evidence
from trainwright.data.types.inference import TypedTable, context_for, infer_types
from trainwright.data.types.tally import Tally
from trainwright.data.types.target import TargetTyping, type_target
from trainwright.data.types.values import parse_series

__all__ = [
    "ColumnTyping",
    "Context",
    "Evidence",
    "Receipt",
    "Tally",
    "TargetTyping",
    "TypedColumn",
    "TypedTable",
    "context_for",
    "infer_types",
    "parse_series",
    "parse_value",
    "type_column",
    "type_target",
]
