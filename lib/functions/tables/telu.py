"""tanh(e^x), by which x is multiplied, and the derivative of x times that, for x of both signs."""
from mpmath import exp, sech, tanh


def factor(x):
    return tanh(exp(x))


def slope(x, size=lambda term: term):   # with size = abs the sizes of its addends
    n = exp(x)
    return tanh(n) + size(x * n * sech(n) ** 2)


# From the top on, the functions no longer change.
tables = {
    'factor': dict(what='tanh(e^x).', f=factor, degree=8, intervals=16, steps=('1.34',), first=-12, bottom='-9.3',
                   top='2.46', uses=('times x',)),
    'derivative': dict(what='Derivative of x tanh(e^x).', f=slope, scale=lambda x: slope(x, abs), degree=8,
                       intervals=16, steps=('1.45',), first=-12, bottom='-8.6', top='2.41'),
}
