"""A queue as SQS's consumers see it, whose time per message does not grow with the messages that it holds.

moto searches all messages for each one that is received or deleted, so ten thousand take it an hour. This queue speaks
the same protocol (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html),
and `test_linear_queue` holds it against moto's. Its clock stands still until a test moves it. Beyond what moto does, it
can misbehave as SQS's pages allow: deliver a message twice, lose an answer, and fail to delete.

Belongs here: receiving, deleting, redrive. Does not: what is sent (`test_flood`).
"""

from __future__ import annotations

import heapq
import json
import random
import threading
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Message:
    """One message; `number` orders those that come back at the same time."""

    number: int
    body: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    receptions: int = 0
    hidden_until: float = 0.0
    suffered: bool = False
    given_up: bool = False


class LinearQueue:
    """A standard queue with a dead-letter queue behind it.

    `chance` decides which messages suffer from what SQS may do, each at most once; without it the queue behaves.
    """

    def __init__(self, max_receptions: int, chance: random.Random | None = None) -> None:
        self.max_receptions, self.chance = max_receptions, chance
        self.now = 0.0
        self.url = ""
        self.messages: dict[str, Message] = {}
        self.dead_letters: list[str] = []
        self.suffered = {"twice": 0, "answer lost": 0, "not deleted": 0}
        self._visible: deque[Message] = deque()
        self._hidden: list[tuple[float, int, Message]] = []
        self._by_handle: dict[str, Message] = {}
        self._sent = 0

    def send(self, body: str) -> None:
        self._sent += 1
        message = Message(self._sent, body)
        self.messages[message.id] = message
        self._visible.append(message)

    def receive(self, count: int, hidden: float) -> list[dict[str, str]]:
        """Some of the visible messages, which nobody else sees for a while. One that was received too often is given
        up (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html).
        """
        self._let_come_back()
        found: list[dict[str, str]] = []
        while self._visible and len(found) < count:
            message = self._visible.popleft()
            if message.id not in self.messages or message.hidden_until > self.now:
                continue
            if message.receptions >= self.max_receptions:
                message.given_up = True
                del self.messages[message.id]
                self.dead_letters.append(message.body)
                continue
            found.append(self._delivered(message))
            if self._suffers([message], "twice"):
                self._visible.append(message)
                continue
            message.hidden_until = self.now + hidden
            heapq.heappush(self._hidden, (message.hidden_until, message.number, message))
        return found

    def delete(self, handle: str) -> bool:
        """Delete the message that was received with a handle; whether that succeeded. It may be deleted again."""
        message = self._by_handle.get(handle)
        if message is None or message.given_up or self._suffers([message], "not deleted"):
            return False
        self.messages.pop(message.id, None)
        return True

    def attributes(self) -> dict[str, str]:
        self._let_come_back()
        hidden = sum(message.hidden_until > self.now for message in self.messages.values())
        return {
            "ApproximateNumberOfMessages": str(len(self.messages) - hidden),
            "ApproximateNumberOfMessagesNotVisible": str(hidden),
        }

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to a call, or None if it is lost after it took effect."""
        if operation == "ReceiveMessage":
            found = self.receive(asked["MaxNumberOfMessages"], asked["VisibilityTimeout"])
            if found and self._suffers([self._by_handle[m["ReceiptHandle"]] for m in found], "answer lost"):
                return None
            return {"Messages": found} if found else {}
        if operation == "DeleteMessageBatch":
            entries = [(entry["Id"], self.delete(entry["ReceiptHandle"])) for entry in asked["Entries"]]
            failed = {"SenderFault": False, "Code": "InternalError"}
            return {
                "Successful": [{"Id": name} for name, deleted in entries if deleted],
                "Failed": [{"Id": name, **failed} for name, deleted in entries if not deleted],
            }
        assert operation == "GetQueueAttributes", operation
        return {"Attributes": self.attributes()}

    def _delivered(self, message: Message) -> dict[str, str]:
        message.receptions += 1
        handle = str(uuid.uuid4())
        self._by_handle[handle] = message
        return {"MessageId": message.id, "ReceiptHandle": handle, "Body": message.body}

    def _let_come_back(self) -> None:
        while self._hidden and self._hidden[0][0] <= self.now:
            self._visible.append(heapq.heappop(self._hidden)[2])

    def _suffers(self, messages: list[Message], what: str) -> bool:
        """Whether this happens to messages now: in one case of fifty, and to none twice, lest it is given up for it."""
        if (
            self.chance is None
            or any(message.suffered for message in messages)
            or self.chance.random() >= 0.02
        ):
            return False
        for message in messages:
            message.suffered = True
        self.suffered[what] += len(messages)
        return True


@contextmanager
def served(queue: LinearQueue) -> Iterator[str]:
    """Serve a queue on loopback, and yield the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # keeps the connection
        wbufsize = -1  # an answer is one packet, which waits for no other

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = queue.answer(self.headers["X-Amz-Target"].rpartition(".")[2], asked)
            body = json.dumps({"__type": "ServiceUnavailable"} if answer is None else answer).encode()
            self.send_response(503 if answer is None else 200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    queue.url = f"{address}/123456789012/arrivals"
    try:
        yield address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
