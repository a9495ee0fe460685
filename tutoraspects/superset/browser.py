"""What browsers may do: the content security policy, and requests that a session makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def talisman(embed_origins: Sequence[str], *, https: bool) -> dict[str, Any]:
    """TALISMAN_CONFIG. Superset's own policy without map services, fonts and images of others, and
    without the address to which every page would report that it was opened (scarf.sh)."""
    return {
        "content_security_policy": {
            "base-uri": ["'self'"],
            "default-src": ["'self'"],
            "img-src": ["'self'", "blob:", "data:"],
            "worker-src": ["'self'", "blob:"],
            "connect-src": ["'self'"],
            "object-src": "'none'",
            "form-action": ["'self'"],
            # Superset's components write styles into elements.
            "style-src": ["'self'", "'unsafe-inline'"],
            "font-src": ["'self'", "data:"],
            "script-src": ["'self'", "'strict-dynamic'"],
            # LMS and Studio, inside whose pages dashboards are shown.
            "frame-ancestors": ["'self'", *embed_origins],
        },
        "content_security_policy_nonce_in": ["script-src"],
        # frame-ancestors says it better: X-Frame-Options knows one origin at most.
        "frame_options": None,
        # Whoever ends TLS redirects; probes come without it.
        "force_https": False,
        "strict_transport_security": https,
        "session_cookie_secure": https,
        # The framed page tells Superset by whom.
        "referrer_policy": "strict-origin-when-cross-origin",
    }


def protect_sessions(app: Any) -> None:
    """FLASK_APP_MUTATOR: demand the CSRF token where Flask-WTF would, but not of requests with a
    token in a header, which no page of another site can make a browser send.

    LMS and jobs ask like that, inside the platform and without TLS, where the cookie that the CSRF
    token belongs to would not come back; and so do embedded dashboards, whose frame gets no cookie.
    """

    @app.before_request  # type: ignore[untyped-decorator,unused-ignore]
    def protect() -> None:
        from flask import request
        from superset.extensions import csrf

        if request.method not in app.config["WTF_CSRF_METHODS"] or not request.endpoint:
            return
        guest = app.config["GUEST_TOKEN_HEADER_NAME"]
        if (
            request.headers.get("Authorization", "").startswith("Bearer ")
            or guest in request.headers
        ):
            return
        view = app.view_functions.get(request.endpoint)
        name = f"{view.__module__}.{view.__name__}" if view else ""
        exempt = app.blueprints.get(request.blueprint) in csrf._exempt_blueprints
        if not exempt and name not in csrf._exempt_views:
            csrf.protect()
