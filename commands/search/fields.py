"""The fields of a search, in the languages of the community, and what may stand after them."""

import re
from collections.abc import Mapping

from storage.search.letters import fold
from storage.search.query import Field, Filter

TAG, AFTER, BEFORE, ON, SORT = "tag", "after", "before", "on", "sort"
DAYS = (AFTER, BEFORE, ON)

# After each name, what people of other languages type for it.
_SPELT = {
    Field.FROM: "von de da van par fra od από autors author",
    Field.CITY: "stadt ville ciudad città stad by město πόλη pilsēta",
    Field.IN: "cluster room raum salon sala stanza kamer rom σε",
    Field.HAS: "hat avec con med με ar",
    Field.KIND: "type art typ tipo soort",
    Field.IS: "ist est",
    Field.LANG: "language sprache langue idioma lingua taal språk jazyk γλώσσα valoda",
    Field.THREAD: "faden fil hilo",
    TAG: "tags schlagwort étiquette",
    AFTER: "since nach seit après depuis después desde dopo dal na sinds etter siden po μετά kopš",
    BEFORE: "until vor bis avant antes prima voor før před πριν pirms",
    ON: "during am le el il op den",
    SORT: "order sortieren tri orden",
}
_ENGLISH = ("for", "etiquette")  # "før", "étiquette" without their signs: "thanks for: the pump"
FIELDS: Mapping[str, str] = {
    form: str(name)
    for name, others in _SPELT.items()
    for spelt in (str(name), *others.split())
    for form in (spelt, fold(spelt))  # as phones leave accents out: "apres:", "citta:"
    if form not in _ENGLISH
}

_HAS = {
    "file": "file files attachment attachments document documents datei dateien fichier fichiers"
    " archivo archivos bestand bestanden αρχείο αρχεία fails faili datne soubor soubory vedlegg"
    " filer",
    "image": "image images picture pictures photo photos bild bilder foto imagen immagine"
    " afbeelding εικόνα εικόνες attēls attēli obrázek obrázky bilde",
    "link": "link links url urls lien enlace collegamento σύνδεσμος saite saites odkaz odkazy lenke"
    " lenker",
    "poll": "poll polls umfrage sondage encuesta sondaggio peiling ψηφοφορία aptauja hlasování"
    " anketa avstemning",
    "practice": "practice practices praxis pratique práctica pratica praktijk πρακτική prakse praxe"
    " praksis",
}
_KIND = {
    **_HAS,
    "message": "message messages nachricht nachrichten mensaje mensajes messaggio messaggi bericht"
    " berichten μήνυμα μηνύματα ziņa ziņas zpráva zprávy melding meldinger",
    "question": "question questions frage fragen pregunta preguntas domanda domande vraag vragen"
    " ερώτηση ερωτήσεις jautājums jautājumi otázka otázky spørsmål",
    "summary": "summary summaries zusammenfassung résumé resumen riassunto samenvatting περίληψη"
    " kopsavilkums shrnutí sammendrag",
    "thread": "thread threads faden fäden fil fils hilo hilos discussion discussions discussione"
    " draad συζήτηση pavediens vlákno tråd",
    "visit": "visit visits besuch besuche visite visites visita visitas bezoek besøk návštěva"
    " επίσκεψη vizīte",
}
_IS = {"question": _KIND["question"], "practice": _KIND["practice"]}
_LANG = {
    "en": "en english englisch anglais inglés",
    "de": "de german deutsch allemand alemán",
    "fr": "fr french français französisch francés",
    "es": "es spanish español spanisch espagnol",
    "it": "it italian italiano italienisch italien",
    "nl": "nl dutch nederlands niederländisch",
    "el": "el gr greek ελληνικά griechisch grec",
    "lv": "lv latvian latviešu lettisch letton",
    "cs": "cs cz czech čeština česky tschechisch",
    "no": "no nb nn norwegian norsk norwegisch",
}
_VALUES = {Field.HAS: _HAS, Field.KIND: _KIND, Field.IS: _IS, Field.LANG: _LANG}


def values_of(field: str) -> tuple[str, ...]:
    """What may be typed after a field that knows only these."""
    return tuple(_VALUES.get(Field(field), ()))


def tag_of(typed: str) -> str:
    """A tag as it is typed in words: "welcome kit" is #welcome-kit; "" if there is none."""
    tag = re.sub(r"[^\w-]+", "-", typed).strip("-_")
    return f"#{tag}" if any(map(str.isalnum, tag)) else ""


def read_filter(name: str, value: str) -> Filter | None:
    """What was typed after one of the fields that narrow; None: nothing of the kind is known."""
    field = Field(name)
    known = _VALUES.get(field)
    if known is None:
        return Filter(field, value)
    said = fold(value)
    meant = next((name for name, spelt in known.items() if said in fold(spelt).split()), None)
    return None if meant is None else Filter(field, meant)
