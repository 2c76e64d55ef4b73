"""The declarations for ctypes are those of the headers: functions, structs, constants, defaults."""
import ctypes
import os
import re
import subprocess

import pytest

from activ import _declarations as c
from activ._library import lib
from conftest import HEADERS

if not os.path.isdir(HEADERS):
    pytest.skip(f"no headers in {HEADERS}; ACTIV_HEADERS may name another folder", allow_module_level=True)

NUMBERS = {
    "size_t": c.size,
    "uint64_t": c.u64,
    "uint32_t": c.u32,
    "int32_t": c.i32,
    "activ_status": c.i32,
    "activ_dtype": c.i32,
    "activ_node": c.i32,
    "activ_init_scheme": c.i32,
    "float": c.f32,
    "double": c.f64,
}
CALLBACKS = {"activ_log_callback": c.LogCallback}


def headers():
    for name in sorted(name for name in os.listdir(HEADERS) if name.endswith(".h")):
        with open(os.path.join(HEADERS, name)) as file:
            text = file.read()
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        text = re.sub(r"//[^\n]*", " ", text)
        yield name, text.replace("\\\n", " ")


def split(parameters):
    """At the commas that are in no brackets."""
    parts, depth = [""], 0
    for letter in parameters:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [] if parts[0].strip() == "void" else [part.strip() for part in parts]


def kind_of(text):
    """A C type as ctypes has to have it: a number's type, "pointer", "text", a struct, or None for void."""
    function = re.search(r"\(\s*\*\s*\w*\s*\)\s*\((.*)\)$", text, flags=re.S)
    if function:
        return ("function", kind_of(text[: function.start()]), [kind_of(p) for p in split(function.group(1))])
    text = re.sub(r"\b(const|struct)\b", " ", text)
    stars = text.count("*")
    words = text.replace("*", " ").split()
    base = words[0]
    if not stars:
        if base == "void":
            return None
        return CALLBACKS.get(base) or NUMBERS[base]
    if base == "char" and stars == 1:
        return "text"
    if base in c.STRUCTS and stars == 1:
        return c.STRUCTS[base]
    return "pointer"


def is_pointer(ctype):
    return ctype is c.pointer or (isinstance(ctype, type) and issubclass(ctype, ctypes._Pointer))


def agree(kind, ctype):
    if kind is None or kind in NUMBERS.values() or kind in CALLBACKS.values():
        return ctype is kind
    if kind == "text":
        return ctype is c.text
    if kind == "pointer":
        return is_pointer(ctype)
    if isinstance(kind, tuple):
        return (
            ctype is c.pointer
            or issubclass(ctype, ctypes._CFuncPtr)
            and agree(kind[1], ctype._restype_)
            and len(kind[2]) == len(ctype._argtypes_)
            and all(map(agree, kind[2], ctype._argtypes_))
        )
    return is_pointer(ctype) and getattr(ctype, "_type_", None) is kind


def prototypes():
    found = {}
    for _, text in headers():
        for match in re.finditer(r"ACTIV_API\s+([^;]*?)(\w+)\s*\(([^;]*)\)\s*;", text):
            found[match.group(2)] = (match.group(1), split(" ".join(match.group(3).split())))
    return found


def structs():
    found = {}
    for _, text in headers():
        for match in re.finditer(r"struct\s+(\w+)\s*\{(.*?)\}", text, flags=re.S):
            fields = []
            for line in match.group(2).split(";"):
                line = " ".join(line.split())
                if not line:
                    continue
                function = re.match(r".*?\(\s*\*\s*(\w+)\s*\)\s*\(.*\)$", line)
                if function:
                    fields.append((function.group(1), kind_of(line)))
                    continue
                array = re.match(r"char (\w+)\[(\d+)\]", line)
                if array:
                    fields.append((array.group(1), int(array.group(2))))
                    continue
                first, *others = line.split(",")
                base, name = re.match(r"(.*?)(\w+)$", first).groups()
                fields += [(one.strip(), kind_of(base)) for one in (name, *others)]
            found[match.group(1)] = fields
    return found


def test_every_function_is_declared():
    wanted = set(prototypes())
    assert len(wanted) > 190
    assert wanted == set(c.FUNCTIONS) - (set(c.LATER) - wanted)


@pytest.mark.parametrize("name", sorted(prototypes()))
def test_function(name):
    result, parameters = prototypes()[name]
    restype, argtypes = c.FUNCTIONS[name]
    assert agree(kind_of(result), restype), f"{result} is not {restype}"
    assert len(argtypes) == len(parameters)
    for parameter, argtype in zip(parameters, argtypes):
        assert agree(kind_of(parameter), argtype), f"{parameter} is not {argtype}"


def test_the_library_got_these_types():
    for name, (restype, argtypes) in c.FUNCTIONS.items():
        function = getattr(lib, name)
        if name in c.LATER and not isinstance(function, ctypes._CFuncPtr):
            with pytest.raises(NotImplementedError, match=name):
                function()
            continue
        assert function.restype is restype and list(function.argtypes) == argtypes, name


def test_every_struct_is_declared():
    assert set(structs()) <= set(c.STRUCTS)
    assert len(structs()) >= 27


@pytest.mark.parametrize("name", sorted(structs()))
def test_struct(name):
    wanted, fields = structs()[name], c.STRUCTS[name]._fields_
    assert [field[0] for field in fields] == [field for field, _ in wanted]
    for (field, kind), (_, ctype) in zip(wanted, fields):
        if isinstance(kind, int):
            assert ctype is ctypes.c_char * kind or ctype._length_ == kind
        else:
            assert agree(kind, ctype), f"{name}.{field}: {kind} is not {ctype}"


def test_constants():
    found = {}
    for _, text in headers():
        for body in re.findall(r"enum\s*\{(.*?)\}", text, flags=re.S):
            found.update((name, int(value)) for name, value in re.findall(r"ACTIV_(\w+)\s*=\s*(-?\d+)", body))
        for name, value in re.findall(
            r"#define ACTIV_(MAX_DIMS|HISTOGRAM_MAX_BINS|QUANTILES_PRECISION)\s+(\d+)", text
        ):
            found[name] = int(value)
        parts = re.findall(r"#define ACTIV_VERSION_(?:MAJOR|MINOR|PATCH)\s+(\d+)", text)
        if parts:
            assert tuple(map(int, parts))[:2] == c.VERSION[:2]
    assert len(found) > 30
    assert {name: getattr(c, name, None) for name in found} == found


def compiled(compiler, tmp_path, body):
    source, program = tmp_path / "layout.c", tmp_path / "layout"
    source.write_text(
        "#include <activ/activ.h>\n#include <stddef.h>\n#include <stdio.h>\n#include <string.h>\n"
        "int main(void)\n{\n" + body + "}\n"
    )
    subprocess.run(
        [compiler, "-std=c11", "-I", os.path.dirname(HEADERS), str(source), "-o", str(program)], check=True
    )
    return subprocess.run([str(program)], check=True, stdout=subprocess.PIPE, text=True).stdout.split("\n")


def test_sizes_and_offsets_are_the_compilers(compiler, tmp_path):
    body, wanted = "", []
    for name in structs():
        body += f'    printf("%zu\\n", sizeof(struct {name}));\n'
        wanted.append((name, ctypes.sizeof(c.STRUCTS[name])))
        for field in c.STRUCTS[name]._fields_:
            body += f'    printf("%zu\\n", offsetof(struct {name}, {field[0]}));\n'
            wanted.append((f"{name}.{field[0]}", getattr(c.STRUCTS[name], field[0]).offset))
    lines = compiled(compiler, tmp_path, body)
    assert [(name, int(line)) for (name, _), line in zip(wanted, lines)] == wanted


def test_defaults_are_the_headers(compiler, tmp_path):
    """The bytes of each struct as Python makes it, and as its macro makes it."""
    macros = set()
    for _, text in headers():
        macros.update(re.findall(r"#define (ACTIV_\w+_(?:DEFAULTS|INIT))\b", text))
    structures = {}
    for name in c.STRUCTS:
        stem = re.sub("_(options|fn)$", "", name) if name != "activ_custom_fn" else name
        for candidate in (f"{name}_DEFAULTS", f"{name}_INIT", f"{stem}_DEFAULTS", f"{stem}_INIT"):
            if candidate.upper() in macros:
                structures[name] = candidate.upper()
                break
    assert set(structures.values()) == macros
    body = "    static unsigned char bytes[1024];\n"
    for name, macro in structures.items():
        body += (
            f"    {{ struct {name} s = {macro}; memset(bytes, 0, sizeof bytes);\n"
            "      memcpy(bytes, &s, sizeof s);\n"
            '      for (size_t i = 0; i < sizeof s; i++) printf("%02x", bytes[i]); printf("\\n"); }\n'
        )
    lines = compiled(compiler, tmp_path, body)
    for (name, macro), line in zip(structures.items(), lines):
        assert bytes(c.STRUCTS[name]()).hex() == line, macro
