"""What the commands share that decide populations: on which engine, and what is told meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from policies.model import Text
from service.commands._files import Unusable, made_whole

if TYPE_CHECKING:
    from engine.effect import Effect
    from engine.population.answers import Asking
    from engine.population.folder import Population
    from engine.population.ways import Engine, Way
    from policies.versions import PolicyVersion
    from service.impact import Change

BY_STATEMENT = Text("{engine}: 정책을 SQL 문 하나로 판정합니다", "{engine}: the policy is one SQL statement")
BY_BATCHES = Text("{engine}: 계정마다 규칙 엔진으로 판정합니다({why})", "{engine}: account by account ({why})")
OF_RULE = Text("'{rule}' 규칙 때문에: {why}", "because of '{rule}': {why}")


def decided(
    version: PolicyVersion, asking: Asking, folder: str, output: str, engine: Engine, force: bool, language: str
) -> dict[str | None, int]:
    """Write what every account of a folder is answered; how often each outcome is among the answers. Raises Unusable,
    BadPopulation, NotInstalled, OSError.
    """
    from engine.population.files import outcomes_of
    from engine.population.folder import Population
    from engine.population.sql import opened

    if engine == "spark":
        return _decided_by_spark(version, asking, folder, output, force, language)
    with (
        made_whole(output, force=force) as fresh,
        TemporaryDirectory(prefix="recoup-") as rough,
        opened(spill=rough) as connection,
    ):
        population = Population(connection, folder, version.policy)
        for note in population.notes:
            click.echo(note, err=True)
        _write_answers(version, asking, population, str(fresh), engine, None, language)
        return outcomes_of(connection, str(fresh))


def _decided_by_spark(
    version: PolicyVersion, asking: Asking, folder: str, output: str, force: bool, language: str
) -> dict[str | None, int]:
    """The same on Spark, which may find folders where nobody else does, and writes a folder itself."""
    from engine.population import spark
    from engine.population.ways import way_of
    from service.config import read_settings

    if Path(output).exists() and not force:
        raise Unusable(f"{output} is there already; --force overwrites it")
    way = way_of(version, asking, "spark")
    _say_way(way, "spark", language)
    with spark.session(read_settings().spark_master) as session:
        spark.decide(session, version, asking, folder, output, way)
        return spark.outcomes_of(session, output)


def counted(change: Change, asking: Asking, folder: str, engine: Engine, processes: int | None) -> Effect:
    """What a change does to every account of a folder. Raises BadPopulation, NotInstalled, OSError."""
    from msgspec.structs import replace

    from engine.effect import Effect
    from engine.population.changes import Answered, effect_of
    from engine.population.folder import Population
    from engine.population.sql import opened

    with TemporaryDirectory(prefix="recoup-") as rough, opened(spill=rough) as connection:
        answered = []
        for number, version in enumerate((change.before, change.after)):
            population = Population(connection, folder, version.policy)
            own = replace(asking, methods=tuple([each for each in asking.methods if each in version.policy.methods]))
            path = f"{rough}/{number}.parquet"
            files = _write_answers(version, own, population, path, engine, processes, change.language)
            answered.append(Answered(population, version.policy, files))
        effect = Effect()
        before, after = answered
        for part in effect_of(before, after, asking.methods, change.by):
            effect.merge(part)
        return effect


def _write_answers(
    version: PolicyVersion,
    asking: Asking,
    population: Population,
    path: str,
    engine: Engine,
    processes: int | None,
    language: str,
) -> str:
    """Write the answers; the file, or the pattern of the files, that they are in."""
    from engine.population.deciding import answers
    from engine.population.files import write_answers
    from engine.population.ways import way_of
    from service.commands.replay import Progress

    way = way_of(version, asking, engine)
    _say_way(way, engine, language)
    if engine == "spark":
        from engine.population import spark
        from service.config import read_settings

        with spark.session(read_settings().spark_master) as session:
            spark.decide(session, version, asking, population.folder, path, way)
        return f"{path}/*.parquet"
    progress = Progress(population.accounts * len(asking.methods), language)
    for count in write_answers(path, answers(version, asking, population, way, processes)):
        progress.step(count)
    progress.clear()
    return path


def _say_way(way: Way, engine: str, language: str) -> None:
    if way.statement is not None:
        click.echo(BY_STATEMENT.in_language(language).format(engine=engine), err=True)
        return
    why = "" if way.why is None else way.why.in_language(language)
    said = OF_RULE.in_language(language).format(rule=way.rule, why=why) if way.rule else why
    click.echo(BY_BATCHES.in_language(language).format(engine=engine, why=said), err=True)


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """What could not be done is told in a line. Raises Unusable."""
    from engine.population.files import Misfit
    from engine.population.libraries import NotInstalled
    from engine.population.merging import BadPopulation

    try:
        yield
    except (BadPopulation, Misfit, NotInstalled) as error:
        raise Unusable(str(error)) from None
    except OSError as error:
        raise Unusable(error.strerror or str(error)) from None
