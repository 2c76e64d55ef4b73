/* Made by functions/tables/generate.py, which says what this is, from softplus.py. */
#ifndef ACTIV_FUNCTIONS_TABLES_SOFTPLUS_H
#define ACTIV_FUNCTIONS_TABLES_SOFTPLUS_H

#include "simd/piecewise.h"

/* ln(1 + e^-a). Error 2^-26.4, evaluated 1.12 ulp. */
#define SOFTPLUS_TAIL_LIMIT 11.75f
#define SOFTPLUS_TAIL_INTERVALS(X) \
    X(0x1.957b74p-2f, 0x1.f8dc46p-13f, 0x1.830ab8p-11f, -0x1.22a972p-8f, \
      -0x1.00a6bep-7f, 0x1.ec7158p-4f, -0x1.9beefep-2f, 0x1.077db6p-1f) \
    X(0x1.c8a370p+0f, -0x1.3e9bbcp-13f, 0x1.6e93e4p-12f, 0x1.5f5ca8p-10f, \
      -0x1.df1552p-7f, 0x1.f86d32p-5f, -0x1.26965ap-3f, 0x1.3e0dc6p-3f) \
    X(0x1.a96b5cp+1f, 0x1.9a9b44p-18f, -0x1.4641c8p-13f, 0x1.24c148p-10f, \
      -0x1.5516d0p-8f, 0x1.12f01cp-6f, -0x1.1cd792p-5f, 0x1.21e97ap-5f) \
    X(0x1.364b04p+2f, 0x1.17daaep-17f, -0x1.e22afcp-15f, 0x1.41a822p-12f, \
      -0x1.4c0a0ap-10f, 0x1.f9eeeap-9f, -0x1.fde682p-8f, 0x1.ffe4f6p-8f) \
    X(0x1.a70332p+2f, 0x1.e0da3ep-20f, -0x1.70dc7ep-17f, 0x1.d1e4c2p-15f, \
      -0x1.d46bfep-13f, 0x1.604414p-11f, -0x1.60bd94p-10f, 0x1.60fa62p-10f) \
    X(0x1.01e322p+3f, 0x1.d159c2p-22f, -0x1.5ff212p-19f, 0x1.b90c12p-17f, \
      -0x1.b99776p-15f, 0x1.4b6722p-13f, -0x1.4b81fcp-12f, 0x1.4b8f68p-12f) \
    X(0x1.322312p+3f, 0x1.9e5936p-24f, -0x1.38f5e2p-21f, 0x1.875d28p-19f, \
      -0x1.877330p-17f, 0x1.25a0fap-15f, -0x1.25a646p-14f, 0x1.25a8e8p-14f) \
    X(0x1.6362fep+3f, 0x1.65d8a8p-26f, -0x1.0cc362p-23f, 0x1.500db4p-21f, \
      -0x1.501216p-19f, 0x1.f81edcp-18f, -0x1.f820cep-17f, 0x1.f821c6p-17f)
static const float softplus_tail_table[] = { V_TABLE8(SOFTPLUS_TAIL_INTERVALS) };

V_INLINE vpiece softplus_tail_piece(vf a)
{
    return v_piece(softplus_tail_table, 8, 8, v_index(a, v_set(0.6375f)), a);
}

#endif
