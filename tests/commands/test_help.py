"""`!help` and `!whoami`, asked by different people in different places."""

from commands.posts import Say
from tests.commands.conftest import ANN, HOUSING, Hall, direct


async def test_help_answers_in_a_thread_under_the_question(hall: Hall) -> None:
    question = hall.said(ANN, "!help")
    (post,) = await hall.responds(question)
    assert isinstance(post, Say)
    assert (post.room_id, post.thread, post.reply_to) == (HOUSING, question.event_id, question.event_id)
    print(await hall.hears(ANN, "!help"))
    print(await hall.hears(ANN, "!help whoami"))
    print(await hall.hears(ANN, "!whomai"))
    print(await hall.hears(ANN, "whoami", direct(ANN)))
    print(await hall.hears(ANN, "hello", direct(ANN)))
