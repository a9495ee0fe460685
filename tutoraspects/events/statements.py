"""One statement for each kind of event, shaped as event-routing-backends shapes it.

Member order follows the tincan library, which that plugin uses. Objects that many statements
share (actor, course, verb) are shared in memory too: treat a statement as read-only, or copy it.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from time import gmtime, strftime
from typing import Any, NamedTuple

from tutoraspects.events.courses import Block, Course, Sequence
from tutoraspects.events.learners import Learner
from tutoraspects.events.vocabulary import (
    INTERACTION_TYPES,
    SPECIFICATION_VERSION,
    TRANSFORMER_VERSION,
    VERBS,
    Activity,
    Extension,
    verb_object,
)

Statement = dict[str, Any]

_VERBS = {word: verb_object(word) for word in VERBS}
# Version 5 UUIDs are SHA-1 over the namespace's bytes and the name; see `event_id`.
_NAMESPACES = {
    word: uuid.uuid5(uuid.NAMESPACE_DNS, json.dumps(verb)).bytes for word, verb in _VERBS.items()
}
# The RFC 4122 variant: the two highest bits of this digit become binary 10.
_VARIANT = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}


class Scene(NamedTuple):
    """Who does something, where and when: what every statement of a session has in common."""

    learner: Learner
    course: Course
    session: str
    microseconds: int
    timestamp: str


def event_id(namespace: bytes, actor_json: str, timestamp: str) -> str:
    """The identifier that event-routing-backends gives a statement, so replays carry it again.

    uuid5(uuid5(DNS, verb), actor-timestamp), where verb and actor are tincan's JSON texts and
    `namespace` holds the inner one's 16 bytes. Written out because uuid.uuid5 takes thrice the
    time, and every statement needs one.
    """
    name = f"{actor_json}-{timestamp}".encode()
    digest = hashlib.sha1(namespace + name, usedforsecurity=False).hexdigest()
    variant = _VARIANT[digest[16]]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


def _assemble(
    scene: Scene,
    word: str,
    thing: dict[str, Any],
    *,
    result: dict[str, Any] | None = None,
    extensions: dict[str, Any] | None = None,
    grouping: list[dict[str, Any]] | None = None,
    bare: bool = False,
) -> Statement:
    learner = scene.learner
    statement: Statement = {"id": event_id(_NAMESPACES[word], learner.actor_json, scene.timestamp)}
    if result is not None:
        statement["result"] = result
    statement["version"] = SPECIFICATION_VERSION
    statement["actor"] = learner.actor
    statement["verb"] = _VERBS[word]
    statement["object"] = thing
    statement["timestamp"] = scene.timestamp
    context: dict[str, Any] = {}
    if not bare:
        activities: dict[str, Any] = {"parent": scene.course.parents}
        if grouping is not None:
            activities["grouping"] = grouping
        context["contextActivities"] = activities
    known = {Extension.TRANSFORMER: TRANSFORMER_VERSION, Extension.SESSION: scene.session}
    if extensions is not None:
        known.update(extensions)
    context["extensions"] = known
    statement["context"] = context
    return statement


def _activity(iri: str, kind: str, **definition: Any) -> dict[str, Any]:
    return {"id": iri, "objectType": "Activity", "definition": {"type": kind, **definition}}


# Enrolment and grades: about the course, without context activities.


def enrolment(scene: Scene, word: str, mode: str) -> Statement:
    """`registered` (also when the track changes) and `unregistered`."""
    thing = _activity(
        scene.course.iri,
        Activity.COURSE,
        name={"en": scene.course.name},
        extensions={Extension.MODE: mode},
    )
    return _assemble(scene, word, thing, bare=True)


def course_state(scene: Scene, word: str) -> Statement:
    """`passed` and `failed`."""
    thing = _activity(
        scene.course.iri, Activity.COURSE, name={"en": scene.course.name}, extensions={}
    )
    return _assemble(scene, word, thing, bare=True)


def course_grade(scene: Scene, grade: float, letter: str) -> Statement:
    thing = _activity(scene.course.iri, Activity.COURSE, name={"en": scene.course.name})
    result = {
        "score": {"scaled": grade, "raw": grade, "min": 0.0, "max": 1.0},
        "extensions": {Extension.GRADE: letter},
    }
    return _assemble(scene, "earned", thing, result=result)


def subsection_grade(scene: Scene, block: Block, earned: float, possible: float) -> Statement:
    thing = _activity(block.iri, Activity.RESOURCE)
    return _assemble(scene, "earned", thing, result=_score(earned, possible))


def _score(earned: float, possible: float) -> dict[str, Any]:
    scaled = earned / possible if possible else 0.0
    score = {"scaled": scaled, "raw": earned, "min": 0, "max": possible}
    return {"score": score, "success": earned >= possible}


# Problems.


def attempted(scene: Scene, block: Block) -> Statement:
    """The browser's `problem_check`: no answer, no result."""
    thing = _activity(block.iri, Activity.INTERACTION, interactionType="other")
    return _assemble(scene, "attempted", thing)


def submitted(scene: Scene, block: Block, earned: int) -> Statement:
    """`edx.grades.problem.submitted`."""
    thing = _activity(block.iri, Activity.QUESTION)
    return _assemble(scene, "attempted", thing, result=_score(earned, block.points))


def evaluated(
    scene: Scene, block: Block, attempt: int, responses: list[tuple[str, bool]]
) -> list[Statement]:
    """The server's `problem_check`: one statement, or a group and one for each question."""
    earned = sum(right for _, right in responses)
    result = _score(earned, block.points)
    if len(block.questions) == 1:
        question = block.questions[0]
        thing = _activity(
            block.iri,
            Activity.INTERACTION,
            extensions={Extension.ATTEMPT: attempt},
            description={"en-US": question.text},
            interactionType=INTERACTION_TYPES[question.response_type],
        )
        result = {"response": responses[0][0], **result}
        return [_assemble(scene, "evaluated", thing, result=result)]
    group = _activity(
        block.iri, Activity.INTERACTION, name={"en-US": block.name}, interactionType="other"
    )
    group["objectType"] = "GroupActivity"
    parent = _assemble(scene, "evaluated", group, result=result)
    children = [
        _child(scene, block, parent, number, response, right)
        for number, (response, right) in enumerate(responses)
    ]
    return [parent, *children]


def _child(
    scene: Scene, block: Block, parent: Statement, number: int, response: str, right: bool
) -> Statement:
    question = block.questions[number]
    suffix = f"_{number + 2}_1"
    thing = _activity(
        block.iri + suffix,
        Activity.INTERACTION,
        description={"en-US": question.text},
        interactionType=INTERACTION_TYPES[question.response_type],
    )
    result = {"response": response, "success": right}
    statement = _assemble(scene, "evaluated", thing, result=result, grouping=scene.course.parents)
    # Children share verb, actor and time with their parent; the question's name sets them apart.
    child_id = block.iri.rpartition("@")[2] + suffix
    namespace = uuid.uuid5(uuid.NAMESPACE_DNS, f"{json.dumps(_VERBS['evaluated'])}-{child_id}")
    statement["id"] = event_id(namespace.bytes, scene.learner.actor_json, scene.timestamp)
    context = statement["context"]
    context["contextActivities"]["parent"] = [parent["object"]]
    context["statement"] = {"id": parent["id"], "objectType": "StatementRef"}
    return statement


def asked_answer(scene: Scene, block: Block) -> Statement:
    return _assemble(scene, "asked", _activity(f"{block.iri}/answer", Activity.SOLUTION))


def asked_hint(scene: Scene, block: Block, hint: int) -> Statement:
    return _assemble(scene, "asked", _activity(f"{block.iri}/hint/{hint}", Activity.HINT))


def progressed(scene: Scene, block: Block) -> Statement:
    result = {"completion": True, "extensions": {Extension.PROGRESS: 100.0}}
    return _assemble(scene, "progressed", _activity(block.iri, Activity.RESOURCE), result=result)


# Videos. Positions and lengths in seconds.


def video(scene: Scene, word: str, block: Block, position: float) -> Statement:
    """`played`, `paused` and `terminated` at a position, `completed` at the end."""
    result: dict[str, Any] = {"extensions": {Extension.TIME: position}}
    if word == "completed":
        minutes, seconds = divmod(int(block.length), 60)
        result |= {"completion": True, "duration": f"PT{minutes:02d}M{seconds:02d}S"}
    return _video(scene, word, block, result)


def video_loaded(scene: Scene, block: Block) -> Statement:
    return _video(scene, "initialized", block, None)


def video_seeked(scene: Scene, block: Block, before: float, after: float) -> Statement:
    extensions = {Extension.TIME_FROM: before, Extension.TIME_TO: after}
    return _video(scene, "seeked", block, {"extensions": extensions})


def video_speed(scene: Scene, block: Block, before: str, after: str) -> Statement:
    extensions = {Extension.SPEED_FROM: before, Extension.SPEED_TO: after}
    return _video(scene, "interacted", block, {"extensions": extensions})


def video_captions(scene: Scene, block: Block, position: float, shown: bool) -> Statement:
    """Transcript, captions menu and closed captions, shown or hidden."""
    extensions = {Extension.TIME: position, Extension.CC_ENABLED: shown}
    return _video(scene, "interacted", block, {"extensions": extensions})


def _video(scene: Scene, word: str, block: Block, result: dict[str, Any] | None) -> Statement:
    return _assemble(
        scene,
        word,
        _activity(block.iri, Activity.VIDEO),
        result=result,
        extensions={Extension.LENGTH: block.length},
    )


# Navigation.


def sequence_moved(scene: Scene, sequence: Sequence, start: int, end: int | str) -> Statement:
    """Next, previous and tab: `end` is a position, or the words `next unit`, `previous unit`."""
    total = {Extension.TOTAL_ITEMS: len(sequence.units)}
    thing = _activity(sequence.block.iri, Activity.RESOURCE, extensions=total)
    places = {Extension.STARTING_POSITION: start, Extension.ENDING_POINT: end}
    return _assemble(scene, "navigated", thing, extensions=places)


def outline_selected(scene: Scene, home_page: str, block: Block) -> Statement:
    thing = _activity(_jump(scene, home_page, block), Activity.MODULE, name={"en": block.name})
    return _assemble(scene, "navigated", thing)


def link_clicked(scene: Scene, home_page: str, block: Block) -> Statement:
    return _assemble(scene, "navigated", _activity(_jump(scene, home_page, block), Activity.LINK))


def _jump(scene: Scene, home_page: str, block: Block) -> str:
    return f"{home_page}/courses/{scene.course.key}/jump_to/{block.key}"


# Forum.


def forum_thread(
    scene: Scene, word: str, home_page: str, thread: tuple[str, str], mode: str = ""
) -> Statement:
    """What is done to a thread; `mode` is its type when posted, the direction of a vote."""
    thread_id, title = thread
    iri = f"{home_page}/api/discussion/v1/threads/{thread_id}"
    named = {} if word == "voted" else {"name": {"en": title}}
    extensions = {Extension.MODE: mode} if mode else None
    thing = _activity(iri, Activity.DISCUSSION, **named)
    return _assemble(scene, word, thing, extensions=extensions)


def forum_reply(
    scene: Scene, word: str, home_page: str, thread_id: str, reply_id: str, mode: str = ""
) -> Statement:
    """What is done to a response or a comment; a new one names its thread."""
    iri = f"{home_page}/api/discussion/v1/comments/{reply_id}"
    grouping = None
    if word == "posted":
        thread = f"{home_page}/api/discussion/v1/threads/{thread_id}"
        grouping = [_activity(thread, Activity.DISCUSSION)]
    extensions = {Extension.MODE: mode} if mode else None
    thing = _activity(iri, Activity.DISCUSSION)
    return _assemble(scene, word, thing, grouping=grouping, extensions=extensions)


# Exams.


def exam(
    scene: Scene, sequence: Sequence, attempt: str, number: int, began: int, over: bool
) -> Statement:
    """An exam's attempt: `initialized` when it begins, `terminated` when it is `over`.

    `began` is in microseconds since 1970.
    """
    name = {"en": sequence.block.name}
    limit = {Extension.TIME_LIMIT: 60}
    thing = _activity(sequence.block.key, Activity.EXAM[sequence.exam], name=name, extensions=limit)
    about: dict[str, Any] = {Extension.ATTEMPT: number}
    if over:
        about = {
            Extension.ATTEMPT_STARTED: format_time(began),
            Extension.ATTEMPT_COMPLETED: scene.timestamp,
            Extension.DURATION: (scene.microseconds - began) / 1_000_000,
            **about,
        }
    grouping = [_activity(attempt, Activity.ATTEMPT, name=name, extensions=about)]
    return _assemble(scene, "terminated" if over else "initialized", thing, grouping=grouping)


def format_time(microseconds: int) -> str:
    """A moment as the LMS writes it: `2026-03-01T08:15:30.123456+00:00`."""
    seconds, fraction = divmod(microseconds, 1_000_000)
    return f"{strftime('%Y-%m-%dT%H:%M:%S', gmtime(seconds))}.{fraction:06d}+00:00"
