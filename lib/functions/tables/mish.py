"""tanh(ln(1 + e^x)), by which x is multiplied, and the derivative of x times that, for x of both signs."""
from mpmath import exp


def factor(x):
    n = exp(x)
    return n * (n + 2) / (n * (n + 2) + 2)


def slope(x, size=lambda term: term):   # with size = abs the sizes of its addends
    n = exp(x)
    return factor(x) + size(4 * x * n * (1 + n) / (n * (n + 2) + 2) ** 2)


# Above the top, the functions no longer change.
cut = dict(intervals=32, steps=('1.6',), first=-15, bottom='-9.65', top='10.25')
tables = {
    # There, the small part is multiplied by numbers up to infinity: 0 would make NaN of that, and less than 0 too.
    'factor': dict(cut, what='tanh(ln(1 + e^x)).', f=factor, degree=6, uses=('times x',), above=(10.25,)),
    'derivative': dict(cut, what='Derivative of x tanh(ln(1 + e^x)).', f=slope,
                       scale=lambda x: slope(x, abs), degree=7),
}
