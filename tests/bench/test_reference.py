"""References are taken apart, and sources found, without running anything."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import reference
from bench.reference import parse, source_digest
from results.errors import UsageError


@pytest.mark.parametrize(
    ("text", "kind", "place", "name"),
    [
        ("mlp", "known", "bench.workloads.mlp", "workload"),
        ("torchvision:resnet50", "torchvision", "resnet50", "workload"),
        ("a/b.py:make", "file", "a/b.py", "make"),
        ("./b.py:make", "file", "./b.py", "make"),
        ("my folder/ä.py:make", "file", "my folder/ä.py", "make"),
        ("odd:name.py:make", "file", "odd:name.py", "make"),
        ("package.module:make", "module", "package.module", "make"),
        ("module:Class", "module", "module", "Class"),
    ],
)
def test_forms(text, kind, place, name):
    parsed = parse(text)
    assert (parsed.text, parsed.kind, parsed.place, parsed.name) == (text, kind, place, name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cnnn", "'cnnn' is no workload. Near: cnn"),
        ("CNN", "Near: cnn"),
        ("quite other", "Known: cnn, mlp, rnn"),
        ("", "'' is no workload"),
        ("torchvision", "'torchvision' is no workload"),
        ("torchvision:", "names no model"),
        ("a.py:", "names no factory. Expected: a.py:FACTORY"),
        ("a.py:make()", "names no factory"),
        ("a.py:class", "names no factory"),
        ("a.ipynb:make", "There is no|neither a Python file nor a module"),
        ("a/b:make", "neither a Python file nor a module"),
        ("a..b:make", "neither a Python file nor a module"),
        (":make", "neither a Python file nor a module"),
        ("gone.py", "There is no file 'gone.py'"),
    ],
)
def test_what_is_no_reference_is_one_sentence(text, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=expected.replace("()", r"\(\)")):
        if parse(text).kind == "module":
            source_digest(text)


@given(st.text(max_size=30))
def test_any_text_is_parsed_or_refused(text):
    try:
        parsed = parse(text)
    except UsageError as error:
        assert "Expected" in str(error)
    else:
        assert parsed.text == text and parsed.place and parsed.name


def test_a_file_without_factory_is_told_which_it_has(tmp_path):
    file = tmp_path / "train.py"
    file.write_text("import gone\ndef _helper(): ...\ndef make(): ...\ndef other(): ...\n")
    with pytest.raises(UsageError, match=r"Expected: .*train\.py:make or .*train\.py:other\."):
        parse(str(file))
    file.write_text("not python (")
    with pytest.raises(UsageError, match=r"Expected: .*train\.py:FACTORY\."):
        parse(str(file))


def test_a_missing_file_is_told_its_neighbours(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").touch()
    with pytest.raises(UsageError, match=r"no file 'trian\.py'\. Near: train\.py\."):
        source_digest("trian.py:make")


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "x.py").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        source_digest(f"{tmp_path}/x.py:make")


@pytest.mark.parametrize("text", ["mlp", "cnn", "rnn", "torchvision:resnet50"])
def test_our_own_have_no_digest(text):
    assert source_digest(text) is None


def test_a_file_is_digested_and_not_run(tmp_path):
    file = tmp_path / "train.py"
    file.write_text("raise SystemExit\n")
    digest = source_digest(f"{file}:make")
    assert digest == hashlib.sha256(b"raise SystemExit\n").hexdigest()
    file.write_text("raise SystemExit \n")
    assert source_digest(f"{file}:make") != digest


def test_a_module_is_digested_and_neither_it_nor_its_package_run(tmp_path, monkeypatch):
    package = tmp_path / "some_package" / "inner"
    package.mkdir(parents=True)
    (tmp_path / "some_package" / "__init__.py").write_text("raise SystemExit")
    (package / "__init__.py").write_text("raise SystemExit")
    (package / "train.py").write_text("x = 1")
    monkeypatch.chdir(tmp_path)
    expected = hashlib.sha256(b"x = 1").hexdigest()
    assert source_digest("some_package.inner.train:make") == expected
    assert "some_package" not in sys.modules
    with pytest.raises(UsageError, match=r"no module 'some_package\.outer'"):
        source_digest("some_package.outer:make")


def test_a_module_without_a_source_file_has_no_digest(tmp_path, monkeypatch):
    (tmp_path / "namespace_only").mkdir()
    monkeypatch.chdir(tmp_path)
    assert source_digest("namespace_only:make") is None


def test_torch_is_not_imported(tmp_path):
    file = tmp_path / "train.py"
    file.write_text("import torch")
    code = (
        "import sys; from bench.reference import source_digest as d;"
        f"assert len(d('{file}:make')) == 64 and d('torchvision:resnet50') is None;"
        "assert d('torch.nn:Module');"
        "sys.exit(any(m in sys.modules for m in ('torch', 'numpy', 'platformdirs')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_known_names_lead_somewhere():
    for place in reference.KNOWN.values():
        assert reference.find_module(place, sys.path)


def test_the_digest_is_of_the_module_that_is_loaded(tmp_path, monkeypatch):
    # The current folder comes first, except before a real package of that name a bare folder.
    (tmp_path / "wave.py").write_text("x = 1")
    (tmp_path / "email").mkdir()
    monkeypatch.chdir(tmp_path)
    assert source_digest("wave:make") == hashlib.sha256(b"x = 1").hexdigest()
    import email.message

    expected = hashlib.sha256(Path(email.message.__file__).read_bytes()).hexdigest()
    assert source_digest("email.message:Message") == expected


def test_built_in_modules_have_no_digest():
    assert source_digest("sys:exit") is None
