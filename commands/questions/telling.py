"""From a stored question to its posts: the copy elsewhere, the answers carried back."""

from zoneinfo import ZoneInfo

from commands.context import Context
from commands.posts import Change, Post, TakeBack
from commands.questions import replies
from commands.questions.replies import Asked
from commands.reply import MessageLink, Reply
from commands.words import Words
from storage import asked, outbox, people, rooms
from storage.asked_records import AskedQuestion, GivenAnswer
from storage.types import event_hash

KIND = "question"
EXCERPT = 600  # characters of a question or an answer that are carried


def there_key(question: AskedQuestion, cluster: str) -> str:
    """The post that asks in another cluster."""
    return f"question/{question.id}/there/{cluster}"


def back_key(question: AskedQuestion, event_id: str) -> str:
    """The post that carries an answer back."""
    return f"question/{question.id}/back/{event_hash(event_id):x}"


def offer_key(question: AskedQuestion, cluster: str | None) -> str:
    """The post that asks the coordinators; it names the cluster that 👍 asks."""
    return f"question/{question.id}/offer/{cluster or '-'}"


def city_name(slug: str | None, context: Context) -> str:
    city = context.settings.community.city(slug) if slug else None
    return "" if city is None else city.name


def cluster_title(slug: str, context: Context) -> str:
    cluster = context.settings.community.cluster(slug)
    return slug if cluster is None else cluster.title


def cut(text: str, length: int = EXCERPT) -> str:
    """As much of it as is carried."""
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + "…"


def as_asked(question: AskedQuestion, words: Words, context: Context) -> Asked:
    """A question as it is spoken of now."""
    room = rooms.get(context.connection, question.room_id)
    via = () if room is None else room.via
    asker = people.get(context.connection, question.asker)
    zone = ZoneInfo(context.settings.community.time_zone)
    days = context.now.astimezone(zone).date() - question.asked_at.astimezone(zone).date()
    return Asked(
        question.name,
        cut(question.text),
        city_name(question.city, context),
        "" if asker is None else asker.display_name,
        cluster_title(question.cluster, context),
        max(days.days, 0),
        MessageLink(question.room_id, question.root, words.text("message"), via),
    )


def renew_copies(question: AskedQuestion, context: Context) -> list[Post]:
    """The question has other words: so have its copies."""
    posts: list[Post] = []
    for cluster in asked.routes(context.connection, question.id):
        key = there_key(question, cluster)
        words = context.words
        posts.append(Change(key, replies.there(words, as_asked(question, words, context), ())))
    return posts


def take_copies(question: AskedQuestion, context: Context) -> list[Post]:
    """The question was taken back: so are its copies, with all their edits."""
    keys = [there_key(question, one) for one in asked.routes(context.connection, question.id)]
    slugs = [cluster.slug for cluster in context.settings.community.clusters]
    keys += [offer_key(question, one) for one in (*slugs, None)]
    return [post for key in keys for post in take(key, context)]


def take(key: str, context: Context) -> list[Post]:
    """Take a post back, and each edit of it."""
    if not outbox.was_posted(context.connection, key):
        return []
    edits = outbox.edits_of(context.connection, key)
    return [TakeBack(one) for one in (*edits, key)]


def carried_reply(given: GivenAnswer, text: str, context: Context) -> Reply:
    """An answer as it stands in the asker's room."""
    author = people.get(context.connection, given.author)
    return replies.carried(
        context.words,
        str(given.author) if author is None else author.display_name,
        city_name(given.city, context),
        cluster_title(given.cluster, context),
        cut(text),
    )
