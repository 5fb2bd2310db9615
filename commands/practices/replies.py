"""The words about practices: questions, what is missing, the list; the card is in `card.py`."""

from collections.abc import Mapping, Sequence

from commands.practices.details import Detail
from commands.practices.fields import (
    CHOICES,
    FIVE,
    LABELS,
    LIMITS,
    PROMPTS,
    SUMMARY_WORDS,
    NotOneOf,
)
from commands.practices.rules import PEERS, Reviewed
from commands.practices.vocabulary import name_in
from commands.reply import (
    Block,
    Code,
    Inline,
    Items,
    MessageLink,
    Paragraph,
    Quote,
    Reply,
    Strong,
    Text,
    items,
    join,
    paragraphs,
)
from commands.words import N_, Words
from storage.records import Practice, PracticeField, PracticeState, TransferState

F = PracticeField
S = PracticeState
T = TransferState

STATES: Mapping[PracticeState, str] = {
    S.CAPTURED: N_("captured"),
    S.DRAFT: N_("draft"),
    S.SHARED: N_("shared"),
    S.UNDER_REVIEW: N_("under review"),
    S.NEEDS_INFO: N_("needs information"),
    S.PUBLISHED: N_("published"),
    S.RETIRED: N_("retired"),
    S.WITHDRAWN: N_("withdrawn"),
}
TRANSFER_STATES: Mapping[TransferState, str] = {
    T.INTERESTED: N_("interested"),
    T.UNDERSTANDING: N_("understanding"),
    T.ADAPTING: N_("adapting"),
    T.PILOTING: N_("piloting"),
    T.IN_USE: N_("in use"),
    T.STOPPED: N_("stopped"),
}


def field_names(words: Words, fields: Sequence[PracticeField]) -> str:
    """Names of fields, joined as the language joins them."""
    return words.listing([words.text(LABELS[each]) for each in fields])


# ── where to begin ────────────────────────────────────────────────────────────────────────────


def overview(words: Words, sign: str, *, drafts: Sequence[str], typed: str = "") -> Reply:
    """What `!practice` alone says. drafts: of the asker; typed: what was not understood."""
    begin = words.say(
        "{share} shares what your city does, in five short questions. {list} shows what is there;"
        " {show} shows one.",
        share=Code(f"{sign}practice share"),
        list=Code(f"{sign}practice list"),
        show=Code(f"{sign}practice show P-1"),
    )
    if typed:
        begin = join(words.say("I don't know {typed} here.", typed=Code(typed)), " ", begin)
    if not drafts:
        return paragraphs(begin)
    return paragraphs(
        begin,
        words.say(
            "You have begun {drafts}: {edit} goes on with it.",
            drafts=words.listing(list(drafts)),
            edit=Code(f"{sign}practice edit {drafts[-1]}"),
        ),
    )


def no_number(words: Words, typed: str, example: str) -> Reply:
    return paragraphs(
        words.say(
            "{typed} is no number that I know. They look like {example}.",
            typed=Code(typed),
            example=Code(example),
        )
    )


def unknown_practice(words: Words, number: int, list_: str) -> Reply:
    return paragraphs(
        words.say(
            "I have no {name} for you. {list} shows what there is.",
            name=Code(f"P-{number}"),
            list=Code(list_),
        )
    )


def not_yours(words: Words, practice: Practice) -> Reply:
    return paragraphs(
        words.say(
            "{name} is {author}'s. They can do that, or a coordinator of their cluster.",
            name=practice.name,
            author=practice.author.display_name,
        )
    )


# ── five questions ────────────────────────────────────────────────────────────────────────────


def begins(words: Words, practice: Practice, cluster: str) -> Inline:
    """The first line of the questions; cluster: its title, "" if nobody knows it."""
    if not cluster:
        return words.say(
            "{name}: five short questions. Three answers are enough to share it. Take your time:"
            " I keep what you wrote.",
            name=Strong(practice.name),
        )
    return words.say(
        "{name}: five short questions. Three answers are enough to share it with {cluster}; I post"
        " it there once you have answered all five or say {done}. Take your time: I keep what you"
        " wrote.",
        name=Strong(practice.name),
        cluster=cluster,
        done=Code("done"),
    )


def question(
    words: Words,
    field: PracticeField,
    *,
    before: Sequence[Inline] = (),
    now: str = "",
) -> Reply:
    """One of the five questions. before: lines about what was just said; now: what it says yet."""
    number = FIVE.index(field) + 1
    blocks: list[Block] = [Paragraph(line) for line in before]
    blocks.append(
        Paragraph(
            join(
                Strong(f"{number}/{len(FIVE)}"),
                " ",
                words.say(PROMPTS[field]),
                " ",
                words.say("(up to {limit} characters)", limit=LIMITS[field]),
            )
        )
    )
    if now:
        blocks.append(Quote((Text(now),)))
    steer = words.say(
        "Answer in one message, in your language. {skip}, {back}, {done} and {cancel} work, too.",
        skip=Code("skip"),
        back=Code("back"),
        done=Code("done"),
        cancel=Code("cancel"),
    )
    if number == 1 or now:
        blocks.append(Paragraph(steer))
    return Reply(tuple(blocks))


def one_field(words: Words, field: PracticeField, now: str) -> Reply:
    """A question for an optional field."""
    asked = words.say("What shall {field} say?", field=Strong(words.text(LABELS[field])))
    choices = CHOICES.get(field)
    if choices:
        asked = join(asked, " ", words.say("One of {choices}.", choices=_codes(tuple(choices))))
    blocks: list[Block] = [Paragraph(asked)]
    if now:
        blocks.append(Quote((Text(now),)))
    blocks.append(Paragraph(words.say("{skip} leaves it as it is.", skip=Code("skip"))))
    return Reply(tuple(blocks))


def noted(words: Words, fields: Sequence[PracticeField]) -> Inline:
    return words.say("Noted: {fields}.", fields=field_names(words, fields))


def too_long(words: Words, field: PracticeField, text: str, fits: str, excess: int) -> Inline:
    """fits: what would be kept by `cut`; its last words show where that ends."""
    name = Strong(words.text(LABELS[field]))
    end = " ".join(fits.split()[-4:])
    if field is F.ENGLISH_SUMMARY:
        over = words.say(
            "{field} has {count} words, {excess} more than the {limit} that fit.",
            field=name, count=len(text.split()), excess=excess, limit=SUMMARY_WORDS,
        )  # fmt: skip
    else:
        over = words.say(
            "{field} has {count} characters, {excess} more than the {limit} that fit.",
            field=name, count=len(text), excess=excess, limit=LIMITS[field],
        )  # fmt: skip
    return join(
        over,
        " ",
        words.say(
            "I kept all of it. Edit your message to shorten it, or write a shorter one, or say"
            " {cut}: then it ends with “… {end}”.",
            cut=Code("cut"),
            end=Text(end),
        ),
    )


def words_please(words: Words) -> Inline:
    return words.say("I keep no pictures or files. Please tell it in words.")


def first_already(words: Words) -> Inline:
    return words.say("That is the first question.")


def strange_field(words: Words, name: str, meant: str) -> Inline:
    if meant:
        return words.say(
            "I don't know the field {name}. Did you mean {meant}? Edit your message and I read it"
            " again.",
            name=Code(name),
            meant=Code(meant),
        )
    return words.say(
        "I don't know the field {name}, so I took that line as part of the one before. Fields are"
        " {fields}, and a few more: {help}.",
        name=Code(name),
        fields=_codes([name_in("en", each) for each in FIVE]),
        help=Code("help practice edit"),
    )


def not_one_of(words: Words, refused: NotOneOf) -> Inline:
    return words.say(
        "{field} cannot be {typed}. It can be {choices}.",
        field=Strong(words.text(LABELS[refused.field])),
        typed=Code(refused.typed),
        choices=_codes(refused.choices),
    )


def stopped(words: Words, practice: Practice, sign: str, *, empty: bool) -> Reply:
    if empty:
        return paragraphs(words.say("All right, nothing is kept."))
    return paragraphs(
        words.say(
            "All right. What you wrote is kept as {name}, for you and your coordinator alone:"
            " {edit} goes on, {withdraw} deletes it.",
            name=practice.name,
            edit=Code(f"{sign}practice edit {practice.name}"),
            withdraw=Code(f"{sign}practice withdraw {practice.name}"),
        )
    )


def kept_as_draft(
    words: Words, practice: Practice, lacking: Sequence[PracticeField], sign: str
) -> Reply:
    return paragraphs(
        words.say(
            "Kept as a draft, {name}, for you and your coordinator alone. To share it I still need:"
            " {fields}. {edit} goes on, whenever you like.",
            name=practice.name,
            fields=field_names(words, lacking),
            edit=Code(f"{sign}practice edit {practice.name}"),
        )
    )


def no_cluster(words: Words, practice: Practice, sign: str) -> Reply:
    return paragraphs(
        words.say(
            "{name} is ready, but I don't know to which cluster it belongs. Say {share} in the room"
            " of that cluster.",
            name=practice.name,
            share=Code(f"{sign}practice edit {practice.name} share"),
        )
    )


def shared(
    words: Words,
    practice: Practice,
    cluster: str,
    lacking: Sequence[PracticeField],
    sign: str,
    before: Sequence[Inline] = (),
) -> Reply:
    lines = [
        *before,
        words.say(
            "Thank you! {name} is shared with {cluster}. Edit your messages and it follows;"
            " {withdraw} takes it back.",
            name=Strong(practice.name),
            cluster=cluster,
            withdraw=Code(f"{sign}practice withdraw {practice.name}"),
        ),
    ]
    if lacking:
        lines.append(
            words.say(
                "To be published it still needs: {fields}. {edit} goes on, whenever you like.",
                fields=field_names(words, lacking),
                edit=Code(f"{sign}practice edit {practice.name}"),
            )
        )
    else:
        lines.append(
            words.say(
                "{review} asks two other cities and the facilitator to look at it.",
                review=Code(f"{sign}practice review {practice.name}"),
            )
        )
    return paragraphs(*lines)


_DETAILS = {
    Detail.PHONE: N_("a telephone number"),
    Detail.EMAIL: N_("an e-mail address"),
    Detail.ACCOUNT: N_("the number of a bank account"),
}


def details_seen(
    words: Words, practice: Practice, cluster: str, seen: Sequence[Detail], sign: str = ""
) -> Reply:
    """In private, to its author; nothing is held back for it."""
    return paragraphs(
        words.say(
            "In {name} stands what looks like {details}. All of {cluster} can read it there, and it"
            " goes into exports.",
            name=Strong(practice.name),
            details=words.listing([words.text(_DETAILS[one]) for one in seen]),
            cluster=cluster,
        ),
        words.say(
            "If it is meant for everybody, all is well. If it is somebody's own, edit your message,"
            " or say {edit}: the card follows.",
            edit=Code(f"{sign}practice edit {practice.name}"),
        ),
    )


def changed(
    words: Words, practice: Practice, fields: Sequence[PracticeField], before: Sequence[Inline] = ()
) -> Reply:
    line = (
        words.say(
            "{name} says so now: {fields}.", name=practice.name, fields=field_names(words, fields)
        )
        if fields
        else words.say("{name} stays as it is.", name=practice.name)
    )
    return paragraphs(*before, line)


def which_field(words: Words, practice: Practice, sign: str) -> Reply:
    """All five are answered: what shall be changed?"""
    return paragraphs(
        words.say(
            "{name} has all five answers. To change one, say for example {example}; also {more}.",
            name=practice.name,
            example=Code(f"{sign}practice edit {practice.name} Watch out: …"),
            more=_codes(
                [name_in("en", each) for each in (F.TAGS, F.SINCE, F.EVIDENCE, F.COST_BAND)]
            ),
        )
    )


def taken_out(words: Words, practice: Practice, fields: Sequence[PracticeField]) -> Inline:
    return words.say(
        "I took that out of {name}: {fields}.",
        name=practice.name,
        fields=field_names(words, fields),
    )


# ── capture ───────────────────────────────────────────────────────────────────────────────────


def capture_what(words: Words, sign: str) -> Reply:
    return paragraphs(
        words.say(
            "Reply with {capture} to the message that is worth keeping, or put a 📌 on it.",
            capture=Code(f"{sign}practice capture"),
        )
    )


def nothing_to_capture(words: Words, sign: str) -> Reply:
    """The archive does not hold that message."""
    return paragraphs(
        words.say(
            "I don't hold the words of that message: this room keeps no archive, or its author's"
            " words are not kept. {share} takes it from you.",
            share=Code(f"{sign}practice share"),
        )
    )


def captured_already(words: Words, number: int) -> Reply:
    return paragraphs(words.say("That message is {name} already.", name=Code(f"P-{number}")))


def asked_author(words: Words, author: str) -> Reply:
    return paragraphs(words.say("I have asked {author} first.", author=author))


def may_i(words: Words, by: str, said: str, link: MessageLink) -> Reply:
    """To the author of a message that somebody else captured."""
    return Reply(
        (
            Paragraph(
                words.say(
                    "{by} thinks that other cities could use what you wrote ({link}):",
                    by=Strong(by),
                    link=link,
                )
            ),
            Quote((Text(said),)),
            Paragraph(
                words.say(
                    "May I make a draft of it, under your name? Say {yes} or {no}, or tap 👍 or 👎."
                    " Until then nothing is kept.",
                    yes=Code("yes"),
                    no=Code("no"),
                )
            ),
        )
    )


def yes_or_no(words: Words) -> Reply:
    return paragraphs(
        words.say("Shall I make a draft of it? {yes} or {no}.", yes=Code("yes"), no=Code("no"))
    )


def stays_talk(words: Words) -> Reply:
    return paragraphs(words.say("All right, it stays talk, and nothing is kept."))


def would_rather_not(words: Words, author: str) -> Reply:
    return paragraphs(
        words.say("{author} would rather not share it. Nothing is kept.", author=author)
    )


def captured(words: Words, practice: Practice) -> Inline:
    return words.say(
        "{name} begins with your words, as the answer to “What we do”. The rest is five short"
        " questions, whenever you like.",
        name=Strong(practice.name),
    )


# ── steps ─────────────────────────────────────────────────────────────────────────────────────

CANNOT: Mapping[PracticeState, str] = {
    S.CAPTURED: N_("{name} waits for its author's yes."),
    S.DRAFT: N_("{name} is a draft; {edit} goes on with it."),
    S.SHARED: N_("{name} is shared, and not reviewed yet; {review} begins that."),
    S.UNDER_REVIEW: N_("{name} is under review; {show} shows how far."),
    S.NEEDS_INFO: N_("{name} waits for something that a reviewer asked for; {edit} adds it."),
    S.PUBLISHED: N_("{name} is published already; {retire} ends it, with the reason."),
    S.RETIRED: N_("{name} is retired; {show} shows why."),
    S.WITHDRAWN: N_("{name} was withdrawn; {share} begins anew."),
}


def cannot(words: Words, practice: Practice, sign: str) -> Reply:
    """A step that may not be taken from here, and what may."""
    commands = ("edit", "review", "show", "retire")
    named = {each: Code(f"{sign}practice {each} {practice.name}") for each in commands}
    return paragraphs(
        words.say(
            CANNOT[practice.state],
            name=practice.name,
            share=Code(f"{sign}practice share"),
            **named,
        )
    )


def lacks(words: Words, practice: Practice, lacking: Sequence[PracticeField], sign: str) -> Reply:
    return paragraphs(
        words.say(
            "{name} still needs: {fields}. {edit} asks for it.",
            name=practice.name,
            fields=field_names(words, lacking),
            edit=Code(f"{sign}practice edit {practice.name}"),
        )
    )


def not_reviewed(words: Words, practice: Practice, reviewed: Reviewed, sign: str) -> Reply:
    """Who has not answered the three questions yet."""
    wanted: list[Inline] = []
    if reviewed.peers_missing == PEERS:
        wanted.append(words.say("peers of two other cities"))
    elif reviewed.peers_missing:
        wanted.append(words.say("a peer of one more other city"))
    if not reviewed.facilitator:
        wanted.append(words.say("the expert facilitator"))
    listed = (
        wanted[0]
        if len(wanted) == 1
        else words.say("{one} and {other}", one=wanted[0], other=wanted[-1])
    )
    return paragraphs(
        words.say(
            "{name} is not reviewed yet: I wait for {who}. They say {review}; it takes a minute.",
            name=practice.name,
            who=listed,
            review=Code(f"{sign}practice review {practice.name}"),
        )
    )


def published(words: Words, practice: Practice) -> Reply:
    return paragraphs(
        words.say(
            "{name} is published: every city of the network can find it now. Thank you, {author}!",
            name=Strong(practice.name),
            author=practice.author.display_name,
        )
    )


def retired(words: Words, practice: Practice) -> Reply:
    return paragraphs(
        words.say(
            "{name} is retired. It stays to be found, with the reason: that is worth as much as a"
            " success. Thank you, {author}.",
            name=Strong(practice.name),
            author=practice.author.display_name,
        )
    )


def surely(words: Words, practice: Practice, sign: str) -> Reply:
    return paragraphs(
        words.say(
            "That deletes {name}, its card and what reviewers said of it, for good. {withdraw} does"
            " it.",
            name=practice.name,
            withdraw=Code(f"{sign}practice withdraw {practice.name} yes"),
        )
    )


def withdrawn(words: Words, name: str) -> Reply:
    return paragraphs(words.say("{name} is withdrawn. Its words are deleted.", name=name))


def withdrawn_with_its_message(words: Words, name: str) -> Reply:
    return paragraphs(
        words.say("{name} is withdrawn: the message that it was made of was deleted.", name=name)
    )


# ── the list ──────────────────────────────────────────────────────────────────────────────────


def listing(
    words: Words,
    rows: Sequence[tuple[Practice, str, MessageLink | None]],
    *,
    what: str,
    more: int,
    sign: str,
) -> Reply:
    """rows: a practice, its city's name, its card; what: as asked for; more: not shown."""
    if not rows:
        line = (
            words.say("Nothing here for {what}.", what=Strong(what))
            if what
            else words.say("No practices yet.")
        )
        share = words.say("{share} begins one.", share=Code(f"{sign}practice share"))
        return paragraphs(join(line, " ", share))
    total = len(rows) + more
    head = words.plural("{number} practice", "{number} practices", total)
    if what:
        head = join(head, " · ", Strong(what))
    lines = [_row(words, practice, city, link) for practice, city, link in rows]
    blocks: list[Block] = [Paragraph(join(head, ":")), items(*lines)]
    if more:
        blocks.append(
            Paragraph(
                words.plural(
                    "{number} more: {export} sends them all as a file.",
                    "{number} more: {export} sends them all as a file.",
                    more,
                    export=Code(f"{sign}practice export"),
                )
            )
        )
    return Reply(tuple(blocks))


def _row(words: Words, practice: Practice, city: str, link: MessageLink | None) -> Inline:
    title = practice.text(F.TITLE) or practice.text(F.PROBLEM)[:60]
    named: Inline = (link,) if link else (Strong(practice.name),)
    state = words.text(STATES[practice.state])
    about = [part for part in (title, city, state) if part]
    return join(named, " ", Text(" · ".join(about)))


def shelf(
    words: Words,
    retired: Sequence[tuple[Practice, str]],
    ended: Sequence[tuple[str, str, str, str]],
) -> Reply:
    """What was tried and ended: practices with their city; transfers with number, title, city,
    reason."""
    if not retired and not ended:
        return paragraphs(words.say("Nothing was stopped or retired so far."))
    lines: list[tuple[Inline, ...]] = []
    for practice, city in retired:
        head = join(Strong(practice.name), " ", Text(practice.text(F.TITLE)), f" · {city}")
        lines.append((head, words.say("Retired, because: {why}", why=Text(practice.reason))))
    for name, title, city, why in ended:
        head = join(Strong(name), " ", Text(title), f" · {city}")
        lines.append((head, words.say("Stopped, because: {why}", why=Text(why or "–"))))
    return Reply(
        (
            Paragraph(words.say("What was tried and ended. Thank you to all who say so:")),
            Items(tuple(lines)),
        )
    )


def suggestions(words: Words, *, on: bool) -> Reply:
    if on:
        return paragraphs(words.say("I point to practices that look close, once in a thread."))
    return paragraphs(words.say("I point to no practices in this room any more."))


def looks_close(words: Words, name: str, title: str, city: str, link: MessageLink | None) -> Reply:
    """One quiet pointer."""
    shown: Inline = (link,) if link else (Strong(name),)
    return paragraphs(
        words.say(
            "{practice} from {city} looks close: {title}", practice=shown, city=city, title=title
        )
    )


def exported(words: Words, number: int) -> Reply:
    return paragraphs(words.plural("{number} practice", "{number} practices", number))


def _codes(names: Sequence[str]) -> Inline:
    line: Inline = ()
    for place, name in enumerate(names):
        line = join(line, ", " if place else "", Code(name))
    return line
