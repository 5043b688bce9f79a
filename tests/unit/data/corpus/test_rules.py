from __future__ import annotations

import pytest

from trainwright.data.corpus.languages import language_of
from trainwright.data.corpus.rules import SETS, Document, repeated_grams, top_gram

SOUND = (
    "The house stands on a hill that looks over the sea. It was built with stone from the quarry.\n"
    "People have come to see it for many years, and they will be back. The garden is full of roses.\n"
    "In winter the storms are loud, but to sit by the fire with a book is a pleasure of its own kind."
)

REFUSED = {
    ("c4", "under 3 sentences in whole lines"): "The one. The other. Nothing more to say here",
    ("c4", "lorem ipsum"): SOUND + " Lorem ipsum dolor.",
    ("c4", "a curly bracket"): SOUND + " { }",
    ("gopher-quality", "words"): "The few words of this.",
    ("gopher-quality", "mean word length"): "a b c d " * 30,
    ("gopher-quality", "hashes a word"): SOUND.replace(" ", " # "),
    ("gopher-quality", "ellipses a word"): SOUND.replace(" ", "... "),
    ("gopher-quality", "bullet lines"): "\n".join(
        f"- the point number {n} of these" for n in range(12)
    ),
    ("gopher-quality", "lines that trail off"): "\n".join(["and so it goes on ..."] * 12),
    ("gopher-quality", "words with a letter"): SOUND + " 12 13" * 40,
    ("gopher-quality", "common words"): "maison arbre fleur " * 20,
    ("gopher-repetition", "repeated lines"): "\n".join(["one line", "other line"] * 5),
    ("gopher-repetition", "repeated paragraphs"): "\n\n".join(["one part", "other part"] * 5),
    ("gopher-repetition", "commonest 2-gram"): "buy now " * 30,
    ("gopher-repetition", "repeated 5-grams"): SOUND + " " + SOUND,
    ("fineweb", "lines do not end with a mark"): "\n".join(["a menu entry"] * 9),
    ("fineweb", "short lines"): "\n".join(f"short {n}." for n in range(20)),
    ("fineweb", "characters in repeated lines"): "\n".join(
        ["the very same line."] * 4 + ["another."]
    ),
}


@pytest.mark.parametrize(("which", "text"), REFUSED.items(), ids=lambda part: str(part)[:40])
def test_each_rule_refuses_what_it_is_there_for(which: tuple[str, str], text: str):
    name, rule = which
    assert SETS[name][rule].refuses(Document(text))


@pytest.mark.parametrize("name", SETS)
def test_sound_prose_passes_every_set(name: str):
    assert [what for what, rule in SETS[name].items() if rule.refuses(Document(SOUND))] == []


def test_shares_of_ngrams_are_those_counted_by_hand():
    document = Document("ab cd ab cd ef")
    assert top_gram(2)(document) == pytest.approx(8 / 10)
    assert repeated_grams(2)(document) == pytest.approx(4 / 10)
    assert top_gram(3)(document) == 0
    assert repeated_grams(7)(document) == 0


def test_an_empty_text_is_refused_without_a_fault():
    assert SETS["gopher-quality"]["words"].refuses(Document(""))
    assert all(
        rule.measure(Document("")) == 0 for rules in SETS.values() for rule in rules.values()
    )


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (SOUND, "en"),
        ("Der Hund ist nicht in dem Haus, und die Katze sitzt auf der Mauer.", "de"),
        ("Le chat est sur la table et il ne veut pas descendre pour nous.", "fr"),
        ("El perro no está en la casa porque se fue con los niños.", "es"),
        ("12 34 56 78 90", None),
        ("the", None),
    ],
)
def test_a_language_is_told_by_its_commonest_words(text: str, language: str | None):
    assert language_of(text.split()) == language


LINE = "This line is one that C4 would keep."


@pytest.mark.parametrize(
    ("line", "sentences"),
    [
        (LINE, 1),
        ("Two of them are here. And this is the second one!", 2),
        ('She said to all of us "come in"', 1),  # an end quotation mark ends a line, and a sentence
        ("A line without its mark", 0),
        ("This line trails off and so is dropped...", 0),
        ("Four words are few.", 0),
        ("Please enable JavaScript in your browser now.", 0),
        ("We ask you to accept our Cookie Policy.", 0),
        (f"A word of this line is too long: {'x' * 1001}.", 0),
    ],
)
def test_sentences_are_counted_in_the_lines_that_c4_keeps(line: str, sentences: int):
    rule = SETS["c4"]["under 3 sentences in whole lines"]
    assert rule.measure(Document(line)) == sentences
    others = "\n".join([LINE] * (3 - sentences))
    assert not rule.refuses(Document(f"{line}\nmenu\n{others}"))
    assert rule.refuses(Document(f"{line}\nmenu\n" + "\n".join([LINE] * (2 - sentences))))


@pytest.mark.parametrize(
    ("which", "lines", "refused"),
    [  # "<= 0.12", ">= 0.67" and ">= 0.1" of the source refuse at the bound
        ("lines do not end with a mark", [f"{LINE}{n}." for n in range(3)] + ["menu"] * 22, True),
        ("lines do not end with a mark", [f"{LINE}{n}." for n in range(4)] + ["menu"] * 22, False),
        ("short lines", [f"short {n}" for n in range(67)] + [LINE] * 33, True),
        ("short lines", [f"short {n}" for n in range(66)] + [LINE] * 34, False),
        ("characters in repeated lines", ["abcde", "abcde", *"abcdefghijklmnop", "q" * 24], True),
        ("characters in repeated lines", ["abcde", "abcde", *"abcdefghijklmnop", "q" * 25], False),
    ],
)
def test_bounds_of_fineweb_refuse_at_the_bound(which: str, lines: list[str], refused: bool):
    assert SETS["fineweb"][which].refuses(Document("\n".join(lines))) == refused


def test_words_are_known_among_signs_and_paragraphs_across_carriage_returns():
    rule = SETS["gopher-quality"]["common words"]
    assert rule.measure(Document('"Of" these, (and) others.')) == 2
    assert Document("one\r\n\r\ntwo\n \n\nthree").paragraphs == ["one", "two", "three"]


THRESHOLDS = {
    "gopher-quality": {
        "words": (50, 100_000),
        "mean word length": (3, 10),
        "hashes a word": (None, 0.1),
        "ellipses a word": (None, 0.1),
        "bullet lines": (None, 0.9),
        "lines that trail off": (None, 0.3),
        "words with a letter": (0.8, None),
        "common words": (2, None),
    },
    "gopher-repetition": {
        "repeated lines": (None, 0.30),
        "repeated paragraphs": (None, 0.30),
        "characters in repeated lines": (None, 0.20),
        "characters in repeated paragraphs": (None, 0.20),
        "commonest 2-gram": (None, 0.20),
        "commonest 3-gram": (None, 0.18),
        "commonest 4-gram": (None, 0.16),
        "repeated 5-grams": (None, 0.15),
        "repeated 6-grams": (None, 0.14),
        "repeated 7-grams": (None, 0.13),
        "repeated 8-grams": (None, 0.12),
        "repeated 9-grams": (None, 0.11),
        "repeated 10-grams": (None, 0.10),
    },
}


@pytest.mark.parametrize("name", THRESHOLDS)
def test_the_bounds_of_gopher_are_those_of_its_appendix(name: str):
    endless = float("-inf"), float("inf")
    found = {what: (rule.least, rule.most) for what, rule in SETS[name].items()}
    assert found == {
        what: tuple(end if one is None else one for one, end in zip(bounds, endless, strict=True))
        for what, bounds in THRESHOLDS[name].items()
    }
