"""The one exception that users see."""

from __future__ import annotations

try:
    from tutor.exceptions import TutorError as _Base
except ImportError:  # the job image has no Tutor, see docs/architecture
    _Base = Exception  # type: ignore[misc,assignment]


class AspectsError(_Base):
    """Something the operator can mend.

    The message is one sentence: what failed, on which object and host, and the command or
    setting that fixes it. Command lines print it without a traceback and exit with 1. It
    never contains a secret.
    """
