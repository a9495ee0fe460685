# Aspects: LMS and CMS turn tracking events into xAPI statements and send them to the learning record
# store; they copy courses, enrolments and tags to ClickHouse. Pinned, since the order of the columns
# that they send is the definition of the tables (docs/architecture).
RUN --mount=type=cache,target=/openedx/.cache/pip,sharing=shared \
    $PIP_COMMAND install platform-plugin-aspects==2.1.0 edx-event-routing-backends==10.1.0
