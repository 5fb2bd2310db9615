"""What is asked about a practice: limits, values, and how a form of `Field: text` lines is read."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from commands.arguments import folded
from commands.practices.vocabulary import FIELD_OF, VERDICT_OF, name_in
from commands.words import N_
from storage.records import PracticeField, Verdict

F = PracticeField
FIVE = (F.TITLE, F.PROBLEM, F.WHAT_WE_DO, F.WHAT_CHANGED, F.WATCH_OUT)
FOR_SHARING = FIVE[:3]
OPTIONAL = tuple(each for each in PracticeField if each not in FIVE)
SHORTEST_CUT = 0.6  # of the limit: a sentence that ends before is not worth its end

LIMITS: Mapping[PracticeField, int] = {  # characters
    F.TITLE: 60, F.PROBLEM: 300, F.WHAT_WE_DO: 600, F.WHAT_CHANGED: 400, F.WATCH_OUT: 300,
    F.ORGANISATION: 120, F.TARGET_GROUP: 160, F.SINCE: 40, F.UNTIL: 40, F.STAFF_TIME: 80,
    F.VOLUNTEERS: 80, F.PARTNERS: 200, F.CONDITIONS: 300, F.MATERIALS: 200, F.LINK: 300,
    F.KEY_FACTOR: 160, F.TAGS: 120, F.LANGUAGES: 80, F.ENGLISH_TITLE: 60, F.ENGLISH_SUMMARY: 800,
}  # fmt: skip
SUMMARY_WORDS = 80

PROMPTS: Mapping[PracticeField, str] = {
    F.TITLE: N_("Give it a name your colleagues would use."),
    F.PROBLEM: N_("What was the problem you wanted to solve?"),
    F.WHAT_WE_DO: N_("What do you actually do? Who, where, how often?"),
    F.WHAT_CHANGED: N_("What has changed? A number, a story, or “too early to say”."),
    F.WATCH_OUT: N_("What should another city watch out for? What did not work?"),
}
LABELS: Mapping[PracticeField, str] = {
    F.TITLE: N_("Title"),
    F.PROBLEM: N_("Problem"),
    F.WHAT_WE_DO: N_("What we do"),
    F.WHAT_CHANGED: N_("What changed"),
    F.WATCH_OUT: N_("Watch out"),
    F.ORGANISATION: N_("Organisation"),
    F.TARGET_GROUP: N_("Target group"),
    F.SINCE: N_("Since"),
    F.UNTIL: N_("Until"),
    F.EVIDENCE: N_("Evidence, as they say themselves"),
    F.COST_BAND: N_("Cost"),
    F.STAFF_TIME: N_("Staff time"),
    F.VOLUNTEERS: N_("Volunteers"),
    F.PARTNERS: N_("Partners"),
    F.CONDITIONS: N_("Conditions"),
    F.MATERIALS: N_("Materials"),
    F.LINK: N_("Link"),
    F.CHARTER: N_("Charter"),
    F.KEY_FACTOR: N_("Key factor"),
    F.TAGS: N_("Tags"),
    F.LANGUAGES: N_("Languages to ask in"),
    F.MAY_BE_VISITED: N_("May be visited"),
    F.BASED_ON: N_("Grew out of"),
    F.ENGLISH_TITLE: N_("English title"),
    F.ENGLISH_SUMMARY: N_("English summary"),
}
CHOICES: Mapping[PracticeField, Mapping[str, str]] = {
    F.EVIDENCE: {
        "none_yet": N_("none yet"),
        "anecdotal": N_("anecdotal"),
        "monitored": N_("monitored"),
        "evaluated": N_("evaluated"),
    },
    F.COST_BAND: {
        "none": N_("none"),
        "low": N_("low"),
        "medium": N_("medium"),
        "high": N_("high"),
    },
    F.MAY_BE_VISITED: {"yes": N_("yes"), "no": N_("no")},
}


# ── one value ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class NotOneOf:
    """A value that a field does not know."""

    field: PracticeField
    typed: str
    choices: tuple[str, ...]


def read_value(field: PracticeField, typed: str, commitments: Mapping[str, str]) -> str | NotOneOf:
    """What is kept of what was typed. commitments: of the Charter, by their tag."""
    typed = typed.strip()
    if field is F.MAY_BE_VISITED:
        verdict = VERDICT_OF.get(folded(typed).rstrip(".!"))
        if verdict in (Verdict.YES, Verdict.NO):
            return str(verdict)
        return NotOneOf(field, typed, ("yes", "no"))
    if field in CHOICES:
        known = {folded(choice): choice for choice in CHOICES[field]}
        found = known.get(folded(typed))
        return found or NotOneOf(field, typed, tuple(known))
    if field is F.CHARTER:
        known = {folded(tag): tag for tag in commitments}
        tags = [known.get(folded(each)) for each in re.split(r"[,;\s]+", typed) if each]
        kept = [tag for tag in tags if tag is not None]
        return (
            ", ".join(kept) if len(kept) == len(tags) else NotOneOf(field, typed, (*commitments,))
        )
    if field is F.BASED_ON:
        number = re.fullmatch(r"[Pp][\s-]?(\d{1,9})", typed)
        return f"P-{int(number[1])}" if number else NotOneOf(field, typed, ("P-12",))
    if field is F.TAGS:
        return ", ".join(tags_in(typed))
    if field is F.TITLE:
        return " ".join(typed.split())
    return typed


def tags_in(text: str) -> list[str]:
    """The tags of a list of tags, as written, each once."""
    return list(dict.fromkeys(each.strip().lstrip("#") for each in text.split(",") if each.strip()))


def excess(field: PracticeField, text: str) -> int:
    """By how much a text is too long: characters, or words of the English summary."""
    if field is F.ENGLISH_SUMMARY and len(text.split()) > SUMMARY_WORDS:
        return len(text.split()) - SUMMARY_WORDS
    return max(0, len(text) - LIMITS.get(field, len(text)))


def cut(field: PracticeField, text: str) -> str:
    """What of a text fits: up to the end of a sentence, else of a word."""
    if field is F.ENGLISH_SUMMARY:
        return " ".join(text.split()[:SUMMARY_WORDS])
    limit = LIMITS.get(field, len(text))
    if len(text) <= limit:
        return text
    head = text[:limit]
    ends = [match.end() for match in re.finditer(r"[.!?…;·]+(?=\s|$)", head)]
    if ends and ends[-1] >= limit * SHORTEST_CUT:
        return head[: ends[-1]]
    whole = re.sub(r"\s+\S*$", "", text[: limit + 1]) if " " in head else head
    return whole[:limit].rstrip()


def missing(answers: Mapping[PracticeField, str], wanted: Sequence[PracticeField]) -> list[F]:
    """Which of the wanted answers are not there, or too long."""
    return [each for each in wanted if not answers.get(each) or excess(each, answers[each])]


# ── a form ────────────────────────────────────────────────────────────────────────────────────

_FIELD_LINE = re.compile(r"^[ \t>*_-]*([^\W\d_][^:\n]{0,39}?)[ \t*_]*:[*_]*[ \t]*(.*)$")
_CLOSE = 0.75


@dataclass(frozen=True, slots=True)
class Form:
    """A message read as `Field: text` lines."""

    lead: str  # what stands before the first field
    fields: Mapping[PracticeField, str]
    strange: Sequence[tuple[str, str]] = ()  # a name that is none, and what was perhaps meant
    refused: Sequence[NotOneOf] = field(default=())


def read_form(text: str, commitments: Mapping[str, str]) -> Form | None:
    """The fields of a message, in whichever languages their names are; None if it has none.

    A line that begins with no name of a field belongs to the field before it.
    """
    lines: list[tuple[PracticeField | None, list[str]]] = [(None, [])]
    strange: list[tuple[str, str]] = []
    for line in text.strip().splitlines():
        match = _FIELD_LINE.match(line)
        known = FIELD_OF.get(folded(match[1].replace("’", "'"))) if match else None
        if match and known is not None:
            lines.append((known, [match[2]]))
            continue
        lines[-1][1].append(line)
        if match and len(match[1].split()) <= 3 and not match[2].startswith("//"):
            strange.append((match[1].strip(), _meant(match[1])))
    said = [(known, "\n".join(part).strip()) for known, part in lines]
    if len(said) == 1 and not any(meant for _name, meant in strange):
        return None
    kept: dict[PracticeField, str] = {}
    refused: list[NotOneOf] = []
    for known, words in said[1:]:
        value = read_value(known, words, commitments) if known and words else ""
        if isinstance(value, NotOneOf):
            refused.append(value)
        elif known and value:
            kept[known] = f"{kept[known]}\n{value}" if known in kept else value
    return Form(said[0][1], kept, tuple(strange), tuple(refused))


def _meant(name: str) -> str:
    """The field that a name was perhaps meant for, in the language of the name."""
    close = difflib.get_close_matches(folded(name), FIELD_OF, n=1, cutoff=_CLOSE)
    return name_in("en", FIELD_OF[close[0]]) if close else ""
