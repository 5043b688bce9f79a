"""The `data` section: where rows come from, how they are read, and how they are split."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from trainwright.core.columns import ColumnType
from trainwright.recipe.corpus import FilterSettings
from trainwright.recipe.governance import Balance, CardSettings
from trainwright.recipe.labels import LabelSettings
from trainwright.recipe.layout import LayoutSettings
from trainwright.recipe.mixture import MixtureSettings
from trainwright.recipe.privacy import HashKey, NameModel, PersonalData
from trainwright.recipe.quantities import Seconds
from trainwright.recipe.reads import Section
from trainwright.recipe.repair import RepairSettings, UnreadableSettings
from trainwright.recipe.similarity import (
    DecontaminationSettings,
    NearDuplicateSettings,
    read_decontamination,
    read_near_duplicates,
)
from trainwright.recipe.sources import SourceKind, holds_password, kind_of

Name = Annotated[str, Field(min_length=1, max_length=4096)]


class ColumnSettings(Section):
    """What the user says of one column; what is not said is inferred."""

    type: ColumnType | None = None
    """number, category, boolean, date-time, text or identifier."""
    nulls: Annotated[tuple[str, ...], Field(strict=False)] | None = None
    """The texts that mean "missing"; replaces the usual markers."""
    format: str | None = None
    """The strptime format of a date-time column; %1931y: two digits of 1931 to 2030; epoch-s, -ms, -us."""
    formats: Annotated[tuple[str, ...], Field(strict=False)] = ()
    """The strptime formats of a date-time column that has more than one, in the order of trying them."""
    decimal: Literal[".", ","] | None = None
    """The decimal mark of a number column; found out where not said."""
    thousands: Literal[",", ".", " ", "'", "_"] | None = None
    """The mark between groups of digits; found out where not said."""
    unit: str | None = None
    """The unit of a number column, into which others of its kind are converted: cm; the commonest."""
    percent: Literal["fraction", "points"] | None = None
    """Whether 12 % is 0.12 (fraction, where not said) or 12 (points)."""
    separator: Annotated[str, Field(min_length=1, max_length=8)] | None = None
    """What stands between the labels of a cell, for task: multi-label; found out where not said."""
    required: bool = False
    """A null is refused when predicting."""
    closed: bool = False
    """A category not seen in training is refused when predicting."""


def _column(value: Any) -> Any:  # noqa: ANN401 - validator input
    return {"type": value} if isinstance(value, str) else value


class SplitSettings(Section):
    """How rows are assigned to train, validation and test."""

    by: Literal["random", "group", "time", "group-time", "given"] = "random"
    """random, group, time, group-time, or given."""
    column: str | None = None
    """The group, the time, or the given assignment."""
    group: str | None = None
    """The group column of group-time."""
    fractions: tuple[float, float, float] = (0.7, 0.15, 0.15)
    """Of train, validation and test."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Its own: training.seed never moves a row."""
    gap: Seconds = 0.0
    """Left out before each later part of a time split, as 7d."""

    @property
    def time(self) -> str | None:
        """The column that puts rows in order, of a split by time."""
        return self.column if self.by in ("time", "group-time") else None

    @model_validator(mode="after")
    def _fits(self) -> SplitSettings:
        if any(fraction < 0 for fraction in self.fractions) or abs(sum(self.fractions) - 1) > 1e-6:
            raise ValueError(
                f"the fractions add up to {sum(self.fractions):g}, not to 1"
                " | mend: fractions: [0.7, 0.15, 0.15]"
            )
        if self.by != "given" and min(self.fractions) == 0:
            raise ValueError("a fraction is 0 | mend: give each part some rows")
        needs = {"group": "group", "time": "time", "group-time": "time", "given": "assignment"}
        if self.by in needs and self.column is None and self.by != "given":
            raise ValueError(f"a split by {self.by} needs a column | mend: column: NAME")
        useless = [
            key
            for key, kinds in {
                "column": ("group", "time", "group-time", "given"),
                "group": ("group-time",),
                "gap": ("time", "group-time"),
                "seed": ("random", "group"),
                "fractions": ("random", "group", "time", "group-time"),
            }.items()
            if self.by not in kinds and getattr(self, key) != type(self).model_fields[key].default
        ]
        if self.by == "group-time" and self.group is None:
            raise ValueError("a split by group-time needs a group column | mend: group: NAME")
        if useless:
            raise ValueError(
                f"a split by {self.by} cannot use: {', '.join(useless)}"
                f" | mend: remove {', '.join(useless)}"
            )
        return self


class Inputs(Section):
    """The one column of texts, images or conversations that is learned from; all others are left out."""

    text: Name | None = None
    """A column of texts; or of lists of words, where each word has a class."""
    image: Name | None = None
    """A column of image files: paths relative to the recipe, or the bytes themselves."""
    messages: Name | None = None
    """A column of conversations: lists of {role, content}."""

    @model_validator(mode="after")
    def _one(self) -> Inputs:
        if sum(name is not None for name in (self.text, self.image, self.messages)) != 1:
            raise ValueError("one input is named | mend: inputs: {text: COLUMN}")
        return self


class SeriesSettings(Section):
    """Rows are steps of series, in long format."""

    id: Name | None = None
    """Which series a row belongs to; a forecast may have a single one."""
    time: Name
    """The column that orders the steps."""
    values: tuple[Name, ...] = ()
    """The columns of numbers; of a forecast, further ones beside the target's own past."""
    context: int | None = Field(default=None, ge=1)
    """Forecasting: steps of the past that are looked at; three horizons or two seasons where not said."""
    season: int | None = Field(default=None, ge=1)
    """Forecasting: steps of a season, for the seasonal baseline; found on train rows where not said."""


_ANY = {SourceKind.FILES, SourceKind.STORE, SourceKind.VARIABLE}  # may hold anything
_OF_KINDS = {  # which kinds of source a key is for
    "table": {SourceKind.DATABASE, SourceKind.VARIABLE},
    "query": {SourceKind.DATABASE, SourceKind.VARIABLE},
    "sheet": {SourceKind.WORKBOOK, *_ANY},
    "read": {SourceKind.FILES, SourceKind.FILE},
    "encoding": {SourceKind.FILE, *_ANY},
    "delimiter": {SourceKind.FILE, *_ANY},
}


class DataSettings(Section):
    """`data.source` and `data.target` alone make a valid recipe."""

    source: str | tuple[str, ...]
    """File, list of files, glob or folder; sqlite:///FILE, postgresql://HOST/DB, s3://BUCKET/KEY; env:NAME"""
    target: Name
    """The column that is predicted; of a folder of images, the name of the sub-folder: label."""
    inputs: Inputs | None = None
    """{text: COLUMN} or {image: COLUMN}: the one column that is learned from."""
    series: SeriesSettings | None = None
    """{id: COLUMN, time: COLUMN, values: [COLUMNS]}: rows are steps of series."""
    horizon: int | None = Field(default=None, ge=1)
    """Forecasting: how many steps ahead."""
    further_targets: tuple[Name, ...] = ()
    """Columns that a network learns beside the target; never inputs."""
    validation: str | None = None
    """The file of validation rows, where the split is given by files."""
    test: str | None = None
    """The file of test rows."""
    split: SplitSettings = SplitSettings()
    """How rows are assigned to train, validation and test."""
    columns: dict[str, Annotated[ColumnSettings, BeforeValidator(_column)]] = Field(default={})
    """What the user says of a column: a type, or the keys below."""
    drop: tuple[str, ...] = ()
    """Columns to leave out."""
    known_after: tuple[str, ...] = ()
    """Columns not yet known when the prediction is made; left out and listed."""
    duplicates: Literal["keep", "drop"] = "keep"
    """keep (with a warning) or drop equal rows."""
    balance: Balance = "none"
    """Of classes in train rows: class-weights, oversample, undersample; reweighing: of protected groups."""
    mixture: MixtureSettings | None = None
    """{column: COLUMN, weights: {VALUE: SHARE}}: which share of the text each source has in training."""
    protected: Annotated[tuple[Name, ...], Field(strict=False)] = ()
    """Columns by whose groups the data and the model are judged: sex, age."""
    card: CardSettings = CardSettings()
    """What only people know of the data, for the data card."""
    repair: RepairSettings = RepairSettings()
    """{text: [mojibake], variants: {COLUMN: accept}, limits: {COLUMN: [LOW, HIGH]}}: what is mended."""
    personal_data: dict[str, PersonalData] = Field(default={})
    """Of a column that holds personal data: redact, hash, drop or keep."""
    hash_key: HashKey | None = None
    """Where the key for `hash` comes from: env:NAME; predicting needs the same."""
    name_model: NameModel | None = None
    """What finds names of persons in texts: a package or run that tags words, or a folder in Hub layout."""
    unreadable: UnreadableSettings = UnreadableSettings()
    """{quarantine: 5}: so many rows whose image cannot be decoded are left out, more stop the run."""
    contract: Name | None = None
    """The file that says what columns must keep to; prepare, predict and serve enforce it."""
    labels: LabelSettings = LabelSettings()
    """Where labels come from, and what becomes of wrong ones."""
    filters: FilterSettings | None = None
    """Which texts of a corpus are left out, by the rules of published ones."""
    near_duplicates: Annotated[NearDuplicateSettings, BeforeValidator(read_near_duplicates)] = (
        NearDuplicateSettings()
    )
    """report, drop, group or off for rows that are nearly alike; or the keys below."""
    decontaminate: Annotated[DecontaminationSettings, BeforeValidator(read_decontamination)] = (
        DecontaminationSettings()
    )
    """Files of evaluation texts: train rows that share 13 words in a row with one are left out."""
    budget: Seconds = Field(default=120.0, ge=1)
    """How long detectors may look at the data, as 2m; those for which no time is left are named."""
    accept: tuple[str, ...] = ()
    """Findings of severity error that the user answers for: KIND:COLUMN."""
    table: Name | None = None
    """Of a database: the table that is read; not needed where there is one."""
    query: Name | None = None
    """Of a database: the SELECT whose rows are read, in place of a table."""
    sheet: Name | None = None
    """Of a workbook: the sheet that is read; not needed where one holds data."""
    read: Literal["documents"] | None = None
    """documents: each .txt or .md file of a folder is a row with the columns text, path and label."""
    encoding: str | None = None
    """Of text files; UTF-8 where not said."""
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    """Of text files; found out where not said."""
    layout: LayoutSettings = LayoutSettings()
    """What stands in a text file beside header and rows; found out where not said."""
    decimal: Literal[".", ","] | None = None
    """The decimal mark; a comma is found out where the delimiter is a semicolon."""

    @model_validator(mode="after")
    def _forecast_by_time(self) -> DataSettings:
        """A forecast is split by the column that orders its steps, where nothing else is said."""
        if self.horizon is None or self.series is None or "by" in self.split.model_fields_set:
            return self
        said = {name: getattr(self.split, name) for name in self.split.model_fields_set}
        split = SplitSettings(**{**said, "by": "time", "column": self.series.time})
        return self.model_copy(update={"split": split})

    @model_validator(mode="after")
    def _source_can_use(self) -> DataSettings:
        """A key that the kind of source cannot use is refused, and a password in plain words."""
        sources = (self.source,) if isinstance(self.source, str) else self.source
        named = [*sources, *(one for one in (self.validation, self.test) if one is not None)]
        if any(holds_password(one) for one in named):
            raise ValueError(
                "the address in source holds a password in plain words"
                " | mend: postgresql://USER:env:PGPASSWORD@HOST/DATABASE, or source: env:DATABASE_URL"
            )
        if self.table is not None and self.query is not None:
            raise ValueError("a table and a query are named | mend: remove one of the two")
        kinds = {kind_of(one) for one in named}
        said = {key for key in _OF_KINDS if getattr(self, key) is not None}
        useless = sorted(key for key in said if not kinds & _OF_KINDS[key])
        if useless:
            told = " and ".join(sorted(kind.value for kind in kinds))
            raise ValueError(
                f"{told} cannot use: {', '.join(useless)} | mend: remove {', '.join(useless)}"
            )
        return self

    @model_validator(mode="after")
    def _given(self) -> DataSettings:
        if self.split.by == "given":
            files = self.validation is not None or self.test is not None
            if files == (self.split.column is not None):
                raise ValueError(
                    "a given split needs either a column or files"
                    " | mend: split: {by: given, column: NAME}, or validation: FILE and test: FILE"
                )
        elif self.is_given and self.split.by != "random":
            raise ValueError(
                f"files are given for the split, but it is by {self.split.by}"
                " | mend: split: {by: given}, or remove validation and test"
            )
        if ("hash" in self.personal_data.values()) != (self.hash_key is not None):
            raise ValueError(
                "personal data are hashed with a key, and hash_key names none"
                " | mend: hash_key: env:HASH_KEY"
                if self.hash_key is None
                else "hash_key is named, and no column is hashed | mend: personal_data: {COLUMN: hash}"
            )
        clash = sorted({self.target} & {*self.drop, *self.known_after, *self.further_targets})
        if clash:
            raise ValueError(f"the target {clash[0]!r} is also left out | mend: remove it there")
        return self

    @model_validator(mode="after")
    def _clusters_to_keep_together(self) -> DataSettings:
        by = "files" if self.validation or self.test else self.split.by
        if self.near_duplicates.action == "group" and by != "random":
            raise ValueError(
                f"near-duplicates are kept together by a random split, and this one is by {by}"
                " | mend: near_duplicates: drop, or split: {by: random}"
            )
        return self

    @model_validator(mode="after")
    def _groups_to_reweigh(self) -> DataSettings:
        if self.balance == "reweighing" and not self.protected:
            raise ValueError(
                "reweighing needs protected columns | mend: protected: [COLUMN], or balance: none"
            )
        return self

    @property
    def is_given(self) -> bool:
        """True when the assignment to splits comes with the data."""
        return self.split.by == "given" or self.validation is not None or self.test is not None

    @property
    def is_drawn(self) -> bool:
        """True when rows are drawn at random, equal ones together."""
        return self.split.by == "random" and not self.is_given
