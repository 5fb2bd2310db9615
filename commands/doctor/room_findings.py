"""The words of what is found in the community's rooms, also told unasked in safe mode."""

from commands.doctor.findings import judged, well
from commands.doctor.rules import Finding, Level
from commands.words import N_, Words


def room_well(words: Words, check: str, name: str) -> Finding:
    return well(words, check, N_("{name}: joined, with all rights it takes"), name=name)


def room_absent(words: Words, check: str, name: str) -> Finding:
    return judged(
        words,
        Level.FAIL,
        check,
        N_("There is no room for {name} yet."),
        N_("Restart the hall, which makes it; if it was refused, the log says why."),
        name=name,
    )


def room_left(words: Words, check: str, name: str, me: str) -> Finding:
    return judged(
        words,
        Level.FAIL,
        check,
        N_("I am not in {name} any more: somebody removed me."),
        N_("A member who may invite can ask {me} in again. I do nothing there meanwhile."),
        name=name,
        me=me,
    )


def room_closed(words: Words, check: str, name: str, me: str) -> Finding:
    """The homeserver does not show it to us, and does not tell why."""
    return judged(
        words,
        Level.FAIL,
        check,
        N_("I am banned from {name}, or the room is gone."),
        N_(
            "A room admin can lift the ban and invite {me} again. If the room is gone for good, "
            "give the cluster another slug in the configuration: a new room is made at the next "
            "start."
        ),
        name=name,
        me=me,
    )


def room_mute(words: Words, check: str, name: str, me: str, rights: str) -> Finding:
    """What the hall cannot do without there. rights: event types."""
    return judged(
        words,
        Level.FAIL,
        check,
        N_("I have no right to do my work in {name}: {rights}"),
        N_("A room admin can raise the power level of {me} there, best to 100."),
        name=name,
        me=me,
        rights=rights,
    )


def room_weak(words: Words, check: str, name: str, me: str, rights: str) -> Finding:
    """What the hall would like to do there. rights: event types."""
    return judged(
        words,
        Level.WARN,
        check,
        N_("Some rights are missing in {name}: {rights}"),
        N_("A room admin can raise the power level of {me} there, best to 100."),
        name=name,
        me=me,
        rights=rights,
    )


def room_refused(words: Words, check: str, name: str, errcode: str) -> Finding:
    return judged(
        words,
        Level.FAIL,
        check,
        N_("The homeserver refused what {name} needs ({errcode})."),
        N_(
            "The log says what it was. Mostly an alias is taken, or the homeserver's policy "
            "forbids it; its administrators can tell. I try again at the next start."
        ),
        name=name,
        errcode=errcode,
    )


def room_unreachable(words: Words, check: str, name: str) -> Finding:
    return judged(
        words,
        Level.FAIL,
        check,
        N_("The homeserver keeps failing over {name}, while it answers for other rooms."),
        N_("Its administrators can see why in the homeserver's log. I keep trying."),
        name=name,
    )


def room_broke(words: Words, check: str, name: str) -> Finding:
    return judged(
        words,
        Level.FAIL,
        check,
        N_("Something went wrong on my side over {name}."),
        N_("My log says what; please report it. I try again at the next start."),
        name=name,
    )


def no_space(words: Words, check: str, name: str) -> Finding:
    return judged(
        words,
        Level.FAIL,
        check,
        N_("{name} has no room yet, and I make none while I cannot use the Space."),
        N_("Mend the Space first; the room is made at the next start."),
        name=name,
    )


def linked(words: Words, check: str, name: str) -> Finding:
    return well(words, check, N_("{name} and the Space name each other"), name=name)


def link_missing(words: Words, check: str, name: str, *, child: bool, parent: bool) -> Finding:
    """Which of the two links is not there. child: the Space's; parent: the room's."""
    if child and parent:
        said = N_("{name} and the Space do not name each other.")
    elif child:
        said = N_("The Space does not list {name}.")
    else:
        said = N_("{name} does not name the Space.")
    cure = N_(
        "Restart the hall, which links them; if it lacks the right, a Space admin can add the "
        "room in their client."
    )
    return judged(words, Level.WARN, check, said, cure, name=name)
