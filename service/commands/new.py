"""`recoup new`: a rule file to begin with, and its scenarios."""

from __future__ import annotations

import re
from pathlib import Path

import click

from service.commands._files import RULES, SCENARIOS, Unusable, language_option

SKELETON = Path(__file__).parent.parent / "skeleton"
SCHEMA = "recoup.schema.json"

EPILOG = """\b
Example:
  recoup new cafe-points --dir rules --lang ko
"""


@click.command(epilog=EPILOG)
@click.argument("name")
@click.option("--dir", "folder", default=".", metavar="FOLDER", help="The folder to write into [default: this one].")
@language_option
def command(name: str, folder: str, lang: str) -> None:
    """Write a rule file to begin with, and its scenarios.

    NAME becomes the policy's id: NAME.yaml and NAME.test.yaml have rules of the ten usual kinds, one figure that
    changes on a day, and a scenario for each edge. Comments say what to replace. Files that exist are never
    overwritten.
    """
    _check_name(name, lang)
    target = Path(folder)
    if not target.is_dir():
        raise Unusable(f"{folder} is no folder; make it first, or name another with --dir")
    rules, scenarios = target / f"{name}{RULES}", target / f"{name}{SCENARIOS}"
    for file in (rules, scenarios):
        if file.exists() or file.is_symlink():
            raise Unusable(f"{file} exists already and is left as it is; choose another name or folder")
    editor = f"# yaml-language-server: $schema={SCHEMA}\n" if (target / SCHEMA).is_file() else ""
    _write(rules, editor + _told("rules.yaml", name, lang))
    _write(scenarios, _told("scenarios.yaml", name, lang))
    click.echo(f"{rules} and {scenarios} are written. Next:")
    for following in ("check", "test", "pin"):
        click.echo(f"  recoup {following} {rules}")


def _check_name(name: str, language: str) -> None:
    from policies.load import load_policy
    from policies.problems import told
    from policies.readers import KEBAB

    if not KEBAB.fullmatch(name):
        hint = "small letters, digits and hyphens, without .yaml, such as cafe-points"
        raise Unusable(f"'{name}' cannot be a policy's name; write it in {hint}")
    for problem in load_policy(_told("rules.yaml", name, "en").encode(), name)[1]:
        why = told(problem.message, problem.hint).in_language(language)
        raise Unusable(f"'{name}' cannot be a policy's name: {why}")


def _told(file: str, name: str, language: str) -> str:
    """A file of the skeleton under the author's name, its notes (`<<Korean|English>>`) in the author's language."""
    text = (SKELETON / file).read_text("utf-8").replace("NAME", name)
    return re.sub(r"<<(.*?)\|(.*?)>>", r"\1" if language == "ko" else r"\2", text)


def _write(file: Path, text: str) -> None:
    """Write a file that must not exist yet."""
    try:
        with file.open("x", encoding="utf-8", newline="\n") as new:
            new.write(text)
    except OSError as error:
        raise Unusable(f"{file} cannot be written: {error.strerror or error}") from None
