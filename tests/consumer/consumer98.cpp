/* The least that has to work for a program in C++98. */
#include <activ/activ.h>

int main()
{
    activ_fn *relu = 0;
    float x[2] = { -1.0f, 2.0f };
    activ_status status = activ_fn_create(0, "relu", &relu);
    if (status == ACTIV_OK)
        status = activ_forward(relu, 0, 2, x, x);
    activ_fn_destroy(relu);
    return status == ACTIV_OK && x[0] == 0.0f && x[1] == 2.0f ? 0 : 1;
}
