"""Which language a text is in, by its commonest words: a rough judge that needs no model.

The share of a text's words that are among the commonest of a language; the language with the highest
share is the text's, where at least one word in twenty is known and the next language is behind. Short
texts and mixed ones have no language. Cost: a set lookup a word and language.

Source: Grefenstette 1995, "Comparing two language identification schemes" (short words).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LEAST_SHARE = 0.05
FEWEST_WORDS = 5

COMMON: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "da": "og i at det er en til af på de med den der ikke som har for et jeg han hun vi kan var",
        "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an"
        " werden aus er hat dass sie nach wird bei einer ich war wir oder aber",
        "en": "the of and to in a is that for it as was with be by on not he his but at are this have from"
        " or had an they which you were all their we her she there been if more when will would who so no",
        "es": "de la que el en y a los se del las un por con no una su para es al lo como más pero sus le"
        " ha me si sin sobre este ya entre cuando todo esta ser son",
        "fi": "ja on ei että se hän oli joka mutta ovat kun niin myös tai sen hänen mitä jos olla minä sinä"
        " me te ne nyt vain jo",
        "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il"
        " sont la nous vous avec son mais ou on cette je elle été",
        "it": "di e il la che in un a per è una non sono con del da le si i al come della gli più nel alla"
        " ma anche ha questo lo dei",
        "nl": "de van het een en in is dat op te zijn met voor niet die er aan om ook als bij maar door over"
        " dan hij naar uit werd wordt was ik ze",
        "pl": "w i na z się nie do to że jest o jak a po co tak za od ale przez przy dla czy tylko był jego",
        "pt": "de a o que e do da em um para com não uma os no se na por mais as dos como mas ao ele das à"
        " seu sua ou quando muito já também",
        "sv": "och i att det som en på är av för med till den har de inte om ett han men var jag sig från vi"
        " så kan man när nu",
        "tr": "ve bir bu da de için ile çok ne daha gibi olarak kadar sonra en o ki var mı değil ama her",
    }.items()
}


def language_of(words: Sequence[str]) -> str | None:
    """The language of a text's words; None where that cannot be told."""
    if len(words) < FEWEST_WORDS:
        return None
    lower = [word.strip(".,;:!?\"'()«»„“”").lower() for word in words]
    shares = sorted(
        (
            (sum(word in common for word in lower) / len(lower), name)
            for name, common in COMMON.items()
        ),
        reverse=True,
    )
    (best, name), (next_best, _) = shares[:2]
    return name if best >= LEAST_SHARE and best > next_best else None
