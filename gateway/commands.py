"""The subcommands of `chewie-gateway`: parses arguments and calls one use case each."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import OperationalError, ProgrammingError

from gateway import people
from gateway.channel import SendError
from gateway.console.accounts import Role, save_user
from gateway.csv_files import (
    CsvError,
    facilities_from_csv,
    known_address,
    people_from_csv,
    phone_number,
    takes_no_note,
)
from gateway.logs import configure_logs
from gateway.migrate import migrate
from gateway.people import Registration
from gateway.privacy import UndecipherableError
from gateway.reconcile import reconcile
from gateway.retention import forget, remove_old_texts
from gateway.rotation import rotate_keys
from gateway.settings import Settings, settings_from
from gateway.store import facilities
from gateway.traces import configure_traces
from gateway.wiring import Gateway, wire

Command = Callable[[Gateway, argparse.Namespace], int]
EXPECTED = (CsvError, SendError, UndecipherableError, OSError, ValueError)


def run_command(arguments: Sequence[str]) -> int:
    """Runs one subcommand; its exit status."""
    options = _parser().parse_args(arguments)
    configure_logs()
    settings = settings_from()
    if options.command == "web":
        return _web(settings)
    gateway = wire(settings, pool_size=settings.worker_concurrency + 4)
    try:
        return COMMANDS[options.command](gateway, options)
    except OperationalError:
        return _fail("The database does not answer: check CHEWIE_GATEWAY_DATABASE_URL.")
    except ProgrammingError:
        return _fail("The database has no such table: run chewie-gateway migrate first.")
    except EXPECTED as error:
        return _fail(str(error))
    finally:
        gateway.close()


def _web(settings: Settings) -> int:
    # gunicorn forks: nothing that holds a connection is made before it.
    from gateway.web import run_web

    run_web(settings)
    return 0


def _worker(gateway: Gateway, _: argparse.Namespace) -> int:
    from gateway.worker import run_worker

    configure_traces(gateway.settings)
    run_worker(gateway)
    return 0


def _migrate(gateway: Gateway, _: argparse.Namespace) -> int:
    return _say(f"The schema is at {migrate(gateway.engine)}.")


def _chw(gateway: Gateway, options: argparse.Namespace) -> int:
    return _CHW[options.action](gateway, options)


def _chw_add(gateway: Gateway, options: argparse.Namespace) -> int:
    person = Registration(
        name_code=options.name_code,
        address=phone_number(options.phone),
        language=options.language,
        area=options.area,
        supervisor=phone_number(options.supervisor) if options.supervisor else "",
    )
    with gateway.engine.begin() as connection:
        people.register(connection, gateway.vault, person, gateway.now())
    return _say(f"{person.name_code} is registered.")


def _chw_list(gateway: Gateway, _: argparse.Namespace) -> int:
    with gateway.engine.begin() as connection:
        for name_code, language, area, active, consented in people.list_people(connection):
            state = "active" if active else "inactive"
            agreed = "agreed" if consented else "not agreed yet"
            _say(f"{name_code}\t{language}\t{area}\t{state}\t{agreed}")
    return 0


def _chw_import(gateway: Gateway, options: argparse.Namespace) -> int:
    registrations = people_from_csv(_lines_of(options.file))
    with gateway.engine.begin() as connection:
        for person in registrations:
            people.register(connection, gateway.vault, person, gateway.now())
    return _say(f"{len(registrations)} health workers are registered.")


def _chw_invite(gateway: Gateway, options: argparse.Namespace) -> int:
    with gateway.engine.begin() as connection:
        code = people.issue_join_code(
            connection,
            gateway.vault,
            name_code=options.name_code,
            language=options.language,
            area=options.area,
            supervisor=phone_number(options.supervisor) if options.supervisor else "",
            now=gateway.now(),
            valid=timedelta(hours=options.hours),
        )
    return _say(f"JOIN {code}")


def _chw_remove(gateway: Gateway, options: argparse.Namespace) -> int:
    with gateway.engine.begin() as connection:
        removed = people.deactivate(connection, options.name_code)
    if not removed:
        return _fail(f"There is no health worker {options.name_code}.")
    return _say(f"{options.name_code} is not served any more.")


def _facility(gateway: Gateway, options: argparse.Namespace) -> int:
    if options.action == "list":
        with gateway.engine.begin() as connection:
            for place in facilities.list_facilities(connection):
                _say(f"{place.area}\t{place.name}\t{place.level.value}\t{place.phone}")
        return 0
    places = facilities_from_csv(_lines_of(options.file))
    with gateway.engine.begin() as connection:
        facilities.save_facilities(connection, places)
    for place in places:
        if takes_no_note(place):
            _say(f"{place.name}: named in replies, but gets no note: its phone has no +COUNTRY.")
    return _say(f"{len(places)} facilities are in the directory.")


def _lines_of(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    except UnicodeDecodeError:
        raise CsvError(f"{file.name}: expected UTF-8; save it as «CSV UTF-8»") from None


def _reconcile(gateway: Gateway, options: argparse.Namespace) -> int:
    return _say(f"{reconcile(gateway, hours_back=options.hours)} missed messages were taken in.")


def _forget(gateway: Gateway, options: argparse.Namespace) -> int:
    if not forget(gateway, known_address(options.address)):
        return _fail("This address is not known.")
    return _say("Everything that was kept of this address is removed.")


def _retain(gateway: Gateway, _: argparse.Namespace) -> int:
    return _say(f"{remove_old_texts(gateway)} rows had their texts removed.")


def _rotate(gateway: Gateway, _: argparse.Namespace) -> int:
    resealed, reindexed = rotate_keys(gateway)
    return _say(f"{resealed} values sealed anew, {reindexed} addresses indexed anew.")


def _console_user(gateway: Gateway, options: argparse.Namespace) -> int:
    if options.password_file is not None:
        password = options.password_file.read_text("utf-8").strip()
    else:
        password = getpass.getpass("Password: ")
    with gateway.engine.begin() as connection:
        save_user(connection, options.name, password, Role(options.role), gateway.now())
    return _say(f"{options.name} may sign in as {options.role}.")


COMMANDS: Mapping[str, Command] = {
    "worker": _worker,
    "migrate": _migrate,
    "chw": _chw,
    "facility": _facility,
    "reconcile": _reconcile,
    "forget": _forget,
    "retain": _retain,
    "rotate-keys": _rotate,
    "console-user": _console_user,
}
_CHW: Mapping[str, Command] = {
    "add": _chw_add,
    "list": _chw_list,
    "import": _chw_import,
    "invite": _chw_invite,
    "remove": _chw_remove,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="chewie-gateway", description="Takes messages in, answers them, looks after both."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("web", help="serve the webhooks and the supervisor page")
    commands.add_parser("worker", help="answer messages, send replies, ask follow-ups")
    commands.add_parser("migrate", help="bring the database's schema up to date")
    _add_people(commands.add_parser("chw", help="registered health workers"))
    directory = commands.add_parser("facility", help="the facility directory")
    actions = directory.add_subparsers(dest="action", required=True)
    actions.add_parser("import", help="add or replace from a CSV file").add_argument(
        "file", type=Path
    )
    actions.add_parser("list", help="show the directory")
    missed = commands.add_parser("reconcile", help="take in what the webhook missed")
    missed.add_argument("--hours", type=float, default=None, help="how far to look back")
    commands.add_parser("forget", help="remove a person and every text").add_argument("address")
    commands.add_parser("retain", help="remove texts older than the retention time")
    commands.add_parser("rotate-keys", help="seal and index everything under the first keys")
    user = commands.add_parser("console-user", help="add a user of the supervisor page")
    user.add_argument("name")
    user.add_argument("--role", default="supervisor", choices=[role.value for role in Role])
    user.add_argument("--password-file", type=Path, default=None, help="else it is asked for")
    return parser


def _add_people(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    add = actions.add_parser("add", help="register one")
    invite = actions.add_parser("invite", help="make a join code, to be texted as JOIN CODE")
    add.add_argument("phone", help="E.164, like +254712345678")
    for one in (add, invite):
        one.add_argument("name_code", help="what messages call them; not a name")
        one.add_argument("--language", default="en", choices=("en", "fr", "sw"))
        one.add_argument("--area", default="")
        one.add_argument("--supervisor", default="", help="the supervisor's phone")
    invite.add_argument("--hours", type=float, default=72, help="how long the code is valid")
    actions.add_parser("list", help="name codes, languages, areas")
    actions.add_parser("import", help="register from a CSV file").add_argument("file", type=Path)
    actions.add_parser("remove", help="serve no more").add_argument("name_code")


def _say(line: str) -> int:
    sys.stdout.write(f"{line}\n")
    return 0


def _fail(sentence: str) -> int:
    sys.stderr.write(f"{sentence}\n")
    return 1
