# ruff: noqa: E501 - a table reads best with one case a line
"""Wrong recipes: exit 2 with FILE:LINE → key and a mend, and all faults of a recipe at once."""

from __future__ import annotations

from refusals.case import LEAST, RECIPE, SOUND, TABLE, Case

BOMB = "a0: &a0 [x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
MANY = "base: &b [x]\nuse: [" + ", ".join(["*b"] * 101) + "]\n"


def wrong(number: str, title: str, recipe: str | bytes, what: str, where: str, mend: str) -> Case:
    """A recipe that is refused before any data are looked for."""
    return Case(number, title, 2, what, where, mend, recipe=recipe)


def misfit(number: str, title: str, recipe: str, what: str, where: str, mend: str, **more) -> Case:
    """A recipe that does not fit the data that it names."""
    return Case(number, title, 2, what, where, mend, recipe=recipe, files={TABLE: SOUND}, **more)


ALONE = [
    wrong("53", "python tag", "data: !!python/object/apply:os.system ['touch x']\n", "tag !!python/object/apply:os.system is not allowed", ":1", "plain value"),
    wrong("53", "own tag", LEAST + "name: !secret x\n", "tag !secret is not allowed", ":2", "plain value"),
    wrong("53", "binary tag", LEAST + "name: !!binary eA==\n", "tag !!binary is not allowed", ":2", "plain value"),
    wrong("54", "alias bomb", BOMB, "the recipe unfolds to too many values", "r.yaml:", "write it shorter"),
    wrong("54", "many aliases", MANY, "more than 100 aliases", "", "write it out"),
    wrong("54", "alias of itself", "data: &a\n  source: *a\n  target: y\n", "the recipe unfolds to too many values", "r.yaml:", "write it shorter"),
    wrong("54", "deep nesting", "data: " + "[" * 200 + "]" * 200, "too many values", ":1", "shorter"),
    wrong("54", "very deep nesting", "data: " + "[" * 50_000, "too many values", ":1", "shorter"),
    wrong("54", "merge key", "x: &x {a: 1}\ndata:\n  <<: *x\n", "a key must be a plain word", ":3", "KEY: VALUE"),
    wrong("55", "duplicate key", "data:\n  source: a\n  target: y\n  source: b\n", "'source' stands twice, on lines 2 and 4", ":4", "remove one"),
    wrong("55", "duplicate section", LEAST + LEAST, "'data' stands twice, on lines 1 and 2", ":2", "remove one"),
    wrong("56", "no is a word", LEAST + "evaluation: {must_beat_baseline: no}\n", 'got "no"', ":2 → evaluation.must_beat_baseline", "true or false"),
    wrong("56", "on is a word", LEAST + "evaluation: {must_beat_baseline: on}\n", 'got "on"', ":2 → evaluation.must_beat_baseline", "true or false"),
    wrong("56", "1e3 is a number", LEAST + "name: 1e3\n", "got 1000.0", ":2 → name", "quotes"),
    wrong("56", "012 is text", LEAST + "training: {seed: 012}\n", 'got "012"', ":2 → training.seed", "whole number"),
    wrong("56", "12:30 is text", LEAST + "training: {seed: 12:30}\n", 'got "12:30"', ":2 → training.seed", "whole number"),
    wrong("57", "unknown section", LEAST + "trainin: {seed: 1}\n", "unknown key 'trainin'", ":2 → trainin", "did you mean 'training'?"),
    wrong("57", "unknown key", LEAST + "training:\n  sead: 1\n", "unknown key 'sead'", ":3 → training.sead", "did you mean 'seed'?"),
    wrong("57", "unknown nested key", "data:\n  source: a\n  target: y\n  split: {bye: time}\n", "unknown key 'bye'", ":4 → data.split.bye", "did you mean 'by'?"),
    wrong("57", "unknown key of a column", "data:\n  source: a\n  target: y\n  columns:\n    a: {tipe: number}\n", "unknown key 'tipe'", ":5 → data.columns.a.tipe", "did you mean 'type'?"),
    wrong("57", "unknown model setting", LEAST + "model:\n  family: lightgbm\n  learning_rat: 1\n", "unknown key", ":4 → model.learning_rat", "did you mean 'learning_rate'?"),
    wrong("57", "nothing near", LEAST + "training: {zzz: 1}\n", "unknown key 'zzz'", ":2 → training.zzz", "the keys here are: budget, seed, threads"),
    wrong("58", "below the range", LEAST + "training: {seed: -1}\n", "got -1", ":2 → training.seed", "larger number"),
    wrong("58", "above the range", LEAST + "training: {seed: 99999999999}\n", "got 99999999999", ":2 → training.seed", "smaller number"),
    wrong("58", "one fold", LEAST + "evaluation: {cross_validation: 1}\n", "got 1", ":2 → evaluation.cross_validation", "larger"),
    wrong("58", "a fraction for a count", LEAST + "training: {threads: 1.5}\n", "got 1.5", ":2 → training.threads", "whole number"),
    wrong("58", "a number in quotes", LEAST + 'training: {threads: "2"}\n', 'got "2"', ":2 → training.threads", "without quotes"),
    wrong("58", "true for a number", LEAST + "training: {threads: true}\n", "got true", ":2 → training.threads", "whole number"),
    wrong("58", "a digit string of 5000", LEAST + f"training: {{seed: {'9' * 5000}}}\n", "is beyond any number", ":2", "write a finite number"),
    wrong("58", "budget of nothing", LEAST + "training: {budget: 0s}\n", "got", ":2 → training.budget", "larger"),
    wrong("58", "no duration", LEAST + "training: {budget: 10 minutes}\n", "not a duration", ":2 → training.budget", "10m"),
    wrong("58", "negative duration", LEAST + "training: {budget: -5m}\n", "not a duration", ":2 → training.budget", "10m"),
    wrong("58", "fractions", "data:\n  source: a\n  target: y\n  split: {fractions: [0.5, 0.1, 0.1]}\n", "add up to 0.7", ":4 → data.split", "fractions: [0.7, 0.15, 0.15]"),
    wrong("58", "two fractions", "data:\n  source: a\n  target: y\n  split: {fractions: [0.5, 0.5]}\n", "entry 3 is missing", ":4 → data.split.fractions", "as many entries"),
    wrong("58", "a list for a mapping", LEAST + "training: [1]\n", "'training' must be a mapping", ":2 → training", "budget, seed, threads"),
    wrong("58", "text for a mapping", "data: a.csv\n", "'data' must be a mapping", ":1 → data", "source"),
    wrong("58", "null for a mapping", LEAST + "training:\n", "'training' must be a mapping", ":2 → training", "budget"),
    wrong("58", "null for a model", LEAST + "model:\n", "'model' must be a mapping", ":2 → model", "family: auto"),
    wrong("58", "no bound", LEAST + "deployment: {gate: {roc_auc: 0.7}}\n", "got 0.7", ":2 → deployment.gate.roc_auc", ">= 0.70"),
    wrong("58", "a crooked bound", LEAST + "deployment: {gate: {roc_auc: '=> 0.7'}}\n", "not a bound", ":2 → deployment.gate.roc_auc", ">= 0.70"),
    wrong("58", "column type", "data: {source: a, target: y, columns: {a: categry}}\n", "categry", ":1 → data.columns.a", "use 'category'"),
    wrong("59", "nan", LEAST + "monitoring: {drift: {false_alarm_rate: .nan}}\n", 'got ".nan"', ":2 → monitoring.drift.false_alarm_rate", "number"),
    wrong("59", "inf", LEAST + "training: {budget: .inf}\n", 'got ".inf"', ":2 → training.budget", "write"),
    wrong("59", "beyond any number", LEAST + "training: {budget: 1e999}\n", "'1e999' is beyond any number", ":2", "finite"),
    wrong("60", "name climbs", LEAST + "name: ../../etc\n", "got", ":2 → name", "a-z, 0-9"),
    wrong("60", "name is encoded", LEAST + "name: '%2e%2e'\n", "got", ":2 → name", "a-z, 0-9"),
    wrong("60", "name holds NUL", LEAST + 'name: "a\\0b"\n', "got", ":2 → name", "a-z, 0-9"),
    wrong("61", "name is a template", LEAST + "name: '{{7*7}}'\n", "{{7*7}}", ":2 → name", "a-z, 0-9"),
    wrong("61", "name is a command", LEAST + "name: '$(touch x)'\n", "$(touch x)", ":2 → name", "a-z, 0-9"),
    wrong("62", "name is empty", LEAST + "name: ''\n", 'got ""', ":2 → name", "a-z, 0-9"),
    wrong("62", "name is long", LEAST + f"name: {'a' * 300}\n", "got", ":2 → name", "64"),
    wrong("62", "name is an emoji", LEAST + "name: 🚂\n", "got", ":2 → name", "a-z, 0-9"),
    wrong("64", "unknown family", LEAST + "model: {family: lightgmb}\n", "no model family is called 'lightgmb'", ":2 → model.family", "use 'lightgbm'"),
    wrong("64", "family is no word", LEAST + "model: {family: [linear]}\n", "no model family", ":2 → model.family", "use 'linear'"),
    wrong("64", "missing target", "data: {source: a}\n", "'target' is missing", ":1 → data.target", "target: ..."),
    wrong("64", "missing data", "name: x\n", "the section 'data' is missing", ":1", "data: {source"),
    wrong("65", "a sheet of a CSV file", "data: {source: a.csv, target: y, sheet: S}\n", "a file of this kind cannot use: sheet", ":1 → data", "remove sheet"),
    wrong("65", "a table and a query", "data: {source: a.db, target: y, table: t, query: SELECT 1}\n", "a table and a query are named", ":1 → data", "remove one of the two"),
    wrong("65", "time without a column", "data:\n  source: a\n  target: y\n  split: {by: time}\n", "needs a column", ":4 → data.split", "column: NAME"),
    wrong("65", "column without use", "data:\n  source: a\n  target: y\n  split: {column: x}\n", "cannot use: column", ":4 → data.split", "remove column"),
    wrong("65", "gap without time", "data:\n  source: a\n  target: y\n  split: {gap: 7d}\n", "cannot use: gap", ":4 → data.split", "remove gap"),
    wrong("65", "group-time without a group", "data:\n  source: a\n  target: y\n  split: {by: group-time, column: t}\n", "needs a group column", ":4 → data.split", "group: NAME"),
    wrong("65", "given twice", "data:\n  source: a\n  target: y\n  test: b\n  split: {by: given, column: t}\n", "either a column or files", ":1 → data", "column: NAME"),
    wrong("67", "a password in an address", "data: {source: 'postgresql://me:hunter2@h/d', target: y}\n", "a password in plain words", ":1 → data", "env:PGPASSWORD"),
    wrong("65", "files and time", "data:\n  source: a\n  target: y\n  test: b\n  split: {by: time, column: t}\n", "files are given for the split", ":1 → data", "by: given"),
    wrong("65", "target dropped", "data: {source: a, target: y, drop: [y]}\n", "'y' is also left out", ":1 → data", "remove it"),
    wrong("65", "setting of another family", LEAST + "model: {family: baseline, learning_rate: 0.1}\n", "unknown key", ":2 → model.learning_rate", "the keys here are"),
    wrong("66", "tab", "data:\n\tsource: a\n", "not valid YAML", ":2", "spaces, not tabs"),
    wrong("66", "empty", "", "the recipe is empty", "", "data: {source"),
    wrong("66", "comments only", "# nothing\n", "the recipe is empty", "", "data: {source"),
    wrong("66", "a list", "- a\n", "a recipe is a mapping", ":1", "data:"),
    wrong("66", "a word", "hello\n", "a recipe is a mapping", ":1", "data:"),
    wrong("66", "two documents", LEAST + "---\n" + LEAST, "not valid YAML", "", "mend"),
    wrong("66", "unclosed", "data: {source: a\n", "not valid YAML", ":", "mend the YAML"),
    wrong("66", "unknown anchor", "data: *x\n", "not valid YAML", ":1", "mend"),
    wrong("66", "control character", "data: {source: a\x07, target: y}\n", "not valid YAML", "", "mend"),
    wrong("66", "complex key", "? [a, b]\n: 1\n", "a key must be a plain word", ":1", "KEY: VALUE"),    wrong("56", "yes is a word", LEAST + "evaluation: {must_beat_baseline: yes}\n", 'got "yes"', ":2 → evaluation.must_beat_baseline", "true or false"),
    wrong("58", "an unknown task", LEAST + "task: clustering\n", "clustering", ":2 → task", "classification"),
    wrong("58", "a source that is a number", "data: {source: 3, target: y}\n", "got 3", ":1 → data.source", "quotes"),
    wrong("58", "an unknown tracker", LEAST + "tracking: {kind: wandb}\n", "wandb", ":2 → tracking.kind", "mlflow"),
    wrong("60", "name is a path of the system", LEAST + "name: //proc/self/root\n", "got", ":2 → name", "a-z, 0-9"),
    wrong("60", "name holds a newline", LEAST + 'name: "a\\nb"\n', "got", ":2 → name", "a-z, 0-9"),
    wrong("64", "unknown metric", LEAST + "evaluation: {metric: roc_auk}\n", "there is no metric 'roc_auk'", "evaluation.metric", "use 'roc_auc'"),
    wrong("64", "unknown metric in the gate", LEAST + 'deployment: {gate: {rocauc: ">= 0.7"}}\n', "there is no metric 'rocauc'", "deployment.gate.rocauc", "use 'roc_auc'"),
    wrong("64", "metric of another task", LEAST + "task: regression\nevaluation: {metric: roc_auc}\n", "there is no metric 'roc_auc' for regression", "evaluation.metric", "use one of: rmse"),
    wrong("66", "Latin-1", b"data: {source: \xe9, target: y}\n", "byte 0xE9 is not UTF-8", "r.yaml:1", "save it as UTF-8"),
    wrong("66", "50 MB", b"#" * (50 << 20), "the recipe is larger than 1 MiB", "r.yaml", "name the right file"),
    wrong("66", "UTF-16", ("\ufeff" + LEAST).encode("utf-16-le"), "is not UTF-8", "r.yaml:1", "save it as UTF-8"),
    wrong("66", "zeros", b"\0" * 10, "not valid YAML", "r.yaml", "mend the YAML"),
    wrong("68", "a newer schema", "version: 2\n" + LEAST, "unknown key 'version'", "r.yaml:1 → version", "the sections are: "),
]  # fmt: skip

WITH_DATA = [
    misfit("64", "target that is not there", "data: {source: t.csv, target: yy}\n", "there is no column 'yy'", "data.target", "use 'y'"),
    misfit("64", "columns that are not there", LEAST.replace("y}", "y, drop: [aa], known_after: [q], columns: {bb: category}}"), "there is no column 'q'", "data.known_after", "the columns are 'a', 'b', 'y'"),
    misfit("64", "column to split by that is not there", LEAST.replace("y}", "y, split: {by: time, column: dayy}}"), "column 'dayy' is not there", "data.split.column", "the columns are 'a', 'b'"),
    misfit("64", "slice that is not there", LEAST + "evaluation: {slices: [bb]}\n", "there is no column 'bb' to slice by", "evaluation.slices", "use 'b'"),
    misfit("64", "metric of another task, known from the data", LEAST + "evaluation: {metric: rmse}\n", "there is no metric 'rmse' for classification", "evaluation.metric", "use one of: "),
    misfit("64", "encoding that is not there", LEAST.replace("y}", "y, encoding: klingon}"), "no encoding is called 'klingon'", "data.encoding", "data: {encoding: latin-1}", pasted=True),
    misfit("64", "encoding that is none of text", LEAST.replace("y}", "y, encoding: hex}"), "no encoding is called 'hex'", "data.encoding", "data: {encoding: latin-1}", pasted=True),
    misfit("65", "regression of words", LEAST + "task: regression\n", "regression needs a number, and the target 'y' is a ", "task", "task: classification"),
    misfit("65", "target as group", LEAST.replace("y}", "y, split: {by: group, column: y}}"), "column 'y' is the target", "data.split.column", "the columns are 'a', 'b'"),
    misfit("65", "target as time", LEAST.replace("y}", "y, split: {by: time, column: y}}"), "column 'y' is the target", "data.split.column", "the columns are 'a', 'b'"),
    misfit("65", "a format that is none", LEAST.replace("y}", "y, columns: {a: {type: date-time, format: nonsense}}}"), "the format 'nonsense' holds none of %Y", "data.columns.a.format", "%Y-%m-%d"),
    Case("65", "every column left out", 3, "no column is left to learn from; left out: 'a' (declared: drop), 'b' (declared: drop)", "data", "add columns", files={TABLE: SOUND}, recipe=LEAST.replace("y}", "y, drop: [a, b]}")),
]  # fmt: skip

FILES = [
    Case("66", "no such recipe", 2, "there is no such recipe", "r.yaml", "`trainwright init DATA` writes one", recipe=None),
    Case("66", "a folder for a recipe", 2, "the recipe cannot be read", "r.yaml", "name a recipe file", recipe=None, make=lambda folder: (folder / RECIPE).mkdir()),
    Case("66", "a device for a recipe", 2, "the recipe cannot be read", "/dev/zero", "name a recipe file", command=("prepare", "/dev/zero")),
    Case("66", "a recipe with a name of 300 letters", 2, "the recipe cannot be read", "xxx", "name a recipe file", command=("prepare", "x" * 300)),
    Case("66", "a CSV file for a recipe", 2, "a recipe is a mapping of sections, not a str", "t.csv:1", "begin with `data:`", files={TABLE: SOUND}, command=("prepare", TABLE)),
]  # fmt: skip


def setting(number: str, title: str, said: str, what: str, where: str, mend: str) -> Case:
    """A `--set` that is refused."""
    command = ("prepare", RECIPE, "--set", said)
    return Case(number, title, 2, what, where, mend, files={TABLE: SOUND}, command=command)


SETTINGS = [
    setting("57", "--set of an unknown key", "training.sed=3", "unknown key 'sed'", "training.sed", "did you mean 'seed'?"),
    setting("57", "--set without a value", "training.seed", "'training.seed' sets nothing", "--set", "--set training.seed=1"),
    setting("57", "--set without a key", "=3", "'=3' sets nothing", "--set", "--set training.seed=1"),
    setting("57", "--set with an empty step", "a..b=3", "'a..b=3' sets nothing", "--set", "--set training.seed=1"),
    setting("57", "--set through a value", "data.source.x=3", "goes through 'source', which is a value", "--set", "set 'source' itself"),
    setting("57", "--set of two keys", "training.seed=1\ndata: {}", "sets more than one key", "--set", "repeat --set for each key"),
    setting("57", "--set of broken YAML", "training.seed=[", "not valid YAML", "--set training.seed", "mend the YAML"),
    setting("53", "--set of a tag", "training.seed=!!python/name:os.system", "tag !!python/name:os.system is not allowed", "--set training.seed", "write a plain value"),
    setting("54", "--set of an alias of itself", "training.seed=&a [*a]", "the recipe unfolds to too many values", "--set training.seed", "write it shorter"),
    setting("58", "--set of a section", "training=3", "'training' must be a mapping", "training", "its keys: "),
    setting("60", "--set of a name that climbs", "name=../../etc", "got", "name", "a-z, 0-9"),
    setting("61", "--set of a byte that is no text", "name=\udcff", "byte 0xFF is not UTF-8", "--set name", "save it as UTF-8"),
]  # fmt: skip

RECIPES = [*ALONE, *WITH_DATA, *FILES, *SETTINGS]
