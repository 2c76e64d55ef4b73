#!/usr/bin/python3
"""Checks a safetensors file against the format's description and prints what is in it.

    check_file.py FILE [--expect TEXT]

Prints one line per tensor, in the order of the data ("name dtype [shape] bytes"), then one per pair of
metadata. With --expect this has to be what is in the file TEXT. Exit code 0: the file is as it should
be; 1: it is not, and why goes to the error output; 2: it cannot be read.

Needs nothing but Python's standard library: Debian has no package python3-safetensors. It is written from
the description at https://github.com/huggingface/safetensors, independently of the reader in C.
"""
import argparse
import json
import re
import struct
import sys

BITS = {"BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
        "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
        "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}
MAX_HEADER = 100_000_000


class Malformed(Exception):
    pass


def require(condition, message):
    if not condition:
        raise Malformed(message)


def unique(pairs):
    """An object as a dictionary; json would keep the last of two equal keys without a word."""
    result = {}
    for key, value in pairs:
        require(key not in result, f"duplicate key {key!r}")
        result[key] = value
    return result


def whole_number(text):
    require(re.fullmatch(r"0|[1-9][0-9]*", text), f"{text} is not a plain number")
    require(int(text) < 2**64, f"{text} is too large")
    return int(text)


def no_number(text):
    raise Malformed(f"{text} is not a whole number")


def is_text(value):
    if not isinstance(value, str):
        return False
    try:
        value.encode()    # fails for half of a surrogate pair
    except UnicodeEncodeError:
        return False
    return True


def check(raw):
    """([(name, dtype, shape, begin, end)] in the order of the data, metadata); raises Malformed."""
    require(len(raw) >= 8, "shorter than 8 bytes")
    (length,) = struct.unpack("<Q", raw[:8])
    require(length <= MAX_HEADER, "the header is too large")
    require(8 + length <= len(raw), "the header is truncated")
    try:
        header = json.loads(raw[8:8 + length].decode(), object_pairs_hook=unique, parse_int=whole_number,
                            parse_float=no_number, parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the header is no JSON: {error}") from None
    require(isinstance(header, dict), "the header is no object")

    metadata = header.pop("__metadata__", {})
    require(isinstance(metadata, dict), "__metadata__ is no object")
    for key, value in metadata.items():
        require(is_text(key) and is_text(value), f"metadata {key!r} is no text")

    tensors = []
    for name, about in header.items():
        require(is_text(name), f"the name {name!r} is no text")
        require(isinstance(about, dict), f"{name}: no object")
        require(set(about) == {"dtype", "shape", "data_offsets"}, f"{name}: its fields are {sorted(about)}")
        dtype, shape, offsets = about["dtype"], about["shape"], about["data_offsets"]
        require(isinstance(dtype, str) and dtype in BITS, f"{name}: unknown dtype {dtype!r}")
        for numbers in shape, offsets:
            require(isinstance(numbers, list) and all(type(n) is int for n in numbers),
                    f"{name}: {numbers!r} is no list of numbers")
        require(len(offsets) == 2, f"{name}: data_offsets {offsets}")
        bits = BITS[dtype]
        for dim in shape:
            bits *= dim
        require(bits % 8 == 0, f"{name}: not in whole bytes")
        require(offsets[1] - offsets[0] == bits // 8, f"{name}: {dtype} {shape} does not fit {offsets}")
        tensors.append((name, dtype, shape, offsets[0], offsets[1]))

    tensors.sort(key=lambda t: (t[3], t[4], t[0].encode()))
    end = 0
    for name, _, _, begin, after in tensors:
        require(begin == end, f"{name}: begins at {begin}, what comes before ends at {end}")
        end = after
    require(end == len(raw) - 8 - length, "the data does not end where the last tensor does")
    return tensors, metadata


def describe(tensors, metadata):
    lines = [f"{ascii(name)} {dtype} {shape} {end - begin}" for name, dtype, shape, begin, end in tensors]
    return lines + [f"metadata {ascii(key)} = {ascii(metadata[key])}" for key in sorted(metadata)]


def main():
    parser = argparse.ArgumentParser(description="Checks a safetensors file and prints what is in it.")
    parser.add_argument("file")
    parser.add_argument("--expect", metavar="TEXT", help="a file with the lines that have to be printed")
    arguments = parser.parse_args()
    try:
        with open(arguments.file, "rb") as f:
            raw = f.read()
        expected = None
        if arguments.expect:
            with open(arguments.expect) as f:
                expected = f.read().splitlines()
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    try:
        lines = describe(*check(raw))
    except Malformed as error:
        print(f"{arguments.file}: {error}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    if expected is not None and lines != expected:
        print(f"{arguments.file}: not what {arguments.expect} says", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
