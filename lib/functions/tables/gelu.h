/* Made by functions/tables/generate.py, which says what this is, from gelu.py. */
#ifndef ACTIV_FUNCTIONS_TABLES_GELU_H
#define ACTIV_FUNCTIONS_TABLES_GELU_H

#include "simd/piecewise.h"

/* Phi(-a). Error 2^-26.7, evaluated 1.19 ulp. */
#define GELU_FACTOR_LIMIT 6.4375f
#define GELU_FACTOR_INTERVALS(X) \
    X(0x1.30fb9ap-2f, 0x1.251d2ep-9f, -0x1.020c34p-7f, -0x1.c3d062p-7f, \
      0x1.dad6dep-5f, 0x1.d19174p-5f, -0x1.86cb42p-2f, 0x1.881ac6p-2f) \
    X(0x1.442b80p+0f, 0x1.03dd2ep-11f, 0x1.8c2c16p-8f, -0x1.b00fd8p-7f, \
      -0x1.26e420p-6f, 0x1.d010f4p-4f, -0x1.6e7a36p-3f, 0x1.a4addap-4f) \
    X(0x1.f7e392p+0f, -0x1.681c5ep-10f, 0x1.48dc4ap-9f, 0x1.0e2c62p-8f, \
      -0x1.c340c8p-6f, 0x1.cf87c0p-5f, -0x1.d6fde0p-5f, 0x1.91aadcp-6f) \
    X(0x1.3edb78p+1f, -0x1.159cc6p-11f, -0x1.4edc86p-11f, 0x1.86cc50p-8f, \
      -0x1.fd8834p-7f, 0x1.6dc192p-6f, -0x1.25a74cp-6f, 0x1.a153b2p-8f) \
    X(0x1.7c1b86p+1f, 0x1.809c60p-14f, -0x1.27368ap-10f, 0x1.c9f16cp-9f, \
      -0x1.9e6f30p-8f, 0x1.d83a3ap-8f, -0x1.3e0acep-8f, 0x1.86da7ap-10f) \
    X(0x1.b30b7ap+1f, 0x1.945b98p-13f, -0x1.6ae210p-11f, 0x1.88cf0cp-10f, \
      -0x1.1d353ap-9f, 0x1.139a00p-9f, -0x1.445a4ep-10f, 0x1.62dd92p-12f) \
    X(0x1.e75b22p+1f, 0x1.f95bfep-14f, -0x1.38d4acp-12f, 0x1.0f5aaap-11f, \
      -0x1.4eab88p-11f, 0x1.1b3b68p-11f, -0x1.298ddep-12f, 0x1.266ed0p-14f) \
    X(0x1.0bd36ap+2f, 0x1.c05bd0p-15f, -0x1.c17076p-14f, 0x1.4d6834p-13f, \
      -0x1.6a9ad6p-13f, 0x1.13b054p-13f, -0x1.078408p-14f, 0x1.dee54ap-17f) \
    X(0x1.21c364p+2f, 0x1.555b8ep-16f, -0x1.283e68p-15f, 0x1.86dd98p-15f, \
      -0x1.80c82ap-15f, 0x1.0c0952p-15f, -0x1.d99c0ep-17f, 0x1.90727ep-19f) \
    X(0x1.33735ep+2f, 0x1.135b46p-17f, -0x1.af9b7ap-17f, 0x1.061d94p-16f, \
      -0x1.dffa64p-17f, 0x1.395166p-17f, -0x1.04e2aep-18f, 0x1.a1a9dap-21f) \
    X(0x1.4a6356p+2f, 0x1.22dacap-19f, -0x1.930d04p-19f, 0x1.bcf326p-19f, \
      -0x1.75edcap-19f, 0x1.c38c5cp-20f, -0x1.5de170p-21f, 0x1.05e766p-23f) \
    X(0x1.5a834ap+2f, 0x1.935a7ap-21f, -0x1.080d7ep-20f, 0x1.1201c2p-20f, \
      -0x1.b3a374p-21f, 0x1.f3d14ep-22f, -0x1.71428ap-23f, 0x1.0851acp-25f) \
    X(0x1.6c633ep+2f, 0x1.cb5a0ap-23f, -0x1.185a14p-22f, 0x1.1125a6p-22f, \
      -0x1.99e54cp-23f, 0x1.bdb50ap-24f, -0x1.392182p-25f, 0x1.ab8084p-28f) \
    X(0x1.7cf332p+2f, 0x1.075998p-24f, -0x1.2e6d76p-24f, 0x1.170b5ep-24f, \
      -0x1.8e2dccp-25f, 0x1.9d0650p-26f, -0x1.158de4p-27f, 0x1.6b4ad2p-30f) \
    X(0x1.8cb324p+2f, 0x1.28592cp-26f, -0x1.43e482p-26f, 0x1.1ca9a4p-26f, \
      -0x1.84254cp-27f, 0x1.81c2d6p-28f, -0x1.f1e1cap-30f, 0x1.39836ep-32f) \
    X(0x1.9ce314p+2f, 0x1.2ad8b8p-28f, -0x1.373962p-28f, 0x1.04f616p-28f, \
      -0x1.545a8ap-29f, 0x1.4455bcp-30f, -0x1.9230eep-32f, 0x1.e78724p-35f)
static const float gelu_factor_table[] = { V_TABLE16(GELU_FACTOR_INTERVALS) };

V_INLINE vpiece gelu_factor_piece(vf a)
{
    return v_piece(gelu_factor_table, 16, 8, v_index(a, v_fma(a, v_set(0.28f), v_set(0.55f))), a);
}

/* Derivative of x Phi(x) at -a. Error 2^-25.6, evaluated 1.21 ulp. */
#define GELU_DERIVATIVE_LIMIT 6.9f
#define GELU_DERIVATIVE_INTERVALS(X) \
    X(0x1.4a4bb4p-2f, 0x1.2d9ddap-6f, -0x1.4cabacp-5f, -0x1.5fa4a6p-4f, \
      0x1.a8556ap-3f, 0x1.e757eap-3f, -0x1.6fa282p-1f, 0x1.01642cp-2f) \
    X(0x1.3493aap+0f, -0x1.47dde2p-10f, 0x1.4de6e6p-5f, -0x1.47acdcp-5f, \
      -0x1.0b54b8p-3f, 0x1.2f4746p-2f, -0x1.b05250p-4f, -0x1.e57f8ap-4f) \
    X(0x1.18a39ep+1f, -0x1.e89daep-9f, -0x1.355e0cp-7f, 0x1.3da568p-5f, \
      -0x1.421d8cp-5f, -0x1.055ff0p-5f, 0x1.9ea6f8p-4f, -0x1.09d34ep-4f) \
    X(0x1.50dba2p+1f, 0x1.171d36p-9f, -0x1.559298p-7f, 0x1.caf606p-7f, \
      0x1.dc1a84p-8f, -0x1.8a4d56p-5f, 0x1.f87cecp-5f, -0x1.d575e2p-6f) \
    X(0x1.a14b8ep+1f, 0x1.a65d12p-10f, -0x1.62da86p-10f, -0x1.eb21aap-9f, \
      0x1.c860f4p-7f, -0x1.5b8d1ap-6f, 0x1.158c2cp-6f, -0x1.7efa88p-8f) \
    X(0x1.d2438ep+1f, 0x1.6ddcd6p-12f, 0x1.975d3ep-11f, -0x1.f5c5d6p-9f, \
      0x1.f34260p-8f, -0x1.22056cp-7f, 0x1.832f7ap-8f, -0x1.d141c0p-10f) \
    X(0x1.03838ap+2f, -0x1.555c24p-13f, 0x1.b878fcp-11f, -0x1.feb4d0p-10f, \
      0x1.753890p-9f, -0x1.62b776p-9f, 0x1.9628eep-10f, -0x1.add96ep-12f) \
    X(0x1.1e4376p+2f, -0x1.451c08p-13f, 0x1.9afe22p-12f, -0x1.5d9a26p-11f, \
      0x1.a0cba4p-11f, -0x1.52d1acp-11f, 0x1.54dbdep-12f, -0x1.427ec8p-14f) \
    X(0x1.340b68p+2f, -0x1.4a1bf6p-14f, 0x1.458efep-13f, -0x1.d4e49ep-13f, \
      0x1.ebe5dap-13f, -0x1.67a564p-13f, 0x1.4a1224p-14f, -0x1.1fc362p-16f) \
    X(0x1.4a4b6cp+2f, -0x1.ec9bacp-16f, 0x1.97dcbep-15f, -0x1.014578p-14f, \
      0x1.e3c2a6p-15f, -0x1.41b744p-15f, 0x1.0f6242p-16f, -0x1.b65658p-19f) \
    X(0x1.5e5b64p+2f, -0x1.4b1b56p-17f, 0x1.e77e0ep-17f, -0x1.164216p-16f, \
      0x1.e00cf4p-17f, -0x1.27b7b6p-17f, 0x1.d16f54p-19f, -0x1.609da8p-21f) \
    X(0x1.730b58p+2f, -0x1.6c9aeep-19f, 0x1.e48392p-19f, -0x1.f9dc6cp-19f, \
      0x1.930e30p-19f, -0x1.ce163ap-20f, 0x1.5458dep-21f, -0x1.e4e7c0p-24f) \
    X(0x1.825b4ep+2f, -0x1.fc9a92p-21f, 0x1.3bc8f6p-20f, -0x1.36b3c2p-20f, \
      0x1.d522fap-21f, -0x1.ffe088p-22f, 0x1.681412p-23f, -0x1.eb61ecp-26f) \
    X(0x1.952b42p+2f, -0x1.f51a12p-23f, 0x1.202b38p-22f, -0x1.08fc78p-22f, \
      0x1.7844dap-23f, -0x1.83c8f2p-24f, 0x1.029932p-25f, -0x1.4f9092p-28f) \
    X(0x1.a92b32p+2f, -0x1.961980p-25f, 0x1.a82af8p-25f, -0x1.6e868ep-25f, \
      0x1.e9cc66p-26f, -0x1.dcf244p-27f, 0x1.2d7cc6p-28f, -0x1.73dc1ap-31f) \
    X(0x1.b69b22p+2f, -0x1.f21924p-27f, 0x1.ff0fa8p-27f, -0x1.a6ecacp-27f, \
      0x1.0ffd18p-27f, -0x1.fee9bep-29f, 0x1.38157cp-30f, -0x1.749214p-33f)
static const float gelu_derivative_table[] = { V_TABLE16(GELU_DERIVATIVE_INTERVALS) };

V_INLINE vpiece gelu_derivative_piece(vf a)
{
    return v_piece(gelu_derivative_table, 16, 8, v_index(a, v_fma(a, v_set(0.25f), v_set(0.5f))), a);
}

#endif
