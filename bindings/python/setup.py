"""What pyproject.toml cannot say: with ACTIV_LIBRARY set, the C library goes into the wheel, and the zoo of
functions, where that is installed with it."""
import os
import shutil
import tempfile

from setuptools import Distribution, setup
from setuptools.command.build_py import build_py

try:
    from setuptools.command.bdist_wheel import bdist_wheel  # since 70.1
except ImportError:
    from wheel.bdist_wheel import bdist_wheel

LIBRARY = os.environ.get("ACTIV_LIBRARY")


class BuildWithLibrary(build_py):
    def run(self):
        super().run()
        if not LIBRARY:
            return
        if not os.path.isfile(LIBRARY):
            raise SystemExit(f"ACTIV_LIBRARY: no file '{LIBRARY}'")
        if LIBRARY.endswith(".a"):
            raise SystemExit(f"ACTIV_LIBRARY: '{LIBRARY}' is a static library; the shared one is wanted")
        folder = os.path.join(self.build_lib, "activ", "lib")
        os.makedirs(folder, exist_ok=True)
        # Under one name, whatever the file's is: links are followed.
        shutil.copyfile(LIBRARY, os.path.join(folder, "libactiv" + os.path.splitext(_plain(LIBRARY))[1]))
        above = os.path.dirname(os.path.realpath(LIBRARY))
        for _ in range(3):  # from lib/x86_64-linux-gnu/ up to what has share/
            above = os.path.dirname(above)
            zoo = os.path.join(above, "share", "activ", "functions.txt")
            if os.path.isfile(zoo):
                shutil.copyfile(zoo, os.path.join(folder, "functions.txt"))
                break


def _plain(path):
    """libactiv.so.0.2.0 -> libactiv.so; libactiv.0.2.dylib and activ.dll stay."""
    name = os.path.basename(path)
    return name.split(".so")[0] + ".so" if ".so" in name else name


class WithLibrary(Distribution):
    """With the library inside, what is installed belongs to this platform."""

    def has_ext_modules(self):
        return bool(LIBRARY)


class PlatformWheel(bdist_wheel):
    """... but to any Python 3, as nothing is compiled for one."""

    def get_tag(self):
        tag = super().get_tag()
        return ("py3", "none", tag[2]) if LIBRARY else tag


# Nothing is written beside the sources, which may be a checkout that somebody else reads.
scratch = tempfile.mkdtemp(prefix="activ-build-")
try:
    setup(
        distclass=WithLibrary,
        cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": PlatformWheel},
        options={"build": {"build_base": scratch}, "egg_info": {"egg_base": scratch}},
    )
finally:
    shutil.rmtree(scratch, ignore_errors=True)
