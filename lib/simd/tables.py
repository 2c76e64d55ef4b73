#!/usr/bin/env python3
"""Finds the piecewise polynomials of simd/tables.h and writes that file.

    apt-get install python3-numpy python3-mpmath
    /usr/bin/python3 lib/simd/tables.py > lib/simd/tables.h

A table cuts the range of a function into 16 or 32 intervals. Interval i holds a centre c and the coefficients of

    f(x) = c0 + c1 r + c2 r^2 + ... + cd r^d,    r = x - c

as float32. c is a float at which f happens to be almost a float: c0 is then f(c), and the one rounding that matters is that of the
last sum. It lies near the middle of the interval, or at two thirds where the function falls so steeply that its terms
would cancel at the upper end. The others are found by least squares on Chebyshev nodes,
weighted until the error is level, and rounded one after the other, the lowest power first, each time fitting the rest
anew. The error is relative to f, or to `scale` where f vanishes: the sum of the sizes of its addends, in whose units
the library counts errors near a root. It is printed for each table, as log2, rounding in the evaluation not counted.
"""
import numpy as np
import mpmath as mp

mp.mp.dps = 40
f32 = np.float32


def ulp(v):
    return 2.0 ** (np.floor(np.log2(abs(float(v)))) - 23)


def centre(f, near, half):
    """The float closest to `near` at which f is within a two-hundredth of an ulp of a float."""
    start = f32(near if near != 0 else half / 64)
    step = f32(ulp(start))
    best, found = 1.0, start
    for i in range(800):
        c = f32(start + f32((i + 1) // 2 * (1 - 2 * (i % 2))) * step)
        v = f(mp.mpf(float(c)))
        error = abs(float(mp.mpf(float(f32(float(v)))) - v)) / ulp(v)
        if error < best:
            best, found = error, c
        if best < 0.005:
            break
    return found


def fit(f, low, high, degree, scale, at, c):
    """(centre, [c0, c1, ...], largest error)."""
    middle, half = (mp.mpf(low) + high) / 2, (mp.mpf(high) - low) / 2
    if c is None:
        c = centre(f, middle + (2 * at - 1) * half, half)
    c0 = f32(float(f(mp.mpf(float(c)))))
    nodes = 6 * (degree + 1)
    xs = [middle + half * mp.mpf(float(np.cos(np.pi * (k + .5) / nodes))) for k in range(nodes)]
    r = np.array([float(x - mp.mpf(float(c))) for x in xs])
    weight = np.array([float(abs((scale or f)(x))) for x in xs])
    rest = np.array([float(f(x) - mp.mpf(float(c0))) for x in xs]) / weight
    unit = np.max(np.abs(r))
    powers = np.array([(r / unit) ** k for k in range(1, degree + 1)]).T / weight[:, None]
    w = np.ones(nodes)
    for _ in range(12):
        solution = np.linalg.lstsq(powers * w[:, None], rest * w, rcond=None)[0]
        error = np.abs(powers @ solution - rest)
        w *= np.sqrt(0.05 + error / np.max(error))
        w /= np.max(w)
    coefficients = [c0]
    for k in range(degree):
        solution = np.linalg.lstsq(powers[:, k:] * w[:, None], rest * w, rcond=None)[0]
        ck = f32(solution[0] / unit ** (k + 1))
        coefficients.append(ck)
        rest = rest - powers[:, k] * (float(ck) * unit ** (k + 1))
    return c, coefficients, np.max(np.abs(rest))


def literal(v):
    return float(v).hex().replace('0000000p', 'p') + 'f' if v else '0.0f'


def emit(name, comment, f, intervals, degree, scale=None, at=1/2, centres=None):
    """intervals: {index: (low, high)}."""
    size = 32 if len(intervals) > 16 else 16
    columns = [None] * size
    worst = 0.0
    for index, (low, high) in intervals.items():
        c, coefficients, error = fit(f, low, high, degree, scale, at, centres and centres.get(index))
        worst = max(worst, error)
        columns[index % size] = [c] + coefficients[::-1]
    print('\n/* %s Error 2^%.1f. */' % (comment, np.log2(worst)))
    print('static const float %s_table[%d][%d] = {' % (name, degree + 2, size))
    for row in range(degree + 2):
        cells = [literal(column[row]) for column in columns]
        print('    { ' + ',\n      '.join(', '.join(cells[k:k + 4]) for k in range(0, size, 4)) + ' },')
    print('};')
    width = 8 if degree + 2 <= 8 else 12
    print('static const float %s_rows[%d][%d] = {' % (name, size, width))
    for column in columns:
        cells = [literal(v) for v in column] + ['0.0f'] * (width - degree - 2)
        print('    { ' + ',\n      '.join(', '.join(cells[k:k + 4]) for k in range(0, width, 4)) + ' },')
    print('};')


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


def quarter_octaves(slope):
    """Four intervals to each octave of 1 + slope a, which goes from 1 to 16; the index is that of its bits >> 21, of
    which the low four bits count."""
    edges = [(mp.mpf(2) ** (k // 4) * (1 + mp.mpf(k % 4) / 4) - 1) / mp.mpf(slope) for k in range(17)]
    return {(127 * 4 + k) % 16: (edges[k], edges[k + 1]) for k in range(16)}


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
    print('/* Piecewise polynomials: made by simd/tables.py, which says what they are. Each table twice: by powers, and by\n'
          ' * intervals. */')
    print('#ifndef ACTIV_SIMD_TABLES_H\n#define ACTIV_SIMD_TABLES_H')
    even = rounded(lambda a: a * mp.mpf('1.3125'), 16)
    emit('v_sigma', '1/(1 + e^a).', sigma, even, 6)
    emit('v_sigma_slope', 'Its derivative, without the sign.', sigma_slope, even, 6)
    emit('v_softplus', 'ln(1 + e^-a).', softplus, even, 6)
    emit('v_silu_slope', 'Derivative of x/(1 + e^-x) at -a.', silu_slope, even, 6, lambda a: silu_slope(a, 1))
    emit('v_tanh', 'tanh a.', mp.tanh, quarter_octaves('1.63'), 6, centres={12: f32(0)})
    emit('v_tanh_slope', 'Its derivative.', lambda a: 4 * sigma_slope(2 * a), rounded(lambda a: a * 2, 16), 7)
    # Steps that become shorter as the function becomes steeper.
    emit('v_normal', 'Phi(-a).', normal, rounded(lambda a: a * (mp.mpf('.55') + mp.mpf('.28') * a), 16), 8,
         at=2/3)
    emit('v_gelu_slope', 'Derivative of x Phi(x) at -a.', gelu_slope,
         rounded(lambda a: a * (mp.mpf('.5') + mp.mpf('.25') * a), 16), 7, lambda a: gelu_slope(a, 1))
    steps = rounded(lambda a: a * (mp.mpf('1.4') + mp.mpf('.062') * a * a), 32)
    emit('v_gelu_tanh', '1/(1 + e^(2u)), u = sqrt(2/pi) (a + 0.044715 a^3).', lambda a: sigma(cubic(a)), steps, 7,
         at=2/3)
    emit('v_gelu_tanh_slope', 'Derivative of x/(1 + e^(-2u(x))) at -a.', gelu_tanh_slope, steps, 7,
         lambda a: gelu_tanh_slope(a, 1))
    emit('v_mish', 'tanh(ln(1 + e^x)).', mish, signed('.625'), 6)
    emit('v_mish_slope', 'Derivative of x tanh(ln(1 + e^x)).', mish_slope, signed('.625'), 7,
         lambda x: mish_slope(x, True))
    print('\n#endif')


main()
