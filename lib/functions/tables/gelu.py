"""Phi, the normal distribution function, by which x is multiplied, and the derivative of x Phi(x), both for x < 0.

The steps become shorter as the function becomes steeper."""
from mpmath import erfc, exp, pi, sqrt


def normal(a):      # at -a
    return erfc(a / sqrt(2)) / 2


def slope(a, sign=-1):      # at -a; with sign = 1 the sizes of its addends
    return normal(a) + sign * a * exp(-a * a / 2) / sqrt(2 * pi)


tables = {
    'factor': dict(what='Phi(-a).', f=normal, degree=8, intervals=16, steps=('0.55', '0.28'), limit='6.4375',
                   uses=('times x',)),
    'derivative': dict(what='Derivative of x Phi(x) at -a.', f=slope, scale=lambda a: slope(a, 1), degree=8,
                       intervals=16, steps=('0.5', '0.25'), limit='6.9'),
}
