#!/usr/bin/env python3
"""Makes index.html of the results of the FashionMNIST programs: one file that holds all it shows.

usage: report.py DIR [--quick] [--seconds N] [--tier NAME] [--version TEXT] [--threads N]

DIR holds the CSV files and figures that the programs wrote; what is missing is named in the page. The page goes to
DIR/index.html, which is replaced when it is whole. Sections are in sections.py; here is what a page is made of.
"""
import argparse
import os
import pathlib
import sys
import tempfile

import html_parts
import sections
from results import Results

HERE = pathlib.Path(__file__).resolve().parent


def page(results):
    """The whole page as text."""
    parts = [section(results) for section in sections.ALL]
    entries = "".join(f'<li><a href="#{part.anchor}">{html_parts.text(part.title)}</a></li>' for part in parts)
    body = "\n".join(html_parts.section(part) for part in parts)
    style = (HERE / "style.css").read_text(encoding="utf-8")
    head = sections.head(results)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>Activation functions on FashionMNIST: libactiv</title>
<style>
{style}
</style>
</head>
<body>
<header>
{head}
</header>
<nav aria-label="Contents"><ul>{entries}</ul></nav>
<main>
{body}
</main>
<footer>
<p>Made by libactiv {html_parts.text(results.version)}, <code>./examples/run.sh</code>. All numbers are this run's, but
those of the columns “Chapter” and “PyTorch”.</p>
</footer>
</body>
</html>
"""


def main():
    parser = argparse.ArgumentParser(description="Makes index.html of the results in a folder.")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="the results are those of run.sh --quick")
    parser.add_argument("--seconds", type=float, default=None, help="how long the whole run took")
    parser.add_argument("--running", default=None, help="what is still being computed")
    parser.add_argument("--tier", default="", help="what the library runs on")
    parser.add_argument("--version", default="", help="of the library")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        sys.exit(f"report.py: '{arguments.folder}' is no folder")
    try:
        text = page(Results(arguments))
        handle, name = tempfile.mkstemp(dir=arguments.folder, prefix=".index.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(name, 0o666 & ~mask)
            os.replace(name, arguments.folder / "index.html")
        except BaseException:
            os.unlink(name)
            raise
    except (OSError, ValueError, KeyError) as error:
        print(f"report.py: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
