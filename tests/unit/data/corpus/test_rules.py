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
    ("c4", "under 5 sentences"): "The one. The other. Nothing more to say here",
    ("c4", "lorem ipsum"): SOUND + " Lorem ipsum dolor.",
    ("c4", "a curly bracket"): SOUND + " { }",
    ("c4", "lines do not end with a mark"): "\n".join(["a menu entry"] * 9),
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
