"""The words of each finding: what it is like, and what helps."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from commands.doctor.rules import (
    Finding,
    Level,
    judge_clock,
    judge_delay,
    judge_disk,
    judge_keys,
    judge_space,
)
from commands.words import N_, Words

MEBIBYTE = 1 << 20
MOST_NAMED = 5  # of the people whom one finding concerns


def well(words: Words, check: str, said: str, /, **values: str | int) -> Finding:
    """All is as it should be."""
    return Finding(check, Level.OK, words.text(said, **values))


def judged(
    words: Words, level: Level, check: str, said: str, cure: str, /, **values: str | int
) -> Finding:
    """As a rule has judged it; the cure is told only if it is needed."""
    if level is Level.OK:
        return Finding(check, level, words.text(said, **values))
    return Finding(check, level, words.text(said, **values), words.text(cure, **values))


def broken(words: Words, check: str, error: str) -> Finding:
    """A check that did not come to an end itself. error: the name of a class, no more."""
    said = N_("This could not be checked ({error}).")
    cure = N_("Mend what fails above or below first and ask again; if it stays, the log says more.")
    return replace(judged(words, Level.WARN, check, said, cure, error=error), known=False)


def version(words: Words, program: str, python: str, running: str | None) -> Finding:
    """Of the program, and of the hall that last started on this database."""
    said = N_("Moothall {program} on Python {python}")
    if running is None or running == program:
        return well(words, "version", said, program=program, python=python)
    return judged(
        words,
        Level.WARN,
        "version",
        N_("This is Moothall {program}, but the hall was last started as {running}."),
        N_("Restart the hall, so that it runs what is installed."),
        program=program,
        running=running,
    )


def disk(words: Words, free_bytes: int) -> Finding:
    """Space left where the data folder is."""
    return judged(
        words,
        judge_disk(free_bytes),
        "disk",
        N_("{free} MiB free for the data folder"),
        N_(
            "Make room on that disk or move the data folder; "
            "when it is full, nothing more can be received."
        ),
        free=free_bytes // MEBIBYTE,
    )


def disk_full(words: Words, *, full: bool) -> Finding:
    """Told unasked, before nothing can be received any more."""
    if not full:
        return well(words, "disk", N_("There is room for what comes"))
    return judged(
        words,
        Level.FAIL,
        "disk",
        N_("The disk that I keep everything on is nearly full."),
        N_("Operators can make room there now; when it is full, I can receive nothing more."),
    )


def files(words: Words, used_bytes: int, most_bytes: int, *, without_room: int) -> Finding:
    """Space that members' files take, of what they may. without_room: names without a file."""
    said = N_("Members' files take {used} of {most} MiB")
    if without_room:
        said = N_("Members' files take {used} of {most} MiB; for {without} there was no room")
    return judged(
        words,
        judge_space(used_bytes, most_bytes),
        "files",
        said,
        N_(
            "Raise media_total_mb in [archive], if the disk has room, or shorten retention. What "
            "comes when nothing fits any more is kept by its name alone, also later."
        ),
        used=used_bytes // MEBIBYTE,
        most=most_bytes // MEBIBYTE,
        without=without_room,
    )


def no_files(words: Words) -> Finding:
    return well(words, "files", N_("Members' files are not kept"))


def files_full(words: Words, *, full: bool) -> Finding:
    """Told unasked, before new files are names alone."""
    if not full:
        return well(words, "files", N_("There is room for members' files"))
    return judged(
        words,
        Level.WARN,
        "files",
        N_("The space for members' files is nearly full. Of what no longer fits I keep the name."),
        N_("Operators can raise media_total_mb, if the disk has room."),
    )


def no_data_folder(words: Words, folder: str) -> Finding:
    return judged(
        words,
        Level.FAIL,
        "disk",
        N_("The data folder {folder} is not there or cannot be read."),
        N_(
            "Check data_folder in the configuration, and whether you run this as the hall's user; "
            "before the first start, run `moothall init`."
        ),
        folder=folder,
    )


def database_answers(words: Words, kind: str) -> Finding:
    return well(words, "database", N_("{kind} answers"), kind=kind)


def database_silent(words: Words, error: str) -> Finding:
    return judged(
        words,
        Level.FAIL,
        "database",
        N_("The database does not answer ({error})."),
        N_(
            "Check database.url in the configuration, that the database runs and lets this user "
            "in, and that the file is whole; a back-up can be restored if it is lost."
        ),
        error=error,
    )


def database_missing(words: Words, file: str) -> Finding:
    return judged(
        words,
        Level.FAIL,
        "database",
        N_("There is no database at {file}."),
        N_(
            "Before the first start, run `moothall init`. Otherwise check database.url and "
            "data_folder, or restore a back-up."
        ),
        file=file,
    )


def migrations(words: Words, current: str | None, head: str) -> Finding:
    """The version of the tables, against the one that this program needs."""
    if current == head:
        return well(words, "migrations", N_("Tables are at {head}, as they should be"), head=head)
    if current is None:
        return judged(
            words,
            Level.FAIL,
            "migrations",
            N_("The database has no tables."),
            N_("Run `moothall init`; if this hall has run before, it is the wrong database."),
        )
    if current < head:
        return judged(
            words,
            Level.FAIL,
            "migrations",
            N_("Tables are at {current}, and this program needs {head}."),
            N_("Make a back-up, then restart the hall: it brings them up to date at start."),
            current=current,
            head=head,
        )
    return judged(
        words,
        Level.FAIL,
        "migrations",
        N_("Tables are at {current}, newer than the {head} that this program knows."),
        N_("Install the newer Moothall again, or restore the back-up from before the upgrade."),
        current=current,
        head=head,
    )


def inbox(words: Words, unanswered: int, retrying: int, oldest: timedelta | None) -> Finding:
    """What came in and is not answered. oldest: how long the oldest of them has waited."""
    level = judge_delay(oldest)
    if level is Level.OK and retrying:
        level = Level.WARN
    if level is Level.OK:
        return well(words, "inbox", N_("{number} unanswered"), number=unanswered)
    return judged(
        words,
        level,
        "inbox",
        N_("Unanswered: {number}, to be tried again: {retrying}, the oldest for {time}"),
        N_("Is the hall running? If it is, its log says which entry fails and why."),
        number=unanswered,
        retrying=retrying,
        time=words.duration(oldest or timedelta()),
    )


def parked(words: Words, number: int) -> Finding:
    """What was given up after five attempts."""
    if not number:
        return well(words, "parked", N_("Nothing was given up"))
    return judged(
        words,
        Level.WARN,
        "parked",
        N_("Given up after five attempts: {number}"),
        N_("`moothall parked list` shows them; then `moothall parked retry` or `drop`."),
        number=number,
    )


def outbox(words: Words, unsent: int, oldest: timedelta | None) -> Finding:
    """What waits to be sent. oldest: how long the oldest of them has waited."""
    level = judge_delay(oldest)
    if level is Level.OK:
        return well(words, "outbox", N_("{number} unsent"), number=unsent)
    return judged(
        words,
        level,
        "outbox",
        N_("Unsent: {number}, the oldest for {time}"),
        N_(
            "Is the hall running, and does the homeserver answer? "
            "A rate limit delays, too: lift it for this account."
        ),
        number=unsent,
        time=words.duration(oldest or timedelta()),
    )


def refused(words: Words, number: int) -> Finding:
    """Posts of the last week that the homeserver would not take."""
    if not number:
        return well(words, "refused", N_("Nothing was refused in the last week"))
    return judged(
        words,
        Level.WARN,
        "refused",
        N_("Refused by the homeserver in the last week: {number}"),
        N_("The log says which and why; mostly it is a right that is missing in a room."),
        number=number,
    )


def gaps(words: Words, unfilled: int, given_up: int, oldest: timedelta | None) -> Finding:
    """Stretches of history still to be fetched, and those that we were not given."""
    if given_up:
        return judged(
            words,
            Level.WARN,
            "gaps",
            N_("History that the homeserver would not give in the last month: {number}"),
            N_(
                "Let the bot read these rooms' history (it must be joined); the log names them. "
                "What is missing there is missing in the archive."
            ),
            number=given_up,
        )
    level = judge_delay(oldest)
    if level is Level.OK:
        return well(words, "gaps", N_("{number} stretches of history to fetch"), number=unfilled)
    return judged(
        words,
        level,
        "gaps",
        N_("Stretches of history to fetch: {number}, the oldest for {time}"),
        N_("Is the hall running? A long history takes hours; the log says how far it is."),
        number=unfilled,
        time=words.duration(oldest or timedelta()),
    )


def waiting_for_keys(words: Words, number: int, oldest: timedelta | None) -> Finding:
    """Encrypted messages that cannot be read yet."""
    level = judge_delay(oldest)
    if level is Level.OK:
        return well(words, "waiting-for-keys", N_("{number} wait for their key"), number=number)
    return judged(
        words,
        Level.WARN,  # their senders' clients decide, not this hall
        "waiting-for-keys",
        N_("Messages that cannot be read without their key: {number}, the oldest for {time}"),
        N_(
            "Ask the senders to open their client once, so that it sends the key, or to say it "
            "again. If nothing can be read any more, look at device and device-signed."
        ),
        number=number,
        time=words.duration(oldest or timedelta()),
    )


def timers(words: Words, pending: int, overdue: int, oldest: timedelta | None) -> Finding:
    """Alarms that are set, and those that should have gone off."""
    level = judge_delay(oldest)
    if level is Level.OK:
        return well(words, "timers", N_("{number} set, none overdue"), number=pending)
    return judged(
        words,
        level,
        "timers",
        N_("Overdue: {number}, the oldest for {time}"),
        N_("Is the hall running? It makes up for them at start; the log says what holds it up."),
        number=overdue,
        time=words.duration(oldest or timedelta()),
    )


def homeserver_answers(words: Words, name: str, url: str) -> Finding:
    said = N_("{name} answers at {url}")
    return well(words, "homeserver", said, name=name, url=url)


def homeserver_silent(words: Words, url: str, reason: str) -> Finding:
    return judged(
        words,
        Level.FAIL,
        "homeserver",
        N_("The homeserver does not answer at {url} ({reason})."),
        N_(
            "Check homeserver.url, the network and the proxy in between, and whether the "
            "homeserver runs. The hall waits and loses nothing."
        ),
        url=url,
        reason=reason,
    )


def clock(words: Words, ahead: timedelta) -> Finding:
    """Our clock against the homeserver's."""
    level = judge_clock(ahead)
    if level is Level.OK:
        return well(words, "clock", N_("This machine and the homeserver agree on the time"))
    way = (
        N_("The clock here is {time} ahead of the homeserver's.")
        if ahead > timedelta()
        else N_("The clock here is {time} behind the homeserver's.")
    )
    cure = N_("Let both machines set their clocks from the network (NTP, chrony).")
    return judged(words, level, "clock", way, cure, time=words.duration(abs(ahead)))


def token_valid(words: Words, user: str) -> Finding:
    return well(words, "token", N_("The homeserver knows us as {user}"), user=user)


def token_dead(words: Words, errcode: str) -> Finding:
    return judged(
        words,
        Level.FAIL,
        "token",
        N_("The homeserver does not accept our login ({errcode})."),
        N_(
            "Somebody logged the bot out or deactivated it. With an access token: configure a new "
            "one. With a password: stop the hall, move the folder crypto out of the data folder, "
            "and start it; it logs in as a new device and cannot read what was encrypted before."
        ),
        errcode=errcode,
    )


def token_missing(words: Words) -> Finding:
    return judged(
        words,
        Level.FAIL,
        "token",
        N_("There is no login in the data folder that could be read."),
        N_(
            "Run `moothall init`. If this hall has run before, check data_folder, run this as the "
            "hall's user, or restore the folder crypto from a back-up."
        ),
    )


def token_of_other(words: Words, expected: str, actual: str) -> Finding:
    return judged(
        words,
        Level.FAIL,
        "token",
        N_("The login is for {actual}, and the configuration says {expected}."),
        N_("Put homeserver.user right, or use the login and the data folder of {expected}."),
        expected=expected,
        actual=actual,
    )


def device_expected(words: Words, device: str) -> Finding:
    return well(words, "device", N_("Device {device}, whose keys are in the store"), device=device)


def device_other(words: Words, expected: str, actual: str) -> Finding:
    return judged(
        words,
        Level.FAIL,
        "device",
        N_("The login is for device {actual}, and the keys are those of {expected}."),
        N_(
            "Device and keys belong together: restore the folder crypto from the same back-up as "
            "the login, or move it away to begin as a new device."
        ),
        expected=expected,
        actual=actual,
    )


def device_keys_lost(words: Words, device: str) -> Finding:
    return judged(
        words,
        Level.FAIL,
        "device",
        N_("The keys of device {device} are not in the data folder."),
        N_(
            "Restore the folder crypto from a back-up. If there is none, stop the hall, move what "
            "is left of that folder away, and start it: it begins as a new device."
        ),
        device=device,
    )


def device_signed(words: Words) -> Finding:
    return well(words, "device-signed", N_("The device is signed by its owner"))


def device_unsigned(words: Words) -> Finding:
    return judged(
        words,
        Level.WARN,
        "device-signed",
        N_("The device is not signed, and the account has no keys to sign it with."),
        N_(
            "Restart the hall, which makes them. If this stays, the homeserver asks for the "
            "password first: configure it for one start. Until then some clients warn of the "
            "device or send it no keys."
        ),
    )


def device_foreign(words: Words) -> Finding:
    return judged(
        words,
        Level.WARN,
        "device-signed",
        N_("The device is not signed by the keys that the account has (cross-signing)."),
        N_(
            "Restart the hall, which signs it if the keys are its own. If they are another "
            "client's, sign the device there, or run `moothall init --replace-signing-keys`: "
            "whoever verified the account before is warned then."
        ),
    )


def device_keys_missing(words: Words) -> Finding:
    return judged(
        words,
        Level.FAIL,
        "device-signed",
        N_("The homeserver has no keys of this device, so nobody can encrypt for it."),
        N_("Start the hall, which uploads them; if it runs already, its log says what fails."),
    )


def one_time_keys(words: Words, number: int) -> Finding:
    return judged(
        words,
        judge_keys(number),
        "one-time-keys",
        N_("One-time keys in stock: {number}"),
        N_(
            "A running hall uploads new ones by itself: start it, or look into its log. Without "
            "them nobody can send it new keys, and it cannot read what they encrypt."
        ),
        number=number,
    )


def devices_unreached(words: Words, owners: Sequence[str]) -> Finding:
    """owners: whose devices cannot be given the keys of what the hall says."""
    if not owners:
        return well(words, "devices-unreached", N_("Every member's devices get our keys"))
    return judged(
        words,
        Level.WARN,
        "devices-unreached",
        N_("Devices that cannot be given keys, so that they cannot read the hall: of {owners}"),
        N_(
            "Ask them to open that client once, or to log out a session that they no longer use; "
            "the hall tries again every ten minutes in which it has something to say."
        ),
        owners=_named(words, owners),
    )


def devices_changed(words: Words, owners: Sequence[str]) -> Finding:
    """owners: who has a device whose keys are others than before."""
    if not owners:
        return well(words, "devices-changed", N_("No member's device has changed its keys"))
    return judged(
        words,
        Level.WARN,
        "devices-changed",
        N_("Devices whose keys were exchanged, and which are not trusted: of {owners}"),
        N_(
            "Ask them whether they reinstalled that client or lost its data: then they log that "
            "session out and in again. If not, somebody else has their login: they end the "
            "session and change their password."
        ),
        owners=_named(words, owners),
    )


def _named(words: Words, owners: Sequence[str]) -> str:
    """The first five, and how many more."""
    if len(owners) <= MOST_NAMED:
        return ", ".join(owners)
    first = ", ".join(owners[:MOST_NAMED])
    return words.text(N_("{first} and {number} more"), first=first, number=len(owners) - MOST_NAMED)
