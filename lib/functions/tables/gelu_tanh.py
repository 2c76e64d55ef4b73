"""The derivative of x/(1 + e^(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3), for x < 0. The steps become shorter as the
function becomes steeper."""
from mpmath import exp, mpf, pi, sqrt


def sigma(a):       # at -a
    return 1 / (1 + exp(a))


def cubic(a):       # 2u
    return 2 * sqrt(2 / pi) * (a + mpf('0.044715') * a ** 3)


def cubic_slope(a):
    return 2 * sqrt(2 / pi) * (1 + 3 * mpf('0.044715') * a * a)


def slope(a, sign=-1):      # at -a; with sign = 1 the sizes of its addends
    return sigma(cubic(a)) * (1 + sign * a * cubic_slope(a) * sigma(-cubic(a)))


tables = {
    'derivative': dict(what='Derivative of x/(1 + e^(-2u(x))) at -a.', f=slope, scale=lambda a: slope(a, 1), degree=7,
                       intervals=32, steps=('1.4', '0.0', '0.062'), limit='6.95'),
}
