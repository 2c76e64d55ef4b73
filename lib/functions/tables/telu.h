/* Made by functions/tables/generate.py, which says what this is, from telu.py. */
#ifndef ACTIV_FUNCTIONS_TABLES_TELU_H
#define ACTIV_FUNCTIONS_TABLES_TELU_H

#include "simd/piecewise.h"

/* tanh(e^x). Error 2^-26.9, evaluated 0.64 ulp. */
#define TELU_FACTOR_BOTTOM (-9.3f)
#define TELU_FACTOR_TOP 2.46f
#define TELU_FACTOR_INTERVALS(X) \
    X(-0x1.6bfbc2p-5f, 0x1.345e3cp-6f, 0x1.d89286p-5f, 0x1.81a5f8p-11f, \
      -0x1.2e2becp-3f, -0x1.71b0e0p-4f, 0x1.b728f6p-2f, 0x1.7c471cp-1f) \
    X(0x1.7a9bacp-1f, -0x1.009e78p-7f, -0x1.194844p-4f, 0x1.9cd284p-5f, \
      0x1.949020p-4f, -0x1.829ce6p-3f, 0x1.f89f24p-4f, 0x1.f0b75ep-1f) \
    X(0x1.9793bcp+0f, -0x1.d35ddcp-8f, 0x1.3084bap-6f, -0x1.3c3562p-6f, \
      0x1.89e56ap-7f, -0x1.327f2ap-8f, 0x1.15c9e0p-10f, 0x1.fff1dep-1f) \
    X(0x1.368ba4p+1f, -0x1.13dceep-13f, 0x1.86f4f0p-16f, 0x1.4d499ap-18f, \
      0x1.5efeeep-21f, -0x1.9c0a92p-23f, 0x1.d63492p-29f, 0x1.000000p+0f) \
    X(-0x1.20d314p+3f, 0x1.689960p-23f, 0x1.0d26a8p-20f, 0x1.5049dcp-18f, \
      0x1.504ce0p-16f, 0x1.f87396p-15f, 0x1.f87392p-14f, 0x1.f87392p-14f) \
    X(-0x1.0a931ep+3f, 0x1.6419b2p-22f, 0x1.0d8d80p-19f, 0x1.51090ep-17f, \
      0x1.510776p-15f, 0x1.f98adap-14f, 0x1.f98ae0p-13f, 0x1.f98ae2p-13f) \
    X(-0x1.e0c326p+2f, 0x1.9c19ecp-21f, 0x1.319770p-18f, 0x1.7e0746p-16f, \
      0x1.7e0e5ep-14f, 0x1.1e8abcp-12f, 0x1.1e8ac2p-11f, 0x1.1e8ac6p-11f) \
    X(-0x1.b0e330p+2f, 0x1.ae1a3cp-20f, 0x1.42bbc8p-17f, 0x1.939b70p-15f, \
      0x1.939ce0p-13f, 0x1.2eb608p-11f, 0x1.2eb63ep-10f, 0x1.2eb650p-10f) \
    X(-0x1.828338p+2f, 0x1.b91a84p-19f, 0x1.4cd2b8p-16f, 0x1.a078aap-14f, \
      0x1.a07f22p-12f, 0x1.3861b8p-10f, 0x1.3862a4p-9f, 0x1.3862f2p-9f) \
    X(-0x1.50a342p+2f, 0x1.de9ac6p-18f, 0x1.6a39c2p-15f, 0x1.c5accap-13f, \
      0x1.c5e14ap-11f, 0x1.5476c6p-9f, 0x1.547b7ep-8f, 0x1.547d10p-8f) \
    X(-0x1.211346p+2f, 0x1.ee1b02p-17f, 0x1.7a2c16p-14f, 0x1.dbbc76p-12f, \
      0x1.dcc294p-10f, 0x1.65d398p-8f, 0x1.65e976p-7f, 0x1.65f0c0p-7f) \
    X(-0x1.dd3b42p+1f, 0x1.e29b1cp-16f, 0x1.9093e0p-13f, 0x1.026786p-10f, \
      0x1.05210ep-8f, 0x1.890eccp-7f, 0x1.898322p-6f, 0x1.89a9ecp-6f) \
    X(-0x1.80eb6ap+1f, 0x1.dd5b7ep-16f, 0x1.5b87fap-12f, 0x1.f893bcp-10f, \
      0x1.080c38p-7f, 0x1.91f9ccp-6f, 0x1.93f2bep-5f, 0x1.949b46p-5f) \
    X(-0x1.23db86p+1f, -0x1.845c78p-13f, 0x1.6157e4p-13f, 0x1.95caa6p-9f, \
      0x1.faf614p-7f, 0x1.95e802p-5f, 0x1.9e8c3ep-4f, 0x1.a171c6p-4f) \
    X(-0x1.814b84p+0f, -0x1.0bdd10p-9f, -0x1.f9164ap-9f, -0x1.5aa136p-10f, \
      0x1.6892c0p-6f, 0x1.86fb2cp-4f, 0x1.b0f8f4p-3f, 0x1.bf56f4p-3f) \
    X(-0x1.94f3b2p-1f, -0x1.2e1dbep-16f, -0x1.f5c0b8p-7f, -0x1.2c20d8p-5f, \
      -0x1.5d3f00p-6f, 0x1.d3f848p-4f, 0x1.7c8e90p-2f, 0x1.b2e79cp-2f)
static const float telu_factor_table[] = { V_TABLE16(TELU_FACTOR_INTERVALS) };

V_INLINE vpiece telu_factor_piece(vf x)
{
    return v_piece(telu_factor_table, 16, 8, v_index(x, v_set(1.34f)), x);
}

/* Derivative of x tanh(e^x). Error 2^-24.7, evaluated 1.21 ulp. */
#define TELU_DERIVATIVE_BOTTOM (-8.6f)
#define TELU_DERIVATIVE_TOP 2.41f
#define TELU_DERIVATIVE_INTERVALS(X) \
    X(0x1.510bdcp-5f, 0x1.8f5f1cp-5f, 0x1.8f8e0cp-2f, 0x1.30e0b6p-3f, \
      -0x1.224cf2p-1f, -0x1.9a6f9ap-2f, 0x1.9ea8d8p-1f, 0x1.9752dcp-1f) \
    X(0x1.735bd2p-1f, 0x1.501f3ap-4f, -0x1.d2b83ep-2f, 0x1.e016b6p-6f, \
      0x1.163adcp-1f, -0x1.7b301ep-2f, -0x1.72cb0ap-6f, 0x1.0fc7e0p+0f) \
    X(0x1.8533dap+0f, -0x1.051da2p-3f, 0x1.7af6fap-4f, 0x1.c07514p-6f, \
      -0x1.620792p-4f, 0x1.f2ab14p-5f, -0x1.4b645cp-6f, 0x1.00b420p+0f) \
    X(0x1.09bbc2p+1f, 0x1.0dddc6p-6f, -0x1.d87416p-7f, 0x1.ffcdd2p-8f, \
      -0x1.7f880ap-9f, 0x1.7f4728p-11f, -0x1.cdb4acp-14f, 0x1.000080p+0f) \
    X(-0x1.0c8318p+3f, -0x1.9859f8p-22f, -0x1.2ef5aap-18f, -0x1.0cfa6cp-15f, \
      -0x1.5c3d12p-13f, -0x1.40a89ap-11f, -0x1.7c23a4p-10f, -0x1.b79ea2p-10f) \
    X(-0x1.e2a328p+2f, -0x1.8599fep-22f, -0x1.ca07f6p-18f, -0x1.d772f2p-15f, \
      -0x1.4876f2p-12f, -0x1.3beb0ap-10f, -0x1.817c76p-9f, -0x1.c70dbep-9f) \
    X(-0x1.ba3338p+2f, 0x1.409a38p-23f, -0x1.f8e8e6p-18f, -0x1.4d17dep-14f, \
      -0x1.fb9b20p-12f, -0x1.ff92a8p-10f, -0x1.4137f4p-8f, -0x1.82a634p-8f) \
    X(-0x1.8da340p+2f, 0x1.161a98p-19f, -0x1.d82dfep-19f, -0x1.a8033cp-14f, \
      -0x1.8341f4p-11f, -0x1.a5c300p-9f, -0x1.14863ep-7f, -0x1.5629b0p-7f) \
    X(-0x1.5e534ep+2f, 0x1.261aeap-17f, 0x1.3db7bcp-16f, -0x1.573814p-14f, \
      -0x1.0dc600p-10f, -0x1.53f83cp-8f, -0x1.dd7f64p-7f, -0x1.337e28p-6f) \
    X(-0x1.2d1358p+2f, 0x1.011b70p-15f, 0x1.aae90ap-14f, 0x1.f3f7eap-14f, \
      -0x1.13b79ap-10f, -0x1.f8f290p-8f, -0x1.911bdap-6f, -0x1.12ca36p-5f) \
    X(-0x1.0a1362p+2f, 0x1.211bbap-14f, 0x1.0d33b8p-12f, 0x1.30df34p-11f, \
      -0x1.7b79eep-12f, -0x1.26f330p-7f, -0x1.14393cp-5f, -0x1.949e2ep-5f) \
    X(-0x1.c0436cp+1f, 0x1.761c0cp-13f, 0x1.74009cp-11f, 0x1.0c9a14p-9f, \
      0x1.6ab054p-9f, -0x1.db9d3ep-8f, -0x1.70e7e2p-5f, -0x1.347c10p-4f) \
    X(-0x1.652b70p+1f, 0x1.d71c44p-12f, 0x1.04abc8p-9f, 0x1.aa3858p-8f, \
      0x1.c689dcp-7f, 0x1.0f7058p-7f, -0x1.818434p-5f, -0x1.bfee24p-4f) \
    X(-0x1.09eb9ap+1f, 0x1.34dd04p-14f, 0x1.03f52cp-8f, 0x1.1d74f4p-6f, \
      0x1.7a483cp-5f, 0x1.121c1ep-4f, -0x1.996b4cp-10f, -0x1.0d6fdap-3f) \
    X(-0x1.706ba8p+0f, -0x1.405dd4p-7f, -0x1.091032p-7f, 0x1.4c3d8ap-6f, \
      0x1.a04feep-4f, 0x1.a7011cp-3f, 0x1.4a98b2p-3f, -0x1.7097f8p-4f) \
    X(-0x1.21b3ccp-1f, 0x1.1b1eb4p-5f, -0x1.7244c6p-4f, -0x1.db9576p-3f, \
      -0x1.085ed4p-3f, 0x1.767e0cp-2f, 0x1.799382p-1f, 0x1.1bf7c0p-2f)
static const float telu_derivative_table[] = { V_TABLE16(TELU_DERIVATIVE_INTERVALS) };

V_INLINE vpiece telu_derivative_piece(vf x)
{
    return v_piece(telu_derivative_table, 16, 8, v_index(x, v_set(1.45f)), x);
}

#endif
