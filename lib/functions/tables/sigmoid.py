"""1/(1 + e^-x) for x < 0, and its derivative, which is even."""
from mpmath import exp


def sigma(a):       # at -a
    return 1 / (1 + exp(a))


def slope(a):
    return sigma(a) * sigma(-a)


tables = {
    'tail': dict(what='1/(1 + e^a).', f=sigma, degree=8, intervals=8, steps=('0.6375',), limit='11.75',
                 uses=('value', 'times x')),
    'derivative': dict(what='Derivative of 1/(1 + e^-a).', f=slope, degree=6, intervals=16, steps=('1.3125',),
                       limit='11.75'),
}
