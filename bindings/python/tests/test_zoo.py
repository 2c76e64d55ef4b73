"""The zoo: the file, where it is looked for, and @NAME in a spec."""
import os
import shutil

import pytest

import activ
from conftest import ROOT, python

FILE = os.path.join(ROOT, "share", "activ", "functions.txt")


@pytest.fixture
def zoo_file(tmp_path, monkeypatch):
    """A function that writes a file and makes it the zoo's."""

    def write(text):
        path = tmp_path / "zoo.txt"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setenv("ACTIV_ZOO", str(path))
        return path

    return write


def test_all_of_the_file(monkeypatch):
    monkeypatch.setenv("ACTIV_ZOO", FILE)
    with open(FILE, encoding="utf-8") as file:
        lines = [line for line in file if line.strip() and line[0] != "#"]
    assert [entry.name for entry in activ.zoo().values()] == [line.split("|")[0].strip() for line in lines]
    isru = activ.zoo()["isru"]
    assert isru.formula == "x/sqrt(1 + a*x^2); fixed a=1"
    assert isru.source.startswith("Carlile") and isru.checked == "checked"
    for name, entry in activ.zoo().items():
        assert activ.Function("@" + name).spec == activ.Function(entry.formula).spec


def test_names_in_specs(zoo_file):
    zoo_file("# mine\nmine | b*x; b=3 | me\n\n  other|x + 1|me|unchecked: why\n")
    assert activ.zoo() == {
        "mine": activ.ZooEntry("mine", "b*x; b=3", "me", ""),
        "other": activ.ZooEntry("other", "x + 1", "me", "unchecked: why"),
    }
    assert activ.Function("@mine").spec == "b*x; b=3"
    assert activ.Function("2*@other").spec == "2*(x + 1)"
    assert activ.Function("gated(@mine)").param_count == 1
    graph = activ.Graph()
    assert graph.node_info(graph.apply(graph.input(2), "@other")).spec == "x + 1"


def test_on_arrays(zoo_file):
    np = pytest.importorskip("numpy", reason="NumPy is missing: apt-get install python3-numpy")
    zoo_file("mine | 3*x | me\n")
    x = np.array([1, 2], dtype=np.float32)
    assert activ.forward("@mine", x).tolist() == [3, 6]
    assert activ.backward("@mine", x, x).tolist() == [3, 6]
    # A function is kept for its spec, but not for a name, whose file may change.
    changed = zoo_file("mine | 5*x | me\n")
    os.utime(changed, ns=(0, 0))
    assert activ.forward("@mine", x).tolist() == [5, 10]


@pytest.mark.parametrize(
    "spec, words",
    [
        ("@min", "unknown function '@min'; is @mine meant?"),
        ("gated(@nothing_like_it)", "unknown function '@nothing_like_it'; activ.zoo() has all names"),
        ("@", "without a name"),
        ("x + @", "without a name"),
    ],
)
def test_unknown_names(zoo_file, spec, words):
    zoo_file("mine | b*x; b=3 | me\n")
    with pytest.raises(activ.BadValueError) as raised:
        activ.Function(spec)
    assert words in str(raised.value) and raised.value.name == "ACTIV_ERROR_UNKNOWN_NAME"


@pytest.mark.parametrize(
    "text, words",
    [
        ("mine | x | me\nmine | 2*x | me\n", "line 2: a second mine"),
        ("\n\nmine\n", "line 3: no formula"),
        ("my own | x\n", "line 1: no name"),
        (f"{'n' * 65} | x\n", "line 1: no name"),
    ],
)
def test_lines_that_are_none(zoo_file, text, words):
    zoo_file(text)
    with pytest.raises(activ.FileError, match=words):
        activ.zoo()


def test_missing_file(tmp_path, monkeypatch):
    monkeypatch.setenv("ACTIV_ZOO", str(tmp_path / "nowhere"))
    with pytest.raises(activ.FileError) as raised:
        activ.Function("@isru")
    assert f"{tmp_path}/nowhere" in str(raised.value) and "ACTIV_ZOO" in str(raised.value)
    assert activ.Function("gelu").spec == "gelu"


def test_beside_the_library(tmp_path):
    """As it is installed, whatever the library's folder is called; and in the package."""
    library = activ.library_path if os.path.isfile(activ.library_path) else os.environ["ACTIV_LIBRARY"]
    package = tmp_path / "python" / "activ"
    shutil.copytree(
        os.path.dirname(activ.__file__), package, ignore=shutil.ignore_patterns("lib", "__pycache__")
    )
    code = f"import sys; sys.path.insert(0, {str(package.parent)!r})\n"
    code += "import activ; print(activ.Function('@mine').spec)"
    for folder in ("lib", "lib/x86_64-linux-gnu"):
        root = tmp_path / folder.replace("/", "-")
        (root / folder).mkdir(parents=True)
        (root / "share" / "activ").mkdir(parents=True)
        copy = root / folder / "libactiv.so"
        shutil.copyfile(library, copy)
        (root / "share" / "activ" / "functions.txt").write_text(f"mine | x + {len(folder)} | me\n")
        assert python("-c", code, ACTIV_LIBRARY=copy, ACTIV_ZOO=None).strip() == f"x + {len(folder)}"
    (package / "lib").mkdir()
    (package / "lib" / "functions.txt").write_text("mine | x + 1 | me\n")
    assert python("-c", code, ACTIV_LIBRARY=copy, ACTIV_ZOO=None).strip() == "x + 1"
