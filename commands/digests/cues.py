"""The few words by which the digest tells a thread, in the languages of the network.

What was made in a thread and who spoke in it go before any of them; a word that is missing here
costs a line its best place, never its place.
"""

import re

QUESTION = re.compile(r"[?？](?=\s|$|[)\"”»'’])|[;;]\s*$")  # the Greek mark looks like a semicolon
SHORTEST = 4  # words of a question
LINK = re.compile(r"https?://\S+")


def asks(text: str) -> bool:
    """Whether words ask something, seen at a glance."""
    return bool(QUESTION.search(LINK.sub("", text).strip())) and len(text.split()) >= SHORTEST


def _any(*words: str) -> re.Pattern[str]:
    return re.compile("|".join(words), re.IGNORECASE)


RISK = _any(
    r"\bstrikes?\b", r"streik", r"\bgrèves?\b", r"\bhuelgas?\b", r"\bscioper[oi]\b", r"staking",
    r"απεργ", r"\bstreik", r"\bstávk", r"at risk", r"gefährdet", r"en danger", r"en riesgo",
    r"a rischio", r"in gevaar", r"κίνδυν", r"apdraudēt", r"ohrožen", r"i fare",
)  # fmt: skip
VISIT = _any(
    r"\bvisits?\b", r"besuch", r"\bvisites?\b", r"\bvisitas?\b", r"\bvisit[ae]\b", r"bezoek",
    r"επίσκεψη", r"vizīt", r"návštěv", r"besøk",
)  # fmt: skip
KEY_FACTOR = _any(
    r"key factor", r"schlüsselfaktor", r"facteur clé", r"factor clave", r"fattore chiave",
    r"sleutelfactor", r"βασικ\w* παράγοντ", r"galven\w* faktor", r"klíčov\w* faktor",
    r"nøkkelfaktor",
)  # fmt: skip
FAILED = _any(
    r"\bdid(?: not|n['’]t) work\b", r"\bwe stopped\b", r"\bwas stopped\b", r"gescheitert",
    r"eingestellt worden", r"n['’]a pas (?:marché|fonctionné)", r"no funcionó",
    r"non ha funzionato", r"werkte niet", r"δεν λειτούργησε", r"neizdevās",
    r"nefungoval", r"fungerte ikke",
)  # fmt: skip
KEPT_OPEN = _any(
    r"\bkeep\b.{0,20}\bopen\b", r"bleibt offen", r"lasse .{0,20}offen", r"reste ouvert",
    r"sigue abiert", r"queda abiert", r"resta apert", r"blijft open", r"μένει ανοιχτ",
    r"paliek atvērt", r"zůstává otevřen", r"holder .{0,20}åpent",
)  # fmt: skip
