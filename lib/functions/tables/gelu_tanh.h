/* Made by functions/tables/generate.py, which says what this is, from gelu_tanh.py. */
#ifndef ACTIV_FUNCTIONS_TABLES_GELU_TANH_H
#define ACTIV_FUNCTIONS_TABLES_GELU_TANH_H

#include "simd/piecewise.h"

/* 1/(1 + e^(2u)), u = sqrt(2/pi) (a + 0.044715 a^3). Error 2^-26.9, evaluated 0.84 ulp. */
#define GELU_TANH_FACTOR_LIMIT 6.95f
#define GELU_TANH_FACTOR_INTERVALS(X) \
    X(0x1.3ac3aap-3f, 0x1.5bbf28p-10f, -0x1.3aac38p-7f, -0x1.f79e60p-8f, \
      0x1.07ec18p-4f, 0x1.f2bf04p-6f, -0x1.93b276p-2f, 0x1.c1760cp-2f) \
    X(0x1.8e6b98p-1f, 0x1.8d7c2ap-9f, 0x1.c5732ep-11f, -0x1.792b14p-6f, \
      0x1.36a586p-6f, 0x1.d5b618p-4f, -0x1.2d880cp-2f, 0x1.bf268ep-3f) \
    X(0x1.5edba6p+0f, -0x1.fe7182p-13f, 0x1.92aa9cp-8f, -0x1.3a5352p-7f, \
      -0x1.750116p-6f, 0x1.b3ab8cp-4f, -0x1.3faf56p-3f, 0x1.5deba8p-4f) \
    X(0x1.ea8378p+0f, -0x1.548c8ep-10f, 0x1.68e59ep-9f, 0x1.ae8ad4p-9f, \
      -0x1.c8ea32p-6f, 0x1.f40338p-5f, -0x1.066914p-4f, 0x1.c5419cp-6f) \
    X(0x1.2f3396p+1f, -0x1.6ee7e4p-11f, -0x1.6ad604p-14f, 0x1.86bf1cp-8f, \
      -0x1.2fc57cp-6f, 0x1.dabadcp-6f, -0x1.8e0ccap-6f, 0x1.1f275ep-7f) \
    X(0x1.60f394p+1f, -0x1.221e4cp-13f, -0x1.09e9e6p-10f, 0x1.32ea4ep-8f, \
      -0x1.48d324p-7f, 0x1.9a16aap-7f, -0x1.20d914p-7f, 0x1.676ccep-9f) \
    X(0x1.8cb388p+1f, 0x1.ce06fap-14f, -0x1.06ab8ap-10f, 0x1.7a7d52p-9f, \
      -0x1.3eb888p-8f, 0x1.4d759ap-8f, -0x1.965d74p-9f, 0x1.bd7a4ep-11f) \
    X(0x1.b00376p+1f, 0x1.748c48p-13f, -0x1.871bd2p-11f, 0x1.b5f362p-10f, \
      -0x1.381708p-9f, 0x1.1e2684p-9f, -0x1.379126p-10f, 0x1.350350p-12f) \
    X(0x1.d15b7ap+1f, 0x1.516ea8p-13f, -0x1.f2eee4p-12f, 0x1.cc3e76p-11f, \
      -0x1.1c2794p-10f, 0x1.ceeddcp-11f, -0x1.c6ada4p-12f, 0x1.9b07fap-14f) \
    X(0x1.f5fb80p+1f, 0x1.c2c44ep-14f, -0x1.fee992p-13f, 0x1.882a90p-12f, \
      -0x1.a2b610p-12f, 0x1.2d615cp-12f, -0x1.094792p-13f, 0x1.b22d28p-16f) \
    X(0x1.065b7cp+2f, 0x1.3902d0p-14f, -0x1.33eb04p-13f, 0x1.aa443ap-13f, \
      -0x1.a21a32p-13f, 0x1.178e14p-13f, -0x1.cca6c0p-15f, 0x1.62d3b8p-17f) \
    X(0x1.167b78p+2f, 0x1.44f7a6p-15f, -0x1.09a302p-14f, 0x1.4195aap-14f, \
      -0x1.196a74p-14f, 0x1.543fdap-15f, -0x1.ffc058p-17f, 0x1.6a613ep-19f) \
    X(0x1.213b72p+2f, 0x1.7903a6p-16f, -0x1.1841e2p-15f, 0x1.37cba0p-15f, \
      -0x1.fb9468p-16f, 0x1.1f9836p-16f, -0x1.97ae54p-18f, 0x1.1141aap-20f) \
    X(0x1.2deb6cp+2f, 0x1.6c1200p-17f, -0x1.e37944p-17f, 0x1.ea4f60p-17f, \
      -0x1.6face4p-17f, 0x1.82de96p-18f, -0x1.001d3ap-19f, 0x1.422ba4p-22f) \
    X(0x1.3a4b66p+2f, 0x1.407866p-18f, -0x1.85100ap-18f, 0x1.6a590ap-18f, \
      -0x1.f74db8p-19f, 0x1.edc4cap-20f, -0x1.32593ep-21f, 0x1.6aa304p-24f) \
    X(0x1.435b5ep+2f, 0x1.4f516ep-19f, -0x1.796710p-19f, 0x1.4ae1cep-19f, \
      -0x1.b35c3cp-20f, 0x1.965444p-21f, -0x1.e14c96p-23f, 0x1.10ae5ep-25f) \
    X(0x1.4d1b58p+2f, 0x1.36b256p-20f, -0x1.478278p-20f, 0x1.0dfe96p-20f, \
      -0x1.4fad56p-21f, 0x1.294b60p-22f, -0x1.4f4a72p-24f, 0x1.6abbe2p-27f) \
    X(0x1.58bb4cp+2f, 0x1.d2fccep-22f, -0x1.c01d4ap-22f, 0x1.587990p-22f, \
      -0x1.912b76p-23f, 0x1.4e5086p-24f, -0x1.641296p-26f, 0x1.6ce554p-29f) \
    X(0x1.60eb44p+2f, 0x1.b35c94p-23f, -0x1.910604p-23f, 0x1.254010p-23f, \
      -0x1.469796p-24f, 0x1.0502c6p-25f, -0x1.0b3b14p-27f, 0x1.07c430p-30f) \
    X(0x1.689b3cp+2f, 0x1.9d1646p-24f, -0x1.69f290p-24f, 0x1.fa7982p-25f, \
      -0x1.0eb136p-25f, 0x1.a04e00p-27f, -0x1.9af2a8p-29f, 0x1.87c3a4p-32f) \
    X(0x1.746b32p+2f, 0x1.c7b328p-26f, -0x1.8cf8b4p-26f, 0x1.030a86p-26f, \
      -0x1.046ee2p-27f, 0x1.79fca2p-29f, -0x1.612704p-31f, 0x1.3f70e4p-34f) \
    X(0x1.7afb28p+2f, 0x1.d494eap-27f, -0x1.714512p-27f, 0x1.d34054p-28f, \
      -0x1.c656b4p-29f, 0x1.3f7b88p-30f, -0x1.21aadep-32f, 0x1.fd3218p-36f) \
    X(0x1.82eb1ep+2f, 0x1.762662p-28f, -0x1.1accaap-28f, 0x1.5750cep-29f, \
      -0x1.40e49ep-30f, 0x1.b2afaap-32f, -0x1.7c4402p-34f, 0x1.42f45ap-37f) \
    X(0x1.8beb14p+2f, 0x1.dedf0ap-30f, -0x1.6accb8p-30f, 0x1.a33198p-31f, \
      -0x1.770270p-32f, 0x1.e73ee8p-34f, -0x1.999120p-36f, 0x1.4ec120p-39f) \
    X(0x1.929b0ap+2f, 0x1.a337e6p-31f, -0x1.2b25f4p-31f, 0x1.4ef2c2p-32f, \
      -0x1.223726p-33f, 0x1.6dc1d8p-35f, -0x1.2a9850p-37f, 0x1.da930ap-41f) \
    X(0x1.985b00p+2f, 0x1.96e9c2p-32f, -0x1.109b28p-32f, 0x1.28d98ep-33f, \
      -0x1.f4c728p-35f, 0x1.33829cp-36f, -0x1.e9c706p-39f, 0x1.7c044ep-42f) \
    X(0x1.a0eaf4p+2f, 0x1.f0cc6ap-34f, -0x1.43da38p-34f, 0x1.52921cp-35f, \
      -0x1.127792p-36f, 0x1.448b0cp-38f, -0x1.f26574p-41f, 0x1.755522p-44f) \
    X(0x1.a6baeap+2f, 0x1.b87c88p-35f, -0x1.13b84ep-35f, 0x1.185be2p-36f, \
      -0x1.bac0f8p-38f, 0x1.fe6dd4p-40f, -0x1.7e791cp-42f, 0x1.17d0d6p-45f) \
    X(0x1.ae2ae0p+2f, 0x1.1f99f0p-36f, -0x1.64da72p-37f, 0x1.5e30c4p-38f, \
      -0x1.0b7346p-39f, 0x1.2a9fdep-41f, -0x1.b1ecdcp-44f, 0x1.341decp-47f) \
    X(0x1.b3fad4p+2f, 0x1.e62798p-38f, -0x1.1eca80p-38f, 0x1.122294p-39f, \
      -0x1.982c16p-41f, 0x1.bca59ep-43f, -0x1.3b722cp-45f, 0x1.b5c10ep-49f) \
    X(0x1.ba0acap+2f, 0x1.78423ep-39f, -0x1.af2a88p-40f, 0x1.915afcp-41f, \
      -0x1.23069ep-42f, 0x1.3512cap-44f, -0x1.abe182p-47f, 0x1.21e5b0p-50f) \
    X(0x1.c13abep+2f, 0x1.cd2bb0p-41f, -0x1.052e08p-41f, 0x1.d674ccp-43f, \
      -0x1.4ac412p-44f, 0x1.54fd18p-46f, -0x1.caa95ap-49f, 0x1.2e2f18p-52f)
static const float gelu_tanh_factor_table[] = { V_TABLE32(GELU_TANH_FACTOR_INTERVALS) };

V_INLINE vpiece gelu_tanh_factor_piece(vf a)
{
    return v_piece(gelu_tanh_factor_table, 32, 7, v_index(a, v_fma(v_mul(a, a), v_set(0.062f), v_set(1.4f))), a);
}

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
