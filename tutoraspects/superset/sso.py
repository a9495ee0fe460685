"""Single sign-on through the LMS: Superset's security manager, as upstream's patches know it."""

from __future__ import annotations

import logging
import time
from typing import Any

from flask import current_app, session
from sqlalchemy.exc import IntegrityError
from superset.extensions import cache_manager, db
from superset.security import SupersetSecurityManager

from tutoraspects.errors import AspectsError
from tutoraspects.superset import lms, rows
from tutoraspects.superset.environment import patch, settings
from tutoraspects.superset.locales import dashboard_locale, in_language

log = logging.getLogger(__name__)

_TOKEN = "oauth_token"
_REFRESH_EARLY = 60  # seconds


def _sign(token: str, uri: str, headers: Any, body: Any, *_: Any) -> tuple[str, Any, Any]:
    """The LMS' APIs take its tokens as `JWT`, not as `Bearer`."""
    return uri, {**(headers or {}), "Authorization": f"JWT {token}"}, body


class AspectsSecurityManager(SupersetSecurityManager):  # type: ignore[misc]
    """Logs people in with the LMS' accounts and knows which courses are theirs.

    The methods that upstream's patches call have upstream's names.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if hasattr(self, "oauth"):
            auth = self.oauth.oauth2_client_cls.client_cls.token_auth_class
            auth.SIGN_METHODS["jwt"] = _sign

    # -- login -----------------------------------------------------------------------------------

    def set_oauth_session(self, provider: str, oauth_response: dict[str, Any]) -> None:
        super().set_oauth_session(provider, oauth_response)
        if provider == lms.PROVIDER:
            session[_TOKEN] = dict(oauth_response)

    def oauth_user_info(
        self, provider: str, response: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Who logs in, and with which roles. Raises AspectsError for who may not."""
        if provider != lms.PROVIDER:
            raise AspectsError(f"{provider} is no way to log in.")
        claims = lms.verified(self.access_token, current_app.config["ASPECTS_LMS"])
        username = claims["preferred_username"]
        # Whom Superset would log in: it finds accounts whatever the case of their names.
        account = getattr(self.find_user(username=username), "username", None)
        if {username, account} & set(current_app.config["ASPECTS_SERVICE_ACCOUNTS"]):
            raise AspectsError("An account of the LMS has the name of a service account.")
        session["oauth_username"] = username
        locale = dashboard_locale(
            self.get_preferences(username), current_app.config["DASHBOARD_LOCALES"]
        )
        roles = self._get_user_roles(username, locale)
        log.info("%s logs in with the roles %s", username, ", ".join(roles))
        return {
            "name": claims.get("name", ""),
            "email": claims.get("email", ""),
            "id": username,
            "username": username,
            "first_name": claims.get("given_name") or claims.get("name", ""),
            "last_name": claims.get("family_name") or "",
            "role_keys": roles,
        }

    def _get_user_roles(self, username: str, locale: str) -> list[str]:
        claims = self.decoded_user_info()
        config = current_app.config
        # Anew at each login, so that whoever logs out and in again need not wait for the cache.
        privileged = claims.get("superuser") is True or claims.get("administrator") is True
        teaches = not privileged and bool(self.get_courses(username, force=True))
        roles = lms.role_keys(
            claims, locale, teaches=teaches, block_instructors=config["ASPECTS_BLOCK_INSTRUCTORS"]
        )
        if roles is None:
            given = self.extra_get_user_roles(username, claims)
            roles = in_language(given or [], locale)
            for unknown in set(roles) - set(config["AUTH_ROLES_MAPPING"]):
                log.warning(
                    "superset-sso-assignment-rules give %s the role %s, which is none: "
                    "the keys are %s",
                    username,
                    unknown,
                    ", ".join(sorted(config["AUTH_ROLES_MAPPING"])),
                )
        if not roles:
            roles = ["student", f"student-{locale}"]
        if "student" in roles and config["ASPECTS_BLOCK_STUDENTS"]:
            raise AspectsError("SUPERSET_BLOCK_STUDENT_ACCESS keeps learners out of Superset.")
        return list(roles)

    def extra_get_user_roles(
        self, username: str, decoded_access_token: dict[str, Any]
    ) -> list[str] | None:
        """Roles by the patch superset-sso-assignment-rules, for those who teach no course."""
        names: dict[str, Any] = {"log": log}
        patch("sso_assignment_rules.py", names)
        rules = names.get("extra_get_user_roles")
        return list(rules(self, username, decoded_access_token) or []) if rules else None

    # -- tokens ----------------------------------------------------------------------------------

    def decoded_user_info(self) -> dict[str, Any]:
        return lms.verified(self.access_token, current_app.config["ASPECTS_LMS"])

    @property
    def access_token(self) -> str:
        return str(self.get_oauth_token().get("access_token"))

    def get_oauth_token(self, token: Any = None) -> dict[str, Any]:
        """The token of whoever is logged in, refreshed when it is about to expire."""
        held: dict[str, Any] = session.get(_TOKEN) or {}
        if not held:
            raise AspectsError("This session has no token of the LMS: log in again.")
        if held.get("expires_at", 0) > time.time() + _REFRESH_EARLY:
            return held
        renewed: dict[str, Any] = self.refresh_token(held)
        session[_TOKEN] = renewed
        return renewed

    def is_token_expired(self, token: dict[str, Any]) -> bool:
        return time.time() > float(token.get("expires_at", 0))

    def refresh_token(self, token: dict[str, Any]) -> dict[str, Any]:
        remote = self.oauth_remotes[lms.PROVIDER]
        if not token.get("refresh_token"):
            raise AspectsError("The LMS' token has expired: log in again.")
        renewed = remote.client_cls(
            client_id=remote.client_id,
            client_secret=remote.client_secret,
            token_endpoint_auth_method="client_secret_post",
        ).refresh_token(
            remote.access_token_url, refresh_token=token["refresh_token"], **lms.ASYMMETRIC
        )
        claims = lms.verified(renewed["access_token"], current_app.config["ASPECTS_LMS"])
        if claims["preferred_username"] != session.get("oauth_username"):
            raise AspectsError("The LMS renewed a token for somebody else: log in again.")
        return {"refresh_token": token["refresh_token"], **renewed}

    # -- what the LMS knows ----------------------------------------------------------------------

    def _ask(self, url: str) -> Any:
        return self.oauth_remotes[lms.PROVIDER].get(url, token=self.get_oauth_token())

    def get_preferences(self, username: str) -> str:
        """The person's language, which becomes the session's where Superset has it."""
        url = current_app.config["OPENEDX_API_URLS"]["get_preference"].format(username=username)
        try:
            answer = self._ask(url)
            answer.raise_for_status()
            locale = str(answer.json().get("pref-lang") or "en").lower().replace("-", "_")
        except Exception as error:  # a language is no reason to keep anyone out
            log.warning("The LMS does not say which language %s reads: %s", username, error)
            return "en"
        languages = current_app.config["LANGUAGES"]
        for candidate in (locale, locale.split("_")[0]):
            if candidate in languages:
                session["locale"] = candidate
                break
        return locale

    def get_courses(
        self, username: str, permission: str = "staff", next_url: Any = None, force: bool = False
    ) -> list[str]:
        """Keys of the courses in which someone has a permission, remembered for a while.

        Only that person's own session can ask. Raises AspectsError when the LMS does not answer
        and nothing is remembered: no answer is not the answer "none".
        """
        key = f"aspects-courses:{permission}:{username}"
        if not force:
            remembered = cache_manager.cache.get(key)
            if remembered is not None:
                return list(remembered)
        owner = session.get("oauth_username") if session else None
        if owner != username:
            raise AspectsError(
                f"The LMS cannot be asked for the courses of {username} outside of a session of "
                "their own."
            )
        url = current_app.config["OPENEDX_API_URLS"]["get_courses"].format(
            username=username, permission=permission
        )
        try:
            found = lms.courses(self._ask, url)
        except AspectsError:
            raise
        except Exception as error:
            raise AspectsError(
                f"The LMS does not say which courses {username} teaches ({error}): try again, and "
                "see whether it is up."
            ) from error
        seconds = current_app.config["ASPECTS_COURSES_SECONDS"]
        if seconds:
            cache_manager.cache.set(key, found, timeout=seconds)
        return found

    # -- rows ------------------------------------------------------------------------------------

    def get_rls_filters(self, table: Any) -> list[Any]:
        """Superset's filters, and ours."""
        return [*super().get_rls_filters(table), *rows.filters_of(table)]

    # -- guests ----------------------------------------------------------------------------------

    @staticmethod
    def validate_guest_token_resources(resources: Any) -> None:
        """Dashboards may have come after the last init task: then they become embeddable now."""
        from superset.daos.dashboard import EmbeddedDashboardDAO

        from tutoraspects.superset.provision import embed

        if not all(EmbeddedDashboardDAO.find_by_id(str(one["id"])) for one in resources):
            try:
                for line in embed(settings(), db.session):
                    log.info("%s", line)
            except IntegrityError:  # another request was faster
                db.session.rollback()
        SupersetSecurityManager.validate_guest_token_resources(resources)
