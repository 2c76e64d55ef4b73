/* Made by functions/tables/generate.py, which says what this is, from swigelu.py. */
#ifndef ACTIV_FUNCTIONS_TABLES_SWIGELU_H
#define ACTIV_FUNCTIONS_TABLES_SWIGELU_H

#include "simd/piecewise.h"

/* (1/(1 + e^a) + Phi(-a))/2. Error 2^-27.7, evaluated 0.67 ulp. */
#define SWIGELU_FACTOR_LIMIT 11.35f
#define SWIGELU_FACTOR_INTERVALS(X) \
    X(0x1.4bab8ep-3f, 0x1.a01d0ap-11f, -0x1.72623ep-8f, -0x1.39386ap-8f, \
      0x1.58dd30p-5f, 0x1.576234p-6f, -0x1.48c302p-2f, 0x1.ca616ap-2f) \
    X(0x1.a56b92p-1f, 0x1.b5dcc8p-10f, 0x1.67e896p-11f, -0x1.ca28b4p-7f, \
      0x1.97f058p-7f, 0x1.44417cp-4f, -0x1.fc3e76p-3f, 0x1.054b12p-2f) \
    X(0x1.7cb38ap+0f, -0x1.305cd4p-12f, 0x1.c5137ep-9f, -0x1.3baaf6p-8f, \
      -0x1.dcf2eap-7f, 0x1.2a444ep-4f, -0x1.212e2cp-3f, 0x1.02ea74p-3f) \
    X(0x1.20d37cp+1f, -0x1.279c84p-11f, 0x1.e25140p-12f, 0x1.8d86f8p-9f, \
      -0x1.cf2de0p-7f, 0x1.1ef9e6p-5f, -0x1.df9970p-5f, 0x1.b583fap-5f) \
    X(0x1.8cbb7cp+1f, 0x1.d39c02p-15f, -0x1.0a1c1ap-11f, 0x1.d5e9d4p-10f, \
      -0x1.43616cp-8f, 0x1.87ff2ap-7f, -0x1.6ce17ep-6f, 0x1.694106p-6f) \
    X(0x1.dd5b60p+1f, 0x1.13dba6p-14f, -0x1.c37ae0p-13f, 0x1.561c7ep-11f, \
      -0x1.0d6e54p-9f, 0x1.7ccf1cp-8f, -0x1.7d5db0p-7f, 0x1.81b43ep-7f) \
    X(0x1.20f35cp+2f, 0x1.c2db4ep-17f, -0x1.9df2d0p-15f, 0x1.c237a4p-13f, \
      -0x1.c27f82p-11f, 0x1.598a94p-9f, -0x1.5f6b1ep-8f, 0x1.62df96p-8f) \
    X(0x1.53634ap+2f, 0x1.985a80p-19f, -0x1.344332p-16f, 0x1.94bc0cp-14f, \
      -0x1.a29b5cp-12f, 0x1.3fdb8cp-10f, -0x1.42f7dcp-9f, 0x1.448f0cp-9f) \
    X(0x1.7ab332p+2f, 0x1.ab5a2ep-20f, -0x1.5a1550p-17f, 0x1.c2ecd6p-15f, \
      -0x1.cc9ba4p-13f, 0x1.5d2ccap-11f, -0x1.5f0dd8p-10f, 0x1.5fff90p-10f) \
    X(0x1.adf324p+2f, 0x1.a159eep-21f, -0x1.4512d8p-18f, 0x1.9e73b2p-16f, \
      -0x1.a28182p-14f, 0x1.3b6712p-12f, -0x1.3c2a84p-11f, 0x1.3c8c5ep-11f) \
    X(0x1.dd531ep+2f, 0x1.9b59bap-22f, -0x1.3c9610p-19f, 0x1.8f707cp-17f, \
      -0x1.914836p-15f, 0x1.2da84ap-13f, -0x1.2e016ap-12f, 0x1.2e2e00p-12f) \
    X(0x1.04b318p+3f, 0x1.a8d976p-23f, -0x1.40dd94p-20f, 0x1.931310p-18f, \
      -0x1.94037ap-16f, 0x1.2f5c62p-14f, -0x1.2f8962p-13f, 0x1.2f9fe4p-13f) \
    X(0x1.1c0310p+3f, 0x1.9e5930p-24f, -0x1.37ada4p-21f, 0x1.85fd26p-19f, \
      -0x1.867064p-17f, 0x1.24fee8p-15f, -0x1.2513dep-14f, 0x1.251e5ap-14f) \
    X(0x1.33c308p+3f, 0x1.8dd8eap-25f, -0x1.28de06p-22f, 0x1.73c650p-20f, \
      -0x1.73faa0p-18f, 0x1.170e76p-16f, -0x1.1717f8p-15f, 0x1.171cbap-15f) \
    X(0x1.4ad2fep+3f, 0x1.7a58bap-26f, -0x1.215124p-23f, 0x1.69e9c6p-21f, \
      -0x1.69f76ap-19f, 0x1.0f8296p-17f, -0x1.0f871ep-16f, 0x1.0f895ep-16f) \
    X(0x1.6262f4p+3f, 0x1.70586cp-27f, -0x1.15545ap-24f, 0x1.5aae58p-22f, \
      -0x1.5ab790p-20f, 0x1.040df0p-18f, -0x1.041002p-17f, 0x1.04110ap-17f)
static const float swigelu_factor_table[] = { V_TABLE16(SWIGELU_FACTOR_INTERVALS) };

V_INLINE vpiece swigelu_factor_piece(vf a)
{
    return v_piece(swigelu_factor_table, 16, 8, v_index(a, v_set(1.36f)), a);
}

/* Half of the derivatives of x/(1 + e^-x) and x Phi(x) at -a. Error 2^-26.5, evaluated 0.92 ulp. */
#define SWIGELU_DERIVATIVE_LIMIT 11.35f
#define SWIGELU_DERIVATIVE_INTERVALS(X) \
    X(0x1.463ba8p-3f, 0x1.8c1dcep-8f, -0x1.0ff4e6p-5f, -0x1.cb3de8p-6f, \
      0x1.532246p-3f, 0x1.4fea5ap-4f, -0x1.4582c6p-1f, 0x1.96ddaap-2f) \
    X(0x1.8d4bacp-1f, 0x1.6b5d9ap-7f, 0x1.33534ap-7f, -0x1.1d4992p-4f, \
      0x1.10f432p-6f, 0x1.1132a2p-2f, -0x1.90a0c6p-2f, 0x1.19976cp-4f) \
    X(0x1.76f3a8p+0f, -0x1.57dd6ep-8f, 0x1.34a54ep-6f, -0x1.ce2fd0p-12f, \
      -0x1.640bcap-4f, 0x1.466718p-3f, -0x1.2a6450p-4f, -0x1.4fe16ep-4f) \
    X(0x1.18db90p+1f, -0x1.3a1d60p-9f, -0x1.0b3100p-8f, 0x1.6422c6p-6f, \
      -0x1.19e686p-5f, 0x1.f6ab28p-7f, 0x1.435c42p-5f, -0x1.4c9d7cp-4f) \
    X(0x1.7eab92p+1f, 0x1.49dc7ep-10f, -0x1.6c6520p-9f, 0x1.3b1914p-9f, \
      0x1.c608bep-10f, -0x1.5ec454p-7f, 0x1.05469cp-5f, -0x1.9c823ep-5f) \
    X(0x1.ebb384p+1f, 0x1.625c5ep-15f, 0x1.e83456p-13f, -0x1.4b9302p-11f, \
      0x1.3ac22ep-10f, -0x1.4eff7ap-8f, 0x1.352568p-6f, -0x1.e28bd2p-6f) \
    X(0x1.23336cp+2f, -0x1.701bc0p-15f, 0x1.fa74ecp-15f, -0x1.ea1896p-16f, \
      0x1.c81984p-12f, -0x1.e2c818p-9f, 0x1.a41350p-7f, -0x1.2c78f4p-6f) \
    X(0x1.486b5ep+2f, -0x1.209b54p-18f, -0x1.9e7494p-17f, 0x1.dcb904p-18f, \
      0x1.d6faa8p-12f, -0x1.7effc4p-9f, 0x1.2614ecp-7f, -0x1.8ab13ep-7f) \
    X(0x1.80fb42p+2f, 0x1.42da78p-19f, -0x1.fe0e8ap-19f, -0x1.440582p-15f, \
      0x1.8d69f0p-12f, -0x1.d478c6p-10f, 0x1.3d4a0cp-8f, -0x1.8f0530p-8f) \
    X(0x1.b4b334p+2f, 0x1.00da2ap-21f, 0x1.572574p-19f, -0x1.3e7a32p-15f, \
      0x1.047d70p-12f, -0x1.0d53b2p-10f, 0x1.561db6p-9f, -0x1.9e3d88p-9f) \
    X(0x1.e0c32ap+2f, -0x1.37d96ap-24f, 0x1.9d70fep-19f, -0x1.cf442cp-16f, \
      0x1.4ad8bep-13f, -0x1.415564p-11f, 0x1.89d472p-10f, -0x1.d1ef6ap-10f) \
    X(0x1.02831cp+3f, -0x1.a558d2p-23f, 0x1.573ec4p-19f, -0x1.47b778p-16f, \
      0x1.b6d824p-14f, -0x1.9b8e72p-12f, 0x1.ed77e8p-11f, -0x1.1f8cc2p-10f) \
    X(0x1.1b8308p+3f, -0x1.78990cp-23f, 0x1.be3f18p-20f, -0x1.7c3bb8p-17f, \
      0x1.e0d356p-15f, -0x1.b39a4cp-13f, 0x1.fe563ap-12f, -0x1.2477e4p-11f) \
    X(0x1.316afap+3f, -0x1.0a191cp-23f, 0x1.197262p-20f, -0x1.c55634p-18f, \
      0x1.1519e0p-15f, -0x1.eb0a5ap-14f, 0x1.1b24f4p-12f, -0x1.40bb0ap-12f) \
    X(0x1.4a3b00p+3f, -0x1.4d98f8p-24f, 0x1.3d608cp-21f, -0x1.e9b5bep-19f, \
      0x1.232b3ap-16f, -0x1.fa0d7cp-15f, 0x1.1fa49cp-13f, -0x1.423df0p-13f) \
    X(0x1.629afep+3f, -0x1.8e186ap-25f, 0x1.5dcd46p-22f, -0x1.058d24p-19f, \
      0x1.30c176p-17f, -0x1.04e376p-15f, 0x1.25318ep-14f, -0x1.457d84p-14f)
static const float swigelu_derivative_table[] = { V_TABLE16(SWIGELU_DERIVATIVE_INTERVALS) };

V_INLINE vpiece swigelu_derivative_piece(vf a)
{
    return v_piece(swigelu_derivative_table, 16, 8, v_index(a, v_set(1.36f)), a);
}

#endif
