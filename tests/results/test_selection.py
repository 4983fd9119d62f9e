"""What each form of naming runs means, and the sentence where it means none."""

import pytest

from results.errors import RecordError, UsageError
from results.selection import select
from results.store import Store


@pytest.fixture
def runs(make_run):
    """Newest first: two of cnn, one of it with another batch size, one of mlp, one partial."""

    def run(day, name, **given):
        return make_run(
            run_id=f"202611{day}T000000-{name}-000000", name=name, reference=name, **given
        )

    return [
        run(25, "cnn", partial=True),
        run(24, "cnn", commit="abcdef123456"),
        run(23, "cnn", batch_size=128),
        run(22, "mlp", commit="0123456789ab"),
        run(21, "cnn", commit="abcdef123456"),
    ]


def days(found):
    return [run.run_id[6:8] for run in found]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("latest", ["24", "23", "22"]),  # of each workload in each setting
        ("latest~1", ["21"]),
        ("cnn", ["24", "23"]),
        ("cnn~1", ["21"]),
        ("20261122", ["22"]),
        ("20261122T000000-mlp-000000", ["22"]),
        ("abcdef1", ["24", "21"]),
        ("abcdef1234567890", ["24", "21"]),
    ],
)
def test_forms(runs, asked, expected):
    assert days(select(asked, runs)) == expected


def test_files_and_folders(tmp_path, runs):
    store = Store(tmp_path)
    paths = [store.add(run) for run in runs]
    assert select(str(paths[1]), []) == [runs[1]]
    assert days(select(str(tmp_path), [])) == ["24", "23", "22", "21"]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("latest~7", "there are only 4 runs. Measure"),
        ("latest~9999999", "there are only 4 runs. Measure"),
        ("latest~x", "means no run. Near: latest"),
        ("mlp~-1", "means no run. Near: mlp"),
        ("mlp~1", "there is only 1 run of mlp"),
        ("mpl", "Near: mlp"),
        ("2026112", "begins 4 run ids"),
        ("", "Expected: latest"),
        ("~1", "Expected: latest"),
        ("fedcba9", "Expected: latest"),
    ],
)
def test_what_means_nothing_is_one_sentence(runs, asked, says):
    with pytest.raises(UsageError, match=says):
        select(asked, runs)


def test_an_empty_store_says_how_to_start():
    with pytest.raises(UsageError, match="trainfare measure"):
        select("latest", [])


def test_a_file_that_is_no_run(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text("{}", encoding="utf-8")
    with pytest.raises(RecordError, match="holds no run"):
        select(str(bad), [])
    (tmp_path / "runs").mkdir()
    with pytest.raises(UsageError, match="no whole run"):
        select(str(tmp_path), [])
