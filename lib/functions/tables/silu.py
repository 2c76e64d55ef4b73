"""The derivative of x/(1 + e^-x) for x < 0. For the function itself there is sigmoid's table."""
from sigmoid import sigma


def slope(a, sign=-1):      # at -a; with sign = 1 the sizes of its addends
    return sigma(a) * (1 + sign * a * sigma(-a))


tables = {
    'derivative': dict(what='Derivative of x/(1 + e^-x) at -a.', f=slope, scale=lambda a: slope(a, 1), degree=8,
                       intervals=8, steps=('0.6375',), limit='11.75'),
}
