"""Replies as content of events: what people read, and what must never get through."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matrix.rendering import edit, matrix_link, message, render
from commands.reply import (
    Block,
    Code,
    CodeBlock,
    Emphasis,
    Heading,
    Inline,
    Items,
    Link,
    Mention,
    MessageLink,
    Paragraph,
    Part,
    Quote,
    Reply,
    RoomLink,
    Strong,
    Text,
    items,
    paragraphs,
)
from storage.records import EventId, RoomId, UserId
from tests.markup import faults_of

ANN = UserId("@ann:hs")
ROOM = RoomId("!room:hs")


def body(*blocks: Block) -> str:
    return str(render(Reply(blocks))["body"])


def formatted(*blocks: Block) -> str:
    return str(render(Reply(blocks))["formatted_body"])


def line(*parts: Part) -> Paragraph:
    return Paragraph(parts)


@pytest.mark.parametrize(
    ("part", "plain", "rich"),
    [
        (Text("a < b & c"), "a < b & c", "a &lt; b &amp; c"),
        (Text('say "x"\ntwice'), 'say "x"\ntwice', "say &quot;x&quot;<br>twice"),
        (Strong("now"), "now", "<strong>now</strong>"),
        (Emphasis("now"), "now", "<em>now</em>"),
        (Code("!visit <n>"), "!visit <n>", "<code>!visit &lt;n&gt;</code>"),
        (
            Link("https://x.org/?a=1&b='\"", "the page"),
            "the page (https://x.org/?a=1&b='\")",
            '<a href="https://x.org/?a=1&amp;b=&#x27;&quot;">the page</a>',
        ),
        (
            Link("https://x.org", "https://x.org"),
            "https://x.org",
            '<a href="https://x.org">https://x.org</a>',
        ),
        (
            Link("mailto:ann@x.org", "write"),
            "write (mailto:ann@x.org)",
            '<a href="mailto:ann@x.org">write</a>',
        ),
        (Link("javascript:alert(1)", "click"), "click", "click"),
        (Link("JaVaScRiPt:alert(1)", "<b>"), "<b>", "&lt;b&gt;"),
        (Link("data:text/html,x", "click"), "click", "click"),
        (Link("https://x.org/\nevil", "click"), "click", "click"),
        (Link(" https://x.org", "click"), "click", "click"),
        (Link("//x.org", "click"), "click", "click"),
        (Mention(ANN, "Ann <3"), "Ann <3", '<a href="https://matrix.to/#/@ann:hs">Ann &lt;3</a>'),
        (Mention(ANN, ""), "@ann:hs", '<a href="https://matrix.to/#/@ann:hs">@ann:hs</a>'),
        (
            MessageLink(ROOM, EventId("$a/b+c"), "said", ("hs", "other:8448")),
            "said (https://matrix.to/#/!room:hs/$a%2Fb%2Bc?via=hs&via=other%3A8448)",
            '<a href="https://matrix.to/#/!room:hs/$a%2Fb%2Bc?via=hs&amp;via=other%3A8448">said</a>',
        ),
        (
            RoomLink(RoomId("!abc"), "Heat", ("hs",)),
            "Heat (https://matrix.to/#/!abc?via=hs)",
            '<a href="https://matrix.to/#/!abc?via=hs">Heat</a>',
        ),
    ],
)
def test_each_part_in_both_forms(part: Part, plain: str, rich: str) -> None:
    content = render(paragraphs((part,)))
    assert content["body"] == plain
    assert content["formatted_body"] == f"<p>{rich}</p>"
    assert content["format"] == "org.matrix.custom.html"


def test_blocks_in_both_forms() -> None:
    blocks: tuple[Block, ...] = (
        Heading((Text("This week"),)),
        items((Text("one"),), (Text("two"),)),
        Items((((Text("first"),), (Text("under it"),)), ((Text("second"),),)), True, 3),
        Quote((Text("words\nof Ann"),)),
        CodeBlock("a <b>\n  c"),
    )
    assert body(*blocks) == (
        "This week\n• one\n• two\n\n3. first\n   under it\n4. second\n\n"
        "> words\n> of Ann\n\na <b>\n  c"
    )
    assert formatted(*blocks) == (
        "<h4>This week</h4><ul><li>one</li><li>two</li></ul>"
        '<ol start="3"><li>first<br>under it</li><li>second</li></ol>'
        "<blockquote>words<br>of Ann</blockquote><pre><code>a &lt;b&gt;\n  c</code></pre>"
    )
    assert formatted(items((Text("x"),), ordered=True)) == "<ol><li>x</li></ol>"


def test_only_a_member_part_mentions() -> None:
    reply = paragraphs((Text("@ann:hs and @room: "), Mention(UserId("@ben:hs"), "Ben")))
    assert render(reply)["m.mentions"] == {"user_ids": ["@ben:hs"]}
    assert render(paragraphs((Text("@ann:hs"),)))["m.mentions"] == {}
    hidden = Reply((items((Mention(ANN, "Ann"),)), Quote((Mention(ANN, "Ann"),))))
    assert render(hidden)["m.mentions"] == {"user_ids": ["@ann:hs"]}


@pytest.mark.parametrize(
    "part",
    [
        Text("@room"),
        Code("@Room!"),
        Mention(ANN, "@ROOM"),
        Link("x:", "@room"),
        RoomLink(ROOM, "@room"),
    ],
)
def test_no_text_can_ping_a_room(part: Part) -> None:
    content = render(paragraphs((part,)))
    assert "@room" not in content["body"].lower()
    assert "@room" not in content["formatted_body"].lower()


def test_control_characters_and_lone_surrogates_do_not_get_out() -> None:
    assert body(line(Text("a\x00b\x1b[0m\ud800\u202ec\td"))) == "ab[0mc\td"
    assert body(line(Text("Tórshavn 👍️ ‏עברית"))) == "Tórshavn 👍️ ‏עברית"


def test_a_message_in_a_thread_falls_back_to_a_reply() -> None:
    reply = paragraphs((Text("hi"),))
    root, last = EventId("$root"), EventId("$last")
    content = message(reply, notice=True, thread=root, reply_to=last, post_key="k")
    assert content["msgtype"] == "m.notice"
    assert content["org.moothall.post"] == "k"
    assert content["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": last},
    }
    alone = message(reply, notice=False, thread=root, reply_to=None, post_key="k")
    assert alone["m.relates_to"]["m.in_reply_to"] == {"event_id": root}
    plain = message(reply, notice=False, thread=None, reply_to=last, post_key="k")
    assert plain["msgtype"] == "m.text"
    assert plain["m.relates_to"] == {"m.in_reply_to": {"event_id": last}}
    free = message(reply, notice=False, thread=None, reply_to=None, post_key="k")
    assert "m.relates_to" not in free


def test_an_edit_replaces_the_words_and_pings_nobody_twice() -> None:
    reply = paragraphs((Text("now "), Mention(ANN, "Ann")))
    content = message(
        reply, notice=False, thread=EventId("$root"), reply_to=None, post_key="card/2"
    )
    replacement = edit(content, EventId("$card"))
    assert replacement["body"] == "* now Ann"
    assert replacement["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$card"}
    assert replacement["org.moothall.post"] == "card/2"
    assert replacement["m.mentions"] == {}
    assert replacement["m.new_content"] == {"msgtype": "m.text", **render(reply)}


@pytest.mark.parametrize(
    "block",
    [
        CodeBlock("ä" * 100_000),
        Items(tuple(((Text("ä" * 200),),) for _ in range(2000))),
        line(Text("ä" * 100_000)),
        Quote((Text("x"), Strong("<" * 100_000))),
        items((Text("ä" * 100_000),)),
    ],
)
def test_a_reply_too_long_for_one_event_is_cut_at_its_end(block: Block) -> None:
    content = message(
        Reply((line(Text("First line")), block, line(Text("last")))),
        notice=False,
        thread=EventId("$root"),
        reply_to=None,
        post_key="k",
    )
    assert content["body"].startswith("First line")
    assert content["body"].endswith("…")
    # As an edit it holds the words twice, encrypted it takes a third more.
    assert len(json.dumps(edit(content, EventId("$e")))) * 4 / 3 < 60_000
    single = render(Reply((block,)))
    assert len(json.dumps(single)) <= 24_000
    assert len(single["body"]) > 500


def test_long_links_keep_three_servers() -> None:
    via = tuple(f"s{n}" for n in range(9))
    assert matrix_link(RoomLink(ROOM, "x", via)).endswith("?via=s0&via=s1&via=s2")


# ── anything at all ───────────────────────────────────────────────────────────────────────────

TEXTS = st.text(st.characters(exclude_categories=()), max_size=30) | st.sampled_from(
    ["<script>alert(1)</script>", "@room", "</p>", '"><img src=x onerror=y>', "&lt;", "@rOOm"]
)
URLS = TEXTS | st.sampled_from(["https://x", "javascript:x", "HTTP://x\" onclick='y"])
PARTS: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, TEXTS),
    st.builds(Strong, TEXTS),
    st.builds(Emphasis, TEXTS),
    st.builds(Code, TEXTS),
    st.builds(Link, URLS, TEXTS),
    st.builds(Mention, TEXTS.map(UserId), TEXTS),
    st.builds(MessageLink, TEXTS.map(RoomId), TEXTS.map(EventId), TEXTS, st.tuples(TEXTS)),
    st.builds(RoomLink, TEXTS.map(RoomId), TEXTS, st.tuples(TEXTS)),
)
LINES: st.SearchStrategy[Inline] = st.lists(PARTS, max_size=4).map(tuple)
BLOCKS: st.SearchStrategy[Block] = st.one_of(
    st.builds(Paragraph, LINES),
    st.builds(Heading, LINES),
    st.builds(Quote, LINES),
    st.builds(CodeBlock, TEXTS),
    st.builds(
        Items,
        st.lists(st.lists(LINES, max_size=3).map(tuple), max_size=3).map(tuple),
        st.booleans(),
        st.integers(0, 99),
    ),
)
REPLIES = st.builds(Reply, st.lists(BLOCKS, max_size=5).map(tuple))


@given(reply=REPLIES)
def test_no_reply_whatsoever_brings_html_of_its_own(reply: Reply) -> None:
    content: dict[str, Any] = render(reply)
    assert not faults_of(content)
    assert set(content) == {"body", "format", "formatted_body", "m.mentions"}


@given(room=st.text(min_size=1, max_size=20), event=st.text(min_size=1, max_size=20))
def test_ids_come_back_from_a_link(room: str, event: str) -> None:
    link = matrix_link(MessageLink(RoomId(room), EventId(event), "x", ("hs",)))
    path, _, query = urlsplit(link).fragment.partition("?")
    assert query == "via=hs"
    told = [unquote(segment) for segment in path.split("/")[1:]]
    unsafe = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160), *range(0x2028, 0x202F)])
    unsafe |= dict.fromkeys(range(0x2066, 0x206A))
    assert told == [room.translate(unsafe), event.translate(unsafe)]
