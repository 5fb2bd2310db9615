"""The same messages and questions elsewhere: plain bm25, tantivy, Synapse's own search."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from benchmarks.corpus import Corpus
from benchmarks.search_queries import Asked
from benchmarks.timing import TODAY
from commands.search.rules import parse_query
from storage.search import IndexRow, analyse, fts5
from storage.search.analyser import terms_of
from storage.search.query import And, Filter, Marked, Node, Not, Or

HITS = 10
_PLAIN = text("SELECT rowid FROM ft WHERE ft MATCH :words ORDER BY bm25(ft) LIMIT 10")


def plain(connection: Connection, asked: Asked, rooms: Sequence[int]) -> float:
    """Every match scored by FTS5: milliseconds of CPU."""
    tree = parse_query(asked.query, today=TODAY).query.tree
    began = time.thread_time()
    allowed = fts5.any_of(f"r{rooms[number]}" for number in asked.rooms)
    words = fts5.compile_tree(tree, allowed) if tree else None
    if words:
        connection.execute(_PLAIN, {"words": f"({words}) AND {allowed}"}).all()
    return (time.thread_time() - began) * 1000


def index_values(row: IndexRow) -> tuple[object, ...]:
    """What one message puts into the index."""
    return fts5.values(row)


class Tantivy:
    """An index of the same tokens; exact bm25 in Rust."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        self._tantivy = tantivy
        folder.mkdir()
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("words", tokenizer_name="whitespace")
        builder.add_text_field("room", tokenizer_name="raw", index_option="basic")
        builder.add_text_field("person", tokenizer_name="raw", index_option="basic")
        builder.add_text_field("body", stored=True, tokenizer_name="raw", index_option="basic")
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema, path=str(folder))

    def fill(self, corpus: Corpus, count: int) -> float:
        """Index that many messages, in commits of 20,000; messages a second."""
        writer = self._index.writer(64_000_000, 1)
        began = time.perf_counter()
        for number, event in enumerate(corpus.events(count), 1):
            body = event.content["body"]
            found = analyse(body)
            writer.add_document(
                self._tantivy.Document(
                    words=" ".join((*found.surface, *found.extras)),
                    room=event.room_id,
                    person=event.sender,
                    body=body[:8000],
                )
            )
            if number % 20_000 == 0:
                writer.commit()
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        return count / (time.perf_counter() - began)

    def search(self, asked: Asked) -> float:
        """One search with the stored text of its hits: milliseconds of CPU."""
        query = parse_query(asked.query, today=TODAY).query
        began = time.thread_time()
        parts = [self._any("room", (f"!bench-{number}:localhost" for number in asked.rooms))]
        if query.tree is not None and (words := self._compile(query.tree)) is not None:
            parts.append(words)
        parts += [self._any("person", (it.value for it in query.filters))] if query.filters else []
        whole = self._boolean(parts, self._tantivy.Occur.Must)
        searcher = self._index.searcher()
        for _score, address in searcher.search(whole, HITS).hits:
            searcher.doc(address)["body"]
        return (time.thread_time() - began) * 1000

    def _boolean(self, parts: Sequence[Any], occur: Any) -> Any:
        return self._tantivy.Query.boolean_query([(occur, part) for part in parts])

    def _any(self, field: str, tokens: Iterable[str]) -> Any:
        query = self._tantivy.Query
        terms = [query.term_query(self._schema, field, token) for token in tokens]
        return self._boolean(terms, self._tantivy.Occur.Should)

    def _compile(self, node: Node) -> Any:
        occur, query = self._tantivy.Occur, self._tantivy.Query
        match node:
            case And(nodes):
                wanted = [
                    (occur.Must, self._compile(it)) for it in nodes if not isinstance(it, Not)
                ]
                barred = [
                    (occur.MustNot, self._compile(it.node)) for it in nodes if isinstance(it, Not)
                ]
                return query.boolean_query([it for it in (*wanted, *barred) if it[1] is not None])
            case Or(nodes):
                return self._boolean([self._compile(it) for it in nodes], occur.Should)
            case Not() | Filter() | Marked():
                return None
            case leaf:
                terms = terms_of(leaf)
                if terms.prefix:
                    return query.regex_query(self._schema, "words", f"{terms.prefix}.*")
                if terms.phrase:
                    if len(terms.phrase) > 1:
                        return query.phrase_query(self._schema, "words", list(terms.phrase))
                    return self._any("words", terms.phrase)
                return self._any("words", terms.any_of)
