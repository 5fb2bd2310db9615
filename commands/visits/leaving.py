"""What visits still show when everything of somebody is erased."""

from commands.context import Context
from commands.listener import Gone
from commands.posts import Post, Posts
from commands.visits.renewing import renew_calendar, renew_card
from storage import visits


def forget_traveller(gone: Gone, context: Context) -> Posts:
    """Cards and reports of the visits that they proposed, voted on or wrote about."""
    numbers = {row["id"] for row in gone.traces.get("visit", ())}
    for table in ("visit_vote", "visit_line", "recommendation", "promise"):
        numbers |= {row["visit"] for row in gone.traces.get(table, ()) if row["visit"] is not None}
    posts: list[Post] = []
    for number in sorted(numbers):
        visits.renew_document(context.connection, number)
        visit = visits.get(context.connection, number)
        if visit is not None:
            posts += [*renew_card(visit, context), *renew_calendar(visit, context)]
    return posts
