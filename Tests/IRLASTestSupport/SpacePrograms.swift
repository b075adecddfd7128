/// Programs with spaces, recipes and searches.
package let spacePrograms: [SampleProgram] = [
  SampleProgram(
    name: "BlockQNN space",
    text: #"""
      irlas 1
      use std
      space Block(c) {
        in x
        grow h[2..8] = choose(
          conv:     pick(x, h) -> relu -> conv(choose(1x1, 3x3, 5x5), c) -> bn,
          max_pool: pick(x, h) -> max_pool(choose(1x1, 3x3)),
          avg_pool: pick(x, h) -> avg_pool(choose(1x1, 3x3)),
          identity: pick(x, h),
          add:      pick(x, h) + (pick(x, h) -> fit),
          concat:   (pick(x, h), pick(x, h)) -> concat,
        )
        return h.leaves -> concat
      }
      space Net(classes = 10) {
        in image: [3, 32, 32]
        n     = choose(1, 2, 3)            // one decision, used three times: tied
        block = sample Block               // one block for the whole network
        require params <= 20M
        return image
          -> conv(3x3, 32) -> bn -> relu
          -> repeat n block(32)  -> max_pool(2x2, stride: 2)
          -> repeat n block(64)  -> max_pool(2x2, stride: 2)
          -> repeat n block(128)
          -> global_avg_pool -> linear(classes)
      }

      """#),
  SampleProgram(
    name: "Recipes and searches",
    text: #"""
      recipe Cifar {                                   // ResNeXt's CIFAR schedule
        data:      cifar10(validation: 5000) -> pad(4) -> crop(32x32) -> flip -> normalize
        batch:     128
        epochs:    300
        loss:      cross_entropy
        optimizer: sgd(lr: 0.1, momentum: 0.9, nesterov: true, decay: 5e-4)
        schedule:  step(at: [150, 225], by: 0.1)
        seed:      0
      }
      recipe Quick = Cifar { epochs: 12  schedule: cosine }     // amends another recipe

      search Irlas {
        over:     Net
        expert:   ResNeXt29
        mirror:   max_entropy(weight: 0.1, mode: terminal, anneal: true)   // learned topology similarity to the expert
        reward:   accuracy(Quick)
        agent:    q_learning(state: prefix, epsilon: [1.0, 0.1])
        fidelity: halving(from: 1, to: 12, by: 3)
        budget:   trials(500)                                           // or time(2h), or feasible(20)
        seeds:    [0]
        require latency(batch: 1) <= 5ms
      }

      """#),
  SampleProgram(
    name: "NAS-Bench-101 (without its remainder rule for widths)",
    text: #"""
      irlas 1
      cell cbr(k: Kernel, c) { in x  return x -> conv(k, c) -> bn -> relu }
      space Cell101(c) {
        in x
        k = choose(1, 2, 3, 4, 5)                                      // how many vertices the output concatenates
        w = c / k                                                     // exact for k = 1, 2, 4; the paper's remainder rule is not written here
        grow h[k..5] = each v in some(x, h) { if v == x { x -> cbr(1x1, w) } else { v } } -> add
                       -> choose(conv1: cbr(1x1, w), conv3: cbr(3x3, w), pool: max_pool(3x3))
        y = pick(k, h) -> concat
        skip = choose(false, true)                                     // an edge from the input straight to the output
        require h.reads + k + (if skip { 1 } else { 0 }) <= 9, "at most 9 edges"
        return if skip { y + (x -> cbr(1x1, c)) } else { y }
      }
      space NB101(classes = 10) {
        in image: [3, 32, 32]
        body = sample Cell101
        return image -> cbr(3x3, 128)
          -> repeat 3 body(128) -> max_pool(2x2, stride: 2) -> repeat 3 body(256) -> max_pool(2x2, stride: 2) -> repeat 3 body(512)
          -> global_avg_pool -> linear(classes)
      }

      """#),
  SampleProgram(
    name: "NAS-Bench-201",
    text: #"""
      irlas 1
      use std
      space Cell201 {
        in x
        grow n[3] = each v in (x, n) {
          v -> choose(none: zero, skip: identity, conv1: relu_conv_bn(1x1, x.c), conv3: relu_conv_bn(3x3, x.c), pool: avg_pool(3x3))
        } -> add
        return n.last
      }
      cell Down(out) {
        in x
        h = x -> relu_conv_bn(3x3, out, stride: 2) -> relu_conv_bn(3x3, out)
        return h + (x -> avg_pool(2x2, stride: 2) -> conv(1x1, out))
      }
      space NB201(classes = 10) {
        in image: [3, 32, 32]
        body = sample Cell201
        return image -> conv(3x3, 16) -> bn
          -> repeat 5 body -> Down(32) -> repeat 5 body -> Down(64) -> repeat 5 body
          -> bn -> relu -> global_avg_pool -> linear(classes)
      }

      """#),
  SampleProgram(
    name: "DARTS space",
    text: #"""
      irlas 1
      use std
      space Op(c, stride = 1) {
        in v
        return v -> choose(
          none: zero(stride: stride),
          skip: if stride == 1 { identity } else { factorized_reduce(c) },
          max:  max_pool(3x3, stride: stride),    avg:  avg_pool(3x3, stride: stride),
          sep3: sep_conv(3x3, c, stride: stride), sep5: sep_conv(5x5, c, stride: stride),
          dil3: dil_conv(3x3, c, stride: stride), dil5: dil_conv(5x5, c, stride: stride),
        )
      }
      space Cell(c, reduce = false) {
        in s0, s1
        a = s0 -> if s0.h == s1.h { relu_conv_bn(1x1, c) } else { factorized_reduce(c) }
        b = s1 -> relu_conv_bn(1x1, c)
        grow n[4] = each v in pick(2, a, b, n) { v -> Op(c, stride: if reduce and v.h == b.h { 2 } else { 1 }) } -> add
        return s1, n -> concat
      }
      space DARTS(c = 36, n = 6, classes = 10) {
        in image: [3, 32, 32]
        normal = sample Cell
        down   = sample Cell(reduce: true)
        s = image -> conv(3x3, 3 * c) -> bn
        _, y = (s, s) -> repeat n normal(c) -> down(2 * c) -> repeat n normal(2 * c) -> down(4 * c) -> repeat n normal(4 * c)
        return y -> global_avg_pool -> linear(classes)
      }

      """#),
  SampleProgram(
    name: "Once-for-all MobileNetV3",
    text: #"""
      irlas 1
      space OFA(r = choose(128, 160, 192, 224), classes = 1000) {
        in image: [3, r, r]
        w = choose(1.0, 1.2)
        return image
          -> conv(3x3, round_to(16 * w, 8), stride: 2) -> bn -> hard_swish
          -> MB(round_to(16 * w, 8), expand: 1)
          -> repeat 2..4 MB(round_to(24 * w, 8),  expand: choose(3, 4, 6), kernel: choose(3x3, 5x5, 7x7), stride: 2 then 1)
          -> repeat 2..4 MB(round_to(40 * w, 8),  expand: choose(3, 4, 6), kernel: choose(3x3, 5x5, 7x7), stride: 2 then 1, se: true)
          -> repeat 2..4 MB(round_to(80 * w, 8),  expand: choose(3, 4, 6), kernel: choose(3x3, 5x5, 7x7), stride: 2 then 1, act: hard_swish)
          -> repeat 2..4 MB(round_to(112 * w, 8), expand: choose(3, 4, 6), kernel: choose(3x3, 5x5, 7x7), se: true, act: hard_swish)
          -> repeat 2..4 MB(round_to(160 * w, 8), expand: choose(3, 4, 6), kernel: choose(3x3, 5x5, 7x7), stride: 2 then 1, se: true, act: hard_swish)
          -> conv(1x1, 960) -> bn -> hard_swish -> global_avg_pool -> linear(1280) -> hard_swish -> linear(classes)
      }

      """#),
  SampleProgram(
    name: "A cell per stage",
    text: #"""
      irlas 1
      use std
      space Macro(classes = 10) {
        in image: [3, 32, 32]
        a = sample Cell201
        b = choose(same: a, other: sample Cell201)
        c = choose(same: b, other: sample Cell201)
        return image -> conv(3x3, 16) -> bn -> repeat 5 a -> Down(32) -> repeat 5 b -> Down(64) -> repeat 5 c
          -> global_avg_pool -> linear(classes)
      }

      """#),
  SampleProgram(
    name: "Hierarchical motifs",
    text: #"""
      irlas 1
      space Motif2 {
        in x
        grow h[3] = each v in (x, h) { v -> choose(none: zero, skip: identity, c1: cbr(1x1, x.c), d3: dw(3x3), s3: sep(3x3, x.c), mp: max_pool(3x3), ap: avg_pool(3x3)) }
                    -> concat -> conv(1x1, x.c)
        return h.last
      }
      space Motif3(ms: [Layer]) {
        in x
        grow h[4] = each v in (x, h) { v -> choose(none: zero, motif: choose(ms)) } -> concat -> conv(1x1, x.c)
        return h.last
      }
      space Hierarchical(c = 64, classes = 10) {
        in image: [3, 32, 32]
        grow ms[6] = sample Motif2
        body = sample Motif3(ms)
        return image -> cbr(3x3, c) -> body -> sep(3x3, 2 * c, stride: 2) -> body -> sep(3x3, 4 * c, stride: 2) -> body -> global_avg_pool -> linear(classes)
      }

      """#),
  SampleProgram(
    name: "Auxiliary heads, several outputs",
    text: #"""
      irlas 1
      cell Aux(classes) { in x  return x -> relu -> avg_pool(5x5, stride: 3, padding: valid) -> conv(1x1, 128) -> bn -> relu -> conv(5x5, 768, padding: valid) -> bn -> relu -> flatten -> linear(classes) }
      network Detector(classes = 80) {
        in image: [3, 224, 224]
        m = image -> conv(3x3, 64, stride: 8) -> bn -> relu
        t = m -> conv(3x3, 128, stride: 2) -> bn -> relu
        return logits: t -> conv(1x1, classes, bias: true), box: t -> conv(1x1, 4, bias: true), aux early: m -> Aux(classes)
      }
      recipe Det {
        data:  coco -> normalize
        loss:  focal(of: logits) + 2.0 * smooth_l1(of: box) + 0.4 * focal(of: early)
      }

      """#),
  SampleProgram(
    name: "Recipe and search",
    text: #"""
      recipe ImageNet {
        data:      imagenet -> random_crop(224x224) -> flip -> normalize -> mixup(alpha: 0.2)
        batch:     256
        epochs:    100
        loss:      cross_entropy(smoothing: 0.1)
        optimizer: sgd(lr: 0.5, momentum: 0.9, decay: 4e-5)
        schedule:  warmup(epochs: 5) then cosine
        seed:      0
      }
      search Two {
        over:    Net
        expert:  [ResNeXt29(cardinality: 16), DARTS]
        mirror:  max_entropy(weight: [0.1, 0.05])
        reward:  pareto(max: accuracy(Quick), min: latency(batch: 1))
        budget:  trials(500)
      }

      """#),
]
