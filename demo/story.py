"""A week of the community in under a minute: what its people say, and what the hall answers."""

from datetime import UTC, datetime, timedelta

from demo.community import practice_form
from demo.hall import Setup
from demo.paper import page
from demo.stage import COORDINATORS, DIRECT, Stage

WELCOME, VOLUNTEERS = "welcoming-culture", "migrants-as-volunteers"
NEIGHBOURS, YOUNG = "neighbourhood-cooperation", "young-migrants"
LISTENER = "elena"  # she is in all four rooms
STAFF = ("paula", "hanne", "rui", "nils")
KEYS = """!practice share
Titel: Schlüssel für die Gruppen
Problem: Abends ist das Quartierhaus zu.
Was wir tun: Jede Gruppe hat einen Schlüssel; ihn gibt Frau Meier, +41 44 000 12 34."""
CAST = (
    *STAFF, LISTENER,
    "ingrid", "fatou", "regula", "samir",
    "carmen", "youssef", "blessing",
    "katrin", "helen", "andris",
    "zahra", "callum", "ibrahim",
)  # fmt: skip


async def tell(stage: Stage, setup: Setup) -> None:
    """The whole story; raises StoryError at the first thing that does not come."""
    await gather(stage, setup)
    await monday(stage)
    await practices(stage)
    await tuesday(stage)
    await a_file(stage)
    await wednesday(stage)
    await thursday(stage)
    await friday(stage)
    await a_date_in_a_day(stage)
    await goodbye(stage)
    await monday_again(stage)
    await count(stage)


async def gather(stage: Stage, setup: Setup) -> None:
    """The hall makes its rooms; people come in through the Space; Paula says who is who."""
    out = stage.transcript
    with out.work("The hall makes its rooms", "the hall has made its Space and rooms"):
        await stage.hall.start()
    clusters = stage.community.clusters
    for cluster in clusters:
        out.line(f"    {cluster.title}{' 🔒' if cluster.encrypted else ''}", "bold")
    with out.work("People sign in", f"{len(CAST)} of {len(stage.accounts)} people have signed in"):
        await stage.arrive(CAST)
        await stage.find_rooms("paula", setup.slug)
    members = [name for name in CAST if name not in STAFF]
    with out.work("They join their rooms", "they have joined their rooms through the Space"):
        await stage.join("paula", members)
        await stage.settled()
    placed = [stage.community.member(name) for name in members]
    with out.work("Paula says who is who", "Paula has told the hall who is who, with !member set"):
        for one in placed:
            given = [f"city:{one.city}"] if one.city else []
            given += [f"role:{role}" for role in one.roles]
            await stage.asks(
                "paula", DIRECT, f"member set {one.user_id} {' '.join(given)}",
                "Noted", one.display_name, show=False,
            )  # fmt: skip


async def monday(stage: Stage) -> None:
    """Talk, help, a search in the room, a summary."""
    out = stage.transcript
    out.scene("Monday", "Welcoming culture")
    await stage.shows_pinned(WELCOME, "This room keeps an archive", most=2)
    said = await stage.replays("th-a02", most=4)
    summary = await stage.asks(
        "hanne", WELCOME, "!thread summary", "Regula", thread=said[0], link_to=said[0], most=5
    )
    await stage.taps("regula", WELCOME, summary, "✅")
    await stage.sees("hanne", WELCOME, "Regula", "has confirmed this summary", most=1)
    out.note("Samir is new. Each command is answered in its own thread; the room stays calm.")
    await stage.asks("samir", WELCOME, "!help", "!search", "!privacy", most=4)
    await stage.asks("samir", WELCOME, "!whoami", "Samir Haddad", "Portoselva", most=3)
    await stage.asks("samir", WELCOME, "!city Havnvoll", "Norway", "Ingrid Solheim")
    await stage.asks("fatou", WELCOME, "!search hosting", "Found", "steady host", link_to=said[1])
    await stage.asks("fatou", WELCOME, "!search staedy host", "Did you mean !search steady host?")


async def practices(stage: Stage) -> None:
    """A practice in one message, its card, and a city that takes it up."""
    out = stage.transcript
    out.note("Ingrid shares what her city does: one message, in Norwegian. A card stands for it.")
    await stage.asks("ingrid", WELCOME, practice_form("pr-a01"), "P-1 is shared", most=1)
    await stage.sees("regula", WELCOME, "P-1 ·", "Velkomstkaffe", most=3)
    await stage.asks("regula", WELCOME, "!practice transfer P-1", "T-1", most=1)
    await stage.told("ingrid", "Limmerau is looking at P-1")
    out.note("Regula's names a colleague with her number. Only she is told, and she decides.")
    await stage.asks("regula", WELCOME, KEYS, "P-2 is shared", most=1)
    await stage.told("regula", "what looks like a telephone number")
    out.note("Samir tells his in five short questions, whenever he has a minute.")
    await stage.asks("samir", WELCOME, "!practice share", "1/5", most=2)
    await stage.asks(
        "samir", WELCOME, "Festival of small Sundays", "2/5", thread=stage.latest, most=1
    )


async def tuesday(stage: Stage) -> None:
    """An encrypted room, and the hall killed between a question and its answer."""
    out = stage.transcript
    out.scene("Tuesday", "Migrants as volunteers", encrypted=True)
    said = await stage.replays("th-b02", most=4)

    meantime = stage.line("th-b08/0")

    async def cut() -> None:
        await stage.hall.kill()
        answered = await stage.has_answer("carmen", stage.latest)
        out.note(
            f"Here the hall is killed (kill -9) {'after' if answered else 'before'} its answer."
        )
        await stage.says(meantime.member, VOLUNTEERS, meantime.text)
        with out.waiting("The hall starts again …"):
            await stage.hall.start()
        out.note("It is started again, and answers Carmen in her thread, once:")

    await stage.asks(
        "carmen", VOLUNTEERS, "!search bonos", "bonos", "Youssef", link_to=said[2],
        meanwhile=cut,
    )  # fmt: skip


async def a_file(stage: Stage) -> None:
    """A file that is kept and found, and that leaves the disk when its author deletes it."""
    out = stage.transcript
    out.note("This community keeps files, too. Carmen sends one.")
    secret = "Amina B., Calle del Pozo 3, martes y jueves"
    data = page(["Lista de voluntarios, primavera", secret])
    sent = await stage.sends_file("carmen", VOLUNTEERS, "lista-primavera.pdf", data)
    looked_at = await stage.keeps(data, times=1)
    out.note(f"The hall has fetched and decrypted it: 1 of the {looked_at} files in its folder.")
    answer = await stage.asks(
        "youssef", VOLUNTEERS, "!search primavera has:file", "lista-primavera.pdf", link_to=sent
    )
    await stage.deletes(
        "carmen", VOLUNTEERS, sent, answer, asker="youssef",
        why="It names somebody who was not asked.",
    )  # fmt: skip
    looked_at = await stage.keeps(secret.encode("latin-1"), times=0)
    out.note(f"Gone from the disk: of {looked_at} files in the hall's folder none holds its words.")
    await stage.asks("youssef", VOLUNTEERS, "!search has:file", "Nothing found")


async def wednesday(stage: Stage) -> None:
    """Five cities, four languages, a correction; what is kept about me, and of this room."""
    out = stage.transcript
    out.scene("Wednesday", "Neighbourhood cooperation")
    said = await stage.replays("th-c02", most=3)
    line = stage.line("th-c02/3")
    slip = line.text.replace("trīs", "trīsdesmit")
    edited = await stage.says(line.member, NEIGHBOURS, slip, thread=said[0])
    await stage.edits(line.member, NEIGHBOURS, edited, line.text)
    out.note("What he wrote first is not found any more.")
    await stage.asks("andris", NEIGHBOURS, "!search trīsdesmit", "Nothing found")
    await stage.asks("helen", NEIGHBOURS, "!privacy", "1 message of yours", private=True, most=3)
    await stage.asks("katrin", NEIGHBOURS, "!archive status", "the archive is on", "4 messages")
    out.note("Hanne coordinates, and could throw all of it away. She only looks.")
    await stage.asks("hanne", NEIGHBOURS, "!archive purge", "It cannot be undone", most=1)


async def thursday(stage: Stage) -> None:
    """Slips and refusals, kindly."""
    out = stage.transcript
    out.scene("Thursday", "Young migrants", encrypted=True)
    said = await stage.replays("th-d01", most=3)
    await stage.asks("callum", YOUNG, "!serch terms", "Did you mean !search?")
    await stage.asks("zahra", YOUNG, "!search", "What shall I look for?")
    await stage.asks(
        "zahra", YOUNG, "séance", "séances", "Ibrahim", link_to=said[2], thread=stage.latest
    )  # fmt: skip
    await stage.asks("callum", YOUNG, "!member list", "for coordinators")


async def friday(stage: Stage) -> None:
    """Something that should not have been said; what one finds from the direct chat; the desk."""
    out = stage.transcript
    out.scene("Friday", "Welcoming culture")
    address, *_ = await stage.replays("th-a09", most=1)

    out.scene("Friday", "Direct chats with Moothall", encrypted=True)
    out.note("That was too much about one family. Hanne looks whether it can be found.")
    quoting = await stage.asks("hanne", DIRECT, "search cedri", "Cedri", link_to=address)
    await stage.deletes("hanne", WELCOME, address, quoting)
    await stage.asks("hanne", DIRECT, "search cedri", "Nothing found")
    out.note("Elena is in all rooms. One word finds what was said in Spanish and French.")
    await stage.asks("elena", DIRECT, "search transports", "bons de transport", "transporte")
    out.note("Samir is in one room, and it was said in another: he finds none of it.")
    await stage.asks("samir", DIRECT, "search tarjeta", "Nothing found", absent=("asociación",))

    out.scene("Friday", "The coordinators' room")
    await stage.asks("rui", COORDINATORS, "!member list Peñasol", "Carmen Ibáñez", private=True)
    await stage.asks("nils", COORDINATORS, "!admin status", "All is well", private=True)


async def a_date_in_a_day(stage: Stage) -> None:
    """A visit is proposed, asked in three ways, counted, decided, and put into calendars."""
    out = stage.transcript
    out.scene("Friday", "Welcoming culture: a date in a day")
    monday = datetime.now(UTC).date() + timedelta(days=120)
    monday -= timedelta(days=monday.weekday())
    later = monday + timedelta(weeks=2)
    propose = f'!visit propose Havnvoll {monday} {later} days:3 title:"How newcomers are met"'
    await stage.asks(
        "ingrid", WELCOME, propose, "V-1", "Nobody has been asked yet", "Hanne", most=8
    )
    await stage.says("ingrid", WELCOME, "!visit open V-1")
    await stage.sees(LISTENER, WELCOME, "V-1", "Which dates suit you?", most=6)
    out.note("One tap in a poll, a few words, or 1️⃣ 2️⃣ on the card: all count the same.")
    await stage.votes("regula", WELCOME, 1, 2, "No")
    await stage.votes("regula", WELCOME, 2, 0, "Yes")
    await stage.asks("samir", WELCOME, "!vote 1 maybe 2 yes", "Noted for Portoselva")
    await stage.asks("hanne", WELCOME, "!vote yes", "Noted for Hanne")
    await stage.asks("ingrid", WELCOME, "!vote yes", "Noted for Havnvoll")
    await stage.says("hanne", WELCOME, "!visit close V-1")
    await stage.sees(LISTENER, WELCOME, "closed on", "Suggested: date 2", most=12)
    await stage.says("hanne", WELCOME, "!visit confirm V-1")
    await stage.sees(LISTENER, WELCOME, "decided:", most=4)
    await stage.sees(LISTENER, WELCOME, "for your calendar", most=2)
    out.note("What is promised there stays visible on the city's card until it is done.")
    await stage.asks(
        "ingrid", WELCOME, "!action add V-1 ask the library for its keys", "A-1", most=1
    )
    await stage.asks("samir", WELCOME, "!city Havnvoll", "V-1", "A-1 ask the library", most=8)


async def monday_again(stage: Stage) -> None:
    """A question that is looked after; the week as the coordinators find it drafted."""
    out = stage.transcript
    out.scene("Monday", "Welcoming culture: the week, drafted")
    await stage.asks(
        "regula", WELCOME, "!ask Who is liable when a volunteer's walking group has an accident?",
        "Q-1", "is noted", most=2,
    )  # fmt: skip
    await stage.asks("samir", DIRECT, "digest me 07:30", "five lines of your own", most=2)
    out.note("On Monday at seven Hanne finds it drafted; this is how it would read now.")
    await stage.asks(
        "hanne", COORDINATORS, "!digest preview Welcoming culture",
        "how the digest would read", "P-1", "V-1", most=12,
    )  # fmt: skip


async def goodbye(stage: Stage) -> None:
    """Somebody who moves on takes a copy of what is stored, and is erased."""
    out = stage.transcript
    out.scene("Friday", "Callum's direct chat with Moothall", encrypted=True)
    out.note("Callum moves on. First a copy of all that is stored about him, then it goes.")
    await stage.says("callum", DIRECT, "privacy export")
    await stage.told("callum", "about-me-")
    await stage.asks("callum", DIRECT, "privacy erase", "I would erase this of you", most=2)
    await stage.asks("callum", DIRECT, "privacy erase yes", "I am erasing it", most=1)
    await stage.told("callum", "Done. This was erased", "check value")


async def count(stage: Stage) -> None:
    """Nothing was answered twice, nothing was left out."""
    stage.transcript.line()
    with stage.transcript.work(
        "The answers are counted", "every question was answered exactly once"
    ):
        await stage.each_answered_once()
