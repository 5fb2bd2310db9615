"""What the stemmers leave on: endings and spellings that keep forms of one word apart.

Snowball is careful with verbs in German, French, Dutch and Norwegian, too bold with Greek words
in -ιά, and knows nothing of vowels that come and go in Czech, Dutch and Norwegian. These few rules
follow it, on folded stems; the commonest words that change inside are named one by one.
"""

import re
from functools import cache

# Each: what is found in a stem, and what stands there instead; applied in order. "(?<=....)" keeps
# four letters at least, so that short words stay what they are.
_RULES = {
    "en": (("(?<=....i)enc$", ""),),  # experienced, experience
    "de": (
        ("(?<=....[rl])n$", ""),  # Nachbarn, Nachbar
        ("(?<=....)te?$", ""),  # beantragt, beantragen
    ),
    "fr": (
        ("(?<=.....)e?on$", ""),  # demandons, demander
        ("(?<=....[^m])ent$", ""),  # arrivent, arriver; not: logement
        ("(?<=...[iuy])[rst]$", ""),  # inscrire, inscrit
        ("(?<=...o)s$", ""),  # vélos, vélo
        ("(?<=....f)i$", ""),  # planifier, planifions
    ),
    "nl": (
        ("(?<=....)[dt]$", ""),  # vertaald, komt
        (r"([aeou])\1(?=[^aeiou]$)", r"\1"),  # vertaal-, vertalen
    ),
    "lv": (("(?<=...)[aeio][tj]$", ""),),  # tulkot, tulko, tulkoja
    "cs": (
        ("(?<=....)[aei]l$", ""),  # překládali, překládat
        ("(?<=.....)[aei]t$", ""),  # doprovázet, doprovází
        ("(?<=.[^aeiouy])e(?=[^aeiouy]$)", ""),  # knihoven, knihovna
        ("(?<=..)c$", "k"),  # obec, obce
    ),
    "no": (
        ("(?<=...)te?$", ""),  # søkte, søke; lokalt, lokal
        ("(?<=....)ing$", ""),  # oversetting, oversette
        ("(?<=...)e(?=[lrn]$)", ""),  # sykkel, sykler
        (r"([bdfgklmnprst])\1(?=[lrn]?$)", r"\1"),  # rommet, rom
    ),
}  # fmt: skip
_COMPILED = {
    language: tuple((re.compile(found), instead) for found, instead in rules)
    for language, rules in _RULES.items()
}
# Greek words in -ιο, -ια, -ιες and -ικων, whole and folded: Snowball cuts παιδιά to πα.
_GREEK = re.compile("(...+?)(?:(?<![αεου])ι(?:α|ο|ου|ων|εσ|οι|ουσ)?|(?<=ικ)ων)")

# Folded forms, after the word that they belong to.
_CHANGING = {
    "en": """child children · man men · woman women · foot feet · person people
        · go goes gone · teach taught · bring brought · meet met · hold held · find found""",
    "de": "bringen bringt brachte gebracht · planen plant plante geplant geplante geplanten",
    "nl": "stad steden · kind kinderen · lid leden · schip schepen · weg wegen · dag dagen",
    "el": "γονεασ γονεισ γονεων γονεα",
    "cs": "dite deti detem detmi · clovek lide lidi lidem · dum domu dome domy",
    "no": """by byen byer byene · mann menn mennene · bok boken boker bokene · hand hender
        · forelder foreldre foreldrene · barn barnet barna barnas · natt netter · fot fotter""",
}


def _named() -> dict[str, dict[str, str]]:
    named: dict[str, dict[str, str]] = {}
    for language, listed in _CHANGING.items():
        for forms in listed.split("·"):
            first, *others = forms.split()
            named.setdefault(language, {}).update(dict.fromkeys((first, *others), first))
    return named


_NAMED = _named()
# English words whose stem Snowball spells with another vowel.
_RESPELT = {"die": "dying", "lie": "lying", "tie": "tying"}


@cache
def _begun_otherwise() -> dict[str, tuple[str, ...]]:
    changed = [(stem, word) for named in _NAMED.values() for word, stem in named.items()]
    found: dict[str, tuple[str, ...]] = {}
    for stem, word in (*changed, *_RESPELT.items()):
        if stem[:3] != word[:3]:
            found[stem] = (*found.get(stem, ()), word[:3])
    return found


def other_beginnings(stem: str) -> tuple[str, ...]:
    """How words of this stem may begin that do not begin as it does: people, of person.

    Dutch loses a "ge" in front or in the middle: gevraagd and opgevraagd, of vragen. German loses
    the "e" of a vowel spelt out: fuer, of für.
    """
    found = _begun_otherwise().get(stem.removesuffix("1"), ())
    if not stem[0].isascii():
        return found
    dutch = (f"ge{stem[0]}", f"{stem[0]}ge", *((f"{stem[:2]}g",) if stem[1:] else ()))
    german = tuple(f"{stem[:at]}e" for at in (1, 2) if stem[at - 1 : at] in ("a", "o", "u"))
    return (*found, *dutch, *german)


def whole_stem(folded: str, language: str) -> str | None:
    """The stem of a word that the language's stemmer would mistake; None: let it try."""
    if language == "el" and (found := _GREEK.fullmatch(folded)):
        return found[1]
    return _NAMED.get(language, {}).get(folded)


def shortened(stem: str, language: str) -> str:
    """A folded stem without what its stemmer may leave on."""
    for pattern, instead in _COMPILED.get(language, ()):
        stem = pattern.sub(instead, stem)
    return stem
