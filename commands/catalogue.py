"""Every command there is, in the order of `!help`; a new one is a line here."""

from commands.admin.handlers import ADMIN_STATUS
from commands.archive.handlers import (
    ARCHIVE_EXPORT,
    ARCHIVE_OFF,
    ARCHIVE_ON,
    ARCHIVE_STATUS,
    THREAD_SUMMARY,
)
from commands.archive.past import BACKFILL
from commands.archive.purging import ARCHIVE_PURGE
from commands.clusters import breaks
from commands.clusters.handlers import CITY
from commands.command import AnyCommand
from commands.digests import handlers as digests
from commands.doctor.handlers import ADMIN_DOCTOR
from commands.help.handlers import help_about
from commands.members.handlers import (
    ERASE,
    LIST_MEMBERS,
    PRIVACY,
    PRIVACY_ARCHIVE,
    PRIVACY_EXPORT,
    SET_MEMBER,
    SETTINGS,
    SETTINGS_DIGEST,
    SETTINGS_LANGUAGE,
    SETTINGS_TIMEZONE,
    WHOAMI,
)
from commands.practices.capture import CAPTURE
from commands.practices.exporting import EXPORT
from commands.practices.handlers import LIST, PRACTICE, PUBLISH, RETIRE, SHOW, WITHDRAW
from commands.practices.interview import EDIT, SHARE
from commands.practices.reviewing import REVIEW
from commands.practices.suggesting import SUGGEST
from commands.practices.transferring import BEGIN, STEP
from commands.questions import handlers as questions
from commands.search.handlers import MORE, SEARCH
from commands.visits import declared as visits

CATALOGUE: tuple[AnyCommand, ...] = (
    help_about(lambda: CATALOGUE),
    SEARCH,
    MORE,
    THREAD_SUMMARY,
    PRACTICE,
    SHARE,
    CAPTURE,
    SHOW,
    EDIT,
    LIST,
    REVIEW,
    PUBLISH,
    RETIRE,
    WITHDRAW,
    BEGIN,
    EXPORT,
    SUGGEST,
    STEP,
    *visits.COMMANDS,
    *questions.COMMANDS,
    *digests.COMMANDS,
    CITY,
    *breaks.COMMANDS,
    WHOAMI,
    SETTINGS,
    SETTINGS_LANGUAGE,
    SETTINGS_TIMEZONE,
    SETTINGS_DIGEST,
    PRIVACY,
    PRIVACY_ARCHIVE,
    PRIVACY_EXPORT,
    ERASE,
    ARCHIVE_STATUS,
    ARCHIVE_ON,
    ARCHIVE_OFF,
    ARCHIVE_PURGE,
    BACKFILL,
    ARCHIVE_EXPORT,
    SET_MEMBER,
    LIST_MEMBERS,
    ADMIN_STATUS,
    ADMIN_DOCTOR,
)
