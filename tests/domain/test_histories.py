"""Whole histories, drawn at random: every submission is accounted for, and the order of news does not matter."""

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from shared.domain import events as e
from shared.domain.job import FileState, State
from shared.domain.lifecycle import Moved
from tests.builders import POLICY
from tests.domain.tale import Tale, a_file, told_until

# -- counting ----------------------------------------------------------------------------------------------------------

ANSWERS = st.sampled_from(
    ["yes", "lost", "no", "busy", "nothing", "died before", "died after", "cancelled first"]
)


@settings(max_examples=40, deadline=None, database=None, print_blob=True, phases=[Phase.generate])
@given(answers=st.lists(ANSWERS, min_size=1, max_size=8), late=st.booleans())
def test_submissions_are_the_charged_and_the_postponed_and_those_that_a_crash_explains(answers, late):
    tale, seen = Tale(), 0
    for answer in answers:
        if not isinstance(tale.claim(), Moved):
            break
        number = tale.job.attempt
        seen += answer != "died before"
        if answer == "cancelled first":
            tale.tell(e.CancelRequested())
        said = {
            "yes": e.Submitted(number, f"s{number}"),
            "cancelled first": e.Submitted(number, f"s{number}"),
            "lost": e.AnswerLost(number),
            "no": e.PrepareFailed(number, "vendor-error"),
            "busy": e.Postponed("device-busy", attempt=number, asked=True),
            "nothing": e.NoFootage(number),
        }
        if answer in said:
            tale.tell(said[answer])
        tale.wait(1800)
        if answer == "died after" and late:
            tale.tell(e.Submitted(number, f"s{number}"))
            tale.wait(1800)
    told = tale.attempts + tale.job.postponed
    assert told <= seen <= told + len(tale.job.unexplained)
    if not any(answer.startswith("died") for answer in answers):
        assert seen == told


# -- one history, told in any way --------------------------------------------------------------------------------------

HISTORY = (
    e.Submitted(1, "s"),
    e.Progressed(1, 0.2, files=(a_file("early"),)),
    e.Progressed(1, 0.9, files=(a_file("clip"),)),
    e.StreamGone(1),
    e.Prepared(1, (a_file("clip"),)),
)


@settings(max_examples=40, deadline=None, database=None, print_blob=True, phases=[Phase.generate])
@given(
    order=st.permutations(HISTORY), again=st.lists(st.sampled_from(HISTORY), max_size=4), dead=st.booleans()
)
def test_one_history_in_any_order_doubled_and_cut_by_crashes_ends_alike(order, again, dead):
    tale = told_until(State.SUBMITTING)
    if dead:
        tale.wait(121)  # whoever asked is dead, and the vendor has taken it
    tale.tell(*order, *again)
    if tale.state == State.PREPARING:  # the stream was gone before anybody knew of it; it is asked about
        tale.wait(POLICY.silence.total_seconds() / 3)
        tale.tell(HISTORY[-1])
    assert (tale.state, tale.attempts, tale.job.unexplained) == (State.READY, 1, ())
    while tale.state == State.READY:
        assert isinstance(tale.fetch(), Moved)
        if dead:
            tale.wait(121)
            tale.fetch()
        tale.land()
    tale.tell(*order)
    assert tale.state == State.ARCHIVED
    assert "clip" in tale.files(FileState.LANDED)
    assert tale.attempts == 1
