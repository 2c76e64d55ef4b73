/* Made by functions/tables/generate.py, which says what this is, from silu.py. */
#ifndef ACTIV_FUNCTIONS_TABLES_SILU_H
#define ACTIV_FUNCTIONS_TABLES_SILU_H

#include "simd/piecewise.h"

/* Derivative of x/(1 + e^-x) at -a. Error 2^-24.3, evaluated 0.89 ulp. */
#define SILU_DERIVATIVE_LIMIT 11.75f
#define SILU_DERIVATIVE_INTERVALS(X) \
    X(0x1.5e7ba0p-2f, 0x1.ba9d30p-9f, -0x1.1ce660p-7f, -0x1.39b598p-6f, \
      0x1.1c8e06p-4f, 0x1.4a9e48p-4f, -0x1.e2de92p-2f, 0x1.541ef2p-2f) \
    X(0x1.aa5394p+0f, -0x1.39dcacp-10f, 0x1.4b8938p-8f, -0x1.c4d310p-9f, \
      -0x1.0dbc8ep-5f, 0x1.d645f4p-4f, -0x1.d98da6p-4f, -0x1.04e3a2p-4f) \
    X(0x1.cf7b7ap+1f, 0x1.235bc4p-14f, -0x1.4234e4p-11f, 0x1.2a90c6p-9f, \
      -0x1.1649c4p-8f, -0x1.77c240p-9f, 0x1.29c9acp-5f, -0x1.0db0eep-4f) \
    X(0x1.4a8354p+2f, 0x1.815b4ap-16f, -0x1.363994p-14f, 0x1.27d5acp-14f, \
      0x1.ba001ep-11f, -0x1.76bdbap-8f, 0x1.1f9a94p-6f, -0x1.811f1ep-6f) \
    X(0x1.9a4344p+2f, 0x1.67dab4p-19f, 0x1.c3d4cep-21f, -0x1.5b1036p-14f, \
      0x1.49d5a2p-11f, -0x1.689d5ap-9f, 0x1.d77bd6p-8f, -0x1.227e02p-7f) \
    X(0x1.01932ap+3f, -0x1.a05946p-22f, 0x1.5b85d4p-18f, -0x1.4e0a06p-15f, \
      0x1.c089a2p-13f, -0x1.a54d8ep-11f, 0x1.f9aa48p-10f, -0x1.26dd9ep-9f) \
    X(0x1.36eafep+3f, -0x1.df1956p-23f, 0x1.f1c93cp-20f, -0x1.8c6db2p-17f, \
      0x1.e14656p-15f, -0x1.a867aep-13f, 0x1.e7c058p-12f, -0x1.138576p-11f) \
    X(0x1.698b04p+3f, -0x1.3d1906p-24f, 0x1.255bc8p-21f, -0x1.b456a8p-19f, \
      0x1.f9c4f8p-17f, -0x1.af5c10p-15f, 0x1.e35f34p-14f, -0x1.0bafb8p-13f)
static const float silu_derivative_table[] = { V_TABLE8(SILU_DERIVATIVE_INTERVALS) };

V_INLINE vpiece silu_derivative_piece(vf a)
{
    return v_piece(silu_derivative_table, 8, 8, v_index(a, v_set(0.6375f)), a);
}

#endif
