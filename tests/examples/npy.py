"""Arrays that NumPy writes, read and written again by the examples' helper, and read by NumPy: the same arrays.

usage: npy.py TEST_EXAMPLES_NPY WORK     (TEST_EXAMPLES_NPY IN OUT copies a file); 77: there is no NumPy
"""
import pathlib
import subprocess
import sys

try:
    import numpy
except ImportError:
    print("python3-numpy is not installed")
    sys.exit(77)

tool, work = sys.argv[1], pathlib.Path(sys.argv[2])
work.mkdir(parents=True, exist_ok=True)
shapes = [(), (1,), (5,), (3, 4), (2, 3, 4), (0, 3), (1, 2, 1, 3, 1, 2, 1, 2)]
compared = refused = 0


def copy(array, version=None):
    """What comes back, or the message."""
    given, made = work / "given.npy", work / "made.npy"
    made.unlink(missing_ok=True)
    with open(given, "wb") as file:
        numpy.lib.format.write_array(file, array, version=version)
    run = subprocess.run([tool, given, made], capture_output=True, text=True)
    if run.returncode != 0:
        assert run.returncode == 2 and str(given) in run.stderr and not made.exists(), run
        return run.stderr
    return numpy.load(made)


for dtype in ["<f4", ">f4", "<f8", ">f8", "<i4", ">i4", "<i8", ">i8", "|u1"]:
    for shape in shapes:
        for order in "CF":
            for version in [(1, 0), (2, 0), (3, 0)]:
                count = int(numpy.prod(shape))
                array = numpy.asarray(numpy.arange(count) % 100, dtype=dtype).reshape(shape, order="C")
                array = numpy.asarray(array, order=order)
                back = copy(array, version)
                assert isinstance(back, numpy.ndarray), back
                assert back.shape == array.shape and (back == array).all(), (dtype, shape, order)
                assert back.dtype == array.dtype.newbyteorder("="), (dtype, back.dtype)
                assert back.flags.c_contiguous
                compared += 1

for array in [numpy.zeros(3, "<f2"), numpy.zeros(3, "<c8"), numpy.zeros(3, "?"), numpy.array(["a"]), numpy.zeros(3, "<u4"),
              numpy.zeros(3, [("a", "<f4")]), numpy.array([None])]:
    message = copy(array)
    assert isinstance(message, str) and ("type" in message or "plain" in message), message
    refused += 1
assert compared == 9 * len(shapes) * 2 * 3 and refused == 7
print(f"{compared} arrays came back the same, {refused} were refused")
