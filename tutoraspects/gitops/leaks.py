"""No secret leaves its place: refuses an export that holds one.

Two nets. The first knows every secret of the configuration, ours and Tutor's, in the forms in which
a file might hold it. The second knows what a secret looks like, wherever it came from (suspects).
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tutoraspects.errors import AspectsError
from tutoraspects.gitops import suspects
from tutoraspects.gitops.keys import key_at
from tutoraspects.settings import CATALOGUE

# Names of settings of Tutor and of other plugins whose values are secrets.
_SECRET_NAME = re.compile(
    r"PASSWORD|PASSWD|SECRET|PRIVATE_KEY|API_KEY$|MASTER_KEY|ACCESS_KEY|TOKEN"
)
# Shorter values are found as the whole value of a password's key only: `admin` is a word, too.
_MINIMUM = 8
_MINIMUM_LINE = 40


@dataclass(frozen=True)
class Leak:
    """Something secret in a file; `what` tells what without showing it."""

    path: str
    key: str
    what: str

    def __str__(self) -> str:
        return f"{self.what} in {self.path}, key {self.key}"


def check(tree: Mapping[str, str], settings: Mapping[str, Any]) -> None:
    """Look through files (path to text) that are about to be written.

    Raises AspectsError naming the file and the key of every leak, and never the value.
    """
    found = list(dict.fromkeys(leaks(tree, settings)))
    if not found:
        return
    if len(found) == 1:
        raise AspectsError(
            f"Nothing was exported, because there would be {found[0]}: take it out of the setting "
            "that puts it there, and let the pod read it from a Kubernetes Secret."
        )
    listed = "".join(f"\n- {leak}" for leak in found)
    raise AspectsError(
        f"Nothing was exported, because {len(found)} secrets would be in it: take them out of the "
        f"settings that put them there, and let pods read them from a Kubernetes Secret.{listed}"
    )


def leaks(tree: Mapping[str, str], settings: Mapping[str, Any]) -> Iterator[Leak]:
    """Every leak, file by file."""
    known = needles(settings)
    values = {value: name for name, value in _secrets(settings)}
    for path, text in tree.items():
        for needle, name in known.items():
            at = text.find(needle)
            if at >= 0:
                yield Leak(path, key_at(text, at), f"the value of {name}")
        for what, shape in suspects.SHAPES:
            for match in shape.finditer(text):
                yield Leak(path, key_at(text, match.start()), what)
        yield from _assigned(path, text, values)


def needles(settings: Mapping[str, Any]) -> dict[str, str]:
    """Text that must not be in any file -> the setting that it comes from."""
    made: dict[str, str] = {}
    for name, value in _secrets(settings):
        pieces = [value] if "\n" not in value else value.splitlines()
        minimum = _MINIMUM if len(pieces) == 1 else _MINIMUM_LINE
        for piece in pieces:
            if len(piece) >= minimum:
                for form in _forms(piece):
                    made.setdefault(form, name)
    return made


def _secrets(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(setting, value) of every secret: of the catalogue by type, of others by name."""
    for name, value in settings.items():
        setting = CATALOGUE.get(name)
        if setting is not None and setting.type == "environment" and isinstance(value, dict):
            yield from ((f"{name}.{key}", str(inner)) for key, inner in value.items() if inner)
        is_secret = setting.type == "secret" if setting is not None else _SECRET_NAME.search(name)
        if is_secret and isinstance(value, str) and value:
            yield name, value


def _forms(value: str) -> set[str]:
    """The value as files may hold it: written, hashed, encoded."""
    raw = value.encode()
    forms = {
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        value.replace("'", "''"),
        html.escape(value),
        urllib.parse.quote(value, safe=""),
        hashlib.sha256(raw).hexdigest(),
        base64.b64encode(hashlib.sha256(raw).digest()).decode(),
        hashlib.sha1(raw, usedforsecurity=False).hexdigest(),
        raw.hex(),
    }
    # Inside of a longer encoded text the value begins at one of three places of a group.
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode()
        first = (0, 2, 3)[offset]
        last = len(encoded) - (0, 3, 2)[(offset + len(raw)) % 3]
        if last - first >= _MINIMUM:
            forms |= {encoded[first:last], encoded[first:last].translate(_URL_SAFE)}
    return forms


_URL_SAFE = str.maketrans("+/", "-_")


def _assigned(path: str, text: str, values: Mapping[str, str]) -> Iterator[Leak]:
    """Values under keys such as `password` that are short secrets, or look like one."""
    for found in suspects.assignments(text):
        if found.value in values:
            yield Leak(path, key_at(text, found.at), f"the value of {values[found.value]}")
        elif found.is_suspect():
            yield Leak(path, key_at(text, found.at), "what looks like a secret")
