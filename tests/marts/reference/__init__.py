"""Every public mart computed in plain Python from the distinct statements and the sinks' rows.

Written from the marts' documentation, not from their SQL: the two agree or one of them is wrong.
`MARTS` is the list of what is compared.
"""

from __future__ import annotations

from tests.marts.reference import activity, courses, instance, learners, pages, problems, videos
from tests.marts.reference.mart import Mart
from tests.marts.reference.world import World

MARTS: tuple[Mart, ...] = (
    *courses.MARTS,
    *learners.MARTS,
    *problems.MARTS,
    *pages.MARTS,
    *videos.MARTS,
    *activity.MARTS,
    *instance.MARTS,
)

__all__ = ["MARTS", "Mart", "World"]
