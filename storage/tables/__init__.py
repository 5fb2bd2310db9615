"""Every table of the hall but the search index, which `storage/search/` makes for itself.

Whoever imports one of its modules has them all: `base.metadata` is complete.
"""

from storage.tables import archive, people, practices, spine, visits, week

__all__ = ["archive", "people", "practices", "spine", "visits", "week"]
