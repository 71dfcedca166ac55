"""Messages of the network in memory: bounded, thread-safe, waitable. Nothing goes to disk."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from demo.phone.message import Message

Predicate = Callable[[Message], bool]


class MessageStore:
    """Keeps the newest `capacity` messages, in the order they came."""

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, got {capacity}")
        self._capacity = capacity
        self._messages: OrderedDict[str, Message] = OrderedDict()
        self._opted_out: set[tuple[str, str]] = set()
        self._changed = threading.Condition()
        self._version = 0

    @property
    def version(self) -> int:
        """Rises with every change; hand it to `wait_for`."""
        return self._version

    def add(self, message: Message) -> Message:
        """Store a new message; the oldest one leaves when the store is full."""
        with self._changed:
            self._messages[message.sid] = message
            while len(self._messages) > self._capacity:
                self._messages.popitem(last=False)
            self._touch()
        return message

    def get(self, sid: str) -> Message | None:
        """The message with this sid, if it is still kept."""
        with self._changed:
            return self._messages.get(sid)

    def update(self, sid: str, **changes: Any) -> Message | None:
        """Replace fields of a message; None when it has left the store."""
        with self._changed:
            message = self._messages.get(sid)
            if message is None:
                return None
            self._messages[sid] = replace(message, **changes)
            self._touch()
            return self._messages[sid]

    def remove(self, sid: str) -> None:
        """Forget one message."""
        with self._changed:
            self._messages.pop(sid, None)
            self._touch()

    def select(self, predicate: Predicate) -> list[Message]:
        """Messages that satisfy the predicate, oldest first."""
        with self._changed:
            return [message for message in self._messages.values() if predicate(message)]

    def wait_for(self, condition: Callable[[], bool], timeout_seconds: float) -> bool:
        """Wait until the condition holds after some change; False when the time is over.

        The condition may read the store: it runs with the store's lock held.
        """
        with self._changed:
            return self._changed.wait_for(condition, timeout_seconds)

    def opt_out(self, ours: str, theirs: str) -> bool:
        """Remember a STOP; True when it is news."""
        with self._changed:
            known = (ours, theirs) in self._opted_out
            self._opted_out.add((ours, theirs))
            return not known

    def opt_in(self, ours: str, theirs: str) -> bool:
        """Forget a STOP; True when there was one."""
        with self._changed:
            known = (ours, theirs) in self._opted_out
            self._opted_out.discard((ours, theirs))
            return known

    def is_opted_out(self, ours: str, theirs: str) -> bool:
        """Whether this person told this number to stop."""
        with self._changed:
            return (ours, theirs) in self._opted_out

    def _touch(self) -> None:
        self._version += 1
        self._changed.notify_all()
