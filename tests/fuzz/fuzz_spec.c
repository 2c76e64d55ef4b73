/* Specs of functions: what is accepted has a canonical text that means the same, and can be called. */
#include <string.h>

#include "activ/fn.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const float x[] = { 0.0f, -0.0f, 1.0f, -2.5f, 1e-40f, 3e38f, -100.0f, 0.3f, 7.0f };
    enum { N = sizeof x / sizeof x[0] };
    if (size > 4096)
        return 0;
    char *spec = fuzz_text(data, size);
    if (!spec)
        return 0;
    activ_fn *fn = NULL, *again = NULL;
    activ_message message = { "" };
    if (activ_fn_create_ex(NULL, spec, &fn, &message) != ACTIV_OK) {
        CHECK(!fn && message.text[0] != '\0');
        free(spec);
        return 0;
    }
    CHECK(activ_fn_create_ex(NULL, activ_fn_spec(fn), &again, &message) == ACTIV_OK);
    CHECK(strcmp(activ_fn_spec(fn), activ_fn_spec(again)) == 0);
    CHECK(activ_fn_param_count(fn) == activ_fn_param_count(again));
    activ_fn_info info = ACTIV_FN_INFO_INIT;
    CHECK(activ_fn_info_of(fn, &info) == ACTIV_OK);
    for (size_t i = 0; i < activ_fn_setting_count(fn); i++) {
        activ_setting_info setting = ACTIV_SETTING_INFO_INIT;
        CHECK(activ_fn_setting_info(fn, i, &setting) == ACTIV_OK);
    }
    if (info.shape == ACTIV_SHAPE_ELEMENTWISE && activ_fn_channels(fn) == 1 && activ_fn_param_count(fn) < 10000) {
        float y[N], z[N], dx[N];
        const float dy[N] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };
        CHECK(activ_forward(fn, NULL, N, x, y) == ACTIV_OK);
        CHECK(activ_forward(again, NULL, N, x, z) == ACTIV_OK);
        CHECK(activ_backward(fn, NULL, N, x, dy, dx, NULL) == ACTIV_OK);
        for (size_t i = 0; i < N; i++)
            CHECK(memcmp(&y[i], &z[i], sizeof y[i]) == 0 || (y[i] != y[i] && z[i] != z[i]));
    }
    activ_fn_destroy(fn);
    activ_fn_destroy(again);
    free(spec);
    return 0;
}
