/// Programs of cells and networks: the published architectures, and constructs that a reader of their papers would expect.
package let networkPrograms: [SampleProgram] = [
  SampleProgram(
    name: "ResNeXt-29",
    text: #"""
      irlas 1
      use std

      /// ResNeXt bottleneck, form (c) of Fig. 3 (Xie et al., CVPR 2017).
      cell Bottleneck(out, width, groups = 1, stride = 1) {
        in x
        h = x
          -> conv(1x1, width)                                 -> bn -> relu
          -> conv(3x3, width, groups: groups, stride: stride) -> bn -> relu
          -> conv(1x1, out)                                   -> bn
        return h + (x -> fit) -> relu
      }

      network ResNeXt29(cardinality = 8, base = 64, classes = 10) {
        in image: [3, 32, 32]
        w = cardinality * base
        return image
          -> conv(3x3, 64) -> bn -> relu
          -> repeat 3 Bottleneck( 256, width: w,     groups: cardinality)
          -> repeat 3 Bottleneck( 512, width: 2 * w, groups: cardinality, stride: 2 then 1)
          -> repeat 3 Bottleneck(1024, width: 4 * w, groups: cardinality, stride: 2 then 1)
          -> global_avg_pool -> linear(classes)
      }
      check ResNeXt29()             { params == 34_426_698, macs == 5_387_266_048 }
      check ResNeXt29(classes: 100) { params == 34_518_948 }

      """#),
  SampleProgram(
    name: "MobileNetV2",
    text: #"""
      irlas 1
      cell InvertedResidual(out, expand = 6, stride = 1) {
        in x
        wide = if expand > 1 { x -> conv(1x1, expand * x.c) -> bn -> relu6 } else { x }
        y = wide -> dwconv(3x3, stride: stride) -> bn -> relu6
                 -> conv(1x1, out)              -> bn
        return if stride == 1 and x.c == out { y + x } else { y }
      }
      network MobileNetV2(classes = 1000) {
        in image: [3, 224, 224]
        return image
          -> conv(3x3, 32, stride: 2) -> bn -> relu6
          ->          InvertedResidual( 16, expand: 1)
          -> repeat 2 InvertedResidual( 24, stride: 2 then 1)
          -> repeat 3 InvertedResidual( 32, stride: 2 then 1)
          -> repeat 4 InvertedResidual( 64, stride: 2 then 1)
          -> repeat 3 InvertedResidual( 96)
          -> repeat 3 InvertedResidual(160, stride: 2 then 1)
          ->          InvertedResidual(320)
          -> conv(1x1, 1280) -> bn -> relu6
          -> global_avg_pool -> dropout(0.2) -> linear(classes)
      }
      check MobileNetV2() { params == 3_504_872, macs == 300_774_272 }

      """#),
  SampleProgram(
    name: "DARTS V2",
    text: #"""
      irlas 1
      use std
      cell Normal(c) {
        in s0, s1
        a  = s0 -> if s0.h == s1.h { relu_conv_bn(1x1, c) } else { factorized_reduce(c) }
        b  = s1 -> relu_conv_bn(1x1, c)
        n2 = (a -> sep_conv(3x3, c)) + (b -> sep_conv(3x3, c))
        n3 = (a -> sep_conv(3x3, c)) + (b -> sep_conv(3x3, c))
        n4 = (b -> sep_conv(3x3, c)) + a
        n5 = a + (n2 -> dil_conv(3x3, c))
        return s1, (n2, n3, n4, n5) -> concat
      }
      cell Reduction(c) {
        in s0, s1
        a  = s0 -> if s0.h == s1.h { relu_conv_bn(1x1, c) } else { factorized_reduce(c) }
        b  = s1 -> relu_conv_bn(1x1, c)
        n2 = (a -> max_pool(3x3, stride: 2)) + (b -> max_pool(3x3, stride: 2))
        n3 = n2 + (b -> max_pool(3x3, stride: 2))
        n4 = (a -> max_pool(3x3, stride: 2)) + n2
        n5 = n2 + (b -> max_pool(3x3, stride: 2))
        return s1, (n2, n3, n4, n5) -> concat
      }
      network DARTS(c = 36, classes = 10) {
        in image: [3, 32, 32]
        stem = image -> conv(3x3, 3 * c) -> bn
        _, y = (stem, stem)
          -> repeat 6 Normal(c)     -> Reduction(2 * c)
          -> repeat 6 Normal(2 * c) -> Reduction(4 * c)
          -> repeat 6 Normal(4 * c)
        return y -> global_avg_pool -> linear(classes)
      }
      check DARTS() { params == 3_349_342, macs == 528_359_040 }

      """#),
  SampleProgram(
    name: "DenseNet",
    text: #"""
      irlas 1
      cell Dense(n, k) {
        in x
        grow h[n] = (x, h) -> concat -> bn -> relu -> conv(3x3, k)
        return (x, h) -> concat
      }

      """#),
  SampleProgram(
    name: "What a search prints",
    text: #"""
      //! Found by `irlas search net.irlas`, seed 4, trial 118: accuracy 0.913, mirror 0.82, latency 1.9 ms.
      irlas 1
      use std

      cell Block(c) {
        in x
        a = x -> relu -> conv(3x3, c) -> bn
        b = a + (x -> fit)
        p = x -> avg_pool(3x3)
        return (b, p) -> concat
      }
      network Net(classes = 10) {
        in image: [3, 32, 32]
        return image
          -> conv(3x3, 32) -> bn -> relu
          -> repeat 2 Block(32)  -> max_pool(2x2, stride: 2)
          -> repeat 2 Block(64)  -> max_pool(2x2, stride: 2)
          -> repeat 2 Block(128)
          -> global_avg_pool -> linear(classes)
      }

      """#),
  SampleProgram(
    name: "Standard library",
    text: #"""
      /// Identity when shapes agree; otherwise a strided 1x1 convolution + BN (ResNet option B).
      /// `peer` is the shape of the other operands of the sum.
      cell fit(to: Shape = peer) {
        in x
        return if x.shape == to { x } else { x -> conv(1x1, to.c, stride: ceil(x.h / to.h)) -> bn }
      }
      cell relu_conv_bn(kernel: Kernel, out, stride = 1) {
        in x
        return x -> relu -> conv(kernel, out, stride: stride) -> bn
      }
      cell factorized_reduce(out) {
        in x
        require out % 2 == 0, "factorized_reduce splits its output channels in two"
        r = x -> relu
        a = r -> conv(1x1, out / 2, stride: 2)
        b = r -> crop(top: 1, left: 1) -> conv(1x1, out / 2, stride: 2)
        return (a, b) -> concat -> bn
      }
      cell sep_conv(kernel: Kernel, out, stride = 1) {
        in x
        return x
          -> relu -> dwconv(kernel, stride: stride) -> conv(1x1, x.c) -> bn
          -> relu -> dwconv(kernel)                 -> conv(1x1, out) -> bn
      }
      cell dil_conv(kernel: Kernel, out, stride = 1, dilation = 2) {
        in x
        return x -> relu -> dwconv(kernel, stride: stride, dilation: dilation) -> conv(1x1, out) -> bn
      }

      """#),
  SampleProgram(
    name: "Inception-v3: stem, A, B",
    text: #"""
      irlas 1
      cell cbr(kernel: Kernel, out, stride = 1, padding: Padding = same) {
        in x
        return x -> conv(kernel, out, stride: stride, padding: padding) -> bn(eps: 1e-3) -> relu
      }
      cell Stem {
        in x
        return x -> cbr(3x3, 32, stride: 2, padding: valid) -> cbr(3x3, 32, padding: valid) -> cbr(3x3, 64)
          -> max_pool(3x3, stride: 2, padding: valid)
          -> cbr(1x1, 80, padding: valid) -> cbr(3x3, 192, padding: valid) -> max_pool(3x3, stride: 2, padding: valid)
      }
      cell A(pool) {
        in x
        b1 = x -> cbr(1x1, 64)
        b5 = x -> cbr(1x1, 48) -> cbr(5x5, 64)
        b3 = x -> cbr(1x1, 64) -> cbr(3x3, 96) -> cbr(3x3, 96)
        bp = x -> avg_pool(3x3, count_padding: true) -> cbr(1x1, pool)
        return (b1, b5, b3, bp) -> concat
      }
      cell B(c) {                                                   // the 17x17 cell, c = 128, 160, 160, 192
        in x
        b1 = x -> cbr(1x1, 192)
        b7 = x -> cbr(1x1, c) -> cbr(1x7, c) -> cbr(7x1, 192)
        bd = x -> cbr(1x1, c) -> cbr(7x1, c) -> cbr(1x7, c) -> cbr(7x1, c) -> cbr(1x7, 192)
        bp = x -> avg_pool(3x3, count_padding: true) -> cbr(1x1, 192)
        return (b1, b7, bd, bp) -> concat
      }

      """#),
  SampleProgram(
    name: "SE-ResNet block, EfficientNet row for row",
    text: #"""
      irlas 1
      use std
      cell se(mid, act: Layer = relu) {
        in x
        return x * (x -> global_avg_pool -> linear(mid) -> act -> linear(x.c) -> sigmoid)   // the parentheses matter
      }
      cell SEBottleneck(out, width, stride = 1) {
        in x
        h = x -> conv(1x1, width) -> bn -> relu -> conv(3x3, width, stride: stride) -> bn -> relu -> conv(1x1, out) -> bn
        return (h -> se(out / 16)) + (x -> fit) -> relu
      }
      cell MBConv(out, expand = 6, kernel: Kernel = 3x3, stride = 1, drop = 0.0) {
        in x
        w = if expand > 1 { x -> conv(1x1, expand * x.c) -> bn -> silu } else { x }
        y = w -> dwconv(kernel, stride: stride) -> bn -> silu -> se(max(1, floor(x.c / 4)), silu) -> conv(1x1, out) -> bn
        return if stride == 1 and x.c == out { (y -> drop_path(drop)) + x } else { y }
      }
      network EfficientNetB0(classes = 1000) {
        in image: [3, 224, 224]
        return image -> conv(3x3, 32, stride: 2) -> bn -> silu
          -> MBConv(16, expand: 1)
          -> repeat 2 as i MBConv( 24, stride: 2 then 1,              drop: 0.2 * (1 + i) / 16)
          -> repeat 2 as i MBConv( 40, stride: 2 then 1, kernel: 5x5, drop: 0.2 * (3 + i) / 16)
          -> repeat 3 as i MBConv( 80, stride: 2 then 1,              drop: 0.2 * (5 + i) / 16)
          -> repeat 3 as i MBConv(112, kernel: 5x5,                   drop: 0.2 * (8 + i) / 16)
          -> repeat 4 as i MBConv(192, stride: 2 then 1, kernel: 5x5, drop: 0.2 * (11 + i) / 16)
          -> MBConv(320, drop: 0.2 * 15 / 16)
          -> conv(1x1, 1280) -> bn -> silu -> global_avg_pool -> dropout(0.2) -> linear(classes)
      }

      """#),
  SampleProgram(
    name: "EfficientNet as a table",
    text: #"""
      irlas 1
      cell Stage(out, depth, from, total, stride, kernel: Kernel) {
        in x
        return x -> repeat depth as i MBConv(out, kernel: kernel, stride: stride then 1, drop: 0.2 * (from + i) / total)
      }
      network EfficientNet(d: [Int] = [2, 2, 3, 3, 4, 1], c: [Int] = [24, 40, 80, 112, 192, 320],
                           s: [Int] = [2, 2, 2, 1, 2, 1], k: [Kernel] = [3x3, 5x5, 3x3, 5x5, 5x5, 3x3], classes = 1000) {
        in image: [3, 224, 224]
        return image -> conv(3x3, 32, stride: 2) -> bn -> silu -> MBConv(16, expand: 1)
          -> repeat (d.size) as j Stage(c.at(j), d.at(j), from: 1 + d.first(j).sum, total: 1 + d.sum, stride: s.at(j), kernel: k.at(j))
          -> conv(1x1, 1280) -> bn -> silu -> global_avg_pool -> dropout(0.2) -> linear(classes)
      }

      """#),
  SampleProgram(
    name: "ShuffleNetV2 unit",
    text: #"""
      irlas 1
      cell Unit(out, stride = 1) {
        in x
        a, b = if stride == 1 { x -> split(2) } else { (x, x) }
        l = if stride == 1 { a } else { a -> dwconv(3x3, stride: 2) -> bn -> conv(1x1, out / 2) -> bn -> relu }
        r = b -> conv(1x1, out / 2) -> bn -> relu -> dwconv(3x3, stride: stride) -> bn -> conv(1x1, out / 2) -> bn -> relu
        return (l, r) -> concat -> shuffle(groups: 2)
      }

      """#),
  SampleProgram(
    name: "NASNet-A, ImageNet stem",
    text: #"""
      irlas 1
      cell rcb(out) { in x  return x -> relu -> conv(1x1, out) -> bn }
      cell sep(k: Kernel, out, stride = 1) {
        in x
        return x -> relu -> dwconv(k, stride: stride) -> conv(1x1, out) -> bn -> relu -> dwconv(k) -> conv(1x1, out) -> bn
      }
      cell Normal(c) {
        in p0, h0
        p = p0 -> if p0.h == h0.h { rcb(c) } else { factorized_reduce(c) }
        h = h0 -> rcb(c)
        y1 = (h -> sep(3x3, c)) + h
        y2 = (p -> sep(3x3, c)) + (h -> sep(5x5, c))
        y3 = (h -> avg_pool(3x3)) + p
        y4 = (p -> avg_pool(3x3)) + (p -> avg_pool(3x3))
        y5 = (p -> sep(5x5, c)) + (p -> sep(3x3, c))
        return h0, (p, y1, y2, y3, y4, y5) -> concat
      }
      cell Reduction(c) {
        in p0, h0
        p = p0 -> if p0.h == h0.h { rcb(c) } else { factorized_reduce(c) }
        h = h0 -> rcb(c)
        z1 = (h -> sep(5x5, c, stride: 2)) + (p -> sep(7x7, c, stride: 2))
        z2 = (h -> max_pool(3x3, stride: 2)) + (p -> sep(7x7, c, stride: 2))
        z3 = (h -> avg_pool(3x3, stride: 2)) + (p -> sep(5x5, c, stride: 2))
        z4 = (h -> max_pool(3x3, stride: 2)) + (z1 -> sep(3x3, c))
        z5 = (z1 -> avg_pool(3x3)) + z2
        return h0, (z2, z3, z4, z5) -> concat
      }
      network NASNetA(c = 44, n = 4, classes = 1000) {
        in image: [3, 224, 224]
        s = image -> conv(3x3, 32, stride: 2, padding: valid) -> bn
        _, y = (s, s) -> Reduction(c / 4) -> Reduction(c / 2)
          -> repeat n Normal(c)     -> Reduction(2 * c)
          -> repeat n Normal(2 * c) -> Reduction(4 * c)
          -> repeat n Normal(4 * c)
        return y -> relu -> global_avg_pool -> dropout(0.5) -> linear(classes)
      }

      """#),
  SampleProgram(
    name: "HRNet: any number of branches exchange",
    text: #"""
      irlas 1
      cell down(out, act: Layer) { in x  return x -> conv(3x3, out, stride: 2) -> bn -> act }
      cell meet(to: Shape) {
        in x
        return if x.h > to.h { x -> repeat (log2(x.h / to.h) - 1) down(x.c, relu) -> down(to.c, identity) }
          else if x.h < to.h { x -> conv(1x1, to.c) -> bn -> upsample(to.h / x.h) }
          else { x }
      }
      cell Module(blocks = 4) {
        in xs[n]
        ys = each v in xs { v -> repeat blocks Basic(v.c) }
        return each t in ys { each v in ys { v -> meet(t.shape) } -> add -> relu }
      }
      cell Widen { in xs[n]  return (xs, xs.last -> down(2 * xs.last.c, relu)) }

      """#),
  SampleProgram(
    name: "Res2Net for any scale",
    text: #"""
      irlas 1
      cell Res2(out, width, scale = 4) {
        in x
        xs = x -> conv(1x1, scale * width) -> bn -> relu -> split(scale)
        grow y[scale] as i = if i == 0 { xs.at(0) }
          else { (if i == 1 { xs.at(1) } else { xs.at(i) + y.last }) -> conv(3x3, width) -> bn -> relu }
        return (y -> concat -> conv(1x1, out) -> bn) + (x -> fit) -> relu
      }

      """#),
  SampleProgram(
    name: "U-Net",
    text: #"""
      irlas 1
      cell twice(c) { in x  return x -> conv(3x3, c) -> bn -> relu -> conv(3x3, c) -> bn -> relu }
      cell Level(c, inner: Layer) {
        in x
        e = x -> twice(c)
        m = e -> max_pool(2x2, stride: 2) -> inner -> upsample(2) -> conv(1x1, c)
        return (e, m) -> concat -> twice(c)
      }
      network UNet(classes = 21) {
        in image: [3, 256, 256]
        return image -> Level(64, Level(128, Level(256, Level(512, twice(1024))))) -> conv(1x1, classes, bias: true)
      }

      """#),
  SampleProgram(
    name: "RegNetX",
    text: #"""
      irlas 1
      cell XBlock(i, w0, wa, wm, group) {
        in x
        q = w0 * pow(wm, round(log(1 + wa * i / w0) / log(wm)))
        w = round_to(q, 8)
        g = min(group, w)
        stride = if i == 0 or x.c != w { 2 } else { 1 }
        h = x -> conv(1x1, w) -> bn -> relu -> conv(3x3, w, groups: w / g, stride: stride) -> bn -> relu -> conv(1x1, w) -> bn
        return h + (x -> fit) -> relu
      }
      network RegNetX(depth = 13, w0 = 24, wa = 36.44, wm = 2.49, group = 8, classes = 1000) {   // 200 MF; then w must divide by g
        in image: [3, 224, 224]
        return image -> conv(3x3, 32, stride: 2) -> bn -> relu
          -> repeat depth as i XBlock(i, w0, wa, wm, group)
          -> global_avg_pool -> linear(classes)
      }

      """#),
  SampleProgram(
    name: "ConvNeXt block and ViT",
    text: #"""
      irlas 1
      cell ConvNeXt(drop = 0.0) {
        in x
        h = x -> dwconv(7x7, bias: true) -> layer_norm -> conv(1x1, 4 * x.c, bias: true) -> gelu -> conv(1x1, x.c, bias: true)
        return x + (h * learned([x.c], init: 1e-6) -> drop_path(drop))
      }
      cell Encoder(heads, ratio = 4) {                       // tokens are the h*w places of [c, h, w]; linear(d) there is conv(1x1, d)
        in x
        a = x + (x -> layer_norm -> attention(heads))
        return a + (a -> layer_norm -> conv(1x1, ratio * x.c, bias: true) -> gelu -> conv(1x1, x.c, bias: true))
      }
      network ViT(dim = 192, depth = 12, classes = 1000) {
        in image: [3, 224, 224]
        p = image -> conv(16x16, dim, stride: 16, padding: valid, bias: true) -> flatten_places     // [192, 196, 1]
        t = (learned([dim, 1, 1], init: 0), p) -> concat(axis: h)                                  // class token
        return t + learned([dim, 197, 1], init: normal(0.02)) -> repeat depth Encoder(3) -> layer_norm
          -> crop(bottom: 196) -> flatten -> linear(classes)
      }

      """#),
  SampleProgram(
    name: "ResNet-20 with option A shortcuts",
    text: #"""
      irlas 1
      cell subsample_pad(to: Shape = peer) {
        in x
        return x -> max_pool(1x1, stride: ceil(x.h / to.h)) -> pad_channels(to.c)
      }
      cell Basic(out, stride = 1) {
        in x
        h = x -> conv(3x3, out, stride: stride) -> bn -> relu -> conv(3x3, out) -> bn
        return h + (x -> subsample_pad) -> relu
      }
      network ResNet20(n = 3, classes = 10) {
        in image: [3, 32, 32]
        return image -> conv(3x3, 16) -> bn -> relu
          -> repeat n Basic(16) -> repeat n Basic(32, stride: 2 then 1) -> repeat n Basic(64, stride: 2 then 1)
          -> global_avg_pool -> linear(classes)
      }
      check ResNet20() { params == 269_722 }

      """#),
  SampleProgram(
    name: "Siamese",
    text: #"""
      irlas 1
      use std
      network Siamese {
        in left: [1, 105, 105], right: [1, 105, 105]
        shared f = conv(3x3, 64) -> bn -> relu -> max_pool(2x2, stride: 2) -> conv(3x3, 128) -> bn -> relu -> global_avg_pool -> linear(128)
        a = left -> f
        b = right -> f
        return (a - b -> abs) -> linear(1)
      }

      """#),
]
