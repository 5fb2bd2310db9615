"""Every command there is, in the order of `!help`; a new one is a line here."""

from commands.command import AnyCommand
from commands.help.handlers import help_about
from commands.members.handlers import WHOAMI

CATALOGUE: tuple[AnyCommand, ...] = (
    help_about(lambda: CATALOGUE),
    WHOAMI,
)
