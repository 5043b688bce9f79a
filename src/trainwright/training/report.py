"""The curves of a training as one HTML file that opens offline."""

from __future__ import annotations

from pathlib import Path

from trainwright.reports.markup import number
from trainwright.reports.page import Page, Tile
from trainwright.reports.training_plots import training_figures
from trainwright.training.outcome import Outcome


def write_report(outcome: Outcome, path: Path | str, *, name: str = "training") -> Path:
    """Write the curves, with the step that the weights are of marked on each.

    Args:
        outcome: What `Trainer.fit` gave.
        path: The HTML file; replaced where it is there.
        name: Heading of the page.

    Returns:
        The path.

    Raises:
        EnvironmentFault: the disk refuses.
    """
    done = outcome.progress
    page = Page(name, "Trainwright · training", verdict=f"{outcome.reason}.", tone="good")
    page.top.tiles(
        [
            Tile("updates", number(done.step), f"ended by {done.stop}"),
            Tile("epochs", number(done.epoch), f"{number(done.samples)} samples seen"),
            Tile("best loss", number(outcome.best.loss if outcome.best else None), "on validation"),
        ]
    )
    records = [
        {"step": record.step, "epoch": record.epoch, **record.values} for record in outcome.history
    ]
    page.section("Curves").figures(*training_figures(records, best=outcome.step))
    page.write(Path(path))
    return Path(path)
