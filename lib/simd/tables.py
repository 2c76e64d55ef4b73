#!/usr/bin/env python3
"""Finds the piecewise polynomials of simd/tables.h and writes that file.

    apt-get install python3-numpy python3-mpmath
    /usr/bin/python3 lib/simd/tables.py > lib/simd/tables.h

A table cuts the range of a function into 8, 16 or 32 intervals. Interval i holds a centre c and the coefficients of

    f(x) = c0 + c1 r + c2 r^2 + ... + cd r^d,    r = x - c

in eight words of 32 bits, d being 6, 7 or 8:

    c (c7) (c8) | c6 | c5 | c4 | c3 | c2 | c1 | c0        of degree 8, c6 shares its word with c7

Each is a float32, of which the lower bits may be the upper bits of another, whose lower ones are 0: c ends with the first
11 bits of the highest coefficient if d is 7 or 8, and c6 with the first 14 of c7 if d is 8. So little is needed of them,
and what they add to the number before them is part of it.

c is a float at which f happens to be almost a float: c0 is then f(c), and the one rounding that matters is that of the
last sum. The others are found by least squares on Chebyshev nodes, weighted until the error is level. Those that share a
word are rounded first, the highest power first, then all others, the lowest first; each time the rest is fitted anew. Of what
shares a word, neighbours are tried too. Where the function falls steeply its terms would cancel at the upper end, so that c
belongs above the middle: several places are tried, and that is taken where the polynomial, evaluated in float32 at
some thousand points, is off by the fewest ulp. Errors are relative to f, or to `scale` where f vanishes: the sum of the sizes of
its addends, in whose units the library counts errors near a root. Each table says its largest, as log2 and without
rounding, and as it was evaluated.
"""
import copy

import numpy as np
import mpmath as mp

mp.mp.dps = 40
f32 = np.float32


WORDS = 8
TOP_BITS, SEVENTH_BITS = 11, 14


def ulp(v):
    return 2.0 ** (np.floor(np.log2(abs(float(v)))) - 23)


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
    """The float closest to `near`, with the first bits of `last` as its last bits, at which f is within a two-hundredth of
    an ulp of a float."""
    start = bits_of(near if near != 0 else half / 64) >> count
    best, found = 1.0, None
    for i in range(800):
        c = float_of((start + (i + 1) // 2 * (1 - 2 * (i % 2))) << count | (bits_of(last) >> (32 - count) if count else 0))
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
        self.powers = np.array([(r / self.unit) ** k for k in range(degree + 1)]).T / weight[:, None]
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


def best_interval(f, low, high, degree, scale, kinds, c, above):
    """The fit, of several places for the centre, that is evaluated with the smallest error in ulp; among those whose rest
    is above 0 at the numbers `above`."""
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
        error, c_at, coefficients = fit_interval(f, low, high, degree, scale, at, c)
        if any(as_pair(c_at, coefficients, f32(v))[1] <= 0 for v in above if low <= v <= high):
            continue
        ulps = []
        for kind, (first, second, units) in exact.items():
            values = np.float64(evaluate(c_at, coefficients, x, kind == 'times x'))
            ulps.append(np.max(np.abs(values - first - second) / units))
        found.append((max(ulps), error, c_at, coefficients))
    return min(found, key=lambda result: result[0])


def fit_interval(f, low, high, degree, scale, at, c):
    """(largest error, centre, [c0, c1, ...])."""
    middle, half = (mp.mpf(low) + high) / 2, (mp.mpf(high) - low) / 2
    near = middle + (2 * at - 1) * half
    nodes = 6 * (degree + 1)
    xs = [middle + half * mp.mpf(float(np.cos(np.pi * (k + .5) / nodes))) for k in range(nodes)]
    fs = [f(x) for x in xs]
    weight = np.array([float(abs((scale or f)(x))) for x in xs])
    tops = [None]
    if degree > WORDS - 2:
        trial = Fit(xs, fs, weight, near, degree)
        trial.level()
        tops = first_bits(trial.solve()[degree], TOP_BITS) if c is None else [f32(0)]
    found = []
    for top in tops:
        at_top = c
        if c is None:
            at_top = centre(f, near, half, *((0, 0) if top is None else (top, TOP_BITS)))
        fit = Fit(xs, fs, weight, at_top, degree)
        fit.constant(f32(float(f(mp.mpf(float(at_top))))))
        if top is not None:
            fit = fit.fix(degree, top)
        if c is not None:       # near a root at the centre, the slope is all
            fit = fit.fix(1, f32(float(mp.diff(f, mp.mpf(float(c))))))
        fit.level()
        fits = [fit]
        if degree == 8:
            fits = [fit.fix(7, c7) for c7 in first_bits(fit.solve()[7], SEVENTH_BITS)]
            fits = [fit7.fix(6, c6) for fit7 in fits
                    for c6 in with_last_bits(fit7.solve()[6], fit7.fixed[7], SEVENTH_BITS)]
        found += [(error, at_top, coefficients) for error, coefficients in (fit.finish() for fit in fits)]
    return min(found, key=lambda result: result[0])


def literal(v):
    return float(v).hex().replace('0000000p', 'p') + 'f' if v else '0.0f'


def write_table(name, table):
    print('static const float %s[%d][%d] = {' % (name, len(table), len(table[0])))
    for row in table:
        cells = [literal(v) for v in row]
        print('    { ' + ',\n      '.join(', '.join(cells[k:k + 4]) for k in range(0, len(cells), 4)) + ' },')
    print('};')


def emit(name, comment, f, intervals, degree, scale=None, kinds=('value',), centres=None, above=()):
    """intervals: {index: (low, high)}; kinds: what it will be used for, 'value' and 'times x'."""
    size = 32 if len(intervals) > 16 else 16 if len(intervals) > 8 else 8
    rows = [None] * size
    worst, worst_ulps = 0.0, 0.0
    for index, (low, high) in intervals.items():
        ulps, error, c, coefficients = best_interval(f, low, high, degree, scale, kinds, centres and centres.get(index),
                                                     above)
        worst, worst_ulps = max(worst, error), max(worst_ulps, ulps)
        rows[index % size] = [c] + coefficients[WORDS - 2::-1]
    print('\n/* %s Error 2^%.1f, evaluated %.2f ulp. */' % (comment, np.log2(worst), worst_ulps))
    print('enum { %s_degree = %d };' % (name, degree))
    write_table(name + '_table', list(zip(*rows)))
    write_table(name + '_rows', rows)


def rounded(index, count):
    """Intervals of a >= 0 on which index(a) rounds to 0, 1, ... count-1."""
    edges = [mp.mpf(0)]
    for i in range(count):
        low, high = mp.mpf(0), mp.mpf(100)
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if index(middle) < i + mp.mpf('.5') else (low, middle)
        edges.append(high)
    return {i: (edges[i], edges[i + 1]) for i in range(count)}


def signed(step):
    """32 intervals around -15, -14, ... 16 times the step."""
    h = mp.mpf(step)
    return {i: ((i - .5) * h, (i + .5) * h) for i in range(-15, 17)}


def half_octaves(slope):
    """Two intervals to each octave of 1 + slope a, which goes from 1 to 16; the index is that of its bits >> 22, of
    which the low three bits count."""
    edges = [(mp.mpf(2) ** (k // 2) * (1 + mp.mpf(k % 2) / 2) - 1) / mp.mpf(slope) for k in range(9)]
    return {(127 * 2 + k) % 8: (edges[k], edges[k + 1]) for k in range(8)}


exp, sqrt, pi = mp.exp, mp.sqrt, mp.pi


def sigma(a):       # of -a
    return 1 / (1 + exp(a))


def sigma_slope(a):
    return sigma(a) * sigma(-a)


def softplus(a):    # of -a
    return mp.log1p(exp(-a))


def silu_slope(a, sign=-1):     # at -a; with sign = 1 the sizes of its addends
    return sigma(a) * (1 + sign * a * sigma(-a))


def normal(a):      # Phi(-a)
    return mp.erfc(a / sqrt(2)) / 2


def gelu_slope(a, sign=-1):
    return normal(a) + sign * a * exp(-a * a / 2) / sqrt(2 * pi)


def cubic(a):
    return 2 * sqrt(2 / pi) * (a + mp.mpf('0.044715') * a ** 3)


def cubic_slope(a):
    return 2 * sqrt(2 / pi) * (1 + 3 * mp.mpf('0.044715') * a * a)


def gelu_tanh_slope(a, sign=-1):
    return sigma(cubic(a)) * (1 + sign * a * cubic_slope(a) * sigma(-cubic(a)))


def mish(x):        # divided by x
    n = exp(x)
    return n * (n + 2) / (n * (n + 2) + 2)


def mish_slope(x, size=False):
    n = exp(x)
    d = n * (n + 2) + 2
    second = 4 * x * n * (1 + n) / d ** 2
    return n * (n + 2) / d + (abs(second) if size else second)


def main():
    print('/* Piecewise polynomials: made by simd/tables.py, which says what they are. Each table twice: by words, and by\n'
          ' * intervals. */')
    print('#ifndef ACTIV_SIMD_TABLES_H\n#define ACTIV_SIMD_TABLES_H')
    print('\n#define V_WORDS %d          /* of an interval */' % WORDS)
    print('#define V_TOP_BITS %d      /* of the highest coefficient, behind the centre */' % TOP_BITS)
    print('#define V_SEVENTH_BITS %d  /* of c7 behind c6, if the highest is c8 */' % SEVENTH_BITS)
    wide = rounded(lambda a: a * mp.mpf('0.6375'), 8)
    emit('v_sigma', '1/(1 + e^a).', sigma, wide, 8, kinds=('value', 'times x'))
    emit('v_softplus', 'ln(1 + e^-a).', softplus, wide, 8)
    emit('v_silu_slope', 'Derivative of x/(1 + e^-x) at -a.', silu_slope, wide, 8, lambda a: silu_slope(a, 1))
    emit('v_sigma_slope', 'Derivative of 1/(1 + e^-a).', sigma_slope, rounded(lambda a: a * mp.mpf('1.3125'), 16), 6)
    emit('v_tanh', 'tanh a.', mp.tanh, half_octaves('1.63'), 8, centres={6: f32(0)})
    emit('v_tanh_slope', 'Its derivative.', lambda a: 4 * sigma_slope(2 * a), rounded(lambda a: a * 2, 16), 7)
    # Steps that become shorter as the function becomes steeper.
    emit('v_normal', 'Phi(-a).', normal, rounded(lambda a: a * (mp.mpf('.55') + mp.mpf('.28') * a), 16), 8,
         kinds=('times x',))
    emit('v_gelu_slope', 'Derivative of x Phi(x) at -a.', gelu_slope,
         rounded(lambda a: a * (mp.mpf('.5') + mp.mpf('.25') * a), 16), 8, lambda a: gelu_slope(a, 1))
    steps = rounded(lambda a: a * (mp.mpf('1.4') + mp.mpf('.062') * a * a), 32)
    emit('v_gelu_tanh', '1/(1 + e^(2u)), u = sqrt(2/pi) (a + 0.044715 a^3).', lambda a: sigma(cubic(a)), steps, 7,
         kinds=('times x',))
    emit('v_gelu_tanh_slope', 'Derivative of x/(1 + e^(-2u(x))) at -a.', gelu_tanh_slope, steps, 7,
         lambda a: gelu_tanh_slope(a, 1))
    # From 10.25 on, the rest is multiplied by numbers up to infinity: 0 would make NaN of that, and less than 0 too.
    emit('v_mish', 'tanh(ln(1 + e^x)).', mish, signed('.625'), 6, kinds=('times x',), above=(10.25,))
    emit('v_mish_slope', 'Derivative of x tanh(ln(1 + e^x)).', mish_slope, signed('.625'), 7,
         lambda x: mish_slope(x, True))
    print('\n#endif')


main()
