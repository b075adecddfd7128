import IRLASCompiler
import IRLASGraph
import IRLASTestSupport
import Testing

/// One op, applied to a feature map that learned weights made.
struct GradientCase: Sendable, CustomTestStringConvertible {
  let name: String
  let build: @Sendable (inout GraphBuilder, NodeID) throws -> NodeID
  var testDescription: String { name }

  init(_ name: String, _ build: @escaping @Sendable (inout GraphBuilder, NodeID) throws -> NodeID) {
    self.name = name
    self.build = build
  }

  init(_ name: String, _ op: Op) {
    self.init(name) { builder, x in try builder.add(op, [x]) }
  }

  /// Image [2, 6, 5], a biased 1x1 convolution to [4, 6, 5], the op, flatten, linear.
  func graph() throws -> Graph {
    var builder = GraphBuilder(name: "Case")
    let image = try builder.add(.input(index: 0), declared: .image(2, 6, 5))
    let point = Convolution(window: Window(kernelSize: .one))
    let x = try builder.conv(image, out: 4, point, bias: true, name: "stem").result
    let y = try build(&builder, x)
    let flat = try builder.add(.flatten, [y])
    let logits = try builder.linear(flat, out: 3).result
    return builder.finish(outputs: [Graph.Output(name: "output", value: logits)])
  }

  static func conv(
    _ name: String, out: Int, kernel: Extent, stride: Extent = .one, dilation: Extent = .one,
    padding: Border = .none, groups: Int = 1, bias: Bool = false
  ) -> GradientCase {
    GradientCase(name) { builder, x in
      let window = Window(kernelSize: kernel, stride: stride, dilation: dilation, padding: padding)
      return try builder.conv(x, out: out, Convolution(window: window, groups: groups), bias: bias).result
    }
  }

  static func pools(_ name: String, _ window: Window, ceil: Bool = false, countsPadding: Bool = false)
    -> [GradientCase]
  {
    let pool = Pool(window: window, ceil: ceil, countsPadding: countsPadding)
    return [
      GradientCase("max_pool \(name)", .maxPool(pool)), GradientCase("avg_pool \(name)", .averagePool(pool)),
    ]
  }

  static let all: [GradientCase] =
    Activation.allCases.map { GradientCase($0.rawValue, .activation($0)) }
    + [
      .conv("conv 3x3", out: 3, kernel: Extent(3, 3), bias: true),
      .conv(
        "conv 2x3, strides 2 and 1, uneven padding", out: 3, kernel: Extent(2, 3), stride: Extent(2, 1),
        padding: Border(top: 1, left: 0, bottom: 0, right: 2)),
      .conv(
        "conv 3x2, dilated, grouped", out: 6, kernel: Extent(3, 2), dilation: Extent(2, 3),
        padding: Border(top: 2, left: 2, bottom: 2, right: 2), groups: 2, bias: true),
      .conv(
        "depthwise conv, stride 2", out: 4, kernel: Extent(3, 3), stride: Extent(2, 2),
        padding: Border(top: 1, left: 1, bottom: 1, right: 1), groups: 4),
      .conv("conv 1x1, stride 3", out: 2, kernel: .one, stride: Extent(3, 3)),
      GradientCase("bn") { builder, x in try builder.batchNorm(x, BatchNorm(epsilon: 1e-2)).result },
      GradientCase("bn applied twice") { builder, x in
        let (first, parameters) = try builder.batchNorm(x)
        let middle = try builder.add(.activation(.silu), [first])
        return try builder.batchNorm(middle, sharing: parameters).result
      },
      GradientCase("shared conv") { builder, x in
        let convolution = Convolution(window: Window(kernelSize: .one))
        let (first, parameters) = try builder.conv(x, out: 4, convolution, bias: true)
        return try builder.conv(first, out: 4, convolution, sharing: parameters).result
      },
      GradientCase("global_avg_pool", .globalAveragePool),
      GradientCase("add") { builder, x in
        let y = try builder.add(.activation(.sigmoid), [x])
        return try builder.add(.add, [x, y, x, y])
      },
      GradientCase("mul") { builder, x in
        try builder.add(.multiply, [x, try builder.add(.activation(.silu), [x])])
      },
      GradientCase("mul by itself") { builder, x in try builder.add(.multiply, [x, x]) },
      GradientCase("mul by a gate per channel") { builder, x in
        try builder.add(.multiply, [x, try builder.add(.globalAveragePool, [x])])
      },
      GradientCase("mul by one gate") { builder, x in
        let pooled = try builder.add(.globalAveragePool, [x])
        // Seven channels: odd sums on the way down to one.
        let wide = try builder.conv(x, out: 7, Convolution(window: Window(kernelSize: .one))).result
        let gate = try builder.linear(pooled, out: 1).result
        return try builder.add(.multiply, [wide, gate])
      },
      GradientCase("concat of channels") { builder, x in
        let y = try builder.conv(x, out: 3, Convolution(window: Window(kernelSize: .one))).result
        return try builder.add(.concat(.channel), [y, x, y])
      },
      GradientCase("concat of rows") { builder, x in try builder.add(.concat(.height), [x, x]) },
      GradientCase("concat of columns with the image") { builder, x in
        let zero = try builder.add(.zero, declared: builder.shape(of: x))
        return try builder.add(.concat(.width), [zero, x])
      },
      GradientCase("slice") { builder, x in
        let channels = try builder.add(.slice(axis: .channel, start: 1, length: 2), [x])
        let rows = try builder.add(.slice(axis: .height, start: 2, length: 3), [channels])
        return try builder.add(.slice(axis: .width, start: 0, length: 4), [rows])
      },
      GradientCase("channel_shuffle", .channelShuffle(groups: 2)),
      GradientCase("crop", .crop(Border(top: 1, left: 2, bottom: 3, right: 0))),
      GradientCase("pad", .pad(Border(top: 1, left: 2, bottom: 0, right: 1))),
      GradientCase("upsample", .upsample(factor: 3)),
      GradientCase("dropout", .dropout(rate: 0.4)),
      GradientCase("dropout at rate 0", .dropout(rate: 0)),
      GradientCase("drop_path", .dropPath(rate: 0.5)),
      GradientCase("identity", .identity),
      GradientCase("layer_norm") { builder, x in try builder.layerNorm(x, epsilon: 1e-2).result },
      GradientCase("shared layer_norm") { builder, x in
        let (first, parameters) = try builder.layerNorm(x, epsilon: 1e-2)
        let middle = try builder.add(.activation(.silu), [first])
        return try builder.layerNorm(middle, epsilon: 1e-2, sharing: parameters).result
      },
      GradientCase("attend with one head") { builder, x in
        let parts = try builder.conv(x, out: 9, Convolution(window: Window(kernelSize: .one))).result
        return try builder.add(.attention(heads: 1), [parts])
      },
      GradientCase("attend with three heads") { builder, x in
        let parts = try builder.conv(x, out: 18, Convolution(window: Window(kernelSize: .one))).result
        return try builder.add(.attention(heads: 3), [parts])
      },
      GradientCase("softmax", .softmax),
      GradientCase("mixture by learned numbers, one of them with nothing to weigh") { builder, x in
        let logits = try builder.learned(.image(3, 1, 1), .normal(deviation: 1)).result
        let weights = try builder.add(.softmax, [logits])
        let y = try builder.add(.activation(.silu), [x])
        var terms: [NodeID] = []
        for (index, term) in [x, y].enumerated() {
          let weight = try builder.add(.slice(axis: .channel, start: index, length: 1), [weights])
          terms.append(try builder.add(.multiply, [term, weight]))
        }
        return try builder.add(.add, terms)
      },
      GradientCase("flatten_places", .flattenPlaces),
      GradientCase("learned layer scale") { builder, x in
        let scale = try builder.learned(.image(4, 1, 1), .constant(1)).result
        return try builder.add(.multiply, [x, scale])
      },
      GradientCase("learned class token and position") { builder, x in
        let places = try builder.add(.flattenPlaces, [x])
        let token = try builder.learned(.image(4, 1, 1), .constant(0)).result
        let tokens = try builder.add(.concat(.height), [token, places])
        let position = try builder.learned(builder.shape(of: tokens), .normal(deviation: 1)).result
        return try builder.add(.add, [tokens, position])
      },
    ]
    + pools("2x2 stride 2", Window(kernelSize: Extent(2, 2), stride: Extent(2, 2)))
    + pools(
      "3x2 stride 2, ceil, padded",
      Window(
        kernelSize: Extent(3, 2), stride: Extent(2, 2), padding: Border(top: 1, left: 1, bottom: 1, right: 1)),
      ceil: true)
    + pools(
      "3x3 stride 2, ceil, counting padding",
      Window(
        kernelSize: Extent(3, 3), stride: Extent(2, 3), padding: Border(top: 1, left: 0, bottom: 0, right: 1)),
      ceil: true, countsPadding: true)
    + pools("overlapping, dilated", Window(kernelSize: Extent(2, 2), dilation: Extent(2, 1)))
}

@Suite struct GradientTests {
  @Test(arguments: GradientCase.all) func equalsCentralDifferences(_ item: GradientCase) throws {
    try checkGradients(of: try item.graph(), seed: 11, elements: 16)
  }

  @Test(arguments: 0..<24 as Range<UInt64>) func ofRandomGraphsEqualCentralDifferences(seed: UInt64) throws {
    try checkGradients(of: randomNetwork(seed: seed), seed: seed, elements: 2)
  }

  /// An op that no case above reaches would be an op without a test.
  @Test func casesReachEveryOpOfTraining() throws {
    var seen: Set<String> = []
    for item in GradientCase.all {
      for update in [TrainingObjective.Update.none, .sgd(momentum: 0.9, nesterov: true, decay: 0)] {
        let training = try differentiate(try item.graph(), objective: TrainingObjective(update: update))
        for node in training.nodes { seen.insert(node.op.mnemonic) }
      }
    }
    let activations = Activation.allCases.flatMap { [$0.rawValue, "\($0.rawValue)_grad"] }
    let others = [
      "input", "labels", "hyperparameter", "parameter", "state", "zero", "conv", "linear", "max_pool",
      "avg_pool",
      "global_avg_pool", "add", "mul", "concat", "slice", "shuffle", "crop", "pad", "upsample", "flatten",
      "cross_entropy", "conv_input_grad", "conv_weight_grad", "bias_grad", "linear_input_grad",
      "linear_weight_grad", "bn_statistics", "bn_normalize", "bn_reduce", "bn_input_grad", "row",
      "running_mean",
      "running_variance", "max_pool_grad", "avg_pool_grad", "global_avg_pool_grad", "spatial_sum", "embed",
      "unflatten", "upsample_grad", "random_mask", "cross_entropy_grad", "sgd_velocity", "sgd_step",
      "layer_norm", "layer_norm_reduce", "layer_norm_input_grad", "attend", "attend_grad", "flatten_places",
      "learned", "learned_grad", "softmax", "softmax_grad",
    ]
    for mnemonic in activations + others { #expect(seen.contains(mnemonic), "\(mnemonic)") }
  }
}
