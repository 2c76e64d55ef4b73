/* classify.c in C++: three spirals, one for each class, told apart by two hidden layers. It prints the same.
 *
 *     cc -c -I. zoo/zoo.c zoo/place.c $(pkg-config --cflags activ)
 *     c++ -std=c++17 -I. classify.cpp zoo.o place.o $(pkg-config --cflags --libs activ) -o classify
 */
#include <activ/activ.hpp>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>
#include <zoo/zoo.h>

constexpr std::size_t classes = 3, train = 3000, test = 600, batch = 100, epochs = 40;

int main(int argc, char **argv)
try {
    zoo all{};
    activ_message message;
    const char *spec = zoo_expand(&all, argc > 1 ? argv[1] : "mish", &message); /* "@NAME": a published formula */
    const bool found = spec != nullptr;
    const std::string text = found ? spec : "";
    zoo_free(&all);
    if (!found) {
        std::fprintf(stderr, "quickstart_classify_cpp: %s\n", message.text);
        return 2;
    }
    const activ::function act(text.c_str());
    activ::graph g;
    const activ::node x = g.input(2);
    const activ::node hidden = act(act(x.linear(32)).linear(32));
    hidden.linear(classes).cross_entropy();
    g.compile(test); /* reports an error in any of these lines */
    g.init(1);
    activ::adamw options; /* PyTorch's; what is to be different is set */
    options.lr = 0.01f;
    activ::optimizer adamw(g, options);

    std::vector<float> points;
    std::vector<std::int32_t> labels;
    for (std::size_t i = 0; i < train + test; i++) {
        float place[1], noise[2];
        activ::random_uniform(1, 0, i, 0.05f, 1.0f, place);
        activ::random_normal(1, 1, 2 * i, 0.0f, 0.02f, noise);
        labels.push_back(static_cast<std::int32_t>(i % classes));
        const float angle = 6.0f * place[0] + 2.0944f * static_cast<float>(labels[i]);
        points.push_back(place[0] * std::cos(angle) + noise[0]);
        points.push_back(place[0] * std::sin(angle) + noise[1]);
    }

    const activ::span<const float> all_points(points);
    const activ::span<const std::int32_t> all_labels(labels);
    for (std::size_t epoch = 1; epoch <= epochs; epoch++) {
        float loss = 0;
        for (std::size_t at = 0; at < train; at += batch)
            loss = g.step(adamw, all_points.subspan(2 * at, 2 * batch), all_labels.subspan(at, batch));
        const activ::evaluation e = g.evaluate(all_points.subspan(2 * train), all_labels.subspan(train));
        if (epoch % 10 == 0)
            std::printf("epoch %2zu  loss %.4f  right %5.1f %%\n", epoch, static_cast<double>(loss),
                        100.0 * static_cast<double>(e.correct) / test);
    }

    float scores[classes];
    const float where[2] = { 0.5f, 0.0f };
    g.forward(where, scores);
    std::printf("(0.5, 0) scores %.2f %.2f %.2f\n", static_cast<double>(scores[0]), static_cast<double>(scores[1]),
                static_cast<double>(scores[2]));
} catch (const activ::error &why) {
    std::fprintf(stderr, "quickstart_classify_cpp: %s\n", why.what());
    return 2;
}
