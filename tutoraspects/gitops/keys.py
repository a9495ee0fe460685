"""Where in a YAML, JSON or template text something stands, as the path of its keys.

By the indentation of its lines and not by parsing: Helm's templates are no YAML before they are
rendered.
"""

from __future__ import annotations

import re

_KEY = re.compile(
    r"""^(?P<indent>[ ]*)(?P<dash>(?:-[ ]+)*)["']?(?P<key>[\w./$-]+)["']?[ ]*:(?=\s|$)"""
)


def key_at(text: str, offset: int) -> str:
    """The path of keys around an offset, such as `ralph.extraEnv.value`; `line 3` without any."""
    begin = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[begin : end if end >= 0 else len(text)]
    keys: list[str] = []
    found = _KEY.match(line)
    depth = len(line) - len(line.lstrip(" "))
    if found:
        keys.append(found["key"])
        depth = len(found["indent"]) + len(found["dash"])
    for above in reversed(text[:begin].splitlines()):
        if depth <= 0:
            break
        match = _KEY.match(above)
        if match:
            indent = len(match["indent"]) + len(match["dash"])
            if indent < depth:
                keys.append(match["key"])
                depth = indent
    return ".".join(reversed(keys)) or f"line {text.count(chr(10), 0, begin) + 1}"
