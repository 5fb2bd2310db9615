"""The same messages in a real Synapse, and its own /search."""

import json
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.corpus import Corpus
from benchmarks.search_queries import Asked
from demo.history import PastMessage, write_history
from demo.homeserver import Homeserver

ROOMS = 10  # ours are fifty; Synapse joins each of them to the search
ASKED = 60


def synapse_times(folder: Path, corpus: Corpus, count: int, asked: Sequence[Asked]) -> list[float]:
    """Milliseconds of searches for words, best first, in all rooms of a member."""
    folder.mkdir()
    with Homeserver.start(folder) as homeserver:
        member = homeserver.register("searcher", "secret", display_name="Searcher")

        def call(method: str, path: str, content: Any) -> Any:
            request = urllib.request.Request(
                f"{homeserver.url}/_matrix/client/v3/{path}",
                data=json.dumps(content).encode(),
                method=method,
                headers={"Authorization": f"Bearer {member.access_token}"},
            )
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)

        made = [call("POST", "createRoom", {"room_version": "11"})["room_id"] for _ in range(ROOMS)]
        homeserver.stop()
        talk: dict[int, list[PastMessage]] = {number: [] for number in range(ROOMS)}
        for number, event in enumerate(corpus.events(count)):
            said = PastMessage(member.user_id, event.content["body"], event.at)
            talk[number % ROOMS].append(said)
        for number, room in enumerate(made):
            write_history(homeserver.folder, room, talk[number])
        homeserver.resume()
        times = []
        for turn in range(2):
            for one in asked[:: max(1, len(asked) // ASKED)]:
                criteria = {"search_term": one.words, "order_by": "rank", "filter": {"limit": 10}}
                began = time.perf_counter()
                call("POST", "search", {"search_categories": {"room_events": criteria}})
                if turn:
                    times.append((time.perf_counter() - began) * 1000)
        return times
