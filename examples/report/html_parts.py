"""Pieces of HTML."""
import base64
import html
import re
from dataclasses import dataclass, field


def text(value):
    """Any text, safe between tags and in attributes."""
    return html.escape(str(value), quote=True)


@dataclass
class Section:
    """A part of the page: what a reader sees first is `lead`, then the blocks."""
    anchor: str
    title: str
    lead: str = ""
    blocks: list = field(default_factory=list)
    command: str = ""


def section(part):
    command = f'<p class="again">Again: <code>{text(part.command)}</code></p>' if part.command else ""
    lead = f'<p class="lead">{part.lead}</p>' if part.lead else ""
    blocks = "\n".join(part.blocks)
    return f'<section id="{part.anchor}"><h2>{text(part.title)}</h2>\n{lead}\n{blocks}\n{command}</section>'


def paragraph(content):
    return f"<p>{content}</p>"


def missing(results, what):
    """Instead of what is not there yet."""
    if results.running:
        return f'<p class="missing">{text(what)} is not computed yet: this page is made again when it is.</p>'
    return f'<p class="missing">{text(what)} is missing from this run.</p>'


def table(titles, rows, left=1, wide=False):
    """Rows of HTML cells; the first `left` columns are texts, the others numbers."""
    head = "".join(f'<th scope="col"{"" if i < left else " class=n"}>{title}</th>' for i, title in enumerate(titles))
    body = "".join(
        "<tr>" + "".join(f'<td{"" if i < left else " class=n"}>{cell}</td>' for i, cell in enumerate(row)) + "</tr>"
        for row in rows)
    kind = " wide" if wide else ""
    return f'<div class="scroll{kind}"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _clean_svg(source, prefix):
    """gnuplot's SVG as a part of the page: in the page's colours, with ids of its own, without what nobody sees."""
    svg = source[source.index("<svg"):]
    svg = re.sub(r"<title>.*?</title>\s*<desc>.*?</desc>", "", svg, flags=re.S)
    svg = re.sub(r"<filter .*?</filter>\s*", "", svg, flags=re.S)
    svg = re.sub(r"<g [^>]*>\s*</g>\s*", "", svg)
    svg = re.sub(r"""(fill|stroke|color)=(["'])(?:black|rgb\( *0, *0, *0\))\2""", r"\1=\2currentColor\2", svg)
    svg = svg.replace(' color="currentColor"', "").replace("font-family=\"sans-serif\"", "")
    svg = re.sub(r"""\bid=(["'])([^"']+)\1""", rf'id="{prefix}\2"', svg)
    svg = re.sub(r"""xlink:href=(["'])#([^"']+)\1""", rf'href="#{prefix}\2"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}\1)", svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    return svg


def figure(results, name, caption, kind=""):
    """A figure with its caption (HTML), inline; says so if it was not drawn."""
    content = results.figure(name)
    if content is None:
        return missing(results, f"The figure {name}")
    results.figures += 1
    if name.endswith(".svg"):
        picture = _clean_svg(content.decode("utf-8"), f"f{results.figures}-")
        label = re.sub(r"<[^>]+>", "", caption)
        picture = picture.replace("<svg", f'<svg role="img" aria-label="{text(html.unescape(label))}"', 1)
    else:
        data = base64.b64encode(content).decode("ascii")
        label = re.sub(r"<[^>]+>", "", caption)
        picture = f'<img alt="{text(html.unescape(label))}" src="data:image/png;base64,{data}">'
    return f'<figure class="{kind}"><div class="drawing">{picture}</div><figcaption>{caption}</figcaption></figure>'


def details(summary, content):
    return f"<details><summary>{summary}</summary>\n{content}\n</details>"


def names(items):
    """'a', 'a and b', 'a, b and c', each as code."""
    items = [f"<code>{text(item)}</code>" for item in items]
    if len(items) < 2:
        return "".join(items)
    return ", ".join(items[:-1]) + " and " + items[-1]


def seconds(value):
    if value < 90:
        return f"{value:.0f} seconds"
    return f"{value / 60:.1f} minutes"


def power(value):
    """A number with its power of ten: 1.3 × 10⁻⁴."""
    if value == 0 or value != value:
        return "0" if value == 0 else "NaN"
    mantissa, exponent = f"{value:.1e}".split("e")
    digits = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa}&thinsp;·&thinsp;10{digits}"
