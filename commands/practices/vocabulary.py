"""Names of fields, and short words, in the ten languages of the first networks."""

from collections.abc import Mapping

from commands.arguments import folded
from storage.records import Degree, PracticeField, Verdict

F = PracticeField

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "el", "lv", "cs", "no")
# In the order of the languages; of several names the first is shown.
_FIELD_NAMES: Mapping[PracticeField, str] = {
    F.TITLE: """Title, Name; Titel; Titre; Título; Titolo; Titel; Τίτλος; Nosaukums, Virsraksts;
        Název; Tittel""",
    F.PROBLEM: """Problem; Problem, Ausgangslage; Problème; Problema; Problema; Probleem; Πρόβλημα;
        Problēma; Problém; Problem, Utfordring""",
    F.WHAT_WE_DO: """What we do; Was wir tun, Was wir machen; Ce que nous faisons, Ce qu'on fait;
        Qué hacemos, Lo que hacemos; Che cosa facciamo, Cosa facciamo; Wat we doen, Wat wij doen;
        Τι κάνουμε; Ko mēs darām, Ko darām; Co děláme; Hva vi gjør, Hva gjør vi""",
    F.WHAT_CHANGED: """What changed, What has changed; Was sich geändert hat, Was hat sich geändert;
        Ce qui a changé; Qué ha cambiado, Lo que ha cambiado; Che cosa è cambiato, Cosa è cambiato;
        Wat is er veranderd, Wat veranderde; Τι άλλαξε; Kas mainījās, Kas ir mainījies;
        Co se změnilo; Hva har endret seg, Hva endret seg""",
    F.WATCH_OUT: """Watch out, Watch out for, Careful; Achtung, Worauf achten, Vorsicht; Attention,
        Points d'attention; Cuidado, Ojo; Attenzione; Let op, Opletten; Προσοχή; Uzmanību,
        Uzmanieties; Pozor; Pass på, Vær obs på""",
    F.ORGANISATION: """Organisation, Organization; Organisation, Träger; Organisation; Organización;
        Organizzazione; Organisatie; Οργάνωση, Φορέας; Organizācija; Organizace; Organisasjon""",
    F.TARGET_GROUP: """Target group, For whom; Zielgruppe, Für wen; Public cible, Pour qui;
        Grupo destinatario, Para quién; Destinatari, Per chi; Doelgroep, Voor wie; Ομάδα στόχος,
        Για ποιους; Mērķa grupa, Kam; Cílová skupina, Pro koho; Målgruppe, For hvem""",
    F.SINCE: """Since; Seit; Depuis; Desde; Dal, Da quando; Sinds; Από; Kopš; Od, Od roku; Siden""",
    F.UNTIL: """Until, Ended; Bis, Beendet; Jusqu'à, Terminé; Hasta; Fino a, Fino al; Tot; Έως;
        Līdz; Do, Do roku; Til, Avsluttet""",
    F.EVIDENCE: """Evidence; Nachweis, Belege; Preuves; Evidencia, Pruebas; Prove, Evidenze; Bewijs;
        Τεκμηρίωση; Pierādījumi; Důkazy, Doložení; Dokumentasjon""",
    F.COST_BAND: """Cost, Costs, Cost band; Kosten; Coût, Coûts; Coste, Costes; Costo, Costi;
        Kosten; Κόστος; Izmaksas; Náklady; Kostnad, Kostnader""",
    F.STAFF_TIME: """Staff time; Personalaufwand, Arbeitszeit; Temps de travail; Tiempo de personal;
        Tempo del personale; Personeelstijd, Inzet personeel; Χρόνος προσωπικού; Darbinieku laiks;
        Čas zaměstnanců; Arbeidstid, Ansattes tid""",
    F.VOLUNTEERS: """Volunteers; Freiwillige; Bénévoles; Voluntarios; Volontari; Vrijwilligers;
        Εθελοντές; Brīvprātīgie; Dobrovolníci; Frivillige""",
    F.PARTNERS: """Partners; Partner; Partenaires; Socios; Partner; Partners; Εταίροι; Partneri;
        Partneři; Partnere""",
    F.CONDITIONS: """Conditions; Voraussetzungen; Conditions; Condiciones; Condizioni; Voorwaarden;
        Προϋποθέσεις; Nosacījumi; Podmínky; Forutsetninger""",
    F.MATERIALS: """Materials; Material; Matériel; Materiales; Materiali; Materiaal; Υλικό;
        Materiāli; Materiály; Materiell""",
    F.LINK: """Link; Link; Lien; Enlace; Collegamento; Link; Σύνδεσμος; Saite; Odkaz; Lenke""",
    F.CHARTER: """Charter, Charter commitment; Charta; Charte; Carta; Carta; Handvest; Χάρτης;
        Harta; Charta; Charter""",
    F.KEY_FACTOR: """Key factor; Schlüsselfaktor; Facteur clé; Factor clave; Fattore chiave;
        Sleutelfactor; Βασικός παράγοντας; Galvenais faktors; Klíčový faktor; Nøkkelfaktor""",
    F.TAGS: """Tags, Tag; Schlagworte, Stichworte; Mots-clés; Etiquetas; Etichette; Trefwoorden;
        Ετικέτες; Atslēgvārdi; Štítky; Stikkord, Emneord""",
    F.LANGUAGES: """Languages; Sprachen; Langues; Idiomas; Lingue; Talen; Γλώσσες; Valodas; Jazyky;
        Språk""",
    F.MAY_BE_VISITED: """May be visited, Visits; Besuch möglich; Visite possible; Se puede visitar;
        Si può visitare; Te bezoeken; Επισκέψιμο; Var apmeklēt; Lze navštívit; Kan besøkes""",
    F.BASED_ON: """Based on, Came from; Beruht auf; D'après, Inspiré de; Basado en; Basato su;
        Gebaseerd op; Βασίζεται στο; Pamatā; Vychází z; Bygger på""",
    F.ENGLISH_TITLE: """English title; Englischer Titel; Titre anglais; Título inglés;
        Titolo inglese; Engelse titel; Αγγλικός τίτλος; Nosaukums angliski; Anglický název;
        Engelsk tittel""",
    F.ENGLISH_SUMMARY: """English summary, English; Englische Zusammenfassung, Englisch;
        Résumé anglais, Résumé en anglais; Resumen inglés, Resumen en inglés; Sintesi inglese;
        Engelse samenvatting; Αγγλική περίληψη; Kopsavilkums angliski; Anglické shrnutí;
        Engelsk sammendrag""",
}  # fmt: skip

_YES = "yes y yep ja jo oui sí si sì ναι nai jā ano ok okay 👍 ✅"
_NO = "no n nope nein non nee όχι ochi nē ne nei 👎"
_PARTLY = "partly partially teils teilweise partiellement partie parte parcialmente parzialmente"
_PARTLY += " deels gedeeltelijk μερικώς daļēji částečně zčásti delvis maybe"

_CONTROLS: Mapping[str, str] = {
    "skip": "skip, next; weiter, überspringen; passer, suivant; saltar, siguiente; salta, avanti;"
    "overslaan, volgende; παράλειψη, επόμενο; izlaist, tālāk; přeskočit, další; hopp over, neste",
    "back": "back; zurück; retour; atrás, volver; indietro; terug; πίσω; atpakaļ; zpět; tilbake",
    "done": "done, finish, finished, share; fertig; terminé, fini; listo, hecho; fatto, finito;"
    "klaar; τέλος; gatavs; hotovo; ferdig",
    "cancel": "cancel, stop; abbrechen; annuler; cancelar; annulla; annuleren; άκυρο; atcelt;"
    "zrušit; avbryt",
    "cut": "cut, shorten; kürzen; couper; cortar; taglia; inkorten; κόψε; saīsini; zkrátit; kutt",
}

_DEGREES: Mapping[Degree, str] = {
    Degree.INSPIRED: "inspired, inspiriert, inspiré, inspirado, ispirato, geïnspireerd, inspirert",
    Degree.ADAPTED: "adapted, angepasst, adapté, adaptado, adattato, aangepast, tilpasset",
    Degree.COPIED: "copied, kopiert, copié, copiado, copiato, gekopieerd, kopert",
}


def _words(names: str) -> list[str]:
    return [folded(each) for each in names.replace(";", ",").split(",") if each.strip()]


FIELD_OF: Mapping[str, PracticeField] = {
    name: field for field, names in _FIELD_NAMES.items() for name in (*_words(names), folded(field))
}
CONTROL_OF: Mapping[str, str] = {
    name: control for control, names in _CONTROLS.items() for name in _words(names)
}
DEGREE_OF: Mapping[str, Degree] = {
    name: degree for degree, names in _DEGREES.items() for name in _words(names)
}
VERDICT_OF: Mapping[str, Verdict] = {
    folded(word): verdict
    for verdict, words in ((Verdict.YES, _YES), (Verdict.NO, _NO), (Verdict.PARTLY, _PARTLY))
    for word in words.split()
}


def name_in(language: str, field: PracticeField) -> str:
    """What a form in that language calls a field, as people type it."""
    place = LANGUAGES.index(language) if language in LANGUAGES else 0
    names = _FIELD_NAMES[field].split(";")[place].split(",")[0]
    return " ".join(names.split())


def control_in(text: str) -> str | None:
    """The word that steers the questions, if that is all that was said."""
    return CONTROL_OF.get(folded(text.strip().strip(".!").lstrip("!/")))


def verdict_in(text: str) -> tuple[Verdict, str] | None:
    """A yes or no that an answer begins with, and the reason after it."""
    first, _, rest = text.strip().partition(" ")
    found = VERDICT_OF.get(folded(first.strip(",.;:!–-")))
    return None if found is None else (found, rest.strip().lstrip(",.;:!–- ").strip())
