"""Which language a message is in, told by its small words."""

import re
from collections.abc import Iterable
from functools import cache

from storage.search.letters import fold

# About sixty of the commonest words of each language, as written. A word of several languages
# counts for each of them by its share.
_STOP_WORDS = {
    "en": """the of and to in is that it for was on are as with his they at be this from have or by
        one had not but what all were when we there can an your which their if do will each about
        how up out them then she many some so these would other into has more her two him see you
        could no than first been its who now my over did down only any where after our should""",
    "de": """der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch
        es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so
        zum war haben nur oder aber vor zur bis mehr durch man sein wurde wir ich kann uns wenn
        unser unsere euch ihr habt gibt hier bitte""",
    "fr": """le de un à être et en avoir que pour dans ce il qui ne sur se pas plus par je avec tout
        faire son mettre autre on mais nous comme ou si leur y dire elle avant deux même aussi où
        est les des du une la au aux ces cette sont été ont a vous votre notre nos c'est d' l' qu'
        très bien merci chez sans""",
    "es": """de la que el en y a los se del las un por con no una su para es al lo como más o pero
        sus le ha me si sin sobre este ya entre cuando todo esta ser son dos también fue había era
        muy años hasta desde está mi porque qué sólo han yo hay vez puede nos nuestra nuestro
        gracias cómo""",
    "it": """di e il la che in un a per è una sono mi ho lo ha le si ti i con cosa se io come da ci
        no questo qui hai sei del bene tu non della nel al più mio dei ma gli alla anche solo delle
        nella quando loro suo abbiamo dal ai era perché o chi sì dove questa noi nostro nostra
        essere tutti grazie""",
    "nl": """de van een het en in is dat op te zijn met voor niet aan er die om ook als dan maar bij
        nog naar heeft uit door over ze wordt hij je tot dit worden we meer was ik werd hebben kan
        wel geen zo of deze onze ons jullie hoe moet zou veel mensen alle tussen omdat waar toch
        heb gaan""",
    "el": """και το να του η της με που την από για τα είναι των σε ο οι στο θα τη στην τον τους δεν
        τις ένα μια ότι ή στη στα μας αλλά στις στον αυτό όπως μία αν κατά μετά πως τι έχει πολύ
        σας μου σου μπορεί όταν πρέπει έχουμε εμείς όλα γιατί πριν χωρίς εδώ""",
    "cs": """a se v na je že o s z do i to k ve pro za by ale si po jako podle od jsem tak jsou
        které který však bude však bylo jen jeho při až jsme už co nebo má také než ze aby před
        pak byl jejich mezi které více můžeme nám nás vás kde když protože tento této není""",
    "no": """og i det på som er en til å han av for at med var de ikke den har jeg om et men så seg
        hun hadde fra vi du kan da ble ut skal vil ham etter over ved også bare eller sa dette noe
        være meg mot opp der når inn dem kunne andre blir alle noen sin hvor hva oss deg vår våre
        hvordan mange""",
    "lv": """un ir ar par no uz ka kas tā to vai arī kā nav bet lai pēc pie tas ko jau viņš es mēs
        jūs viņi tik līdz ja tikai pirms bija būs kad savu šo šis šī tiek gan pa kur ļoti mūsu jūsu
        var vēl visi daudz cilvēki tad vairāk starp bez kopā pat tomēr kuri""",
}
# Letters that only one of the ten writes, or nearly so.
_LETTERS = {
    "de": "ßẞ",
    "es": "ñ¿¡",
    "cs": "ěřůťď",
    "lv": "āēīņļķģ",
    "no": "åøæ",
    "fr": "çœêë",
}
_TELLING = re.compile(f"[{''.join(_LETTERS.values())}]")
_GREEK = re.compile("[\u0370-\u03ff\u1f00-\u1fff]")


@cache
def _small_words() -> dict[str, tuple[tuple[str, float], ...]]:
    spoken: dict[str, list[str]] = {}
    for language, words in _STOP_WORDS.items():
        for word in set(words.split()):
            spoken.setdefault(word, []).append(language)
    return {word: tuple((it, 1 / len(of)) for it in of) for word, of in spoken.items()}


def small_words(language: str) -> list[str]:
    """The small words of a language, as written."""
    return _STOP_WORDS[language].split()


@cache
def folded_small() -> frozenset[str]:
    """The small words of all languages, as they are compared."""
    return frozenset(fold(word) for word in _small_words())


@cache
def _longest_small() -> int:
    return max(map(len, _small_words()))


def is_small(word: str) -> bool:
    """Whether a word says nothing of what a text is about, in one of the languages."""
    return len(word) < 3 or word.lower() in _small_words()


def language_scores(text: str, words: Iterable[str]) -> dict[str, float]:
    """How much speaks for each language: about one for each of its small words."""
    small = _small_words()
    scores: dict[str, float] = {}
    longest = _longest_small()
    for word in words:
        if len(word) <= longest and (spoken := small.get(word.lower())):
            for language, share in spoken:
                scores[language] = scores.get(language, 0.0) + share
    for language in _letter_hints(text):
        scores[language] = scores.get(language, 0.0) + 0.75
    return scores


def _letter_hints(text: str) -> list[str]:
    if text.isascii():
        return []
    letters = set(_TELLING.findall(text.lower()))
    hints = [it for it, own in _LETTERS.items() if not letters.isdisjoint(own)]
    return [*hints, "el", "el"] if _GREEK.search(text) else hints
