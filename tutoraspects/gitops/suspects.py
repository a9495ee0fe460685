"""What looks like a secret, wherever it came from: by its own shape, or by the key it stands under.

A key such as `password` holds a secret itself, one such as `passwordSecret` the name of one. Names,
references, placeholders, paths, numbers and booleans are no secrets.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

# What stands for itself, wherever it stands.
SHAPES = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")),
    ("an AWS access key", re.compile(r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])")),
    ("a bcrypt hash", re.compile(r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}")),
    ("an argon2 hash", re.compile(r"\$argon2(?:id|i|d)\$v=")),
    ("a JSON web token", re.compile(r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.")),
    ("a token of GitHub", re.compile(r"gh[oprsu]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60}")),
    ("a token of GitLab", re.compile(r"\bglpat-[A-Za-z0-9_-]{20}")),
    ("a token of Slack", re.compile(r"xox[abeoprs]-[A-Za-z0-9-]{10,}")),
    ("a webhook of Slack", re.compile(r"hooks\.slack\.com/(?:services|workflows|triggers)/\w")),
    ("a secret key of Stripe", re.compile(r"\b[sr]k_live_[A-Za-z0-9]{16}")),
    ("an API key of Google", re.compile(r"\bAIza[A-Za-z0-9_-]{35}")),
    ("a Sentry DSN", re.compile(r"https?://[0-9a-f]{16,}(?::[0-9a-f]+)?@[\w.-]+(?::\d+)?/\w")),
    (
        "an Authorization header",
        re.compile(
            # Not a word in small letters, which is prose: `Authorization: Bearer token`.
            r"(?i:\bauthorization[\"']?\s*[:=,]\s*[\"']?|\bvalue:\s*[\"']?)(?i:bearer|basic|token)"
            r"\s+(?![a-z]+\b)[A-Za-z0-9+/=_.~-]{6,}"
            r"|\b(?i:bearer)\s+(?=[\w.~+/-]*\d)(?=[\w.~+/-]*[A-Za-z])[\w.~+/-]{16,}"
        ),
    ),
    (
        "an address with a password",
        re.compile(r"[a-z][a-z0-9+]*://[^\s/:@'\"<>{}]+:[^\s/@'\"<>{}$]{3,}@"),
    ),
)

# A line with one of these words is looked at closely; most lines have none.
_WORDS = re.compile(
    r"passw(?:or)?d|passphrase|secret|token|credential|(?:private|api|access|master)[_-]?key"
    r"|pwd|pass(?![a-z])",
    re.IGNORECASE,
)
# `password: x`, `"apiKey": "x"`, `PASSWORD=x`, `<password>x</password>`, `--password=x`.
_ASSIGNED = re.compile(
    # In JSON inside of a YAML text the quotes are escaped.
    r"""(?P<key>[\w./-]+)\\?["']?[ \t]*(?P<sign>[:=>])[ \t]*"""
    r"""(?:\\?"(?P<double>(?:[^"\\\n]|\\[^"\n])*)\\?"|'(?P<single>[^'\n]*)'|(?P<plain>[^\s"'<>,{}]+))"""
)
# An entry of a list of variables: the name stands before the value, on a line of its own or not.
_NAMED = re.compile(
    r"""name["']?:[ ]*["']?(?P<key>[\w.-]+)["']?[ ]*[,\n][ ]*["']?(?P<sign>value["']?:)[ ]*"""
    r"""(?:"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)'|(?P<plain>[^\s"',}]+))"""
)
# A block of YAML, of one line.
_BLOCK = re.compile(
    r"""(?P<key>[\w.-]+)["']?(?P<sign>:)[ ]*[|>][-+]?[ ]*\n[ ]+(?P<plain>\S+)[ ]*$""", re.MULTILINE
)
# Where an assignment begins, and what may come after it; elsewhere it is prose.
_OPENS = re.compile(r"(?:^[ \t]*(?:-[ \t]+)*|[{,<&?;(][ \t]*)\\?[\"']?$")
_CLOSES = re.compile(r"[ \t]*(?:$|[\n,}\]<&;)#])")

# Keys that speak of a secret and hold something else: its name, its place, a keyed checksum.
_REFERENCE = re.compile(
    r"(?:name|ref|file|path|store|region|prefix|namespace|type|minutes|seconds|url|arn|enabled"
    r"|length|(?:password|passwd|token|user)[_-]?key)$|^checksum/",
    re.IGNORECASE,
)
# The last word of keys that hold a secret, and the last two.
_HOLDS = re.compile(r"\w*(?:password|passwd|passphrase)|pass|pwd|token|apikey|credentials?")
_HOLDS_TOO = {
    *((word, "key") for word in ("access", "api", "encryption", "master", "private", "signing")),
    *((word, "secret") for word in ("app", "client", "cluster", "consumer", "cookie", "hmac")),
    *((word, "secret") for word in ("jwt", "oauth", "session", "shared", "signing", "webhook")),
}
# Words after them that change nothing about that: `DB_PASSWORD_PROD`, `passwordValue`.
_QUALIFIERS = {
    *("admin", "current", "default", "dev", "new", "old", "plain", "prev", "previous", "primary"),
    *("prod", "production", "root", "secondary", "staging", "test", "text", "value"),
}
_KEY_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# What is filled in later: `{{ x }}`, `$X`, `$(X)`, `${X}`, `%(x)s`, `$(command`, `function(`,
# `<name>`, and addresses of other places that hold it.
_LATER = re.compile(
    r".*(?:\{\{|\}\}|\$[({]|%\(|\{%).*|\$\w+|[A-Za-z_][\w.]*[(\[].*|<.*>|arn:.*|[a-z+]{2,}://.*"
)
# What YAML, JSON and people write where there is nothing, a number, a switch or a type.
_NOTHING = re.compile(
    r"[-+]?[0-9][0-9_.]*|true|false|yes|no|on|off|null|none|string|text|[~#]|[|>&*!].*|[.\u2026]+",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Z]+|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_PATH = re.compile(r"(?:~|\.{1,2})?/[\w./-]*|[\w-]+(?:/[\w.-]+)*\.[a-z]{1,5}")
# Python and the like: `password=settings.password`, `password=password`.
_CODE = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)*")
# Names and words with hyphens, and paths: each piece in one case; `clickhouseAdminPassword`.
_PIECE = r"(?:[A-Z][A-Z0-9_]*|[a-z][a-z0-9]*|[0-9]{1,3})"
_WORDY = re.compile(rf"{_PIECE}(?:[-./]{_PIECE})*|[a-z]{{2,}}(?:[A-Z][a-z]{{2,}})+|/[\w./-]+")
_DIGEST = re.compile(r"(?=[a-f]*\d)[0-9a-f]{16,}")
_AWS_SECRET = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[A-Za-z0-9/+]{40}")
# Bits of a character at random: hexadecimal digits have 4, letters and digits nearly 6. A text of
# n characters shows at most log2(n) of them.
_ENTROPY = 3.0
_RANDOM = re.compile(r"[A-Za-z0-9+/=_.~!@#%^&*$()?-]{12,}")


@dataclass(frozen=True)
class Assignment:
    """A value under a key that speaks of a secret. `at` is where the value begins in the text.

    `alone` is false in the middle of prose.
    """

    key: str
    value: str
    at: int
    code: bool
    alone: bool

    def is_suspect(self) -> bool:
        """Whether the value looks like a secret and not like a name or a place of one."""
        if _REFERENCE.search(self.key) or _LATER.fullmatch(self.value):
            return False
        if looks_random(self.value):
            return True
        return self.alone and holds_a_secret(self.key, self.value) and self._is_literal()

    def _is_literal(self) -> bool:
        patterns = [_NOTHING, _NAME, _PATH, *([_CODE] if self.code else [])]
        return bool(self.value) and not any(p.fullmatch(self.value) for p in patterns)


def assignments(text: str) -> Iterator[Assignment]:
    """Assignments to keys that speak of a secret."""
    done = 0
    for word in _WORDS.finditer(text):
        begin = text.rfind("\n", 0, word.start()) + 1
        if begin < done:
            continue
        end = text.find("\n", word.end())
        done = end if end >= 0 else len(text)
        for match in _ASSIGNED.finditer(text, begin, done):
            if _WORDS.search(match["key"]):
                opens = _OPENS.search(text[begin : match.start()])
                yield _assignment(match, bool(opens), text[match.end() : done])
        following = text.find("\n", done + 1)
        last = following if following >= 0 else len(text)
        for pattern in (_NAMED, _BLOCK):
            for match in pattern.finditer(text, begin, last):
                if _WORDS.search(match["key"]):
                    yield _assignment(match, True, text[match.end() : last])


def _assignment(match: re.Match[str], opens: bool, after: str) -> Assignment:
    groups = match.groupdict()
    group = next(n for n in ("double", "single", "plain") if groups.get(n) is not None)
    key = match["key"]
    # In `password=x` the x is a variable, in `PASSWORD=x` of a file of variables it is not.
    code = group == "plain" and match["sign"] == "=" and key.islower() and key[:1] != "-"
    # `PASSWORD=x command --password=x y`
    shell = match["sign"] == "=" and (key.isupper() or key.startswith("--"))
    alone = shell or (opens and bool(_CLOSES.match(after)))
    return Assignment(key, match[group], match.start(group), code, alone)


def holds_a_secret(key: str, value: str) -> bool:
    """Whether a key holds a secret itself, and not the name of one.

    `secret` alone may be either: there a value with a digit and without a hyphen is no name.
    Kubernetes's own fields are written like `passwordSecret` and hold names.
    """
    words = [word.lower() for word in _KEY_WORDS.findall(key)] or [""]
    while len(words) > 1 and words[-1] in _QUALIFIERS:
        words.pop()
    if _HOLDS.fullmatch(words[-1]) or tuple(words[-2:]) in _HOLDS_TOO:
        return True
    if tuple(words[-2:]) == ("secret", "key"):
        return "_" in key or "-" in key  # `secretKey` of an ExternalSecret is a name
    if words[-1] == "secret" and (len(words) == 1 or "_" in key):
        return bool(re.fullmatch(r"(?=.*\d)(?=.*[A-Za-z])[^\s-]+", value))
    return False


def looks_random(value: str) -> bool:
    """Whether nobody would choose such a text as a name."""
    if _DIGEST.fullmatch(value) or _AWS_SECRET.fullmatch(value):
        return True
    if not _RANDOM.fullmatch(value) or _WORDY.fullmatch(value):
        return False
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    classes = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    return entropy >= _ENTROPY and classes >= 2
