"""`aspects load`: generate statements and send them to the learning record store."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import click

from tutoraspects.errors import AspectsError
from tutoraspects.events.learners import IDENTIFIERS
from tutoraspects.events.lrs import Endpoint
from tutoraspects.events.progress import Progress
from tutoraspects.events.send import Pace, SendError, Summary, send
from tutoraspects.events.stream import Generator


def _shown(name: str, default: Any, text: str) -> Any:
    return click.option(name, default=default, show_default=True, help=text)


_OPTIONS = (
    _shown("--count", 10_000, "How many statements."),
    click.option("--rate", default=0.0, help="Statements a second.  [default: no limit]"),
    _shown("--batch-size", 100, "Statements in a request."),
    _shown("--connections", 4, "Requests at a time."),
    _shown("--seed", 1, "The same seed and window make the same statements."),
    _shown("--courses", 200, "How many courses they are about."),
    _shown("--learners", 20_000, "How many learners they are about."),
    click.option(
        "--start",
        help="When the window of time begins, in ISO 8601, UTC unless it says otherwise.  "
        "[default: so that it ends at the last midnight]",
    ),
    _shown("--days", 1.0, "Length of the window."),
    click.option(
        "--identifier",
        type=click.Choice(IDENTIFIERS),
        default=IDENTIFIERS[0],
        show_default=True,
        help="How statements name learners, as XAPI_AGENT_IFI_TYPE does in the LMS.",
    ),
    _shown("--home-page", Generator.home_page, "Address of the LMS in the statements."),
)


def options(command: Any) -> Any:
    """The options of `aspects load`, which the `tutor … do load-events` job shares."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@options
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write JSON lines to FILE (- is standard output) and send nothing.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be sent, with an example.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def load(
    count: int,
    rate: float,
    batch_size: int,
    connections: int,
    seed: int,
    courses: int,
    learners: int,
    start: str | None,
    days: float,
    identifier: str,
    home_page: str,
    target: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Send realistic learning events to the learning record store.

    They are made from a seed: the same options, with the same --start, send the same statements
    with the same identifiers, so a second run, or one after a failure, adds nothing twice.

    The store is ASPECTS_LRS_URL with ASPECTS_LRS_USERNAME and ASPECTS_LRS_PASSWORD or
    ASPECTS_LRS_PASSWORD_FILE.
    """
    generator, pace = plan(
        count=count,
        rate=rate,
        batch_size=batch_size,
        connections=connections,
        seed=seed,
        courses=courses,
        learners=learners,
        start=start,
        days=days,
        identifier=identifier,
        home_page=home_page,
    )
    if dry_run:
        _describe(generator, pace, as_json)
    elif target is not None:
        _write(generator, target, as_json)
    else:
        _send(generator, Endpoint.from_environment(), pace, as_json)


def plan(
    *, count: int, rate: float, batch_size: int, connections: int, seed: int, courses: int,
    learners: int, start: str | None, days: float, identifier: str, home_page: str,
) -> tuple[Generator, Pace]:  # fmt: skip
    """What to send, and how, from the values of `options`.

    Raises AspectsError for one that cannot be; the `tutor … do load-events` job asks before it
    starts a container.
    """
    generator = Generator(
        seed=seed,
        count=count,
        courses=courses,
        learners=learners,
        start=_moment(start, days),
        days=days,
        identifier=identifier,
        home_page=_address(home_page),
    )
    return generator, Pace(batch_size, connections, rate)


def _address(text: str) -> str:
    # Statements name learners and courses by it: an LRS refuses what is no absolute address.
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        sound = False
    if not sound or not text.isprintable() or " " in text:
        raise AspectsError(
            f"{text!r} is not the address of an LMS: give --home-page one such as "
            f"{Generator.home_page}."
        )
    return text.rstrip("/")


def _moment(text: str | None, days: float) -> datetime:
    if text is None:
        # Recent, so that the data's time to live does not drop it; never in the future.
        midnight = datetime.combine(datetime.now(timezone.utc), time.min, timezone.utc)
        return midnight - timedelta(days=days)
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise AspectsError(
            f"{text!r} is not a moment in ISO 8601: give --start one such as 2026-03-02T00:00."
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _describe(generator: Generator, pace: Pace, as_json: bool) -> None:
    example = next(iter(generator))
    start = generator.start.isoformat()
    requests = -(-generator.count // pace.batch_size)
    if as_json:
        plan = {"count": generator.count, "start": start, "days": generator.days}
        click.echo(json.dumps({**plan, "requests": requests, "example": example}))
        return
    click.echo(
        f"Would send {generator.count:,} statements of {generator.days:g} days from {start} in "
        f"{requests:,} requests over {pace.connections} connections. The first one:"
    )
    click.echo(json.dumps(example, indent=2, ensure_ascii=False))


def _write(generator: Generator, target: Path, as_json: bool) -> None:
    """Write all statements, or, into a file, none: an interrupted run leaves nothing behind."""
    if str(target) == "-":
        _write_lines(generator, sys.stdout.buffer)
        return
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    try:
        with partial.open("xb") as output:
            size = _write_lines(generator, output)
        partial.replace(target)
    except OSError as error:
        raise AspectsError(
            f"Cannot write statements to {target} ({error.strerror}): "
            "give --to a file in a folder that exists and has room."
        ) from error
    finally:
        with suppress(OSError):
            partial.unlink()
    result = {"written": generator.count, "bytes": size, "file": str(target)}
    if as_json:
        click.echo(json.dumps(result))
    else:
        click.echo(f"Wrote {generator.count:,} statements, {size:,} bytes, to {target}.")


def _write_lines(generator: Generator, output: BinaryIO) -> int:
    size = 0
    with Progress("Writing statements", generator.count) as progress:
        for number, line in enumerate(generator.lines(), start=1):
            size += output.write(line + b"\n")
            if number % 1000 == 0:
                progress.advance(number)
        progress.advance(generator.count)
    return size


def _send(generator: Generator, endpoint: Endpoint, pace: Pace, as_json: bool) -> None:
    start = generator.start.isoformat()
    summary = Summary()
    try:
        with Progress(f"Sending statements of --start {start}", generator.count) as progress:

            def told(now: Summary) -> None:
                nonlocal summary
                summary = now
                progress.advance(now.settled)

            summary = send(generator.lines(), endpoint, pace, told)
            if summary.refused:
                raise SendError(
                    f"The learning record store at {endpoint.url} refused {summary.refused:,} of "
                    f"{summary.sent:,} statements, the first with: {summary.refusals[0]}; "
                    "see Ralph's log.",
                    summary,
                )
    except SendError as error:
        _report(error.summary, as_json)
        raise
    except KeyboardInterrupt:
        _report(summary, as_json)
        raise AspectsError(
            f"Interrupted when {summary.acknowledged:,} of {generator.count:,} statements were "
            f"acknowledged: repeat the command with --start {start} to send the rest."
        ) from None
    _report(summary, as_json)


def _report(summary: Summary, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(summary.as_dict()))
        return
    for line in _lines(summary):
        click.echo(line)


def _lines(summary: Summary) -> Iterator[str]:
    yield (
        f"sent {summary.sent:,}, acknowledged {summary.acknowledged:,} "
        f"({summary.known:,} of them stored before), conflicting {summary.conflicting:,}, "
        f"refused {summary.refused:,}"
    )
    yield (
        f"{summary.requests:,} requests, {summary.retries:,} retries, {summary.seconds:.1f} s, "
        f"{summary.events_per_second:,.0f} events a second"
    )
    yield (
        f"latency of a batch: p50 {summary.latency_p50_ms:.1f} ms, "
        f"p95 {summary.latency_p95_ms:.1f} ms, p99 {summary.latency_p99_ms:.1f} ms"
    )
    yield from _indented(summary.refusals)


def _indented(refusals: Iterable[str]) -> Iterator[str]:
    for refusal in refusals:
        yield f"  refused: {refusal}"
