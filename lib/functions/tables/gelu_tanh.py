"""1/(1 + e^(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3), by which x is multiplied, and the derivative of x times that,
both for x < 0. The steps become shorter as the function becomes steeper."""
from mpmath import mpf, pi, sqrt

from sigmoid import sigma


def cubic(a):       # 2u
    return 2 * sqrt(2 / pi) * (a + mpf('0.044715') * a ** 3)


def cubic_slope(a):
    return 2 * sqrt(2 / pi) * (1 + 3 * mpf('0.044715') * a * a)


def slope(a, sign=-1):      # at -a; with sign = 1 the sizes of its addends
    return sigma(cubic(a)) * (1 + sign * a * cubic_slope(a) * sigma(-cubic(a)))


cut = dict(intervals=32, steps=('1.4', '0.0', '0.062'), limit='6.95')
tables = {
    'factor': dict(cut, what='1/(1 + e^(2u)), u = sqrt(2/pi) (a + 0.044715 a^3).', f=lambda a: sigma(cubic(a)),
                   degree=7, uses=('times x',)),
    'derivative': dict(cut, what='Derivative of x/(1 + e^(-2u(x))) at -a.', f=slope, scale=lambda a: slope(a, 1),
                       degree=7),
}
