#!/usr/bin/env python3
"""Makes a function's tables: from NAME.py, which says of what function, how cut and how far, NAME.h beside it.

    apt-get install python3-numpy python3-mpmath
    /usr/bin/python3 lib/functions/tables/generate.py NAME...

NAME.py holds `tables`, one dictionary for each table, by the name that the table gets behind NAME:

    what          of a = |x|, or of x, it is a table: for the comment
    f             that function, in mpmath
    scale         if f vanishes somewhere: the sum of the sizes of its addends, in whose units the library counts errors
                  near a root; otherwise errors are relative to f
    degree        6, 7 or 8
    intervals     8, 16 or 32, cut by
    steps         (p0, p1, ...): a is in interval i if a (p0 + p1 a + p2 a^2 + ...) rounds to i; with `first`, x of
                  both signs, and i counts from there
    limit         up to which a the table is used; or bottom and top
    uses          ('value',), the default, ('times x',) or both: whether f itself is wanted, or x f

Numbers that C gets too are texts, and stand in NAME.h as they stand there.

Interval i holds a centre c and the coefficients of

    f(x) = c0 + c1 r + c2 r^2 + ... + cd r^d,    r = x - c

in eight words of 32 bits, d being the degree:

    c (c7) (c8) | c6 | c5 | c4 | c3 | c2 | c1 | c0        of degree 8, c6 shares its word with c7

Each is a float32, of which the lower bits may be the upper bits of another, whose lower ones are 0: c ends with the
first 11 bits of the highest coefficient if d is 7 or 8, and c6 with the first 14 of c7 if d is 8. So little is needed
of them, and what they add to the number before them is part of it. lib/simd/piecewise.h evaluates this.

c is a float at which f happens to be almost a float: c0 is then f(c), and the one rounding that matters is that of the
last sum. The others are found by least squares on Chebyshev nodes, weighted until the error is level. Those that share
a word are rounded first, the highest power first, then all others, the lowest first; each time the rest is fitted anew.
Of what shares a word, neighbours are tried too. Where the function falls steeply its terms would cancel at the upper
end, so that c belongs above the middle: several places are tried, and that is taken where the polynomial, evaluated in
float32 at some thousand points, is off by the fewest ulp. Each table says its largest error, as log2 and without
rounding, and as it was evaluated.
"""
import argparse
import copy
import importlib
import math
import os
import re
import sys

# With its kernels for each CPU, the last bits of least squares would be that CPU's.
os.environ['OPENBLAS_CORETYPE'] = 'Haswell'

import mpmath as mp
import numpy as np

mp.mp.dps = 40
f32 = np.float32

HERE = os.path.dirname(os.path.abspath(__file__))


def defined(name):
    """A number of lib/simd/piecewise.h, which shares the words as this does."""
    with open(os.path.join(HERE, '..', '..', 'simd', 'piecewise.h'), encoding='utf-8') as header:
        return int(re.search(r'^#define %s (\d+)' % name, header.read(), re.MULTILINE).group(1))


WORDS = defined('V_WORDS')
TOP_BITS, SEVENTH_BITS = defined('V_TOP_BITS'), defined('V_SEVENTH_BITS')


def ulp(v):
    return 2.0 ** (math.frexp(float(v))[1] - 24)


def bits_of(v):
    return int(np.array(f32(v)).view(np.uint32))


def float_of(bits):
    return np.array(bits, dtype=np.uint32).view(f32)[()]


def first_bits(v, count):
    """The two floats around v of which all but the first bits are 0."""
    start = bits_of(v) >> (32 - count)
    return [float_of((start + i) << (32 - count)) for i in (0, 1)]


def with_last_bits(v, other, count):
    """Three floats around v whose last bits are the first bits of another."""
    start = bits_of(v) >> count
    return [float_of((start + i) << count | bits_of(other) >> (32 - count)) for i in (-1, 0, 1)]


def centre(f, near, half, last, count):
    """The float closest to `near`, with the first bits of `last` as its last bits, at which f is within a two-hundredth
    of an ulp of a float."""
    start = bits_of(near if near != 0 else half / 64) >> count
    best, found = 1.0, None
    for i in range(800):
        away = (i + 1) // 2 * (1 - 2 * (i % 2))
        c = float_of((start + away) << count | (bits_of(last) >> (32 - count) if count else 0))
        if found is not None and abs(float(c) - float(near)) > half / 4:
            break
        v = f(mp.mpf(float(c)))
        error = abs(float(mp.mpf(float(f32(float(v)))) - v)) / ulp(v)
        if error < best:
            best, found = error, c
        if best < 0.005:
            break
    return found


class Fit:
    """The least squares on one interval: the nodes, what is already fixed, and what that leaves to the others."""

    def __init__(self, xs, fs, weight, c, degree):
        r = np.array([float(x - mp.mpf(float(c))) for x in xs])
        self.unit = np.max(np.abs(r))
        # By the C library: numpy's own power, as its cosine, depends on the CPU.
        powers = [[v ** k for v in (r / self.unit).tolist()] for k in range(degree + 1)]
        self.powers = np.array(powers).T / weight[:, None]
        self.w = np.ones(len(xs))
        self.fixed = {}
        self.rest = np.array([float(v) for v in fs]) / weight
        self.fs, self.weight, self.degree = fs, weight, degree

    def constant(self, c0):
        self.fixed = {0: c0}
        self.rest = np.array([float(v - mp.mpf(float(c0))) for v in self.fs]) / self.weight

    def solve(self):
        left = [k for k in range(self.degree + 1) if k not in self.fixed]
        solution = np.linalg.lstsq(self.powers[:, left] * self.w[:, None], self.rest * self.w, rcond=None)[0]
        self.error = np.abs(self.powers[:, left] @ solution - self.rest)
        return {k: v / self.unit ** k for k, v in zip(left, solution)}

    def level(self):
        for _ in range(12):
            self.solve()
            self.w *= np.sqrt(0.05 + self.error / np.max(self.error))
            self.w /= np.max(self.w)

    def fix(self, k, v):
        """Another Fit, in which the coefficient k is v."""
        other = copy.copy(self)
        other.fixed = {**self.fixed, k: v}
        other.rest = self.rest - self.powers[:, k] * (float(v) * self.unit ** k)
        return other

    def finish(self):
        """(largest error, [c0, c1, ...]), all others rounded."""
        fit = self
        for k in range(1, self.degree + 1):
            if k not in fit.fixed:
                fit = fit.fix(k, f32(fit.solve()[k]))
        return np.max(np.abs(fit.rest)), [fit.fixed[k] for k in range(self.degree + 1)]


def fma(a, b, c):
    """Of arrays of float32, in double: rounded twice, which hardly matters here."""
    return f32(np.float64(a) * np.float64(b) + np.float64(c))


def upper(c, coefficients, x):
    """The terms from the second power on, over it."""
    r = x - c
    p = np.full_like(r, coefficients[-1])
    for k in range(len(coefficients) - 2, 1, -1):
        p = fma(p, r, coefficients[k])
    return r, p


def as_pair(c, coefficients, x):
    """f(x) as simd/piecewise.h multiplies it: its linear part, and the rest."""
    r, p = upper(c, coefficients, x)
    c0, c1 = coefficients[:2]
    h = fma(c1, r, c0)
    return h, fma(p, r * r, fma(c1, r, c0 - h))


def evaluate(c, coefficients, x, times):
    """What simd/piecewise.h makes of it at an array of x: f(x), or -x f(x)."""
    if times:
        h, l = as_pair(c, coefficients, x)
        return fma(-x, h, -x * l)
    r, p = upper(c, coefficients, x)
    c0, c1 = coefficients[:2]
    return fma(fma(p, r, c1), r, c0)


def best_interval(f, low, high, degree, scale, kinds):
    """The fit, of several places for the centre, that is evaluated with the smallest error in ulp."""
    x = f32(np.linspace(float(low), float(high), 5000)[1:-1])
    # The ends matter most, and there the errors change from one float to the next.
    x = np.unique(np.concatenate([x] + [end + np.arange(0, 1000, dtype=f32) * f32(sign * ulp(max(abs(end), width / 8)))
                                        for end, width, sign in ((x[0], high - low, 1), (x[-1], high - low, -1))]))
    xs, exact = [mp.mpf(float(v)) for v in x], {}
    for kind in kinds:
        values = [f(v) * (-v if kind == 'times x' else 1) for v in xs]
        units = [ulp((scale or f)(v) * (v if kind == 'times x' else 1)) for v in xs]
        first = np.array([float(v) for v in values])
        second = np.array([float(v - mp.mpf(a)) for v, a in zip(values, first)])
        exact[kind] = first, second, np.array(units)
    found = []
    for at in (.44, .5, .56, .62, .68, .74, .8):
        error, c, coefficients = fit_interval(f, low, high, degree, scale, at)
        ulps = []
        for kind, (first, second, units) in exact.items():
            values = np.float64(evaluate(c, coefficients, x, kind == 'times x'))
            ulps.append(np.max(np.abs(values - first - second) / units))
        found.append((max(ulps), error, c, coefficients))
    return min(found, key=lambda result: result[0])


def fit_interval(f, low, high, degree, scale, at):
    """(largest error, centre, [c0, c1, ...])."""
    middle, half = (mp.mpf(low) + high) / 2, (mp.mpf(high) - low) / 2
    near = middle + (2 * at - 1) * half
    nodes = 6 * (degree + 1)
    xs = [middle + half * mp.mpf(math.cos(math.pi * (k + .5) / nodes)) for k in range(nodes)]
    fs = [f(x) for x in xs]
    weight = np.array([float(abs((scale or f)(x))) for x in xs])
    tops = [None]
    if degree > WORDS - 2:
        trial = Fit(xs, fs, weight, near, degree)
        trial.level()
        tops = first_bits(trial.solve()[degree], TOP_BITS)
    found = []
    for top in tops:
        at_top = centre(f, near, half, *((0, 0) if top is None else (top, TOP_BITS)))
        fit = Fit(xs, fs, weight, at_top, degree)
        fit.constant(f32(float(f(mp.mpf(float(at_top))))))
        if top is not None:
            fit = fit.fix(degree, top)
        fit.level()
        fits = [fit]
        if degree == 8:
            fits = [fit.fix(7, c7) for c7 in first_bits(fit.solve()[7], SEVENTH_BITS)]
            fits = [fit7.fix(6, c6) for fit7 in fits
                    for c6 in with_last_bits(fit7.solve()[6], fit7.fixed[7], SEVENTH_BITS)]
        found += [(error, at_top, coefficients) for error, coefficients in (fit.finish() for fit in fits)]
    return min(found, key=lambda result: result[0])


class Steps:
    """The cut in which x is in interval i if x p(x) rounds to i."""

    def __init__(self, p, first, count):
        self.p, self.first, self.count = p, first, count

    def end(self, i):
        """Where interval i ends."""
        p, low, high = [mp.mpf(k) for k in reversed(self.p)], mp.mpf(0), mp.mpf(100)
        if len(p) == 1:
            return (i + mp.mpf('.5')) / p[0]
        for _ in range(80):
            x = (low + high) / 2
            low, high = (x, high) if x * mp.polyval(p, x) < i + mp.mpf('.5') else (low, x)
        return high

    def intervals(self):
        numbers = range(self.first, self.first + self.count)
        start = self.end(self.first - 1) if self.first < 0 else mp.mpf(0)
        return {i: (self.end(i - 1) if i > self.first else start, self.end(i)) for i in numbers}

    def terms(self):
        """(power, number), the highest first."""
        return [(k, text) for k, text in enumerate(self.p) if float(text) != 0][::-1]

    def number(self, x):
        """Of the interval of a float32, as C finds it."""
        terms = self.terms()
        step = f32(terms[0][1])
        for (power, _), (lower, text) in zip(terms, terms[1:]):
            step = fma(x ** (power - lower), step, f32(text))
        return bits_of(fma(x, step, f32(1.5 * 2 ** 23))) - bits_of(1.5 * 2 ** 23)

    def in_c(self, x):
        terms = self.terms()
        step = 'v_set(%sf)' % terms[0][1]
        for (power, _), (lower, text) in zip(terms, terms[1:]):
            factor = x
            for _ in range(power - lower - 1):
                factor = 'v_mul(%s, %s)' % (factor, x)
            step = 'v_fma(%s, %s, v_set(%sf))' % (factor, step, text)
        return 'v_index(%s, %s)' % (x, step)


def literal(v):
    return float(v).hex().replace('0000000p', 'p') + 'f' if v else '0.0f'


def macro(name, number):
    return '#define %s %s' % (name, '(%sf)' % number if number.startswith('-') else number + 'f')


def table(name, what, f, degree, intervals, steps, first=0, limit=None, bottom=None, top=None,
          scale=None, uses=('value',)):
    """What NAME.h says of one table: a line of text each."""
    cut = Steps(steps, first, intervals)
    bounds = {k: v for k, v in (('BOTTOM', bottom), ('TOP', top), ('LIMIT', limit)) if v}
    for bound in bounds.values():
        if cut.number(f32(bound)) not in cut.intervals():
            sys.exit('%s: %s lies outside of all intervals' % (name, bound))
    rows = [None] * intervals
    worst, worst_ulps = 0.0, 0.0
    for number, (low, high) in cut.intervals().items():
        ulps, error, c, coefficients = best_interval(f, low, high, degree, scale, uses)
        worst, worst_ulps = max(worst, error), max(worst_ulps, ulps)
        rows[number % intervals] = [literal(v) for v in [c] + coefficients[WORDS - 2::-1]]
    errors = 'Error 2^%.1f, evaluated %.2f ulp.' % (math.log2(worst), worst_ulps)
    print('%s: %s' % (name, errors))

    upper, x = name.upper(), 'x' if first else 'a'
    lines = ['', '/* %s %s */' % (what, errors)]
    lines += [macro(upper + '_' + bound, number) for bound, number in bounds.items()]
    lines += ['#define %s_INTERVALS(X) \\' % upper]
    for row in rows:
        lines += ['    X(%s, \\' % ', '.join(row[:4]), '      %s) \\' % ', '.join(row[4:])]
    lines[-1] = lines[-1].rstrip(' \\')
    return lines + ['static const float %s_table[] = { V_TABLE%d(%s_INTERVALS) };' % (name, intervals, upper), '',
                    'V_INLINE vpiece %s_piece(vf %s)' % (name, x), '{',
                    '    return v_piece(%s_table, %d, %d, %s, %s);' % (name, intervals, degree, cut.in_c(x), x), '}']


def main():
    known = sorted(file[:-3] for file in os.listdir(HERE) if file.endswith('.py') and file != 'generate.py')
    parser = argparse.ArgumentParser(description="Makes NAME.h of NAME.py, both in this script's directory.")
    parser.add_argument('names', metavar='NAME', nargs='+', choices=known, help=', '.join(known))
    for name in parser.parse_args().names:
        guard = 'ACTIV_FUNCTIONS_TABLES_%s_H' % name.upper()
        lines = ['/* Made by functions/tables/generate.py, which says what this is, from %s.py. */' % name,
                 '#ifndef ' + guard, '#define ' + guard, '', '#include "simd/piecewise.h"']
        for suffix, description in importlib.import_module(name).tables.items():
            lines += table(name + '_' + suffix, **description)
        with open(os.path.join(HERE, name + '.h'), 'w', encoding='utf-8') as header:
            header.write('\n'.join(lines + ['', '#endif']) + '\n')


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    main()
