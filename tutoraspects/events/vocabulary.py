"""Words of the statements that Open edX sends: verbs, activity types, extensions, event names.

The contract is event-routing-backends 9.3 to 10.1 (`processors/xapi/constants.py` and its list
of allowed events): every name here is one that an LMS with that plugin puts on the wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

#: Version written by the plugin into every statement's context.
TRANSFORMER_VERSION = "event-routing-backends@9.3.8"
SPECIFICATION_VERSION = "1.0.3"

_ADL = "http://adlnet.gov/expapi/verbs/"
_ACROSSX = "https://w3id.org/xapi/acrossx/verbs/"
_DOD = "https://w3id.org/xapi/dod-isd/verbs/"
_VIDEO = "https://w3id.org/xapi/video/verbs/"
_TINCAN = "http://id.tincanapi.com/verb/"
_OPENEDX = "https://w3id.org/xapi/openedx/verb/"

#: Display word to verb IRI, all verbs on the wire.
VERBS = MappingProxyType(
    {
        "asked": _ADL + "asked",
        "attempted": _ADL + "attempted",
        "completed": _ADL + "completed",
        "deleted": _DOD + "deleted",
        "earned": _TINCAN + "earned",
        "edited": _ACROSSX + "edited",
        "evaluated": _ACROSSX + "evaluated",
        "failed": _ADL + "failed",
        "initialized": _ADL + "initialized",
        "interacted": _ADL + "interacted",
        "navigated": _DOD + "navigated",
        "passed": _ADL + "passed",
        "paused": _VIDEO + "paused",
        "played": _VIDEO + "played",
        "posted": _ACROSSX + "posted",
        "progressed": _ADL + "progressed",
        "registered": _ADL + "registered",
        "reported": _ACROSSX + "reported",
        "seeked": _VIDEO + "seeked",
        "terminated": _ADL + "terminated",
        "unregistered": _TINCAN + "unregistered",
        "unreported": _OPENEDX + "unreported",
        "viewed": _TINCAN + "viewed",
        "voted": _OPENEDX + "voted",
    }
)


class Activity:
    """Types of the things that statements are about."""

    ATTEMPT = "http://adlnet.gov/expapi/activities/attempt"
    COURSE = "http://adlnet.gov/expapi/activities/course"
    DISCUSSION = "http://id.tincanapi.com/activitytype/discussion"
    HINT = "https://w3id.org/xapi/acrossx/extensions/supplemental-info"
    INTERACTION = "http://adlnet.gov/expapi/activities/cmi.interaction"
    LINK = "http://adlnet.gov/expapi/activities/link"
    MODULE = "http://adlnet.gov/expapi/activities/module"
    QUESTION = "http://adlnet.gov/expapi/activities/question"
    RESOURCE = "http://id.tincanapi.com/activitytype/resource"
    SOLUTION = "http://id.tincanapi.com/activitytype/solution"
    VIDEO = "https://w3id.org/xapi/video/activity-type/video"
    #: kind of exam to its type
    EXAM = MappingProxyType(
        {
            kind: f"https://w3id.org/xapi/openedx/activity/{kind}-assessment"
            for kind in ("timed", "practice", "proctored")
        }
    )


class Extension:
    """Keys of the `extensions` objects."""

    ATTEMPT = "http://id.tincanapi.com/extension/attempt-id"
    ATTEMPT_COMPLETED = "https://w3id.org/xapi/openedx/extension/attempt-completed"
    ATTEMPT_STARTED = "https://w3id.org/xapi/openedx/extension/attempt-started"
    CC_ENABLED = "https://w3id.org/xapi/video/extensions/cc-enabled"
    DURATION = "http://id.tincanapi.com/extension/duration"
    ENDING_POINT = "http://id.tincanapi.com/extension/ending-point"
    GRADE = "http://www.tincanapi.co.uk/activitytypes/grade_classification"
    LENGTH = "https://w3id.org/xapi/video/extensions/length"
    MODE = "https://w3id.org/xapi/acrossx/extensions/type"
    PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"
    SESSION = "https://w3id.org/xapi/openedx/extensions/session-id"
    SPEED_FROM = "https://w3id.org/xapi/openedx/extension/speed-from"
    SPEED_TO = "https://w3id.org/xapi/openedx/extension/speed-to"
    STARTING_POSITION = "http://id.tincanapi.com/extension/starting-position"
    TIME = "https://w3id.org/xapi/video/extensions/time"
    TIME_FROM = "https://w3id.org/xapi/video/extensions/time-from"
    TIME_LIMIT = "https://w3id.org/xapi/acrossx/extensions/time-limit"
    TIME_TO = "https://w3id.org/xapi/video/extensions/time-to"
    TOTAL_ITEMS = "https://w3id.org/xapi/acrossx/extensions/total-items"
    TRANSFORMER = "https://w3id.org/xapi/openedx/extension/transformer-version"


@dataclass(frozen=True)
class Event:
    """One kind of tracking event, by its name in the LMS, and the verb it becomes.

    `browser` tells apart the two events that share the name `problem_check`.
    """

    name: str
    verb: str
    browser: bool = False


def _events() -> tuple[Event, ...]:
    forum = [
        Event(f"edx.forum.{kind}.{done}", verb)
        for kind, dones in (
            ("thread", ("created", "edited", "viewed", "deleted", "voted")),
            ("response", ("created", "edited", "deleted", "voted")),
            ("comment", ("created", "edited", "deleted")),
        )
        for done, verb in ((done, "posted" if done == "created" else done) for done in dones)
    ]
    flags = [
        Event(f"edx.forum.{kind}.{done}", done)
        for kind in ("thread", "response", "comment")
        for done in ("reported", "unreported")
    ]
    exams = [
        Event(f"edx.special_exam.{kind}.attempt.{done}", verb)
        for kind in ("timed", "practice", "proctored")
        for done, verb in (("created", "initialized"), ("submitted", "terminated"))
    ]
    return (
        Event("edx.course.enrollment.activated", "registered"),
        Event("edx.course.enrollment.deactivated", "unregistered"),
        Event("edx.course.enrollment.mode_changed", "registered"),
        Event("edx.course.grade.passed.first_time", "passed"),
        Event("edx.course.grade.now_passed", "passed"),
        Event("edx.course.grade.now_failed", "failed"),
        Event("edx.grades.subsection.grade_calculated", "earned"),
        Event("edx.grades.course.grade_calculated", "earned"),
        Event("edx.grades.problem.submitted", "attempted"),
        Event("problem_check", "attempted", browser=True),
        Event("problem_check", "evaluated"),
        Event("showanswer", "asked"),
        Event("edx.problem.hint.demandhint_displayed", "asked"),
        Event("edx.completion.block_completion.changed", "progressed"),
        Event("load_video", "initialized"),
        Event("play_video", "played"),
        Event("pause_video", "paused"),
        Event("seek_video", "seeked"),
        Event("stop_video", "terminated"),
        Event("complete_video", "completed"),
        Event("speed_change_video", "interacted"),
        Event("show_transcript", "interacted"),
        Event("hide_transcript", "interacted"),
        Event("video_show_cc_menu", "interacted"),
        Event("video_hide_cc_menu", "interacted"),
        Event("edx.video.closed_captions.shown", "interacted"),
        Event("edx.video.closed_captions.hidden", "interacted"),
        Event("edx.ui.lms.link_clicked", "navigated"),
        Event("edx.ui.lms.outline.selected", "navigated"),
        Event("edx.ui.lms.sequence.next_selected", "navigated"),
        Event("edx.ui.lms.sequence.previous_selected", "navigated"),
        Event("edx.ui.lms.sequence.tab_selected", "navigated"),
        *forum,
        *flags,
        *exams,
    )


#: Every kind of event the generator makes.
EVENTS: tuple[Event, ...] = _events()

#: `response_type` of a question to the interaction type in the statement.
INTERACTION_TYPES = MappingProxyType(
    {
        "choiceresponse": "choice",
        "multiplechoiceresponse": "choice",
        "optionresponse": "choice",
        "numericalresponse": "numeric",
        "stringresponse": "fill-in",
        "formularesponse": "fill-in",
        "truefalseresponse": "true-false",
        "customresponse": "other",
    }
)

#: Enrolment tracks and how common they are.
MODES = (("audit", 0.72), ("honor", 0.12), ("verified", 0.14), ("professional", 0.02))


def verb_object(word: str) -> dict[str, Any]:
    """The statement's `verb`, with its members in the order event identifiers depend on."""
    return {"id": VERBS[word], "display": {"en": word}}
