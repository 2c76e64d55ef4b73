"""Everything in README.md that can be run is run, and prints what it says."""
import os
import re
import shutil
import subprocess
import sys

import pytest

from conftest import PACKAGE, ROOT, python, slow

README = os.path.join(PACKAGE, "README.md")


def blocks(language):
    with open(README, encoding="utf-8") as file:
        return re.findall(rf"^```{language}\n(.*?)^```$", file.read(), flags=re.M | re.S)


def test_all_blocks_are_of_a_kind_that_is_run():
    with open(README, encoding="utf-8") as file:
        fences = re.findall(r"^```(\w*)$", file.read(), flags=re.M)
    assert set(fences[::2]) == {"sh", "python"} and set(fences[1::2]) == {""}
    assert len(blocks("python")) + len(blocks("sh")) == len(fences) // 2


def test_building_the_library_is_the_main_readmes():
    with open(README, encoding="utf-8") as file:
        mine = re.findall(r"^    (cmake .*)$", file.read(), flags=re.M)
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        whole = file.read()
    assert len(mine) == 2 and all(line in whole for line in mine)


def test_python(tmp_path):
    pytest.importorskip("numpy", reason="NumPy is missing: apt-get install python3-numpy")
    pytest.importorskip("torch", reason="PyTorch is missing: apt-get install python3-torch")
    code = "\n".join(blocks("python"))
    wanted = [match.strip() for match in re.findall(r"# -> (.*)$", code, flags=re.M)]
    assert len(wanted) == len(re.findall(r"^\s*print\(", code, flags=re.M)) > 20
    script = tmp_path / "readme.py"
    script.write_text(f"import os\nos.chdir({str(tmp_path)!r})\n" + code)
    printed = python(script).splitlines()
    assert printed == wanted


@slow
def test_shell(tmp_path):
    """The installation, with the library that the tests use in place of the installed one."""
    library = os.environ.get("ACTIV_LIBRARY")
    if not library or not os.path.isfile(library):
        pytest.skip("ACTIV_LIBRARY names no file to install with")
    if not os.path.exists("/usr/bin/python3"):
        pytest.skip("no /usr/bin/python3")
    done = subprocess.run(["/usr/bin/python3", "-c", "import venv, ensurepip, setuptools, wheel"])
    if done.returncode:
        pytest.skip("apt-get install python3-venv python3-setuptools python3-wheel")
    os.makedirs(tmp_path / "bindings")
    shutil.copytree(PACKAGE, tmp_path / "bindings" / "python", ignore=shutil.ignore_patterns("__pycache__"))
    before = sorted(os.walk(tmp_path / "bindings"))
    (block,) = blocks("sh")
    assert "/usr/local/lib/libactiv.so" in block
    block = block.replace("/usr/local/lib/libactiv.so", library)
    env = {name: value for name, value in os.environ.items() if name not in ("ACTIV_LIBRARY", "PYTHONPATH")}
    env.update(PIP_NO_INDEX="1", PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run(
        ["sh", "-e", "-c", block],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"^0\.\d+\.\d+ (scalar|avx2|avx512|neon)$", done.stdout, flags=re.M), done.stdout
    assert sorted(os.walk(tmp_path / "bindings")) == before  # nothing is written beside the sources


@slow
def test_wheels(tmp_path):
    """With a library a wheel for this platform that has it, without one for any."""
    if subprocess.run([sys.executable, "-c", "import setuptools, wheel, pip"]).returncode:
        pytest.skip("apt-get install python3-pip python3-setuptools python3-wheel")
    import zipfile

    library = os.environ.get("ACTIV_LIBRARY", "")
    for given in ("", library):
        out = tmp_path / ("with" if given else "without")
        python(
            "-m",
            "pip",
            "wheel",
            "--no-build-isolation",
            "--no-deps",
            "--no-index",
            "-w",
            out,
            PACKAGE,
            ACTIV_LIBRARY=given or None,
        )
        (wheel,) = os.listdir(out)
        assert wheel.startswith("activ-0.2.0-py3-none-") and wheel.endswith(".whl")
        assert ("any" in wheel) == (not given)
        names = zipfile.ZipFile(out / wheel).namelist()
        assert "activ/py.typed" in names and "activ/torch.py" in names
        assert ("activ/lib/libactiv.so" in names) == bool(given and ".so" in given)
        if not library:
            break
    out = python(
        "-m",
        "pip",
        "wheel",
        "--no-build-isolation",
        "--no-deps",
        "--no-index",
        "-w",
        tmp_path,
        PACKAGE,
        ACTIV_LIBRARY=tmp_path / "missing.so",
        expect=1,
    )
    assert "missing.so" in out
