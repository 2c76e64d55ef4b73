/* Made by functions/tables/generate.py, which says what this is, from mish.py. */
#ifndef ACTIV_FUNCTIONS_TABLES_MISH_H
#define ACTIV_FUNCTIONS_TABLES_MISH_H

#include "simd/piecewise.h"

/* tanh(ln(1 + e^x)). Error 2^-25.9, evaluated 0.68 ulp. */
#define MISH_FACTOR_BOTTOM (-9.65f)
#define MISH_FACTOR_TOP 10.25f
#define MISH_FACTOR_INTERVALS(X) \
    X(0x1.400184p-8f, 0x1.aa5360p-11f, 0x1.f406dep-8f, -0x1.847f12p-13f, \
      -0x1.77b32ep-5f, -0x1.1126b8p-6f, 0x1.47843ap-2f, 0x1.33fff4p-1f) \
    X(0x1.2cce32p-1f, -0x1.a31510p-9f, 0x1.c7b890p-10f, 0x1.1fe47cp-6f, \
      -0x1.678b10p-6f, -0x1.50d772p-4f, 0x1.0837cep-2f, 0x1.8c205ep-1f) \
    X(0x1.3ffdf6p+0f, 0x1.52fd62p-12f, -0x1.4839e6p-8f, 0x1.e5e21cp-8f, \
      0x1.0b7108p-6f, -0x1.53b374p-4f, 0x1.1ead28p-3f, 0x1.cf9ca2p-1f) \
    X(0x1.e9996cp+0f, 0x1.f4610cp-11f, -0x1.2169d8p-10f, -0x1.afa93ep-9f, \
      0x1.30d1e4p-6f, -0x1.6448d4p-5f, 0x1.c99fc0p-5f, 0x1.ef50a4p-1f) \
    X(0x1.533350p+1f, 0x1.f12f38p-14f, 0x1.4f7824p-11f, -0x1.7e58a6p-9f, \
      0x1.06050ep-7f, -0x1.d7e3d2p-7f, 0x1.083d74p-6f, 0x1.fb8f70p-1f) \
    X(0x1.a33346p+1f, -0x1.53fd88p-14f, 0x1.9c3b36p-12f, -0x1.4b12d4p-10f, \
      0x1.7f9ae0p-9f, -0x1.3b5c46p-8f, 0x1.4e7faep-8f, 0x1.fea464p-1f) \
    X(0x1.e4cce4p+1f, -0x1.ca9cfap-15f, 0x1.8cece0p-13f, -0x1.19fcf2p-11f, \
      0x1.32c84ep-10f, -0x1.e5681ap-10f, 0x1.f69504p-10f, 0x1.ff7f72p-1f) \
    X(0x1.159a1ep+2f, -0x1.6b59aep-16f, 0x1.38d924p-14f, -0x1.a0df50p-13f, \
      0x1.b4ba62p-12f, -0x1.519b02p-11f, 0x1.586102p-11f, 0x1.ffd462p-1f) \
    X(0x1.47325ep+2f, -0x1.068628p-17f, 0x1.0726d6p-16f, -0x1.822e16p-15f, \
      0x1.857e72p-14f, -0x1.27eaf6p-13f, 0x1.2ab094p-13f, 0x1.fff69cp-1f) \
    X(0x1.6a689ap+2f, -0x1.c6372ep-18f, 0x1.a01532p-18f, -0x1.eb3e10p-17f, \
      0x1.079420p-15f, -0x1.8edc20p-15f, 0x1.909bc8p-15f, 0x1.fffcdcp-1f) \
    X(0x1.8d9cb8p+2f, -0x1.837c54p-13f, 0x1.69c15ap-22f, 0x1.ef454cp-16f, \
      0x1.63c744p-17f, -0x1.2629c8p-16f, 0x1.0bda7ap-16f, 0x1.fffef4p-1f) \
    X(0x1.ba6984p+2f, -0x1.3939c0p-13f, 0x1.126976p-19f, 0x1.c4529ap-16f, \
      0x1.5b4362p-19f, -0x1.60fb70p-18f, 0x1.090014p-18f, 0x1.ffffbep-1f) \
    X(0x1.ec031ep+2f, 0x1.e7efccp-15f, 0x1.eb97fcp-15f, 0x1.e59470p-17f, \
      -0x1.11701ep-21f, -0x1.74c862p-20f, 0x1.c2a6fep-21f, 0x1.fffff2p-1f) \
    X(0x1.0a031ep+3f, 0x1.8f97a6p-16f, 0x1.926b16p-16f, 0x1.902a3cp-18f, \
      -0x1.29e650p-22f, -0x1.f44212p-22f, 0x1.024852p-22f, 0x1.fffffcp-1f) \
    X(0x1.16c9acp+3f, 0x1.66c93ap-14f, 0x1.ea404ep-21f, -0x1.110b4ap-16f, \
      0x1.b5fd5ap-25f, 0x1.5c7646p-21f, 0x1.d0e088p-24f, 0x1.fffffep-1f) \
    X(0x1.2acfeap+3f, -0x1.02e096p-12f, -0x1.318e3ep-19f, 0x1.864ec6p-15f, \
      0x1.3401f6p-24f, -0x1.263690p-19f, 0x1.0b880cp-25f, 0x1.000000p+0f) \
    X(0x1.3ecfeap+3f, -0x1.28b3e0p-14f, -0x1.5e336cp-21f, 0x1.bf5632p-17f, \
      0x1.610804p-26f, -0x1.5133b4p-21f, 0x1.32a23cp-27f, 0x1.000000p+0f) \
    X(-0x1.2d337ap+3f, 0x1.eae408p-24f, 0x1.6eeb08p-21f, 0x1.c88cb6p-19f, \
      0x1.c8b500p-17f, 0x1.56979cp-15f, 0x1.569ec6p-14f, 0x1.56a25ap-14f) \
    X(-0x1.16cca2p+3f, 0x1.d40638p-23f, 0x1.70071ap-20f, 0x1.cb7dfep-18f, \
      0x1.cbb9f2p-16f, 0x1.58e8d0p-14f, 0x1.58f75ep-13f, 0x1.58fea2p-13f) \
    X(-0x1.03ff0cp+3f, 0x1.b0393ep-22f, 0x1.4ac28ap-19f, 0x1.9cfeacp-17f, \
      0x1.9d74aap-15f, 0x1.364712p-13f, 0x1.365e9ep-12f, 0x1.366a62p-12f) \
    X(-0x1.e26690p+2f, 0x1.9abb4cp-21f, 0x1.27ebb2p-18f, 0x1.72c0bap-16f, \
      0x1.739b68p-14f, 0x1.1700a4p-12f, 0x1.1726b6p-11f, 0x1.1739c2p-11f) \
    X(-0x1.ba66ccp+2f, 0x1.7119bcp-20f, 0x1.12e124p-17f, 0x1.590f9cp-15f, \
      0x1.5a7970p-13f, 0x1.0460a8p-11f, 0x1.04a31ep-10f, 0x1.04c45ap-10f) \
    X(-0x1.8d98f6p+2f, 0x1.4b2290p-19f, 0x1.0fa584p-16f, 0x1.58b866p-14f, \
      0x1.5b780cp-12f, 0x1.05a780p-10f, 0x1.062e50p-9f, 0x1.0671b6p-9f) \
    X(-0x1.6a66a0p+2f, 0x1.24555ep-18f, 0x1.cc6482p-16f, 0x1.2717f8p-13f, \
      0x1.2b5280p-11f, 0x1.c426bap-10f, 0x1.c5bb9cp-9f, 0x1.c6860ep-9f) \
    X(-0x1.426672p+2f, 0x1.e2f1ecp-18f, 0x1.97e492p-15f, 0x1.0cd3c0p-12f, \
      0x1.142ffap-10f, 0x1.a3cde0p-9f, 0x1.a6906ep-8f, 0x1.a7f1bap-8f) \
    X(-0x1.1a6658p+2f, 0x1.5cb166p-17f, 0x1.55a988p-14f, 0x1.de6c66p-12f, \
      0x1.f8119ep-10f, 0x1.83ad06p-8f, 0x1.887dbap-7f, 0x1.8ae636p-7f) \
    X(-0x1.e0007ap+1f, 0x1.1d6aeep-17f, 0x1.00bdb0p-13f, 0x1.a17b1ap-11f, \
      0x1.d185e6p-9f, 0x1.6f34a0p-7f, 0x1.7840a6p-6f, 0x1.7cc796p-6f) \
    X(-0x1.94cc7cp+1f, -0x1.53e380p-16f, 0x1.eefff0p-14f, 0x1.33daacp-10f, \
      0x1.808564p-8f, 0x1.3d7114p-6f, 0x1.4c0a4ep-5f, 0x1.535b8ap-5f) \
    X(-0x1.40002ep+1f, -0x1.1feb0cp-13f, -0x1.335078p-13f, 0x1.4da4cap-10f, \
      0x1.307c76p-7f, 0x1.19ad00p-5f, 0x1.34c9acp-4f, 0x1.427644p-4f) \
    X(-0x1.e99958p+0f, -0x1.a00850p-12f, -0x1.134e4cp-10f, -0x1.f1e648p-13f, \
      0x1.692e4ep-7f, 0x1.b0798ep-5f, 0x1.02a386p-3f, 0x1.186176p-3f) \
    X(-0x1.499a14p+0f, -0x1.da39b4p-13f, -0x1.5b08b2p-9f, -0x1.8f9f58p-8f, \
      0x1.147870p-8f, 0x1.1c237ep-4f, 0x1.a1a242p-3f, 0x1.e970dap-3f) \
    X(-0x1.066694p-1f, 0x1.ed02e6p-10f, 0x1.3ea444p-10f, -0x1.a91066p-7f, \
      -0x1.ddb494p-6f, 0x1.70fc48p-5f, 0x1.361c06p-2f, 0x1.c03306p-2f)
static const float mish_factor_table[] = { V_TABLE32(MISH_FACTOR_INTERVALS) };

V_INLINE vpiece mish_factor_piece(vf x)
{
    return v_piece(mish_factor_table, 32, 6, v_index(x, v_set(1.6f)), x);
}

/* Derivative of x tanh(ln(1 + e^x)). Error 2^-25.1, evaluated 0.68 ulp. */
#define MISH_DERIVATIVE_BOTTOM (-9.65f)
#define MISH_DERIVATIVE_TOP 10.25f
#define MISH_DERIVATIVE_INTERVALS(X) \
    X(0x1.364bc2p-5f, 0x1.81a09ep-9f, 0x1.87fe14p-5f, 0x1.d3edccp-8f, \
      -0x1.76ebf2p-3f, -0x1.19f682p-4f, 0x1.4569f8p-1f, 0x1.3f924cp-1f) \
    X(0x1.35e3b8p-1f, -0x1.68fbeep-6f, -0x1.f8adb8p-9f, 0x1.7bdc2cp-4f, \
      -0x1.469430p-5f, -0x1.269724p-2f, 0x1.a312ecp-2f, 0x1.dd817cp-1f) \
    X(0x1.5d23b4p+0f, 0x1.5fd9aep-7f, -0x1.5d3104p-6f, -0x1.28408ep-7f, \
      0x1.9ef240p-4f, -0x1.3889cap-3f, 0x1.15b774p-5f, 0x1.162190p+0f) \
    X(0x1.d7fbb2p+0f, 0x1.242540p-8f, 0x1.354232p-9f, -0x1.c77e46p-6f, \
      0x1.d11e70p-5f, -0x1.1c160cp-5f, -0x1.9ec206p-5f, 0x1.13efe0p+0f) \
    X(0x1.3edb92p+1f, -0x1.1cc030p-10f, 0x1.4c7892p-8f, -0x1.4b4a30p-7f, \
      0x1.9dc8dap-8f, 0x1.327980p-6f, -0x1.9c7002p-5f, 0x1.0aa4d0p+0f) \
    X(0x1.9e2394p+1f, -0x1.0761a2p-11f, 0x1.d36522p-11f, -0x1.5a8550p-15f, \
      -0x1.3d7184p-8f, 0x1.e80242p-7f, -0x1.70142ap-6f, 0x1.03d264p+0f) \
    X(0x1.ed738ap+1f, -0x1.1e9034p-14f, -0x1.7d13e8p-15f, 0x1.c638c4p-11f, \
      -0x1.a8ac7cp-9f, 0x1.cecbbcp-8f, -0x1.2d3374p-7f, 0x1.0170b6p+0f) \
    X(0x1.21f372p+2f, 0x1.e666d2p-17f, -0x1.f10142p-14f, 0x1.01623ep-11f, \
      -0x1.6448e8p-10f, 0x1.528e0cp-9f, -0x1.977bf0p-9f, 0x1.00769cp+0f) \
    X(0x1.43fb58p+2f, 0x1.d05b62p-17f, -0x1.25ae5cp-14f, 0x1.f7babep-13f, \
      -0x1.3d0c0ap-11f, 0x1.1d1cf0p-10f, -0x1.4b1b9ep-10f, 0x1.002f02p+0f) \
    X(0x1.71bb5ep+2f, -0x1.22cfe2p-25f, -0x1.0a04c6p-15f, 0x1.459186p-14f, \
      -0x1.865fe2p-13f, 0x1.506050p-12f, -0x1.7ada84p-12f, 0x1.000d26p+0f) \
    X(0x1.9a2b56p+2f, 0x1.24c1b8p-19f, -0x1.43a878p-17f, 0x1.cb27bap-16f, \
      -0x1.065b1ep-14f, 0x1.b947e4p-14f, -0x1.e85d02p-14f, 0x1.00042ep+0f) \
    X(0x1.c39b4ap+2f, -0x1.d06e9cp-20f, -0x1.7f22e4p-18f, 0x1.14d626p-17f, \
      -0x1.4c0646p-16f, 0x1.137464p-15f, -0x1.2cb4d4p-15f, 0x1.000146p+0f) \
    X(0x1.dd1b40p+2f, 0x1.aa57dap-18f, -0x1.779928p-20f, 0x1.a9bd82p-19f, \
      -0x1.44e45ep-17f, 0x1.0b7a88p-16f, -0x1.214e02p-16f, 0x1.00009cp+0f) \
    X(0x1.0c0b32p+3f, 0x1.5a5a24p-28f, 0x1.b6eb36p-28f, 0x1.5de552p-20f, \
      -0x1.ab4c80p-20f, 0x1.8a93e2p-19f, -0x1.a36c50p-19f, 0x1.00001cp+0f) \
    X(0x1.1d9b24p+3f, 0x1.3d0eccp-18f, 0x1.2cb684p-18f, 0x1.7f6ff2p-20f, \
      -0x1.89cc5ap-21f, 0x1.0efc0ep-20f, -0x1.2cd9a8p-20f, 0x1.00000ap+0f) \
    X(0x1.2d2b18p+3f, -0x1.935ff8p-20f, -0x1.1be95cp-25f, 0x1.b5800ep-22f, \
      -0x1.1bdf3ep-22f, 0x1.b8152ap-22f, -0x1.e304f8p-22f, 0x1.000004p+0f) \
    X(0x1.3d8b08p+3f, -0x1.38a776p-13f, -0x1.23042ap-14f, 0x1.136390p-14f, \
      0x1.16a4d2p-19f, -0x1.d1efb0p-19f, -0x1.6fd1f4p-23f, 0x1.000002p+0f) \
    X(-0x1.2eeb2cp+3f, -0x1.1efe4ap-22f, -0x1.2a4464p-19f, -0x1.e2867ep-17f, \
      -0x1.279a1ap-14f, -0x1.06617ep-12f, -0x1.2f0540p-11f, -0x1.57a366p-11f) \
    X(-0x1.167b2cp+3f, -0x1.68a732p-22f, -0x1.eeb2dap-19f, -0x1.ac4084p-16f, \
      -0x1.109a22p-13f, -0x1.f05ffap-12f, -0x1.23d7ecp-10f, -0x1.4f7458p-10f) \
    X(-0x1.fcb310p+2f, -0x1.aee28ep-22f, -0x1.74307ap-18f, -0x1.682012p-15f, \
      -0x1.e56392p-13f, -0x1.c95974p-11f, -0x1.132a80p-9f, -0x1.41917ap-9f) \
    X(-0x1.e3e33cp+2f, -0x1.aea68cp-22f, -0x1.ad9d42p-18f, -0x1.ca1f08p-15f, \
      -0x1.41ca36p-12f, -0x1.364788p-10f, -0x1.7ae548p-9f, -0x1.bf550cp-9f) \
    X(-0x1.ba134cp+2f, 0x1.daffb8p-22f, -0x1.b5fccep-18f, -0x1.412214p-14f, \
      -0x1.f56932p-12f, -0x1.fd7c36p-10f, -0x1.40f198p-8f, -0x1.82db16p-8f) \
    X(-0x1.910356p+2f, 0x1.6fa40ap-19f, -0x1.0b1ffcp-20f, -0x1.7e48ecp-14f, \
      -0x1.6d72dap-11f, -0x1.922cbap-9f, -0x1.085c44p-7f, -0x1.473020p-7f) \
    X(-0x1.60d360p+2f, 0x1.85c28cp-17f, 0x1.d1f380p-16f, -0x1.c08cf8p-15f, \
      -0x1.ed64c4p-11f, -0x1.43a46ep-8f, -0x1.cb9664p-7f, -0x1.28f692p-6f) \
    X(-0x1.40236cp+2f, 0x1.9e84f6p-16f, 0x1.4ee8b4p-14f, 0x1.396b3ep-14f, \
      -0x1.edf0f6p-11f, -0x1.a45ae2p-8f, -0x1.44c766p-6f, -0x1.b58742p-6f) \
    X(-0x1.1ba374p+2f, 0x1.c3aca8p-15f, 0x1.b5bd36p-13f, 0x1.e580d4p-12f, \
      -0x1.a16aa6p-12f, -0x1.f7ab46p-8f, -0x1.c9efd6p-6f, -0x1.49c950p-5f) \
    X(-0x1.d9d378p+1f, 0x1.fe031cp-14f, 0x1.308092p-11f, 0x1.db85d6p-10f, \
      0x1.549eb2p-9f, -0x1.884ac8p-8f, -0x1.3d226ep-5f, -0x1.0922b8p-4f) \
    X(-0x1.8ddb72p+1f, 0x1.33c50ep-13f, 0x1.1d8ceep-10f, 0x1.176c7ap-8f, \
      0x1.37a4dap-7f, 0x1.01cee2p-8f, -0x1.50ff16p-5f, -0x1.6c8994p-4f) \
    X(-0x1.466b94p+1f, -0x1.2045bcp-13f, 0x1.5327cep-10f, 0x1.fe795ep-8f, \
      0x1.763e12p-6f, 0x1.ea01c4p-6f, -0x1.8e7ff6p-6f, -0x1.bcd538p-4f) \
    X(-0x1.c52ba2p+0f, -0x1.44694cp-9f, -0x1.dc2d78p-9f, 0x1.c12280p-8f, \
      0x1.9cfc94p-5f, 0x1.da1040p-4f, 0x1.4a2c36p-4f, -0x1.869032p-4f) \
    X(-0x1.4373a4p+0f, -0x1.dab418p-9f, -0x1.d4eca8p-7f, -0x1.e918f0p-7f, \
      0x1.802c96p-5f, 0x1.8fd9ecp-3f, 0x1.e87b5ep-3f, -0x1.26143ap-6f) \
    X(-0x1.e553bap-2f, 0x1.075412p-6f, 0x1.0fb548p-8f, -0x1.15d6c8p-4f, \
      -0x1.9bb3b2p-4f, 0x1.5a0096p-3f, 0x1.255c98p-1f, 0x1.379f64p-2f)
static const float mish_derivative_table[] = { V_TABLE32(MISH_DERIVATIVE_INTERVALS) };

V_INLINE vpiece mish_derivative_piece(vf x)
{
    return v_piece(mish_derivative_table, 32, 7, v_index(x, v_set(1.6f)), x);
}

#endif
