"""Events that the disk did not take: they wait in memory, are sent from there, and are saved when it does."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge.events import Event, encode
from edge.topics import event_topic

MAX_UNSAVED = 1000


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as the outbox keeps it."""

    event_id: str
    recording_id: str
    kind: str
    topic: str
    payload: bytes


def row_of(event: Event) -> EventRow:
    """What is kept of an event."""
    topic = event_topic(event.device_id, event.kind)
    return EventRow(str(event.event_id), str(event.recording_id), event.kind, topic, encode(event))


class Unsaved:
    """At most `MAX_UNSAVED` rows, each with a number below zero, which no row on disk has."""

    def __init__(self) -> None:
        self._rows: dict[int, EventRow] = {}
        self._sent: set[int] = set()
        self._next = -1

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def rows(self) -> list[EventRow]:
        """All, oldest first."""
        return list(self._rows.values())

    def add(self, rows: Iterable[EventRow]) -> int:
        """Keep these; gives how many had to go: measurements first, then the oldest."""
        known = {row.event_id for row in self._rows.values()}
        for row in rows:
            if row.event_id not in known:
                self._rows[self._next] = row
                self._next -= 1
        excess = max(0, len(self._rows) - MAX_UNSAVED)
        for number in sorted(self._rows, key=self._worth)[:excess]:
            del self._rows[number]
        return excess

    def _worth(self, number: int) -> tuple[bool, int]:
        return self._rows[number].kind != "minute", -number

    def unsent(self) -> list[tuple[int, EventRow]]:
        """Those that are not on their way."""
        return [(number, row) for number, row in self._rows.items() if number not in self._sent]

    def mark_sent(self, number: int) -> None:
        """The broker has it."""
        self._sent.add(number)

    def requeue(self) -> None:
        """What was sent is sent again."""
        self._sent.clear()

    def remove(self, number: int) -> None:
        """It need not be kept any more."""
        self._rows.pop(number, None)

    def settle(self, event_ids: set[str]) -> None:
        """The hub has these."""
        self._rows = {number: row for number, row in self._rows.items() if row.event_id not in event_ids}

    def clear(self) -> None:
        """All are on disk now."""
        self._rows.clear()
        self._sent.clear()
