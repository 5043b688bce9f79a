from __future__ import annotations

from trainwright.reports.page import Page
from trainwright.reports.samples import add_samples

SAMPLE = {"row": 7, "prompt": "user: Hi", "reference": "Hello", "generated": "Hey <script>alert(1)"}
METRIC = {"value": 0.5, "low": 0.4, "high": 0.6}


def shown(read, **changes):
    page = Page("t")
    generated = {"rows": 40, "metrics": {"rouge_l": METRIC}, "samples": [SAMPLE], **changes}
    add_samples(page, generated)
    return page.render(), read(page.render()).text


def test_texts_stand_side_by_side_and_are_inert(read):
    html, words = shown(read)
    assert "<script" not in html
    assert "Hey <script>alert(1)" in words
    assert words.index("user: Hi") < words.index("Hello") < words.index("Hey <script>")
    assert "ROUGE-L" in words


def test_before_and_after_are_told_with_the_paired_gain(read):
    gain = {"value": 0.3, "low": 0.2, "high": 0.4}
    _, words = shown(
        read,
        before={"rouge_l": METRIC},
        gains={"rouge_l": gain},
        samples=[{**SAMPLE, "before": "Yo"}],
        cut_off=3,
        skipped=2,
    )
    assert "better" in words
    assert "fine-tuned" in words
    assert "3 texts were cut off" in words
    assert "2 rows whose prompt" in words
    assert words.index("Hello") < words.index("Yo") < words.index("Hey")


def test_a_loss_and_a_difference_by_chance_are_named(read):
    for low, high, word in ((-0.4, -0.1, "worse"), (-0.1, 0.1, "no difference beyond chance")):
        gain = {"value": (low + high) / 2, "low": low, "high": high}
        _, words = shown(read, before={"rouge_l": METRIC}, gains={"rouge_l": gain})
        assert word in words


def test_long_texts_are_cut_and_nothing_is_said_to_be_so(read):
    long = {**SAMPLE, "generated": "", "reference": "x" * 5_000}
    html, words = shown(read, samples=[long])
    assert "(nothing)" in words
    assert html.count("x") < 2_000


def test_without_texts_there_is_no_section(read):
    page = Page("t")
    add_samples(page, None)
    assert "Generated texts" not in read(page.render()).text
