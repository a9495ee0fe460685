"""What Superset asks the LMS: who someone is, by a signed token, and which courses are theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urljoin

import jwt

from tutoraspects.errors import AspectsError

PROVIDER = "openedxsso"
# The LMS signs with its private key when it is asked to; with the shared secret, which would have
# to be here too, when it is not.
ASYMMETRIC = {"token_type": "jwt", "asymmetric_jwt": "true"}
ALGORITHM = "RS512"
# Seconds that the clocks of LMS and Superset may differ.
_LEEWAY = 30
# Pages of 100 courses at most; more is a loop.
_PAGES = 200


def provider(lms: Mapping[str, Any], client_id: str, client_secret: str) -> dict[str, Any]:
    """One of Flask-AppBuilder's OAUTH_PROVIDERS. People are sent to the public address of the LMS;
    Superset itself asks at the internal one where there is one."""
    public, inside = lms["root_url"], lms["internal_url"] or lms["root_url"]
    return {
        "name": PROVIDER,
        "token_key": "access_token",
        "icon": "fa-address-card",
        "remote_app": {
            "client_id": client_id,
            "client_secret": client_secret,
            "client_kwargs": {"scope": "profile email user_id", "timeout": 10},
            "access_token_method": "POST",
            "access_token_params": {"client_id": client_id, **ASYMMETRIC},
            "api_base_url": inside,
            "access_token_url": urljoin(inside, lms["access_token_path"]),
            "authorize_url": urljoin(public, lms["authorize_path"]),
        },
    }


def verified(token: str, lms: Mapping[str, Any]) -> dict[str, Any]:
    """The claims of an access token: signed by the LMS, from it, for its platform, not expired.

    Raises AspectsError for any other.
    """
    try:
        keys = jwt.PyJWKSet.from_dict(dict(lms["jwks"])).keys
        kid = jwt.get_unverified_header(token).get("kid")
        # The LMS names no key in its tokens when it has one only.
        [key] = [key for key in keys if kid is None or key.key_id == kid]
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=[ALGORITHM],
            audience=lms["audience"],
            issuer=lms["issuer"],
            leeway=_LEEWAY,
            options={"require": ["exp", "iss", "aud", "preferred_username"]},
        )
    except (jwt.PyJWTError, ValueError) as error:
        raise AspectsError(
            f"The LMS sent an access token that is not to be trusted ({error}): "
            "JWT_RSA_PRIVATE_KEY, JWT_COMMON_ISSUER and JWT_COMMON_AUDIENCE must be those that "
            "the LMS runs with; `tutor config save` and restart both."
        ) from error
    return claims


def courses(get: Callable[[str], Any], url: str) -> list[str]:
    """Course keys of a paginated list. `get` asks with the person's own token."""
    found: list[str] = []
    for _ in range(_PAGES):
        answer = get(url)
        answer.raise_for_status()
        page = answer.json()
        found += [course["course_id"] for course in page["results"] if course.get("course_id")]
        pagination = page.get("pagination") or page
        url = pagination.get("next") or ""
        if not url:
            return found
    raise AspectsError(f"The LMS lists courses without end at {url}.")


def role_keys(
    claims: Mapping[str, Any], locale: str, *, teaches: bool, block_instructors: bool
) -> list[str] | None:
    """The keys of AUTH_ROLES_MAPPING for a person, or None for whoever teaches nothing.

    Raises AspectsError for instructors who are kept out.
    """
    if claims.get("superuser") is True:
        return ["admin", f"admin-{locale}"]
    if claims.get("administrator") is True:
        return ["alpha", "operator", f"operator-{locale}", "instructor", f"instructor-{locale}"]
    if not teaches:
        return None
    if block_instructors:
        raise AspectsError("SUPERSET_BLOCK_INSTRUCTOR_ACCESS keeps instructors out of Superset.")
    return ["instructor", f"instructor-{locale}"]
