"""What questions still show when everything of somebody is erased."""

from commands.context import Context
from commands.listener import Gone
from commands.posts import Post, Posts
from commands.questions.carrying import settle
from commands.questions.telling import KIND, take, take_copies
from storage import asked, listening
from storage.asked_records import QuestionState


def forget_asker(gone: Gone, context: Context) -> Posts:
    """Copies of their answers are taken back; what they asked is gone, with all its copies."""
    posts: list[Post] = []
    for row in gone.traces.get("question_answer", ()):
        question = asked.get(context.connection, row["question"])
        if row["carried"] is not None:
            posts += take(row["carried"], context)
        if question is not None:
            settle(question, context)
    for row in gone.traces.get("asked_question", ()):
        question = asked.get(context.connection, row["id"])
        if question is None:
            continue
        posts += take_copies(question, context)
        listening.end(context.connection, KIND, str(question.id))
        asked.change(
            context.connection,
            question.id,
            state=QuestionState.GONE,
            text="",
            changed_at=context.now,
        )
    return posts
