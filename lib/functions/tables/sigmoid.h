/* Made by functions/tables/generate.py, which says what this is, from sigmoid.py. */
#ifndef ACTIV_FUNCTIONS_TABLES_SIGMOID_H
#define ACTIV_FUNCTIONS_TABLES_SIGMOID_H

#include "simd/piecewise.h"

/* 1/(1 + e^a). Error 2^-26.3, evaluated 1.19 ulp. */
#define SIGMOID_TAIL_LIMIT 11.75f
#define SIGMOID_TAIL_INTERVALS(X) \
    X(0x1.670b88p-2f, 0x1.d31c84p-12f, -0x1.9db922p-10f, -0x1.b6d57ap-9f, \
      0x1.2d245cp-6f, 0x1.58b51ep-6f, -0x1.f09496p-3f, 0x1.a725aep-2f) \
    X(0x1.c0737ap+0f, -0x1.b35c1cp-14f, 0x1.e18d7cp-11f, -0x1.eff08ap-10f, \
      -0x1.4ff496p-8f, 0x1.6b6f16p-5f, -0x1.01fe0cp-3f, 0x1.2ebeecp-3f) \
    X(0x1.beab60p+1f, -0x1.079b82p-16f, -0x1.db8736p-15f, 0x1.82de3cp-11f, \
      -0x1.03bc38p-8f, 0x1.bae128p-7f, -0x1.d6c1d0p-6f, 0x1.e51f0cp-6f) \
    X(0x1.3f9b44p+2f, 0x1.7d5a60p-18f, -0x1.77f486p-15f, 0x1.0924d8p-12f, \
      -0x1.187feep-10f, 0x1.b06f3ap-9f, -0x1.b6567cp-8f, 0x1.b94f40p-8f) \
    X(0x1.9f932cp+2f, 0x1.feda42p-20f, -0x1.92e6bep-17f, 0x1.02233ep-14f, \
      -0x1.054f58p-12f, 0x1.8a59bcp-11f, -0x1.8b8bc4p-10f, 0x1.8c2504p-10f) \
    X(0x1.0d1320p+3f, 0x1.46d998p-22f, -0x1.ef8d84p-20f, 0x1.3697bep-17f, \
      -0x1.37242cp-15f, 0x1.d32220p-14f, -0x1.d35772p-13f, 0x1.d3721cp-13f) \
    X(0x1.39b312p+3f, 0x1.4b5910p-24f, -0x1.ee24e4p-22f, 0x1.34d7b6p-19f, \
      -0x1.3501d2p-17f, 0x1.cf9d8ep-16f, -0x1.cfaa9ep-15f, 0x1.cfb12cp-15f) \
    X(0x1.721300p+3f, 0x1.dd5858p-27f, -0x1.5202dep-24f, 0x1.a8c81ep-22f, \
      -0x1.a8bd02p-20f, 0x1.3e903ap-18f, -0x1.3e91d6p-17f, 0x1.3e929cp-17f)
static const float sigmoid_tail_table[] = { V_TABLE8(SIGMOID_TAIL_INTERVALS) };

V_INLINE vpiece sigmoid_tail_piece(vf a)
{
    return v_piece(sigmoid_tail_table, 8, 8, v_index(a, v_set(0.6375f)), a);
}

/* Derivative of 1/(1 + e^-a). Error 2^-25.1, evaluated 1.04 ulp. */
#define SIGMOID_DERIVATIVE_LIMIT 11.75f
#define SIGMOID_DERIVATIVE_INTERVALS(X) \
    X(0x1.861870p-3f, -0x1.4b86dep-10f, -0x1.a2d1d6p-10f, 0x1.3b8ee4p-7f, \
      0x1.faeb64p-8f, -0x1.eda916p-5f, -0x1.8169f4p-6f, 0x1.fb624ap-3f) \
    X(0x1.8618fep-1f, 0x1.77f428p-12f, -0x1.9d1a08p-9f, 0x1.4bbb22p-10f, \
      0x1.5941c0p-6f, -0x1.0c2abcp-5f, -0x1.43102cp-4f, 0x1.bc55b4p-3f) \
    X(0x1.b4e7d6p+0f, 0x1.213020p-11f, 0x1.3a80a6p-11f, -0x1.35f0e0p-8f, \
      0x1.135afcp-7f, 0x1.d48904p-7f, -0x1.70eb56p-4f, 0x1.0a4014p-3f) \
    X(0x1.3044eap+1f, -0x1.51a824p-14f, 0x1.a2a98ep-11f, -0x1.020358p-9f, \
      -0x1.7baec8p-11f, 0x1.53c97ep-6f, -0x1.0844e0p-4f, 0x1.3e58d0p-4f) \
    X(0x1.9d80c8p+1f, -0x1.ab3ee4p-14f, 0x1.9847dep-13f, 0x1.956e28p-14f, \
      -0x1.9e3022p-9f, 0x1.d3db4cp-7f, -0x1.14ed18p-5f, 0x1.2bb9ccp-5f) \
    X(0x1.f92bcap+1f, -0x1.dc48bep-16f, -0x1.453a7ep-19f, 0x1.89a53cp-12f, \
      -0x1.2f94aep-9f, 0x1.0ea7d8p-7f, -0x1.25186cp-6f, 0x1.30a4aep-6f) \
    X(0x1.278012p+2f, -0x1.96edcap-20f, -0x1.28ac4cp-15f, 0x1.311ccap-12f, \
      -0x1.6ec27ep-10f, 0x1.2b019ep-8f, -0x1.373f80p-7f, 0x1.3d75c4p-7f) \
    X(0x1.5b2f40p+2f, 0x1.855490p-19f, -0x1.c28132p-16f, 0x1.4c8444p-13f, \
      -0x1.66781ap-11f, 0x1.16bb36p-9f, -0x1.1bb888p-8f, 0x1.1e3b6cp-8f) \
    X(0x1.8905e6p+2f, 0x1.29ceaap-19f, -0x1.057a70p-16f, 0x1.5eb780p-14f, \
      -0x1.6b67c4p-12f, 0x1.1558f8p-10f, -0x1.17c104p-9f, 0x1.18f608p-9f) \
    X(0x1.b6db2cp+2f, 0x1.56b690p-20f, -0x1.13fcdcp-17f, 0x1.6362b6p-15f, \
      -0x1.698396p-13f, 0x1.1171f8p-11f, -0x1.12999ap-10f, 0x1.132da6p-10f) \
    X(0x1.e79e3ep+2f, 0x1.5a6648p-21f, -0x1.0b9dc4p-18f, 0x1.51db58p-16f, \
      -0x1.548bfep-14f, 0x1.006ca6p-12f, -0x1.00edccp-11f, 0x1.012e6ap-11f) \
    X(0x1.0c30fap+3f, 0x1.4c6000p-22f, -0x1.fc2c3cp-20f, 0x1.3e148ep-17f, \
      -0x1.3f3e72p-15f, 0x1.dfc1a2p-14f, -0x1.e03254p-13f, 0x1.e06aaep-13f) \
    X(0x1.2a6d1cp+3f, 0x1.388baep-23f, -0x1.884a3cp-21f, 0x1.f0c116p-19f, \
      -0x1.f18df8p-17f, 0x1.756bbcp-15f, -0x1.758dd2p-14f, 0x1.759edep-14f) \
    X(0x1.3fdfe0p+3f, 0x1.278cfap-24f, -0x1.976e14p-22f, 0x1.fcd666p-20f, \
      -0x1.fd69bcp-18f, 0x1.7e331ap-16f, -0x1.7e44d8p-15f, 0x1.7e4dc4p-15f) \
    X(0x1.55555ap+3f, 0x1.125e5ap-25f, -0x1.a2cd3ep-23f, 0x1.048976p-20f, \
      -0x1.049b14p-18f, 0x1.86fce6p-17f, -0x1.870646p-16f, 0x1.870af0p-16f) \
    X(0x1.73912cp+3f, 0x1.015744p-26f, -0x1.40c60ep-24f, 0x1.953b9cp-22f, \
      -0x1.955c08p-20f, 0x1.300868p-18f, -0x1.300b3cp-17f, 0x1.300ca6p-17f)
static const float sigmoid_derivative_table[] = { V_TABLE16(SIGMOID_DERIVATIVE_INTERVALS) };

V_INLINE vpiece sigmoid_derivative_piece(vf a)
{
    return v_piece(sigmoid_derivative_table, 16, 6, v_index(a, v_set(1.3125f)), a);
}

#endif
