"""The mean of the logistic function and the normal distribution function, by which x is multiplied, and the derivative of x
times that, both for x < 0."""
import gelu
import silu
from sigmoid import sigma


def slope(a, size=lambda term: term):   # at -a; with size = abs the sizes of its addends
    return (size(silu.slope(a)) + size(gelu.slope(a))) / 2


cut = dict(intervals=16, steps=('1.36',), limit='11.35')
tables = {
    'factor': dict(cut, what='(1/(1 + e^a) + Phi(-a))/2.', f=lambda a: (sigma(a) + gelu.normal(a)) / 2, degree=8,
                   uses=('times x',)),
    'derivative': dict(cut, what='Half of the derivatives of x/(1 + e^-x) and x Phi(x) at -a.', f=slope,
                       scale=lambda a: slope(a, abs), degree=8),
}
