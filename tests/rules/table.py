"""The 25 rules for a platform as it really behaves: what is done, the sandbox's switches for it, the tests, and the removals.

`docs/sms-rules.md` is drawn from it (`make docs`). A removal is what takes the rule out of the code; `make rules` does that in
a copy, and the test beside it has to be red there.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from tests.rules.removal import Removal

DOOR = "tests/e2e/test_sms_rules.py::"
LANES = "tests/e2e/test_sms_lanes.py::"
LONG = "tests/crash/test_platform.py::"
GUARDED = """\
        if not public and not self.allow.may(target):
            raise self._unnamed(target, "is not named")
        found = self._found(target)
        if self._is_own(target.port, found):
            raise _not_allowed(target, OURS)
        for at in found:
            if not self.allow.opens(target, at) and not (public and self.is_public(at)):
                raise self._unnamed(target, f"leads to {at}, {_why(at)}")
"""
# Not even without its rule may a test lead anywhere but to this machine.
ONLY_LOOPBACK = """\
        found = self._found(target)
        if not all(at.startswith("127.") for at in found):
            raise self._unnamed(target, "is not named")
"""
ONCE = f"{DOOR}test_it_is_archived_whole_with_one_attempt_and_it_is_its_own_footage"


@dataclass(frozen=True)
class Shown:
    """A test of a rule, and how the rule is taken out to see it red; without a removal it is one more proof of the same."""

    test: str
    removal: Removal | None = None

    @property
    def where(self) -> str:
        """The command that runs it."""
        return "`make crash`" if self.test.startswith("tests/crash") else "`make test`"


@dataclass(frozen=True)
class Rule:
    """One rule: `does` says what is done, `switches` are the sandbox's."""

    number: int
    name: str
    does: str
    switches: tuple[str, ...]
    shown: tuple[Shown, ...]


def _once(case: str, file: str = "", rule: str = "", without: str = "") -> Shown:
    return Shown(f"{ONCE}[{case}]", Removal(file, rule, without) if file else None)


def _door(test: str, file: str = "", rule: str = "", without: str = "") -> Shown:
    return Shown(DOOR + test, Removal(file, rule, without) if file else None)


RULES = (
    Rule(
        1, "An id of our own",
        "A job is known by its own id; a stream id is a handle of an attempt and may come back for another window.",
        ("reuse_stream_id",),
        (
            _door("test_a_withdrawal_never_hits_the_download_of_another_window_with_the_same_stream_id"),
            Shown(
                "tests/domain/test_stories_of_lanes.py",
                Removal("worker/withdraw.py", "if any(services.jobs.lane(lane.name).holds(", "if False and any(services.jobs.lane(lane.name).holds("),
            ),
        ),
    ),
    Rule(
        2, "Correlation by the callback's address",
        "Job and attempt stand in the address; the `streamId` of the body is noted as an alias and decides nothing.",
        ("alias",),
        (
            _door(
                "test_the_stream_id_of_a_callback_is_an_alias_and_nothing_more",
                "shared/domain/rules/attempts.py",
                "    if current.stream_id:\n        aliases",
                "    if False:\n        aliases",
            ),
            _once("alias"),
        ),
    ),
    Rule(
        3, "Callbacks before the answer",
        "Job and address exist before the platform is asked; a callback proves that it took the submission.",
        ("callback_first", "slow_submit"),
        (
            _door(
                "test_callbacks_before_the_answer_are_believed_at_once",
                "shared/domain/lifecycle.py",
                "_row(e.Progressed, {W, S, P}, {P, R}, reporting.progressed)",
                "_row(e.Progressed, {W, P}, {P, R}, reporting.progressed)",
            ),
            _once("callback-first"),
            Shown(f"{LONG}test_a_platform_that_answers_after_twenty_seconds_and_calls_back_meanwhile_is_asked_once"),
        ),
    ),
    Rule(
        4, "A lost answer is unknown, not failed",
        "The time-out and the silence are waited for; only then a second submission, recorded as `submit-unknown`.",
        ("lose_answer", "slow_submit", "drop_callbacks"),
        (
            _door(
                "test_a_lost_answer_is_one_submission_when_callbacks_come",
                "worker/prepare.py",
                "        return e.AnswerLost(job.attempt, no.detail)",
                "        return e.PrepareFailed(job.attempt, no.code, no.detail)",
            ),
            _door(
                "test_a_lost_answer_and_silence_lead_to_another_submission_that_says_why",
                "shared/domain/rules/clocks.py",
                '        return again(job, now, "submit-unknown", job.detail)',
                '        return Late("not-due")',
            ),
        ),
    ),
    Rule(
        5, "Workers that may do everything twice",
        "A claim is saved by compare-and-swap under a lease before anything is asked; a doorbell only says: take the next.",
        (),
        (
            _door("test_doorbells_without_end_ask_for_a_window_once"),
            Shown(
                "tests/contract/test_job_store.py",
                Removal(
                    "shared/adapters/job_store.lua",
                    "if version ~= A.version then return 'conflict' end",
                    "",
                ),
            ),
        ),
    ),
    Rule(
        6, "Doubled and disordered callbacks",
        "Progress never falls; what was seen before is no news; ended states stay ended.",
        ("duplicate", "shuffle", "senders", "progress=back-to-0", "progress=falls"),
        (
            _door(
                "test_the_last_callback_once_more_when_all_is_over_changes_nothing",
                "shared/domain/rules/reporting.py",
                "    fresh = [seen for seen in event.files if _is_news(job, seen, event.attempt)]",
                "    fresh = list(event.files)",
            ),
            _door("test_every_callback_five_times_shuffled_by_eight_threads_is_each_step_once"),
            _once("eightfold"),
            _once("falls"),
            _once("back-to-0"),
        ),
    ),
    Rule(
        7, "Units",
        "Fraction, percent, text; the unit is learnt and kept per platform; a bare 1 is ambiguous; NaN, infinity, negatives and "
        "more than 100 are refused.",
        ("unit", "progress=bare-1", "progress=nan", "progress=infinity", "progress=negative", "progress=over-100"),
        (
            Shown(
                f"{LANES}test_a_bare_1_of_a_platform_that_counts_in_percent_is_one_percent",
                Removal("shared/vendors/sms/units.py", "WHOLE = {FRACTION: 1.0, PERCENT: 100.0}", "WHOLE = {FRACTION: 1.0, PERCENT: 1.0}"),
            ),
            _door(
                "test_a_figure_that_is_none_is_refused_by_name_and_costs_nothing[over-100]",
                "shared/vendors/sms/schemas.py",
                "    if figure.value > 100:",
                "    if False:",
            ),
            _door("test_a_figure_that_is_none_is_refused_by_name_and_costs_nothing[not-a-number]"),
            _door("test_the_unit_of_a_number_is_learnt_and_shown_as_a_share"),
            _once("bare-1"),
        ),
    ),
    Rule(
        8, "What completes a job",
        "Neither a full bar nor an address: the end, an address, and bytes that were read whole, checked and hashed.",
        ("early_address", "index_last", "media"),
        (
            _door(
                "test_an_address_is_no_end_so_a_growing_file_is_not_fetched",
                "shared/news.py",
                "    if news.ended and news.files:",
                "    if news.files:",
            ),
            _door("test_a_page_with_status_200_is_not_footage"),
            _once("growing"),
        ),
    ),
    Rule(
        9, "Finalising",
        "At the end without an address the file is waited for; the device stays occupied, nothing is submitted anew.",
        ("late_file", "stream_gone=before-file", "progress=stays-0", "progress=bare-1"),
        (
            _once(
                "late-file",
                "shared/domain/rules/clocks.py",
                "now.at >= job.finalising_since + now.policy.finalising",
                "now.at >= job.finalising_since",
            ),
            _once("gone-before"),
            _once("stays-0"),
        ),
    ),
    Rule(
        10, "Addresses that change, and several files",
        "The latest address before the end counts, one that it replaces is never fetched; each file after the end is an asset.",
        ("wrong_address_first", "files"),
        (
            _once("other-first"),
            Shown(
                "tests/domain/test_stories_of_early_addresses.py",
                Removal("shared/domain/rules/reporting.py", "    if _only_repeats(job, event):", "    if False:"),
            ),
            _door("test_three_files_are_three_assets_of_one_window"),
        ),
    ),
    Rule(
        11, "Less than was wanted",
        "Delivered seconds are held against wanted ones after the grace; gaps are asked for by the device's list, else the whole "
        "window once more, of which the longer is kept; what was never recorded is said and not asked for.",
        ("recorded", "delivered", "short_downloads", "recordings"),
        (
            _door(
                "test_what_is_missing_of_a_short_delivery_is_brought_by_a_job_of_its_own",
                "shared/domain/rules/judging.py",
                "    return owe(job, Debt(DebtKind.CHILDREN, now.at))",
                "    return job",
            ),
            _door(
                "test_without_a_list_a_short_window_is_asked_for_once_more_and_the_longer_kept",
                "shared/domain/rules/judging.py",
                "    job = _keep_longest(forgive(job, DebtKind.VERDICT), now)",
                "    job = forgive(job, DebtKind.VERDICT)",
            ),
            _door(
                "test_a_device_that_never_recorded_a_part_is_asked_once_and_the_reason_said",
                "shared/domain/rules/judging.py",
                "if event.held is not None and _is_all(job, event.held, now.policy):",
                "if False:",
            ),
        ),
    ),
    Rule(
        12, "Silence, a dead stream, a deadline",
        "Silence is met by asking; a stream that is gone has its time for the file; a hard deadline runs from the last rise; a "
        "download given up or cancelled is torn down, its device left, the window asked for once more.",
        ("dies_silently", "never_ends", "speed", "control"),
        (
            _door(
                "test_a_stream_that_dies_without_a_file_is_withdrawn_and_begun_again",
                "shared/domain/rules/clocks.py",
                '        return abandon(job, now, "no-file", even_ended=True)',
                '        return Late("not-due")',
            ),
            _door(
                "test_a_cancelled_download_is_torn_down_and_its_device_is_free_again",
                "shared/domain/rules/operating.py",
                "_let_go(withdraw(unexplained(job), now))",
                "_let_go(unexplained(job))",
            ),
            Shown(
                "tests/domain/test_stories_preparing.py::test_a_slow_device_is_not_cut_off_while_it_moves",
                Removal(
                    "shared/domain/rules/moving.py",
                    "    return min((job.last_rise or job.current.accepted_at) + since_rise,",
                    "    return min(job.current.accepted_at + since_rise,",
                ),
            ),
            _once("half-speed"),
        ),
    ),
    Rule(
        13, "Callbacks that never come, questions that are never answered",
        "With every callback lost a job still finishes, by asking; with asking impossible, by callbacks alone.",
        ("drop_callbacks", "query"),
        (
            _once("no-callbacks", "shared/domain/rules/clocks.py", "    return replace(job, asking=True, asked_at=now.at)", "    return replace(job, asked_at=now.at)"),
            _once("no-answers"),
            Shown(f"{LONG}test_all_callbacks_dropped_and_two_hundred_of_two_hundred_jobs_finish"),
        ),
    ),
    Rule(
        14, "What a device bears",
        "A lane per device and per platform, fair between devices, left and entered with the job's state; busy and offline cost no "
        "attempt, and the device is asked once per `BUSY_WAIT` whoever waits.",
        ("busy_for", "offline", "refuse_as", "device_stays_busy", "failed_start_kills"),
        (
            Shown(
                f"{LANES}test_no_device_has_two_downloads_at_once_nor_idles_longer_than_a_doorbell[6]",
                Removal(
                    "shared/domain/lifecycle.py",
                    "        bells.append(bell_of(after.vendor))",
                    "        pass",
                ),
            ),
            _door("test_a_device_that_is_not_ready_costs_nothing", "worker/prepare.py", "        return _device_is_not_ready(services, job, no)", "        return e.PrepareFailed(job.attempt, no.code, no.detail)"),
            _once("busy"),
        ),
    ),
    Rule(
        15, "Windows",
        "Start before end, not in the future, cut at aligned marks; the same wish finds the same job.",
        (),
        (
            _door(
                "test_a_wish_is_cut_at_marks_and_the_same_wish_is_the_same_jobs",
                "shared/wishes.py",
                "        windows = planning.cut(window, self.longest, known.zone)",
                "        windows = (window,)",
            ),
            Shown("tests/e2e/test_window.py::test_what_cannot_be_asked_for_is_refused_by_name_and_changes_nothing"),
        ),
    ),
    Rule(
        16, "Zones",
        "Instants with an offset come in; naive times of the platform's zone go out.",
        ("--zone",),
        (
            _door(
                "test_times_go_out_in_the_zone_of_the_platform_whatever_the_zone_of_the_wish",
                "shared/vendors/sms/client.py",
                "        self._zone = ZoneInfo(settings.timezone)",
                '        self._zone = ZoneInfo("UTC")',
            ),
        ),
    ),
    Rule(
        17, "Who may call back",
        "A token per attempt in the path, checked by arithmetic in constant time; an unknown one learns nothing and changes nothing.",
        (),
        (
            _door(
                "test_a_forged_callback_changes_nothing_and_learns_nothing",
                "shared/signing.py",
                "    return any(known)",
                "    return bool(known)",
            ),
        ),
    ),
    Rule(
        18, "The answer to a callback",
        "Saved, then 200 with an integer `code`, duplicates too; nothing is waited for.",
        ("callback_form", "duplicate"),
        (
            _door(
                "test_what_can_be_read_is_taken_at_the_first_try",
                "webhook/callbacks.py",
                '{"code": 0,',
                '{"code": "0",',
            ),
        ),
    ),
    Rule(
        19, "Addresses that lead elsewhere",
        "Only named hosts are connected to, redirects included; others postpone the job with the line to add; other schemes are "
        "refused where they are read.",
        ("odd_address",),
        (
            _door(
                "test_an_address_that_leads_elsewhere_is_not_followed_and_says_what_to_allow[redirect-away]",
                "shared/adapters/media_guard.py",
                GUARDED,
                ONLY_LOOPBACK,
            ),
            _door("test_an_address_that_leads_elsewhere_is_not_followed_and_says_what_to_allow[metadata]"),
            _door("test_an_address_of_another_scheme_is_refused_where_it_is_read"),
        ),
    ),
    Rule(
        20, "Inside and outside addresses",
        "`MEDIA_REWRITE` puts an address that we reach in the place of the platform's own.",
        ("inside_address",),
        (
            _once(
                "inside",
                "shared/adapters/media_guard.py",
                "target = self.rewrite.applied(Target.of(address))",
                "target = Target.of(address)",
            ),
        ),
    ),
    Rule(
        21, "Files",
        "Names are ours; bytes go to a spool, are synced, checked, and only then named; the sidecar comes last.",
        ("address_query", "file_life", "media"),
        (
            _door(
                "test_assets_have_names_of_ours_whatever_an_address_says",
                "shared/domain/planning.py",
                "{local:%H%M%S}-{kind}-{asset_id}.{extension}",
                "{asset_id}.{extension}",
            ),
            Shown("tests/e2e/test_window.py::test_a_fetch_worker_killed_in_the_middle_costs_neither_the_file_nor_a_second_submission"),
        ),
    ),
    Rule(
        22, "Secrets in addresses",
        "An address may be signed: it lies sealed at rest and stands in no log line, history or sidecar.",
        ("sign_address",),
        (
            _door(
                "test_no_signature_of_an_address_stays_in_any_file_or_in_redis",
                "shared/adapters/job_document.py",
                "_readdressed(job, self.seal.close) if self.seal else job",
                "job",
            ),
        ),
    ),
    Rule(
        23, "The signature that a platform demands",
        "A fixed value or a command's output, kept below its five minutes; its algorithm is not public, and a clear message says what "
        "to set.",
        ("demand_sign",),
        (
            _door(
                "test_a_platform_that_demands_a_signature_is_told_apart_and_obeyed",
                "shared/vendors/sms/client.py",
                "another = self._sign.instead_of(sign) if denied(answer) else None",
                "another = None",
            ),
        ),
    ),
    Rule(
        24, "What can be seen",
        "Every step stands in the job's history, with attempt, reason and count; `gleaner job ID` says in one sentence why not yet.",
        (),
        (
            _door(
                "test_a_jobs_history_tells_every_step",
                "shared/adapters/job_store.lua",
                "unpack(write(id, line, {old[9], old[10], old[11], old[12]})))",
                "'fold1', '')",
            ),
        ),
    ),
    Rule(
        25, "The simulator",
        "Every known mischief is a switch, per camera and at run time; `gleaner sandbox --help` lists them.",
        (),
        (
            Shown(
                "tests/house/test_sms_rules.py::test_every_switch_of_the_platform_is_thrown_by_a_test",
                Removal("gleaner/sandbox/switches.py", "    media_rate: int = 0", "    media_rate: int = 0\n    an_odd_one: int = 0"),
            ),
        ),
    ),
)  # fmt: skip


def page() -> Iterator[str]:
    """The table as a page."""
    yield "# How the SMS platform may behave, and what becomes of it"
    yield ""
    yield (
        "Drawn from `tests/rules/table.py` by `make docs`. Switches are the sandbox's (`gleaner sandbox --help`), thrown for a camera\n"
        "at the start or at run time. Tests go through the front door of a running system where a file is named `e2e`, with shrunk\n"
        "clocks. **red** means: `make rules` takes the rule out of a copy of the code and sees this test fail."
    )
    yield ""
    yield "| | rule | switches | shown by | run by | without it |"
    yield "|---|---|---|---|---|---|"
    for rule in RULES:
        switches = ", ".join(f"`{each}`" for each in rule.switches) or "–"
        for place, shown in enumerate(rule.shown):
            head = f"| {rule.number} | **{rule.name}.** {rule.does} | {switches} " if place == 0 else "| | | "
            yield f"{head}| {_words(shown.test)} | {shown.where} | {'red' if shown.removal else '–'} |"
    yield ""
    yield "Seen by `make crash` on two cores: two hundred of two hundred windows archived without one callback, in 81 s, each submitted"
    yield "once; an answer that took twenty seconds came to a window that was archived by then, and was its only submission; of two"
    yield "devices with twenty windows each none had two downloads at once, and none idled longer than 0.26 s, by half of all 0.14 s."
    yield ""


def _words(test: str) -> str:
    file, _, name = test.partition("::")
    said = name.removeprefix("test_").replace("_", " ") if name else "all of it"
    return f"{said} (`{file.removeprefix('tests/')}`)"


if __name__ == "__main__":
    sys.stdout.write("\n".join(page()))
