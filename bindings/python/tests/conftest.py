"""What the suites share. A suite that needs NumPy or PyTorch skips itself as a whole, with the reason; -rs
shows it."""
import os
import shutil
import subprocess
import sys

import pytest

TESTS = os.path.dirname(os.path.abspath(__file__))
PACKAGE = os.path.dirname(TESTS)
ROOT = os.path.dirname(os.path.dirname(PACKAGE))
HEADERS = os.environ.get("ACTIV_HEADERS", os.path.join(ROOT, "include", "activ"))
EXAMPLES = os.path.join(ROOT, "examples", "python")
FASHION_MNIST = os.environ.get("ACTIV_FASHION_MNIST", "/usr/share/datasets/fashion-mnist")
ALL = bool(os.environ.get("ACTIV_ALL_TESTS"))
slow = pytest.mark.skipif(not ALL, reason="slow: ACTIV_ALL_TESTS=1")


def python(*arguments, expect=0, **environment):
    """Runs this Python in a new process, with the same package; its output. None removes a variable."""
    env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    for name, value in environment.items():
        env.pop(name, None)
        if value is not None:
            env[name] = str(value)
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert done.returncode == expect, done.stdout
    return done.stdout


@pytest.fixture
def compiler():
    """A C compiler, for the tests that compare with what one says."""
    found = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if not found:
        pytest.skip("no C compiler (cc): apt-get install gcc")
    return found
