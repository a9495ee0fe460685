"""Whether one value suits its setting."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from tutoraspects.settings.setting import (
    GIB,
    Setting,
    as_boolean,
    as_integer,
    as_number,
    is_auto,
    quantity_bytes,
)

# ClickHouse identifiers that need no quotes.
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# ClickHouse users are XML elements of the server's users file.
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*")
# Addresses without a password in them: they are committed to Git.
_URL = re.compile(
    r"(https?|ssh)://([A-Za-z0-9._-]+@)?[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?"
    r"|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[A-Za-z0-9._~/-]+"
)
_PATH = re.compile(r"(?!.*\.\.)[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_ARN = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:[A-Za-z0-9_+=,.@:/-]+")
# Names of Kubernetes objects and namespaces, RFC 1123.
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
# Databases of the server itself.
_RESERVED = {"system", "information_schema"}


def complaint(setting: Setting, value: object) -> str | None:
    """What the value must be, such as "a whole number of at least 1", or None when it is."""
    if setting.optional and value == "":
        return None
    return _CHECKS[setting.type](setting, value)


def _matching(pattern: re.Pattern[str], wanted: str) -> Callable[[Setting, object], str | None]:
    def check(_setting: Setting, value: object) -> str | None:
        return None if isinstance(value, str) and pattern.fullmatch(value) else wanted

    return check


def _range(setting: Setting) -> str:
    """The bounds of a number in words, with a leading space."""
    low, high = setting.minimum, setting.maximum
    if low is not None and high is not None:
        return f" from {low:,g} to {high:,.0f}" if low < 1 else f" from {low:,.0f} to {high:,.0f}"
    return f" of at least {low:,.0f}" if low is not None else ""


def _within(setting: Setting, number: float | None) -> bool:
    return (
        number is not None
        and (setting.minimum is None or number >= setting.minimum)
        and (setting.maximum is None or number <= setting.maximum)
    )


def _boolean(setting: Setting, value: object) -> str | None:
    # Text counts only where the default is a template, which renders to text: anywhere else
    # the templates would take the text "false" for true.
    accepted = as_boolean(value) is not None if isinstance(setting.default, str) else False
    return None if isinstance(value, bool) or accepted else "true or false"


def _integer(setting: Setting, value: object) -> str | None:
    return None if _within(setting, as_integer(value)) else f"a whole number{_range(setting)}"


def _auto_integer(setting: Setting, value: object) -> str | None:
    if is_auto(value) or _within(setting, as_integer(value)):
        return None
    return f"auto or a whole number{_range(setting)}"


def _auto_number(setting: Setting, value: object) -> str | None:
    if is_auto(value) or _within(setting, as_number(value)):
        return None
    return f"auto or a number{_range(setting)}"


def _port(_setting: Setting, value: object) -> str | None:
    port = as_integer(value)
    return None if port is not None and 0 < port < 65_536 else "a port from 1 to 65,535"


def _text(setting: Setting, value: object) -> str | None:
    wanted = "text" if setting.optional else "text that is not empty"
    text = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    return None if text and (setting.optional or value != "") else wanted


def _secret(setting: Setting, value: object) -> str | None:
    # YAML reads an unquoted 0123 as the number 83: a secret that is no text is a wrong secret.
    if not isinstance(value, str) or not value or not value.isprintable():
        return "text on one line, in quotes where it looks like a number"
    if setting.maximum is not None and len(value.encode()) > setting.maximum:
        return f"text of at most {setting.maximum:.0f} bytes"
    return None


def _identifier(_setting: Setting, value: object) -> str | None:
    if isinstance(value, str) and _IDENTIFIER.fullmatch(value) and value.lower() not in _RESERVED:
        return None
    return "a name of letters, digits and underscores that ClickHouse does not use itself"


def _user(_setting: Setting, value: object) -> str | None:
    if isinstance(value, str) and _USER.fullmatch(value) and value != "default":
        return None
    return "a user name of letters, digits, underscores, dots and hyphens, and not 'default'"


def _quantity(_setting: Setting, value: object) -> str | None:
    # 10 would be ten bytes: the unit was forgotten.
    size = quantity_bytes(value)
    return None if size and size >= GIB else "a size of 1Gi or more, such as 10Gi"


def _choice(setting: Setting, value: object) -> str | None:
    return None if value in setting.choices else " or ".join(setting.choices)


def _list(_setting: Setting, value: object) -> str | None:
    return None if isinstance(value, list) else "a list such as [a, b]"


def _map(_setting: Setting, value: object) -> str | None:
    return None if isinstance(value, dict) else "a map such as {a: b}"


def _environment(_setting: Setting, value: object) -> str | None:
    if isinstance(value, dict) and all(
        isinstance(name, str)
        and _VARIABLE.fullmatch(name)
        and isinstance(text, (str, int, float))
        and "\n" not in str(text)
        for name, text in value.items()
    ):
        return None
    return "a map of names to texts of one line, such as {NAME: 'text'}"


def _cidrs(_setting: Setting, value: object) -> str | None:
    wanted = "a list of address ranges such as [10.0.0.0/20]"
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        return wanted
    try:
        for entry in value:
            ipaddress.ip_network(entry)
    except ValueError:
        return wanted
    return None


_CHECKS: dict[str, Callable[[Setting, object], str | None]] = {
    "boolean": _boolean,
    "integer": _integer,
    "auto integer": _auto_integer,
    "auto number": _auto_number,
    "port": _port,
    "text": _text,
    "identifier": _identifier,
    "user": _user,
    "name": _matching(_NAME, "a name of letters, digits, underscores, dots and hyphens"),
    "host": _matching(_HOST, "a host name without scheme, port or path"),
    "image": _matching(_IMAGE, "the name of a container image"),
    "secret": _secret,
    "quantity": _quantity,
    "choice": _choice,
    "list": _list,
    "map": _map,
    "environment": _environment,
    "url": _matching(_URL, "an address such as https://git.example.org"),
    "path": _matching(_PATH, "a relative path such as clusters/production"),
    "arn": _matching(_ARN, "an AWS resource name such as arn:aws:iam::123456789012:role/aspects"),
    "label": _matching(_LABEL, "a name of small letters, digits and hyphens"),
    "cidrs": _cidrs,
}
