/* Made by functions/tables/generate.py, which says what this is, from tanh.py. */
#ifndef ACTIV_FUNCTIONS_TABLES_TANH_H
#define ACTIV_FUNCTIONS_TABLES_TANH_H

#include "simd/piecewise.h"

/* tanh a. Error 2^-28.4, evaluated 0.91 ulp. */
#define TANH_VALUE_LIMIT 9.2f
#define TANH_VALUE_INTERVALS(X) \
    X(0x1.c09bc0p-1f, 0x1.ab9e1ap-7f, -0x1.e13bf2p-5f, 0x1.ef457ap-5f, \
      0x1.5042ecp-4f, -0x1.6b5b44p-2f, 0x1.01e176p-1f, 0x1.68b4d4p-1f) \
    X(0x1.8833a8p+0f, 0x1.985dbap-8f, -0x1.67cf96p-10f, -0x1.9e437ep-6f, \
      0x1.5a7ef0p-4f, -0x1.3e03acp-3f, 0x1.5d2b72p-3f, 0x1.d250cep-1f) \
    X(0x1.37f38ap+1f, -0x1.8c9bc8p-11f, 0x1.9c61c6p-9f, -0x1.26871cp-7f, \
      0x1.39ed02p-6f, -0x1.e5b5c2p-6f, 0x1.ed3072p-6f, 0x1.f83c2cp-1f) \
    X(0x1.e99b70p+1f, -0x1.549bdcp-14f, 0x1.069b64p-12f, -0x1.4a42f6p-11f, \
      0x1.4b7668p-10f, -0x1.f2299ap-10f, 0x1.f2a358p-10f, 0x1.ff8348p-1f) \
    X(0x1.7ceb48p+2f, -0x1.231a14p-20f, 0x1.030876p-18f, -0x1.2edb10p-17f, \
      0x1.2d063cp-16f, -0x1.c61378p-16f, 0x1.c62920p-16f, 0x1.fffe3ap-1f) \
    X(0x1.0a2b10p+3f, -0x1.39988ap-27f, 0x1.1e69fcp-25f, -0x1.57ea7ap-24f, \
      0x1.53dc3ap-23f, -0x1.ffdaeap-23f, 0x1.00144ap-22f, 0x1.fffffcp-1f) \
    X(0.0f, -0x1.f35e92p-8f, 0x1.14a3c6p-3f, -0x1.9420aep-13f, \
      -0x1.5552d0p-2f, -0x1.565584p-23f, 0x1.000000p+0f, 0.0f) \
    X(0x1.c373c6p-2f, -0x1.f39e5ap-5f, -0x1.dd831cp-8f, 0x1.5be6cep-3f, \
      -0x1.12313ep-3f, -0x1.5f7504p-2f, 0x1.a81700p-1f, 0x1.a84facp-2f)
static const float tanh_value_table[] = { V_TABLE8(TANH_VALUE_INTERVALS) };

V_INLINE vpiece tanh_value_piece(vf a)
{
    return v_piece(tanh_value_table, 8, 8, i_shr(v_bits(v_fma(a, v_set(1.63f), v_set(1.0f))), 22), a);
}

/* Its derivative. Error 2^-25.6, evaluated 0.91 ulp. */
#define TANH_DERIVATIVE_LIMIT 7.7f
#define TANH_DERIVATIVE_INTERVALS(X) \
    X(0x1.5643e2p-3f, -0x1.f82a24p-3f, -0x1.520d82p-2f, 0x1.09a060p-1f, \
      0x1.a5ab9ap-2f, -0x1.c900d8p-1f, -0x1.49d0f2p-2f, 0x1.f1f64ep-1f) \
    X(0x1.e1f3d8p-2f, 0x1.62316cp-3f, -0x1.559618p-2f, -0x1.6c3552p-4f, \
      0x1.5804c4p-1f, -0x1.5d6818p-2f, -0x1.6ac8b2p-1f, 0x1.9d72c2p-1f) \
    X(0x1.14bbd6p+0f, -0x1.50b1f6p-7f, 0x1.db32aep-4f, -0x1.7a4748p-3f, \
      0x1.6357a6p-5f, 0x1.512518p-2f, -0x1.2cdf1cp-1f, 0x1.7b2374p-2f) \
    X(0x1.a703c0p+0f, -0x1.3a60f0p-6f, 0x1.5b8b50p-6f, 0x1.585b20p-7f, \
      -0x1.992082p-4f, 0x1.bce66ap-3f, -0x1.03f86cp-2f, 0x1.17c868p-3f) \
    X(0x1.ff13b6p+0f, -0x1.3d578ep-8f, -0x1.baf380p-11f, 0x1.880c04p-6f, \
      -0x1.268ad0p-4f, 0x1.044e88p-3f, -0x1.18d8e2p-3f, 0x1.23677ap-4f) \
    X(0x1.4c439ap+1f, 0x1.7b38aep-11f, -0x1.036da2p-8f, 0x1.9317a0p-7f, \
      -0x1.bc06fap-6f, 0x1.5ca650p-5f, -0x1.648fd6p-5f, 0x1.688d16p-6f) \
    X(0x1.88bb8cp+1f, 0x1.29c5fcp-11f, -0x1.0595e6p-9f, 0x1.603268p-8f, \
      -0x1.6d0166p-7f, 0x1.169650p-6f, -0x1.1903f0p-6f, 0x1.1a3bc4p-7f) \
    X(0x1.bf6b88p+1f, 0x1.3004e0p-12f, -0x1.e53608p-11f, 0x1.38396ep-9f, \
      -0x1.3ce968p-8f, 0x1.dee67ap-8f, -0x1.e0ab34p-8f, 0x1.e18ddep-9f) \
    X(0x1.095b80p+2f, 0x1.5ec894p-14f, -0x1.1400fcp-12f, 0x1.5b4866p-11f, \
      -0x1.5cb1f4p-10f, 0x1.060bd2p-9f, -0x1.064f10p-9f, 0x1.0670b4p-10f) \
    X(0x1.1f7b74p+2f, 0x1.726d04p-15f, -0x1.1686c0p-13f, 0x1.5d4b88p-12f, \
      -0x1.5e00acp-11f, 0x1.06c454p-10f, -0x1.06e618p-10f, 0x1.06f6fap-11f) \
    X(0x1.464b6ap+2f, 0x1.b00e5cp-17f, -0x1.4d042ep-15f, 0x1.a0a87ep-14f, \
      -0x1.a0dcecp-13f, 0x1.38be22p-12f, -0x1.38ca18p-12f, 0x1.38d010p-13f) \
    X(0x1.5f6b5ep+2f, 0x1.98302cp-18f, -0x1.301e6ep-16f, 0x1.7c3af8p-15f, \
      -0x1.7c58e2p-14f, 0x1.1d4cb6p-13f, -0x1.1d51acp-13f, 0x1.1d5428p-14f) \
    X(0x1.873b52p+2f, 0x1.d08526p-20f, -0x1.5e7014p-18f, 0x1.b68426p-17f, \
      -0x1.b6896cp-16f, 0x1.48e9f8p-15f, -0x1.48eba0p-15f, 0x1.48ec74p-16f) \
    X(0x1.a26b48p+2f, 0x1.91e910p-21f, -0x1.2bad74p-19f, 0x1.770582p-18f, \
      -0x1.770a46p-17f, 0x1.194872p-16f, -0x1.19490cp-16f, 0x1.19495ap-17f) \
    X(0x1.c12b3ap+2f, 0x1.357f1ep-22f, -0x1.cb895ep-21f, 0x1.1eea0cp-19f, \
      -0x1.1eef6ep-18f, 0x1.ae68a6p-18f, -0x1.ae68fap-18f, 0x1.ae6926p-19f) \
    X(0x1.e36b30p+2f, 0x1.a5eb1cp-24f, -0x1.3acd38p-22f, 0x1.898f40p-21f, \
      -0x1.8991b0p-20f, 0x1.272d98p-19f, -0x1.272dacp-19f, 0x1.272db6p-20f)
static const float tanh_derivative_table[] = { V_TABLE16(TANH_DERIVATIVE_INTERVALS) };

V_INLINE vpiece tanh_derivative_piece(vf a)
{
    return v_piece(tanh_derivative_table, 16, 7, v_index(a, v_set(2.0f)), a);
}

#endif
