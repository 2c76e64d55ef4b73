"""How the library is found, and what is said where it is not."""
import os
import shutil
import subprocess
import sys

import pytest

import activ
from activ._library import ABI
from conftest import python


def importing(expect=0, code="import activ; print(activ.library_path)", **environment):
    return python("-c", code, expect=expect, **environment)


def test_versions():
    assert activ.library_version().split(".")[:2] == activ.__version__.split(".")[:2]
    assert activ.tier() in activ.tiers() and activ.tiers()[0] == "scalar"


def test_variable_comes_first(tmp_path):
    copy = tmp_path / "somewhere.so"
    shutil.copyfile(
        activ.library_path if os.path.isfile(activ.library_path) else os.environ["ACTIV_LIBRARY"], copy
    )
    assert importing(ACTIV_LIBRARY=copy).strip() == str(copy)


def test_variable_counts_alone(tmp_path):
    out = importing(1, ACTIV_LIBRARY=tmp_path / "missing.so")
    assert (
        "ImportError" in out and f"ACTIV_LIBRARY: {tmp_path}/missing.so" in out and "cmake --install" in out
    )
    text = tmp_path / "text.so"
    text.write_text("no library\n")
    assert str(text) in importing(1, ACTIV_LIBRARY=text)


def test_not_found_says_where_it_looked(tmp_path):
    package = tmp_path / "activ"
    shutil.copytree(
        os.path.dirname(activ.__file__), package, ignore=shutil.ignore_patterns("lib", "__pycache__")
    )
    code = (
        "import ctypes, ctypes.util\n"
        "ctypes.util.find_library = lambda name: None\n"
        "plain = ctypes.CDLL.__init__\n"
        "def init(self, name, *a, **k):\n"
        "    if name and 'activ' in str(name): raise OSError(f'{name}: cannot open')\n"
        "    plain(self, name, *a, **k)\n"
        "ctypes.CDLL.__init__ = init\n"
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import activ"
    )
    out = importing(1, code, ACTIV_LIBRARY=None)
    number = ".".join(map(str, ABI))
    for words in (
        "ACTIV_LIBRARY: not set",
        "built without a library",
        f"by the system: libactiv.so.{number}",
        "Install it",
        "set ACTIV_LIBRARY",
    ):
        assert words in out


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sonames and LD_LIBRARY_PATH are Linux's")
def test_a_static_library_is_not_packed(tmp_path):
    setup = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "setup.py")
    if not os.path.isfile(setup):
        pytest.skip(f"no {setup}")
    archive = tmp_path / "libactiv.a"
    archive.write_bytes(b"!<arch>\n")
    code = f"import os, runpy, sys; os.chdir({os.path.dirname(setup)!r}); sys.argv = ['setup.py', '-q', 'build']; "
    out = python(
        "-c", code + "runpy.run_path('setup.py', run_name='__main__')", expect=1, ACTIV_LIBRARY=archive
    )
    assert "static library" in out and "Traceback" not in out


def test_package_then_system(tmp_path):
    library = activ.library_path if os.path.isfile(activ.library_path) else os.environ["ACTIV_LIBRARY"]
    package, name = tmp_path / "activ", "libactiv.so." + ".".join(map(str, ABI))
    shutil.copytree(
        os.path.dirname(activ.__file__), package, ignore=shutil.ignore_patterns("lib", "__pycache__")
    )
    os.mkdir(tmp_path / "system")
    shutil.copyfile(library, tmp_path / "system" / name)
    environment = {"ACTIV_LIBRARY": None, "LD_LIBRARY_PATH": tmp_path / "system", "PYTHONPATH": tmp_path}
    assert importing(**environment).strip() == name
    os.mkdir(package / "lib")
    shutil.copyfile(library, package / "lib" / "libactiv.so")
    assert importing(**environment).strip() == str(package / "lib" / "libactiv.so")
    (package / "lib" / "libactiv.so").write_text("damaged")
    assert importing(**environment).strip() == name


def test_another_version_is_refused(compiler, tmp_path):
    for number, words in ((30000, "is libactiv 3.0.0"), (1700, "is libactiv 0.17.0")):
        source, library = tmp_path / "other.c", tmp_path / f"other{number}.so"
        source.write_text(f"unsigned activ_version_number(void) {{ return {number}; }}\n")
        subprocess.run([compiler, "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
        out = importing(1, ACTIV_LIBRARY=library)
        assert "ImportError" in out and words in out and "needs" in out


def test_another_library_is_refused(compiler, tmp_path):
    for text, words in (
        ("int x;", "is no libactiv"),
        (
            f"unsigned activ_version_number(void) {{ return "
            f"{10000 * ABI[0] + 100 * ABI[-1] if len(ABI) > 1 else 10000 * ABI[0]}; }}",
            "incomplete",
        ),
    ):
        source, library = tmp_path / "other.c", tmp_path / f"{words.split()[-1]}.so"
        source.write_text(text + "\n")
        subprocess.run([compiler, "-shared", "-fPIC", str(source), "-o", str(library)], check=True)
        assert words in importing(1, ACTIV_LIBRARY=library)


def test_imports_without_numpy(tmp_path):
    """Catalogue and tensors work; arrays say what is missing."""
    (tmp_path / "numpy.py").write_text("raise ImportError('hidden by the test')\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import activ\n"
        "assert len(activ.functions()) > 40\n"
        "assert activ.Tensor((2, 3)).shape == (2, 3)\n"
        "try: activ.forward('gelu', [1.0])\n"
        "except ImportError as error: print(error)\n"
    )
    assert "activ needs NumPy for arrays" in importing(0, code)


def test_torch_is_imported_by_those_who_ask():
    assert importing(0, "import sys, activ; print('torch' in sys.modules)").strip() == "False"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        activ.nothing


def test_catalogue():
    names = [info.name for info in activ.functions()]
    assert len(set(names)) == len(names) and {"gelu", "softmax", "swiglu", "staf"} <= set(names)
    info = next(info for info in activ.functions() if info.name == "silu")
    assert info.aliases == ("SiLU", "Swish") and info.shape == "elementwise" and not info.trainable
    assert info.formula and info.source and 0 < info.forward_ulp < 4
    assert {info.shape for info in activ.functions()} == {"elementwise", "rowwise", "gated"}
