#include <activ/activ.hpp>

int main()
{
    const float x[] = { -1, 2 };
    float y[2];
    activ::function("relu").forward(x, y);
    return y[0] == 0 && y[1] == 2 ? 0 : 1;
}
