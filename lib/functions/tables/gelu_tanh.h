/* Made by functions/tables/generate.py, which says what this is, from gelu_tanh.py. */
#ifndef ACTIV_FUNCTIONS_TABLES_GELU_TANH_H
#define ACTIV_FUNCTIONS_TABLES_GELU_TANH_H

#include "simd/piecewise.h"

/* Derivative of x/(1 + e^(-2u(x))) at -a. Error 2^-26.6, evaluated 0.91 ulp. */
#define GELU_TANH_DERIVATIVE_LIMIT 6.95f
#define GELU_TANH_DERIVATIVE_INTERVALS(X) \
    X(0x1.4563c0p-3f, 0x1.57223ap-7f, -0x1.ca3eaep-5f, -0x1.82fb56p-5f, \
      0x1.0217f4p-2f, 0x1.ffd8eep-4f, -0x1.8e40b6p-1f, 0x1.7f479ap-2f) \
    X(0x1.4c8bb8p-1f, 0x1.6b3596p-6f, 0x1.d934d6p-9f, -0x1.e8187ap-4f, \
      0x1.063422p-4f, 0x1.804148p-2f, -0x1.04b46ap-1f, 0x1.8c6abep-5f) \
    X(0x1.5d3bbap+0f, -0x1.08346cp-7f, 0x1.209b02p-5f, -0x1.d1dcf4p-8f, \
      -0x1.25e0c8p-3f, 0x1.d3676ep-3f, -0x1.814fb4p-6f, -0x1.06e4bcp-3f) \
    X(0x1.ffc3b0p+0f, -0x1.cdbceap-8f, -0x1.3a2648p-9f, 0x1.5c21a4p-5f, \
      -0x1.27a6f2p-4f, 0x1.91d3bep-9f, 0x1.b9d57ep-4f, -0x1.6111b6p-4f) \
    X(0x1.2e23aep+1f, -0x1.1dd81ep-10f, -0x1.5214d6p-7f, 0x1.de844cp-6f, \
      -0x1.314e80p-6f, -0x1.6b8ba6p-5f, 0x1.6e44aep-4f, -0x1.95b52ep-5f) \
    X(0x1.6363a4p+1f, 0x1.18c0b0p-9f, -0x1.0bba46p-7f, 0x1.1bc8e0p-7f, \
      0x1.8ff05ap-7f, -0x1.6eea8cp-5f, 0x1.96e3acp-5f, -0x1.518ba8p-6f) \
    X(0x1.953b92p+1f, 0x1.0e9448p-9f, -0x1.8f2d28p-9f, -0x1.2524f6p-9f, \
      0x1.046dd0p-6f, -0x1.b5dae4p-6f, 0x1.614408p-6f, -0x1.d7bffap-8f) \
    X(0x1.b33ba0p+1f, 0x1.53cc38p-10f, -0x1.6ce32ep-11f, -0x1.1c0a8cp-8f, \
      0x1.9cdc80p-7f, -0x1.0fd9dep-6f, 0x1.78dc1ep-7f, -0x1.bfd7aep-9f) \
    X(0x1.cb4b9cp+1f, 0x1.7bd4a2p-11f, 0x1.dbeff2p-12f, -0x1.1fe100p-8f, \
      0x1.2f2142p-7f, -0x1.55c03ep-7f, 0x1.a8b452p-8f, -0x1.ce247ep-10f) \
    X(0x1.f5fb96p+1f, -0x1.3bb31ep-17f, 0x1.1a9a46p-10f, -0x1.7d28d0p-9f, \
      0x1.17ce92p-8f, -0x1.f6c15cp-9f, 0x1.065232p-9f, -0x1.ed0974p-12f) \
    X(0x1.075b8ap+2f, -0x1.8ae264p-13f, 0x1.ebe12cp-11f, -0x1.f6f27cp-10f, \
      0x1.3c4ce4p-9f, -0x1.fb7d34p-10f, 0x1.e2beeep-11f, -0x1.a2b99ap-13f) \
    X(0x1.161370p+2f, -0x1.e9be7cp-13f, 0x1.4879d2p-11f, -0x1.0a05acp-10f, \
      0x1.1e2db4p-10f, -0x1.962c24p-11f, 0x1.5c5326p-12f, -0x1.13bd5cp-14f) \
    X(0x1.20f382p+2f, -0x1.921400p-13f, 0x1.ad5ad4p-12f, -0x1.2ecf74p-11f, \
      0x1.261d34p-11f, -0x1.7fdbbep-12f, 0x1.321f40p-13f, -0x1.c628f6p-16f) \
    X(0x1.306386p+2f, -0x1.cba2a2p-14f, 0x1.8f7b0ap-13f, -0x1.dd0ef6p-13f, \
      0x1.968782p-13f, -0x1.dacd4cp-14f, 0x1.574264p-15f, -0x1.d1f04ep-18f) \
    X(0x1.382380p+2f, -0x1.4bfc7ap-14f, 0x1.fbd0dap-14f, -0x1.1a1214p-13f, \
      0x1.c47198p-14f, -0x1.f547d8p-15f, 0x1.59abc4p-16f, -0x1.c15b98p-19f) \
    X(0x1.43e37ep+2f, -0x1.5a2262p-15f, 0x1.d6d492p-15f, -0x1.d89562p-15f, \
      0x1.5b80d8p-15f, -0x1.649e2ap-16f, 0x1.caded6p-18f, -0x1.17cbcap-20f) \
    X(0x1.4da378p+2f, -0x1.79389ep-16f, 0x1.ce0b14p-16f, -0x1.ad05c2p-16f, \
      0x1.26c7b4p-16f, -0x1.1ca8d6p-17f, 0x1.5a776cp-19f, -0x1.9146a8p-22f) \
    X(0x1.581372p+2f, -0x1.5e1e92p-17f, 0x1.909e10p-17f, -0x1.57fb98p-17f, \
      0x1.b91666p-18f, -0x1.901546p-19f, 0x1.cba382p-21f, -0x1.f871dcp-24f) \
    X(0x1.61a368p+2f, -0x1.54272cp-18f, 0x1.5c2060p-18f, -0x1.1783c4p-18f, \
      0x1.516efap-19f, -0x1.2195f2p-20f, 0x1.3c09eap-22f, -0x1.4a8a96p-25f) \
    X(0x1.681362p+2f, -0x1.8709d6p-19f, 0x1.7f4cfap-19f, -0x1.269958p-19f, \
      0x1.55ec8cp-20f, -0x1.1afef2p-21f, 0x1.2a956ap-23f, -0x1.2e824cp-26f) \
    X(0x1.736358p+2f, -0x1.15b5a8p-20f, 0x1.f38a8cp-21f, -0x1.653c9ap-21f, \
      0x1.83de1ap-22f, -0x1.2dc4b0p-23f, 0x1.2c75f2p-25f, -0x1.2030ccp-28f) \
    X(0x1.7a0350p+2f, -0x1.1ffb8cp-21f, 0x1.f1670ep-22f, -0x1.55016ap-22f, \
      0x1.648b5cp-23f, -0x1.0bcdf8p-24f, 0x1.01f3d0p-26f, -0x1.df87ecp-30f) \
    X(0x1.83d346p+2f, -0x1.9cd4bap-23f, 0x1.4cb326p-23f, -0x1.af5008p-24f, \
      0x1.ab1d18p-25f, -0x1.30e710p-26f, 0x1.17e840p-28f, -0x1.f11a9ep-32f) \
    X(0x1.896340p+2f, -0x1.bbf170p-24f, 0x1.5b7520p-24f, -0x1.b3c156p-25f, \
      0x1.a2d52ap-26f, -0x1.22aed0p-27f, 0x1.03d188p-29f, -0x1.c1d2cap-33f) \
    X(0x1.92a334p+2f, -0x1.2bbe76p-25f, 0x1.c0050cp-26f, -0x1.0aac6ap-26f, \
      0x1.e84f32p-28f, -0x1.43b494p-29f, 0x1.14fc20p-31f, -0x1.cbf710p-35f) \
    X(0x1.9a032cp+2f, -0x1.cf6f66p-27f, 0x1.5c1fbap-27f, -0x1.8cfba8p-28f, \
      0x1.5e005ep-29f, -0x1.bfbfe6p-31f, 0x1.724916p-33f, -0x1.2992c0p-36f) \
    X(0x1.9fd322p+2f, -0x1.ce48a2p-28f, 0x1.3f516ap-28f, -0x1.623b94p-29f, \
      0x1.2f5dc0p-30f, -0x1.797dacp-32f, 0x1.30085ep-34f, -0x1.dc699ep-38f) \
    X(0x1.a79318p+2f, -0x1.435078p-29f, 0x1.b4714ap-30f, -0x1.d0aaa4p-31f, \
      0x1.7f12a4p-32f, -0x1.cbb46cp-34f, 0x1.659d24p-36f, -0x1.0efd2cp-39f) \
    X(0x1.acc30cp+2f, -0x1.4402bep-30f, 0x1.9ea9bap-31f, -0x1.ada3cep-32f, \
      0x1.597e44p-33f, -0x1.94d50ep-35f, 0x1.33cc2ap-37f, -0x1.c84e68p-41f) \
    X(0x1.b41302p+2f, -0x1.c7c9a2p-32f, 0x1.1792aep-32f, -0x1.17c9a4p-33f, \
      0x1.b2b13ep-35f, -0x1.ecc0bep-37f, 0x1.6ae7f6p-39f, -0x1.04ded2p-42f) \
    X(0x1.bb32f8p+2f, -0x1.37463ep-33f, 0x1.74c79ap-34f, -0x1.689636p-35f, \
      0x1.0efbc6p-36f, -0x1.2997aap-38f, 0x1.a92a8cp-41f, -0x1.28bee6p-44f) \
    X(0x1.c072eep+2f, -0x1.165358p-34f, 0x1.43c54cp-35f, -0x1.313770p-36f, \
      0x1.bfec0ep-38f, -0x1.e0b722p-40f, 0x1.4fdb94p-42f, -0x1.cadea4p-46f)
static const float gelu_tanh_derivative_table[] = { V_TABLE32(GELU_TANH_DERIVATIVE_INTERVALS) };

V_INLINE vpiece gelu_tanh_derivative_piece(vf a)
{
    return v_piece(gelu_tanh_derivative_table, 32, 7, v_index(a, v_fma(v_mul(a, a), v_set(0.062f), v_set(1.4f))), a);
}

#endif
