"""ln(1 + e^x) for x < 0; for others it is x more than for -x."""
from mpmath import exp, log1p

tables = {
    'tail': dict(what='ln(1 + e^-a).', f=lambda a: log1p(exp(-a)), degree=8, intervals=8, steps=('0.6375',),
                 limit='11.75'),
}
