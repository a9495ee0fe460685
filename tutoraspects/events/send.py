"""Send statements to a learning record store and count exactly what it acknowledged.

Every batch is one `POST {url}statements`. A statement counts as acknowledged when the store
answered 2xx for the request it was in: Ralph does so after the insert. Batches are repeated
until then, which is safe because statements carry their identifiers. A 409 means that a
statement of the batch is stored with other content; like event-routing-backends, the sender
takes the batch as delivered then, and reports it as conflicting.

One bad statement does not take the others with it: a batch that is refused (400, 413, 422), or
that the store fails on again and again (5xx, as Ralph does for a timestamp that it cannot read),
is sent in halves. A single statement that fails for as long as the pace is patient, while others
of its batch are taken, is refused. When nothing is taken, the store is out of order: the run ends.
"""

from __future__ import annotations

import queue
import threading
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from tutoraspects.errors import AspectsError
from tutoraspects.events.lrs import Answer, Endpoint, Wire, WireError
from tutoraspects.events.retry import Backoff

# Answers below 500 that mean "not now", and those that mean "not this".
_BUSY = (408, 429)
_REFUSING = (400, 409, 413, 422)
# How many refused statements are described in the summary.
_REFUSALS_TOLD = 10
# A store that never answered anything is given this long, in seconds: its address is wrong.
_FIRST_PATIENCE = 10.0
# Failures (5xx) in a row before a batch is sent in halves, and before one statement is to blame.
_FAILURES_BEFORE_SPLIT = 5
# How long an ending run waits for requests under way, in seconds.
_FAREWELL = 5.0


@dataclass
class Summary:
    """What became of the statements. Latencies in milliseconds, from due to acknowledged.

    `known` are those of the acknowledged ones that the store had already.
    """

    sent: int = 0
    acknowledged: int = 0
    known: int = 0
    conflicting: int = 0
    refused: int = 0
    requests: int = 0
    retries: int = 0
    seconds: float = 0.0
    events_per_second: float = 0.0
    latency_p50_ms: float = 0.0
    latency_p95_ms: float = 0.0
    latency_p99_ms: float = 0.0
    refusals: list[str] = field(default_factory=list)

    @property
    def settled(self) -> int:
        """Statements that need no further attempt."""
        return self.acknowledged + self.conflicting + self.refused

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Pace:
    """How to send. `rate` is in statements a second over all connections, 0 for no limit;
    a batch is tried again for `patience` seconds before the run gives up."""

    batch_size: int = 100
    connections: int = 4
    rate: float = 0.0
    patience: float = 120.0
    timeout: float = 30.0

    def __post_init__(self) -> None:
        if self.batch_size < 1 or self.connections < 1 or self.rate < 0:
            raise AspectsError(
                "Sending needs a batch size and connections of 1 or more and a rate of 0 or more: "
                "mend --batch-size, --connections or --rate."
            )


@dataclass(frozen=True)
class _Batch:
    lines: list[bytes]
    due: float


@dataclass
class _Part:
    """Statements that go in one request. `alone`: the store failed on this one by itself;
    `others_taken`: and took others of its batch after that. `trouble` is the last failure."""

    lines: list[bytes]
    backoff: Backoff
    alone: bool = False
    others_taken: bool = False
    trouble: str = ""

    def halves(self, backoff: Callable[[], Backoff]) -> tuple[_Part, _Part]:
        middle = len(self.lines) // 2
        return _Part(self.lines[:middle], backoff()), _Part(self.lines[middle:], backoff())


def send(
    lines: Iterable[bytes],
    endpoint: Endpoint,
    pace: Pace | None = None,
    told: Callable[[Summary], None] = lambda summary: None,
) -> Summary:
    """Send serialized statements, one each; return the counts when all are settled.

    `told` is called now and then, in the calling thread, with the counts so far. Raises
    AspectsError when the store cannot be reached or does not take the credentials, or when a
    batch was not acknowledged within the pace's patience: nothing is counted twice or left out
    of the counts then either, they are in the error's `summary`.
    """
    return _Sender(endpoint, pace or Pace(), told).run(lines)


class SendError(AspectsError):
    """The run ended before everything was settled; `summary` has the counts until then."""

    def __init__(self, message: str, summary: Summary) -> None:
        super().__init__(message)
        self.summary = summary


class _Sender:
    def __init__(self, endpoint: Endpoint, pace: Pace, told: Callable[[Summary], None]) -> None:
        self.endpoint = endpoint
        self.pace = pace
        self.told = told
        self.summary = Summary()
        self.latencies = array("d")
        self.lock = threading.Lock()
        self.failure: BaseException | None = None
        self.reached = False  # the store has answered something
        # Two batches wait for each connection: enough to keep it busy, little to hold in memory.
        self.batches: queue.Queue[_Batch | None] = queue.Queue(2 * pace.connections)

    def run(self, lines: Iterable[bytes]) -> Summary:
        began = time.monotonic()
        threads = [
            threading.Thread(target=self._work, name=f"sender-{number}", daemon=True)
            for number in range(self.pace.connections)
        ]
        for thread in threads:
            thread.start()
        try:
            self._feed(lines, began)
        except BaseException as error:
            self.failure = error
        for _ in threads:
            self._put(None)
        self._join(threads)
        self._finish(time.monotonic() - began)
        if isinstance(self.failure, AspectsError):
            raise SendError(str(self.failure), self.summary) from self.failure
        if self.failure is not None:
            raise self.failure
        return self.summary

    def _join(self, threads: list[threading.Thread]) -> None:
        ending: float | None = None
        for thread in threads:
            while thread.is_alive():
                try:
                    thread.join(0.2)
                    self.told(self.summary)
                except KeyboardInterrupt as error:
                    self.failure = error
                if self.failure is not None:
                    ending = ending or time.monotonic() + _FAREWELL
                    if time.monotonic() > ending:
                        return

    def _feed(self, lines: Iterable[bytes], began: float) -> None:
        for number, batch in enumerate(_batches(lines, self.pace.batch_size)):
            now = time.monotonic()
            due = now
            if self.pace.rate:
                due = began + number * self.pace.batch_size / self.pace.rate
                if due > now:
                    time.sleep(due - now)
            self.summary.sent += len(batch)
            if not self._put(_Batch(batch, due)):
                self.summary.sent -= len(batch)
                return
            self.told(self.summary)

    def _put(self, batch: _Batch | None) -> bool:
        """Hand over a batch; False when the run has failed and nobody will take it."""
        while self.failure is None:
            try:
                self.batches.put(batch, timeout=0.2)
            except queue.Full:
                self.told(self.summary)
            else:
                return True
        return False

    def _work(self) -> None:
        wire = Wire(self.endpoint, self.pace.timeout)
        try:
            while self.failure is None:
                try:
                    batch = self.batches.get(timeout=0.2)
                except queue.Empty:
                    continue
                if batch is None:
                    return
                self._settle(wire, batch)
        except BaseException as error:  # told to the caller by run()
            self.failure = self.failure or error
        finally:
            wire.close()

    def _settle(self, wire: Wire, batch: _Batch) -> None:
        """Send a batch, in parts where it must be, until every statement has its verdict."""
        parts = deque([_Part(batch.lines, self._backoff())])
        while parts:
            part = parts.popleft()
            answer, patient = self._post(wire, part)
            if answer is not None and (answer.status < 300 or answer.status == 409):
                self._accept(answer, part, batch)
                for other in parts:
                    other.others_taken |= other.alone
            elif answer is not None and (
                answer.status < 500 or (not patient and part.others_taken)
            ):
                if len(part.lines) == 1:
                    self._refuse(answer, part)
                else:
                    parts.extendleft(reversed(part.halves(self._backoff)))
            elif not patient:
                self._give_up(part)
            elif len(part.lines) == 1:
                # The others first: if the store takes them, this statement is to blame.
                part.alone = True
                parts.append(part)
            else:
                parts.extendleft(reversed(part.halves(self._backoff)))

    def _backoff(self) -> Backoff:
        patience = self.pace.patience
        return Backoff(patience if self.reached else min(patience, _FIRST_PATIENCE))

    def _accept(self, answer: Answer, part: _Part, batch: _Batch) -> None:
        with self.lock:
            if answer.status == 409:
                self.summary.conflicting += len(part.lines)
            else:
                self.summary.acknowledged += len(part.lines)
                self.summary.known += len(part.lines) - answer.stored
                self.latencies.append(time.monotonic() - batch.due)

    def _refuse(self, answer: Answer, part: _Part) -> None:
        with self.lock:
            self.summary.refused += 1
            if len(self.summary.refusals) < _REFUSALS_TOLD:
                text = part.lines[0][:200].decode(errors="replace")
                self.summary.refusals.append(f"{answer.status} {answer.reason}: {text}")

    def _post(self, wire: Wire, part: _Part) -> tuple[Answer | None, bool]:
        """One part, repeated while the store cannot take it now.

        Its answer at last, which is a failure (5xx) only when it failed several times in a row,
        and whether there is patience left for the part. No answer: the last attempt had none.
        """
        body = b"[" + b",".join(part.lines) + b"]"
        failures = 0
        while True:
            with self.lock:
                self.summary.requests += 1
            answer, wait = None, None
            try:
                answer = wire.post("statements", body)
            except WireError as error:
                part.trouble = str(error)
            else:
                self.reached = True
                if answer.status < 500 and answer.status not in _BUSY:
                    self._check(answer)
                    return answer, True
                part.trouble = f"HTTP {answer.status} {answer.reason}"
                wait = answer.retry_after
                failures += answer.status >= 500
            if self.failure is not None or not part.backoff.sleep(wait):
                return answer, False
            with self.lock:
                self.summary.retries += 1
            if failures >= _FAILURES_BEFORE_SPLIT:
                return answer, True

    def _give_up(self, part: _Part) -> None:
        raise AspectsError(
            f"The learning record store at {self.endpoint.url} acknowledged nothing for "
            f"{part.backoff.elapsed:.1f} s ({part.trouble}): check that it and ClickHouse run, "
            "then repeat the command, which sends the same identifiers again."
        )

    def _check(self, answer: Answer) -> None:
        """Raise AspectsError for an answer that says nothing about the batch."""
        if answer.status in (401, 403):
            raise AspectsError(
                f"The learning record store at {self.endpoint.url} does not take the credentials "
                f"of {self.endpoint.username!r} (HTTP {answer.status}): check "
                "ASPECTS_LRS_USERNAME and ASPECTS_LRS_PASSWORD."
            )
        if answer.status >= 300 and answer.status not in _REFUSING:
            raise AspectsError(
                f"{self.endpoint.url}statements answered HTTP {answer.status} ({answer.reason}), "
                "as no learning record store does: check ASPECTS_LRS_URL."
            )

    def _finish(self, seconds: float) -> None:
        summary = self.summary
        summary.seconds = round(seconds, 3)
        summary.events_per_second = round(summary.settled / max(seconds, 1e-9), 1)
        ordered = sorted(self.latencies)
        for share in (50, 95, 99):
            value = ordered[min(len(ordered) - 1, len(ordered) * share // 100)] if ordered else 0.0
            setattr(summary, f"latency_p{share}_ms", round(value * 1000, 2))
        self.told(summary)


def _batches(lines: Iterable[bytes], size: int) -> Iterator[list[bytes]]:
    iterator = iter(lines)
    while batch := list(islice(iterator, size)):
        yield batch
