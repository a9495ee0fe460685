"""Who logs in as somebody of the LMS is never Superset's administrator or the LMS' account."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.lab.lab import PARTS
from tests.lab.rendering import ROOT

pytestmark = pytest.mark.slow
# Superset's own way of finding accounts, on a database in memory; the LMS' word is given.
_SCRIPT = """
import sys
from flask import Flask
from flask_appbuilder.security.sqla.models import Model, User
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from tutoraspects.errors import AspectsError
from tutoraspects.superset import lms, sso

engine = create_engine("sqlite://")
Model.metadata.create_all(engine)
stored = Session(engine)
for name in ("superset-admin", "anna"):
    user = User(first_name=name, last_name=name, username=name, email=name, active=True)
    stored.add(user)
stored.commit()

class Manager(sso.AspectsSecurityManager):
    session = stored
    access_token = "token"
    def __init__(self): pass
    def get_preferences(self, username): return "en"
    def _get_user_roles(self, username, locale): return ["instructor"]

lms.verified = lambda token, config: {"preferred_username": sys.argv[1]}
app = Flask("superset")
app.secret_key = "key"
app.config.update(
    ASPECTS_LMS={}, DASHBOARD_LOCALES=["en"],
    ASPECTS_SERVICE_ACCOUNTS=("superset-admin", "superset-lms"),
)
with app.test_request_context():
    try:
        print("in as", Manager().oauth_user_info(lms.PROVIDER)["username"])
    except AspectsError as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("anna", "in as anna"),
        ("Anna", "in as Anna"),
        ("superset-admin", "service account"),
        ("Superset-Admin", "service account"),
        ("superset-lms", "service account"),
    ],
)
def test_no_account_of_the_lms_becomes_a_service_account(name: str, expected: str) -> None:
    done = subprocess.run(
        [str(PARTS / "superset/bin/python"), "-c", _SCRIPT, name],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout
