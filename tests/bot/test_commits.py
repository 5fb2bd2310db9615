"""Which commits a power cut may take: what was heard comes again, what was answered must stay."""

from pathlib import Path

from storage.database import Work, open_database
from tests.bot.test_retry import NoServer
from tests.commands.conftest import ANN
from tests.crash.fuse import T, name_of
from tests.fuzz.wire import raw_message, timeline, wired_hall


class Noting(NoServer):
    """A database that notes which commits are to outlive a power cut."""

    durable: dict[str, bool]

    async def write(self, work: Work[T], *, alone: bool = False, durable: bool = True) -> T:
        self.durable[name_of(work)] = durable
        return await super().write(work, alone=alone, durable=durable)


async def test_an_answer_waits_for_one_disk_not_for_two(tmp_path: Path) -> None:
    """The position goes with what was heard, so it is heard anew; the claim of a post may not go,
    or another word could be sent under its name."""
    database = Noting(await open_database(f"sqlite:///{tmp_path}/hall.db"))
    database.durable = {}
    async with wired_hall(database) as wired:
        await wired.wire.heard_all()
        database.durable.clear()
        await wired.hears(timeline([raw_message("$ask", ANN, "!whoami")]))
        assert len(wired.wire.said) == 1
    await database.close()
    assert database.durable.pop("Intake._take") is False
    assert database.durable["Worker._work_off"] is True
    assert database.durable["Delivery._settle_and_claim"] is True
