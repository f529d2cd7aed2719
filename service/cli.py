"""The command line: `recoup COMMAND`, each command in its own module of `service/commands`.

A command is imported when it is used, so that `recoup --help` answers at once.
"""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module

import click

from service import commands
from service.config import BadSetting
from service.memory import load_undisturbed


class Commands(click.Group):
    """The commands, found by the names of their modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(
            module.name for module in pkgutil.iter_modules(commands.__path__) if not module.name.startswith("_")
        )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"{commands.__name__}.{cmd_name}").command
        return command


EPILOG = """\b
Start here:
  recoup serve --demo
"""


@click.group(cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="recoup", prog_name="recoup")
def recoup() -> None:
    """Recoup decides point refunds by published policies, and keeps why."""


def main() -> None:
    """What the `recoup` script runs: what an operator can mend is one line, not a traceback."""
    load_undisturbed()
    # Imported here because the database library takes longer to load than most commands run.
    try:
        recoup(prog_name="recoup")
    except BadSetting as error:
        _stop(str(error))
    except Exception as error:
        from service.database import Unavailable
        from service.errors import Refusal, problem_data
        from service.migrate import WrongSchema

        if isinstance(error, Unavailable):
            # Another process writes, such as `recoup demo` that fills a database; that is soon over.
            again = "; try again in a moment" if "locked" in str(error) else ""
            _stop(f"the database of DATABASE_URL cannot be used now: {error}{again}")
        if isinstance(error, WrongSchema):
            _stop(str(error))
        if isinstance(error, Refusal):
            _stop(str(problem_data(error.code, (), error.figures, "en")["detail"]))
        raise


def _stop(message: str) -> None:
    click.echo(f"recoup: {' '.join(message.split())}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
