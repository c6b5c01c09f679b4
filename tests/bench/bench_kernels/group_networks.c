/* group_networks.c - the convolutions of each network, a group for each. */
#include "tests/bench/bench_kernels/conv_network.h"
#include "tests/bench/bench_kernels/groups.h"

void bench_resnet50(bench *b)
{
    network_shapes shapes = {0};
    resnet50_shapes(&shapes, b->size);
    bench_network(b, "resnet50", &shapes);
}

void bench_vgg16(bench *b)
{
    network_shapes shapes = {0};
    vgg16_shapes(&shapes, b->size);
    bench_network(b, "vgg16", &shapes);
}

void bench_densenet121(bench *b)
{
    network_shapes shapes = {0};
    densenet121_shapes(&shapes, b->size);
    bench_network(b, "densenet121", &shapes);
}

void bench_xception(bench *b)
{
    network_shapes shapes = {0};
    xception_shapes(&shapes, b->size);
    bench_network(b, "xception", &shapes);
}

void bench_efficientnet_b0(bench *b)
{
    network_shapes shapes = {0};
    efficientnet_shapes(&shapes, b->size, 1.0, 1.0);
    bench_network(b, "efficientnet_b0", &shapes);
}

void bench_efficientnet_b2(bench *b)
{
    network_shapes shapes = {0};
    efficientnet_shapes(&shapes, b->size, 1.1, 1.2);
    bench_network(b, "efficientnet_b2", &shapes);
}
