"""Builds the search index anew when the analyser gives other tokens than those it holds."""

from sqlalchemy import Connection

from storage import documents, folding, meta, practices, search, visits

ANALYSER = "analyser version"
BATCH = 500


def bring_up_to_date(connection: Connection) -> int:
    """Re-index every message if the analyser has changed; returns how many.

    Taking a message out of the index needs exactly the tokens that went in, so this comes before
    anything else at start.
    """
    version = str(search.analyser_version())
    known = meta.get(connection, ANALYSER)
    meta.put(connection, ANALYSER, version)
    if known in (None, version):
        return 0
    search.clear(connection)
    count, last = 0, -1
    while rows := folding.next_to_index(connection, last, BATCH):
        search.index_rows(connection, rows)
        count, last = count + len(rows), rows[-1].message_id
    documents.index_all(connection)
    return count


def renew_documents(connection: Connection) -> None:
    """Let search find practices and visits as they stand: nightly, and soon after a first start."""
    for practice in practices.find(connection):
        practices.renew_document(connection, practice.number)
    for visit in visits.find(connection):
        visits.renew_document(connection, visit.id)
