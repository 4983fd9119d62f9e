"""After pytest-benchmark's own table: performance and cost of the very samples it shows."""

import dataclasses
from collections import defaultdict

import pytest

from results.records import Job, Measurement, Run

MEASURED = pytest.StashKey[dict[tuple[str, str], tuple[Run, list[Measurement]]]]()
EPOCHS = 10
OFFERS_OF_EACH = 2


def pytest_configure(config):
    config.stash[MEASURED] = {}


@pytest.fixture
def keep(request):
    """Keep a phase's measurement for the tables: `keep(run_without_measurements, measurement)`."""

    def kept(run: Run, measurement: Measurement) -> None:
        key = (run.workload.name, run.machine.device)
        request.config.stash[MEASURED].setdefault(key, (run, []))[1].append(measurement)

    return kept


@pytest.hookimpl(wrapper=True)  # so that it comes after pytest-benchmark's own summary
def pytest_terminal_summary(terminalreporter, config):
    yield
    runs = [
        dataclasses.replace(run, measurements=tuple(measurements))
        for run, measurements in config.stash[MEASURED].values()
    ]
    if not runs:
        return
    from trainfare import output

    terminalreporter.ensure_newline()
    terminalreporter.section("trainfare: performance and cost of the samples above")
    for block in _tables(runs):
        terminalreporter.write_line(output.rendered(block))


def _tables(runs):
    from estimators.catalog import load_offers
    from estimators.rank import rank
    from results.shown import best_of_each
    from results.tables import cost_table, performance_table
    from results.warnings import warning_lines

    yield performance_table(runs)
    offers = load_offers()
    notes = defaultdict(list)
    for run in runs:
        job = Job(
            workload=run.workload, epochs=EPOCHS, samples_per_epoch=run.workload.samples_per_epoch
        )
        ranking = rank(run, job, offers)
        yield f"{run.workload.name} on {run.machine.device}, {EPOCHS} epochs:"
        places = best_of_each(ranking.priced, OFFERS_OF_EACH)
        yield cost_table([(place + 1, ranking.priced[place].estimate()) for place in places])
        for line in warning_lines(run):
            notes[line].append(run.workload.name)
    for line, names in notes.items():
        yield f"{', '.join(names)}: {line}"
