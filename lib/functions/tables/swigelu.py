"""The mean of the logistic function and the normal distribution function, by which x is multiplied, and the derivative of x
times that, both for x < 0."""
from mpmath import erfc, exp, pi, sqrt


def logistic(a):    # at -a
    return 1 / (1 + exp(a))


def normal(a):      # at -a
    return erfc(a / sqrt(2)) / 2


def slopes(a):      # of x times the two, at -a
    return logistic(a) * (1 - a * logistic(-a)), normal(a) - a * exp(-a * a / 2) / sqrt(2 * pi)


cut = dict(intervals=16, steps=('1.36',), limit='11.35')
tables = {
    'factor': dict(cut, what='(1/(1 + e^a) + Phi(-a))/2.', f=lambda a: (logistic(a) + normal(a)) / 2, degree=8,
                   uses=('times x',)),
    'derivative': dict(cut, what='Half of the derivatives of x/(1 + e^-x) and x Phi(x) at -a.',
                       f=lambda a: sum(slopes(a)) / 2, scale=lambda a: sum(map(abs, slopes(a))) / 2, degree=8),
}
