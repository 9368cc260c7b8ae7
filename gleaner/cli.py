"""The command line: what a word means, which options it takes, and its exit code; the work is done elsewhere.

Exit codes: 0 done, 1 failed, 2 wrong usage. An error is one line on standard error and never a traceback. `--json`
prints what the API gave, for programs. Times are ISO 8601; one without an offset is read by the service in the camera's
zone.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

import click

from gleaner import callbacks, overview, show
from gleaner.client import Client, Json, client_for
from gleaner.harvesting import wait_for_harvests, went_well
from gleaner.in_force import in_force
from gleaner.waiting import wait_for
from shared.domain.job import Kind, State
from shared.errors import GleanerError, Invalid
from shared.settings import Settings, read, source

VERBS = {
    "retry": "Try jobs again that have ended, or at once those that wait.",
    "cancel": "Give jobs up; what has landed stays.",
    "hold": "Let jobs wait until they are released.",
    "release": "Let jobs go on that are on hold.",
}

# Commands that load a whole service, or both vendors: nobody else should wait for that.
HEAVY = {"doctor": "gleaner.doctor", "sandbox": "gleaner.sandbox.command"}

as_json = click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
of_camera = click.option("--camera", help="Only those of this camera.")
at_most = click.option(
    "--limit", type=click.IntRange(min=0), default=50, show_default=True, help="At most; 0: all."
)


class Gleaner(click.Group):
    """Turns our errors into one line and an exit code, whichever command they come from; loads the heavy ones when asked."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them, by name."""
        return sorted([*super().list_commands(ctx), *HEAVY])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """That of this name."""
        if module := HEAVY.get(cmd_name):
            command: click.Command = getattr(import_module(module), cmd_name)
            return command
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except GleanerError as error:
            raise (WrongUsage if isinstance(error, Invalid) else click.ClickException)(
                sentence(error)
            ) from error


class WrongUsage(click.ClickException):
    """Input that the service could not read."""

    exit_code = 2


def sentence(error: GleanerError) -> str:
    """What an error says to people."""
    return error.detail or error.code


@click.group(cls=Gleaner, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gleaner")
def main() -> None:
    """Keeps camera footage that would otherwise expire: whole, verified and findable."""


@contextmanager
def _service() -> Iterator[Client]:
    client = client_for(read(Settings, source()))
    try:
        yield client
    finally:
        client.close()


def _say(found: Any, text: Callable[[Any], str], plain: bool) -> None:
    click.echo(json.dumps(found, ensure_ascii=False, indent=2) if plain else text(found))


@main.command("up")
def up_() -> None:
    """Run everything on this machine: Redis, web, workers and beat; Ctrl-C ends it."""
    import_module("gleaner.up").run()


@main.command()
@click.argument("camera")
@click.argument("start")
@click.argument("end")
@click.option("--wait", is_flag=True, help="Stay until the footage is archived, or cannot be.")
@click.option("--whole", is_flag=True, help="As --wait, but less footage than wanted is a failure.")
@click.option("--force", is_flag=True, help="Ask anew even for footage that is there.")
@as_json
@click.pass_context
def submit(
    ctx: click.Context, camera: str, start: str, end: str, wait: bool, whole: bool, force: bool, as_json: bool
) -> None:
    """Wish for the footage of CAMERA from START to END; a long window becomes several jobs."""
    with _service() as client:
        found: Sequence[Json] = client.submit(camera, start, end, force)
        if wait := wait or whole:
            found = wait_for(client, found, whole)
    _say({"jobs": found} if as_json else found, show.outcome if wait else show.jobs, as_json)
    if wait:
        ctx.exit(_judge(found, whole))


def _judge(found: Sequence[Json], whole: bool) -> int:
    for job in found:
        if job["state"] == "archived" and (word := show.verdict(job)) != "complete":
            click.echo(f"Warning: {job['id']} is {word}: {show.why(job)}", err=True)
    return 0 if all(show.kept(job, whole) for job in found) else 1


@main.command()
@click.option("--state", type=click.Choice([str(state) for state in State]), help="Only those in this state.")
@click.option("--kind", type=click.Choice([str(kind) for kind in Kind]), help="Only those of this kind.")
@of_camera
@at_most
@as_json
def jobs(state: str | None, kind: str | None, camera: str | None, limit: int, as_json: bool) -> None:
    """List jobs, newest first."""
    with _service() as client:
        found = list(client.jobs(limit, state=state, kind=kind, camera=camera))
    _say({"jobs": found} if as_json else found, show.jobs, as_json)
    _perhaps_more(found, limit)


def _perhaps_more(found: Sequence[Json], limit: int) -> None:
    """Nobody should count what was cut off."""
    if limit and len(found) == limit:
        click.echo(f"These are the newest {limit}; --limit 0 lists all.", err=True)


@main.command()
@click.argument("job_id", metavar="ID")
@click.option("--raw", is_flag=True, help="Instead, its last callbacks that were news or were refused.")
@as_json
def job(job_id: str, raw: bool, as_json: bool) -> None:
    """One job, why it is not archived yet, and all that happened to it."""
    with _service() as client:
        if raw:
            _say_callbacks(client.callbacks(job_id), callbacks.raw, as_json)
        else:
            _say(client.job(job_id), show.job, as_json)


def _say_callbacks(found: Sequence[Json], text: Callable[[Sequence[Json]], str], plain: bool) -> None:
    _say({"callbacks": found} if plain else found, text, plain)


@main.command()
@click.argument("job_id", metavar="ID")
@as_json
def replay(job_id: str, as_json: bool) -> None:
    """Send the callbacks that are kept with a job through again, as `job --raw` shows them."""
    with _service() as client:
        _say_callbacks(client.replay(job_id), callbacks.replayed, as_json)


def _act(verb: str, ids: tuple[str, ...]) -> None:
    refused = 0
    with _service() as client:
        for job_id in ids:
            try:
                click.echo(f"{job_id}  {show.state(client.act(job_id, verb))}")
            except GleanerError as error:
                if error.code == "service-away" or len(ids) == 1:
                    raise
                refused += 1
                click.echo(f"Error: {job_id}: {sentence(error)}", err=True)
    if refused:
        click.get_current_context().exit(1)


for _verb, _help in VERBS.items():
    main.command(_verb, help=_help)(
        click.argument("ids", metavar="ID...", nargs=-1, required=True)(partial(_act, _verb))
    )


@main.command()
@click.argument("camera", required=False)
@click.option("--since", metavar="DAY", help="The first day to list, like 2026-11-20.")
@click.option("--until", metavar="DAY", help="The last day to list; today unless told.")
@click.option("--wait", is_flag=True, help="Stay until all is listed, or cannot be for now.")
@as_json
@click.pass_context
def harvest(
    ctx: click.Context, camera: str | None, since: str | None, until: str | None, wait: bool, as_json: bool
) -> None:
    """List the records of CAMERA, or of all cameras, now: those days, or what the schedule would list."""
    with _service() as client:
        found: Sequence[Json] = client.harvest(camera, since, until)
        if wait:
            found = wait_for_harvests(client, found)
    _say(
        {"harvests": found} if as_json else found, overview.harvested if wait else overview.harvests, as_json
    )
    if wait and not all(map(went_well, found)):
        ctx.exit(1)


@main.command()
@of_camera
@click.option("--day", help="Only those listed under this day, like 2026-11-20.")
@click.option("--tag", help="Only those with this tag.")
@click.option("--q", metavar="TEXT", help="Only those with these words in a summary.")
@at_most
@as_json
def records(
    camera: str | None, day: str | None, tag: str | None, q: str | None, limit: int, as_json: bool
) -> None:
    """List records, newest first."""
    with _service() as client:
        found = list(client.records(limit, camera=camera, day=day, tag=tag, q=q))
    _say({"records": found} if as_json else found, overview.records, as_json)
    _perhaps_more(found, limit)


@main.group(invoke_without_command=True)
@as_json
@click.pass_context
def cameras(ctx: click.Context, as_json: bool) -> None:
    """List the cameras and how each of them stands."""
    if ctx.invoked_subcommand:
        return
    with _service() as client:
        found = client.cameras()
    _say({"cameras": found} if as_json else found, overview.cameras, as_json)


@cameras.command()
@click.option("--new", is_flag=True, help="Only those that are not in the cameras file.")
@as_json
def discover(new: bool, as_json: bool) -> None:
    """Print a cameras file of what the vendors' accounts have; look through it before you use it."""
    with _service() as client:
        _say(client.discover(new), show.cameras_file, as_json)


@main.command()
@of_camera
@as_json
def quarantine(camera: str | None, as_json: bool) -> None:
    """List what vendors said of records and nobody could read, without its secrets."""
    with _service() as client:
        found = client.quarantine(camera)
    _say({"quarantine": found} if as_json else found, show.quarantine, as_json)


@main.command()
@as_json
def push(as_json: bool) -> None:
    """Show the address to give to a vendor that pushes messages; none is needed for footage to arrive."""
    with _service() as client:
        found = client.push()
    _say({"push": found} if as_json else found, show.push, as_json)


@main.command()
@as_json
def status(as_json: bool) -> None:
    """How the whole stands."""
    with _service() as client:
        _say(client.status(), overview.status, as_json)


@main.command()
@click.option("--reveal", is_flag=True, help="Show secrets, too.")
@as_json
def settings(reveal: bool, as_json: bool) -> None:
    """The settings in force on this machine, and where each came from."""
    found = in_force(source(), reveal)
    _say({"settings": found} if as_json else found, show.settings, as_json)
