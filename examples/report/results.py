"""What the programs wrote, read."""
import csv
import math
import pathlib
import platform


def number(text):
    """A cell as a number; NaN if it is empty or none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def cpu_name():
    """The CPU as its vendor calls it."""
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


class Results:
    """A folder of results. `table` gives the rows of a CSV file, `figure` the text or bytes of a figure."""

    def __init__(self, arguments):
        self.folder = arguments.folder
        self.quick = arguments.quick
        self.seconds = arguments.seconds
        self.running = arguments.running
        self.tier = arguments.tier
        self.version = arguments.version
        self.threads = arguments.threads
        self.cpu = cpu_name()
        self.figures = 0

    def table(self, name):
        """Rows as dictionaries; an empty list if the file is not there."""
        path = self.folder / name
        if not path.is_file():
            return []
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def figure(self, name):
        """The bytes of a figure; None if it is not there."""
        path = self.folder / name
        return path.read_bytes() if path.is_file() else None
