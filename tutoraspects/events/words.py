"""Invented names, titles and sentences, drawn with a given random generator.

Only `Random.random` and `getrandbits` are used: their sequences are the ones that Python keeps
the same from version to version, which is what makes a seed mean the same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

_WORDS_TEXT = """
    account action agent analysis angle animal answer area argument atom average balance beam
    behaviour boundary bridge budget carbon cause cell change charge choice circuit city claim
    class climate code colour column compound concept condition constant context contract cost
    course culture current curve data debate decade decision degree demand density design
    development diagram difference disease distance dose economy effect electron element energy
    engine environment equation error estimate evidence example exchange experiment factor field
    figure flow force form fraction frequency function gas gene goal government graph gravity
    group growth habit health heat history hypothesis idea image impact income index inequality
    inference inflation integral interest interval island labour language law lens level light
    limit line liquid logic machine market mass matrix matter mean measure memory message method
    metal mineral model molecule moment motion network neuron node number object observation
    ocean orbit organ origin output pattern people period phase phrase planet plant poem point
    policy population power practice pressure price principle probability problem process
    product proof protein protocol question queue rate ratio reaction reason record region
    regression relation report resource response result risk river rule sample scale scene
    school science section sentence sequence series service set shape signal sky society soil
    solution sound source space species speed spectrum state statement statistic stone story
    strategy stress structure study style subject sum supply surface survey symbol system table
    task tax team technique temperature tension term test text theory thought time tissue tone
    tool topic trade tradition transfer tree trend triangle trial truth unit value variable
    variance vector velocity verb verse view virus voice volume voltage wage water wave weight
    wind word work world year
"""
_JOINERS = ("of", "and", "in", "for", "with", "under", "versus", "without", "from", "to")
_SUBJECTS = (
    "Biology", "Calculus", "Chemistry", "Cybersecurity", "Economics", "Epidemiology", "Ethics",
    "Genetics", "History", "Journalism", "Law", "Linguistics", "Logic", "Marketing", "Music",
    "Nursing", "Optics", "Philosophy", "Physics", "Programming", "Psychology", "Robotics",
    "Statistics", "Sustainability", "Thermodynamics",
)  # fmt: skip
# Courses are not all in English; the LMS sends names as they are.
_COURSE_NAMES = (
    ("Introduction to {0}", "en"),
    ("{0} for Everyone", "en"),
    ("Advanced {0}", "en"),
    ('Foundations of {0}: "Theory & Practice"', "en"),
    ("Introducción a {0} — nivel básico", "es"),
    ("Initiation à {0} : l’essentiel", "fr"),
    ("مقدمة في {0}", "ar"),
    ("{0}入门", "zh-cn"),
    ("Einführung: {0} für Anfänger", "de"),
    ("Введение в {0}", "ru"),
)
_FIRST_TEXT = """
    ada ali amara ana andre anna bao carlos chen clara dana diego elena emeka eva fatima felix
    grace hana hugo ines ivan jack jana jin jose julia kai karim kofi lara leila leo li lina
    lucas luis maja maria mateo maya mehmet mia milan mina nadia nia noah nora olga omar paula
    pedro petra priya rafael rania ravi rosa sam sara sofia tariq tomas uma vera victor wei yara
    yuki zoe
"""
_LAST_TEXT = """
    abbott adeyemi ahmed bauer becker bianchi castro chan cohen costa cruz diaz dubois evans
    fischer flores garcia gomez haddad hansen hassan ito ivanova jensen kaya khan kim kowalski
    kumar larsen lee lopez martin mendes meyer moreau mueller nakamura nguyen novak okafor olsen
    ortiz park patel pereira petrov ramos reyes rossi ruiz saito santos sato schmidt silva singh
    smith tanaka torres tran vargas wagner wang weber wilson wong yilmaz young zhang
"""

_WORDS = _WORDS_TEXT.split()
_FIRST = _FIRST_TEXT.split()
_LAST = _LAST_TEXT.split()


def pick(rng: Random, values: Sequence[T]) -> T:
    """One of the values, each as likely as the others."""
    return values[int(rng.random() * len(values))]


def hexadecimal(rng: Random, digits: int) -> str:
    return f"{rng.getrandbits(4 * digits):0{digits}x}"


def sentence(rng: Random, count: int) -> str:
    """About `count` words."""
    chosen = [pick(rng, _WORDS if position % 3 else _JOINERS) for position in range(1, count + 1)]
    return " ".join(chosen).capitalize()


def title(rng: Random) -> str:
    return f"{pick(rng, _WORDS)} {pick(rng, _JOINERS)} {pick(rng, _WORDS)}".capitalize()


def subject(rng: Random) -> str:
    return pick(rng, _SUBJECTS)


def course_name(rng: Random, about: str) -> tuple[str, str]:
    """A course's display name and its language code."""
    # Half of the draws go to the first pattern, so that English stays the most common.
    form, language = _COURSE_NAMES[int(rng.random() ** 2 * len(_COURSE_NAMES))]
    return form.format(about), language


def person(rng: Random) -> tuple[str, str]:
    """First and last name, in lower case."""
    return pick(rng, _FIRST), pick(rng, _LAST)
