"""tanh and its derivative for x > 0."""
import mpmath

from sigmoid import slope

tables = {
    'value': dict(what='tanh a.', f=mpmath.tanh, degree=8, intervals=8, half_octaves='1.63', limit='9.2', root=0),
    'derivative': dict(what='Its derivative.', f=lambda a: 4 * slope(2 * a), degree=7, intervals=16, steps=('2.0',),
                       limit='7.7'),
}
