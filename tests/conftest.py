"""The fake services, started once for all tests that use them."""

import gc
import os
import signal
from collections.abc import Iterator

# One thread a process, before anything loads torch: the models of the tests are so small that a
# second thread only waits, and on a busy machine waits long. Processes that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# No proxy leads to the services of the tests; and who is told so looks through the whole
# environment for one no more, at each call.
os.environ["no_proxy"] = "127.0.0.1,localhost"

import pytest
from fakes import cli
from fakes.clouds import Cloud, all_clouds
from hypothesis import settings

# A shell that runs the tests in the background has them ignore Ctrl-C, `nohup` a closed terminal,
# and what they start inherits that: commands that a test interrupts would go on.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# A machine that does something else meanwhile is no failure of what is tested.
settings.register_profile("without deadline", deadline=None)
settings.load_profile("without deadline")

gc.disable()  # until all is collected: nothing that is imported is garbage


def pytest_configure(config: pytest.Config) -> None:
    """The workers of pytest-xdist share the process that commands are forked from."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        cli.share()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What uses the fakes may call this machine, and nothing else."""
    for item in items:
        if "all_fakes" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))


@pytest.fixture(scope="session", name="all_fakes")
def _all_fakes() -> Iterator[dict[str, Cloud]]:
    with all_clouds() as clouds:
        yield clouds


@pytest.fixture(params=["aws", "gcp", "azure"])
def cloud(request: pytest.FixtureRequest, all_fakes: dict[str, Cloud]) -> Cloud:
    """One of the three clouds, empty and without faults."""
    found = all_fakes[request.param]
    found.reset()
    return found


@pytest.fixture
def clouds(all_fakes: dict[str, Cloud]) -> dict[str, Cloud]:
    """All three, empty and without faults."""
    for found in all_fakes.values():
        found.reset()
    return all_fakes


def pytest_collection_finish() -> None:
    """What collecting has loaded stays: no collection of garbage need walk through it again.

    Nor as often as Python does by itself: the SDKs make so many objects that it was a tenth of all.
    """
    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()


def pytest_addoption(parser: pytest.Parser) -> None:
    """How many random scenarios the clouds are put through, or which one."""
    parser.addoption("--scenarios", type=int, default=1000, help="random scenarios  [1000]")
    parser.addoption("--scenario", type=int, default=None, help="the one of this seed")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Real accounts only where they are asked for by name."""
    if item.get_closest_marker("live") and item.config.getoption("-m") != "live":
        pytest.skip("needs a real account: pytest -m live")
