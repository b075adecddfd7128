import IRLASGraph
import IRLASTestSupport

/// One op with random sizes and attributes, as a graph of its own.
enum KernelCase: String, CaseIterable, Sendable {
  case conv, convBias, convActivation, convInputGradient, convWeightGradient, biasGradient
  case pointwise, pointwiseInputGradient, pointwiseWeightGradient
  case linear, linearInputGradient, linearWeightGradient
  case convStatistics, pointwiseStatistics
  case batchNorm, batchStatistics, batchNormalize, batchNormReduce, batchNormInputGradient
  case batchNormalizeFused, batchNormReduceFused, batchNormInputGradientFused
  case row, runningMean, runningVariance
  case relu, smoothActivation, reluGradient, smoothActivationGradient
  case maxPool, maxPoolGradient, averagePool, averagePoolGradient
  case globalAveragePool, globalAveragePoolGradient, spatialSum
  case add, multiply, concat, split, slice, embed, channelShuffle, crop, pad, flatten, unflatten
  case upsample, upsampleGradient, zero, randomMask
  case layerNorm, layerNormReduce, layerNormInputGradient, attention, attentionGradient
  case softmax, softmaxGradient
  case learned, learnedGradient, flattenPlaces, unflattenPlaces
  case crossEntropy, crossEntropyGradient, sgdVelocity, sgdStep, foldedWeight, foldedBias
  case composedWeight, composedBias

  /// Whether small whole numbers give the exact result in any order of summation.
  var isExact: Bool {
    switch self {
    case .convStatistics, .pointwiseStatistics, .batchNorm, .batchStatistics, .batchNormalize,
      .batchNormReduce, .batchNormInputGradient, .batchNormalizeFused, .batchNormReduceFused,
      .batchNormInputGradientFused, .runningMean,
      .runningVariance, .smoothActivation, .smoothActivationGradient, .averagePool,
      .averagePoolGradient, .globalAveragePool, .globalAveragePoolGradient, .crossEntropy,
      .crossEntropyGradient, .foldedWeight, .foldedBias, .randomMask, .layerNorm, .layerNormReduce,
      .layerNormInputGradient, .attention, .attentionGradient, .softmax, .softmaxGradient:
      return false
    default: return true
    }
  }

  /// Whether the kernel may multiply pairs of bfloat16 in place of floats.
  var multipliesPairs: Bool {
    switch self {
    case .conv, .convBias, .convActivation, .convInputGradient, .pointwise, .pointwiseInputGradient, .linear,
      .linearInputGradient, .convStatistics, .pointwiseStatistics:
      return true
    default: return false
    }
  }

  /// A graph whose one output is the op's result. Its inputs are the feature maps, its parameters the rest.
  func graph(_ random: inout RandomSource) -> Graph {
    while true {
      // Sizes that do not fit together, or would keep the reference busy for long, are drawn again.
      var builder = GraphBuilder(name: rawValue)
      if let id = try? build(&builder, &random) {
        let graph = builder.finish(outputs: [Graph.Output(name: "y", value: id)])
        if graph.macs < 200_000 { return graph }
      }
    }
  }

  private func build(_ b: inout GraphBuilder, _ random: inout RandomSource) throws -> NodeID {
    let map = Shape.image(random.pick(1...40), random.pick(1...12), random.pick(1...12))
    switch self {
    case .conv, .convBias, .convActivation, .convInputGradient, .convWeightGradient, .pointwise,
      .pointwiseInputGradient, .pointwiseWeightGradient:
      return try convolution(&b, &random)
    case .convStatistics, .pointwiseStatistics:
      return try b.add(.batchStatistics, [convolution(&b, &random)])
    case .biasGradient: return try b.add(.biasGradient, [b.map(map)])
    case .linear, .linearInputGradient, .linearWeightGradient: return try linear(&b, &random)

    case .batchNorm:
      let norm = try b.map(map)
      return try b.add(
        .batchNorm(BatchNorm(epsilon: 1e-3)),
        [norm, b.vector(map), b.vector(map), b.vector(map), b.variance(map)])
    case .batchStatistics: return try b.add(.batchStatistics, [b.map(map)])
    case .batchNormalize, .batchNormReduce, .batchNormInputGradient:
      return try batchNorm(&b, map, nil, hasResidual: false)
    case .batchNormalizeFused:
      let function = random.once(in: 4) ? nil : random.pick(Activation.allCases)
      return try batchNorm(&b, map, function, hasResidual: function == nil || random.once(in: 2))
    case .batchNormReduceFused, .batchNormInputGradientFused:
      return try batchNorm(&b, map, random.pick(Activation.allCases), hasResidual: false)
    case .row:
      return try b.add(.row(index: random.pick(0...1)), [b.tensor(.unbatched(2, map.channels))])
    case .runningMean:
      return try b.add(.runningMean(momentum: 0.25), [b.vector(map), b.statistics(map)])
    case .runningVariance:
      return try b.add(
        .runningVariance(momentum: 0.25, places: random.pick(1...50)), [b.variance(map), b.statistics(map)])

    case .relu: return try b.add(.activation(random.pick([.relu, .relu6])), [b.map(map)])
    case .smoothActivation: return try b.add(.activation(random.pick(Activation.allCases)), [b.map(map)])
    case .reluGradient:
      return try activationGradient(&b, map, random.pick([.relu, .relu6]), &random)
    case .smoothActivationGradient:
      return try activationGradient(&b, map, random.pick(Activation.allCases), &random)

    case .maxPool, .maxPoolGradient, .averagePool, .averagePoolGradient: return try pooling(&b, &random)
    case .globalAveragePool: return try b.add(.globalAveragePool, [b.map(map)])
    case .spatialSum: return try b.add(.spatialSum, [b.map(map)])
    case .globalAveragePoolGradient:
      return try b.add(
        .globalAveragePoolGradient, [b.map(.image(map.channels, 1, 1))], declared: map)

    case .add:
      return try b.add(.add, (0..<random.pick(2...5)).map { _ in try b.map(map) })
    case .multiply:
      let gate = random.pick([map, .image(map.channels, 1, 1), .image(1, 1, 1)])
      return try b.add(.multiply, [b.map(map), b.map(gate)])
    case .concat:
      let axis = random.pick(Axis.allCases)
      let parts = try (0..<random.pick(2...10)).map { _ in
        var part = map
        part[axis.rawValue] = random.pick(1...20)
        return try b.map(part)
      }
      return try b.add(.concat(axis), parts)
    case .split:
      // Two ways through the same parts: a value that is split and joined again in another order.
      let axis = random.pick(Axis.allCases)
      let lengths = (0..<random.pick(2...9)).map { _ in random.pick(1...20) }
      var whole = map
      whole[axis.rawValue] = lengths.reduce(0, +)
      let x = try b.add(.add, [b.map(whole), b.map(whole)])
      var slices: [NodeID] = []
      var start = 0
      for length in lengths {
        slices.append(try b.add(.slice(axis: axis, start: start, length: length), [x]))
        start += length
      }
      return try b.add(.concat(axis), slices.reversed())
    case .slice:
      let axis = random.pick(Axis.allCases)
      let start = random.pick(0...(map[axis.rawValue] - 1))
      let length = random.pick(1...(map[axis.rawValue] - start))
      return try b.add(.slice(axis: axis, start: start, length: length), [b.map(map)])
    case .embed:
      let axis = random.pick(Axis.allCases)
      let start = random.pick(0...9)
      var whole = map
      whole[axis.rawValue] += start + random.pick(0...9)
      return try b.add(.embed(axis: axis, start: start), [b.map(map)], declared: whole)
    case .channelShuffle:
      let groups = random.pick(1...6)
      return try b.add(
        .channelShuffle(groups: groups), [b.map(.image(groups * random.pick(1...7), map.height, map.width))])
    case .crop: return try b.add(.crop(border(&random)), [b.map(map)])
    case .pad: return try b.add(.pad(border(&random)), [b.map(map)])
    case .flatten: return try b.add(.flatten, [b.map(map)])
    case .unflatten:
      return try b.add(.unflatten, [b.map(.image(map.elementCount, 1, 1))], declared: map)
    case .upsample: return try b.add(.upsample(factor: random.pick(1...3)), [b.map(map)])
    case .upsampleGradient:
      let factor = random.pick(1...3)
      return try b.add(
        .upsampleGradient(factor: factor),
        [b.map(.image(map.channels, map.height * factor, map.width * factor))])
    case .zero: return try b.add(.zero, declared: map)
    case .randomMask:
      return try b.add(.randomMask(rate: 0.3, stream: random.pick(0...1000)), declared: map)

    case .layerNorm:
      return try b.add(.layerNorm(epsilon: 1e-3), [b.map(map), b.vector(map), b.vector(map)])
    case .layerNormReduce: return try b.add(.layerNormReduce(epsilon: 1e-3), [b.map(map), b.map(map)])
    case .layerNormInputGradient:
      return try b.add(.layerNormInputGradient(epsilon: 1e-3), [b.map(map), b.map(map), b.vector(map)])
    case .attention, .attentionGradient:
      let heads = random.pick(1...4)
      let channels = heads * random.pick(1...33)
      let parts = try b.map(.image(3 * channels, random.pick(1...8), random.pick(1...8)))
      if self == .attention { return try b.add(.attention(heads: heads), [parts]) }
      var result = b.shape(of: parts)
      result[0] = channels
      return try b.add(.attentionGradient(heads: heads), [parts, b.map(result)])
    case .softmax: return try b.add(.softmax, [b.map(map)])
    case .softmaxGradient: return try b.add(.softmaxGradient, [b.map(map), b.map(map)])
    case .learned:
      return try b.add(.learned, [b.tensor(.unbatched(map.channels, map.height, map.width))])
    case .learnedGradient: return try b.add(.learnedGradient, [b.map(map)])
    case .flattenPlaces: return try b.add(.flattenPlaces, [b.map(map)])
    case .unflattenPlaces:
      return try b.add(
        .unflatten, [b.map(.image(map.channels, map.height * map.width, 1))], declared: map)

    case .crossEntropy, .crossEntropyGradient:
      let smoothing = random.pick([0, 0.1])
      let weight = random.pick([1, 0.375])
      let op: Op =
        self == .crossEntropy
        ? .softmaxCrossEntropy(smoothing: smoothing, weight: weight)
        : .softmaxCrossEntropyGradient(smoothing: smoothing, weight: weight)
      let labels = try b.add(.labels, declared: .sampleScalar)
      return try b.add(op, [b.map(.image(map.channels, 1, 1)), labels])
    case .sgdVelocity:
      return try b.add(
        .sgdVelocity(momentum: 0.5, decay: 0.25), [b.vector(map), b.vector(map), b.vector(map)])
    case .sgdStep:
      let hasVelocity = random.once(in: 2)
      let step = SGDStep(
        momentum: hasVelocity ? 0.5 : 0, decay: 0.25, nesterov: hasVelocity && random.once(in: 2))
      let rate = try b.add(.hyperparameter(.learningRate), declared: .scalar)
      let velocity = try hasVelocity ? [b.vector(map)] : []
      return try b.add(.sgdStep(step), [b.vector(map), b.vector(map), rate] + velocity)
    case .foldedWeight: return try folded(&b, &random)
    case .foldedBias:
      let operands = try [b.vector(map), b.vector(map), b.vector(map), b.variance(map)]
      let bias = try random.once(in: 2) ? [b.vector(map)] : []
      return try b.add(.foldedBias(epsilon: 1e-3), operands + bias)
    case .composedWeight, .composedBias: return try composed(&b, &random)
    }
  }

  private func activationGradient(
    _ b: inout GraphBuilder, _ map: Shape, _ function: Activation, _ random: inout RandomSource
  ) throws -> NodeID {
    let added = random.pick(0...2)
    let operands = try (0..<(random.pick(2...4) + added)).map { _ in try b.map(map) }
    return try b.add(.activationGradient(function, added: added), operands)
  }

  // MARK: Batch norm

  private func batchNorm(
    _ b: inout GraphBuilder, _ map: Shape, _ function: Activation?, hasResidual: Bool
  ) throws -> NodeID {
    let x = try b.map(map)
    switch self {
    case .batchNormReduce, .batchNormReduceFused:
      let vectors = try function == nil ? [] : [b.vector(map), b.vector(map)]
      return try b.add(
        .batchNormReduce(epsilon: 1e-3, activation: function), [x, b.map(map), b.statistics(map)] + vectors)
    case .batchNormInputGradient, .batchNormInputGradientFused:
      let shift = try function == nil ? [] : [b.vector(map)]
      return try b.add(
        .batchNormInputGradient(epsilon: 1e-3, activation: function),
        [x, b.map(map), b.statistics(map), b.vector(map), b.tensor(.unbatched(2, map.channels))] + shift)
    default:
      let residual = try hasResidual ? [b.map(map)] : []
      return try b.add(
        .batchNormalize(epsilon: 1e-3, activation: function),
        [x, b.statistics(map), b.vector(map), b.vector(map)] + residual)
    }
  }

  // MARK: Windows

  private func border(_ random: inout RandomSource) -> Border {
    Border(
      top: random.pick(0...3), left: random.pick(0...3), bottom: random.pick(0...3), right: random.pick(0...3)
    )
  }

  private func window(_ random: inout RandomSource, padding: Border) -> Window {
    let size = random.once(in: 3) ? Extent.one : Extent(random.pick(1...5), random.pick(1...5))
    let isPlain = random.once(in: 2)
    return Window(
      kernelSize: random.once(in: 3) ? Extent(square: 3) : size,
      stride: isPlain ? .one : Extent(random.pick(1...3), random.pick(1...3)),
      dilation: isPlain ? .one : Extent(random.pick(1...2), random.pick(1...2)), padding: padding)
  }

  private func convolution(_ b: inout GraphBuilder, _ random: inout RandomSource) throws -> NodeID {
    // Dense, grouped with joined, equal and unequal groups, depthwise with and without a multiplier.
    let isPointwise = rawValue.hasPrefix("pointwise")
    let groups = isPointwise ? 1 : random.pick([1, 1, 2, 3, 4, 8, 16, 24, 40])
    let input = groups == 1 ? random.pick(1...70) : random.pick([1, 1, 2, 4, 5, 8, 16])
    let output = groups == 1 ? random.pick(1...70) : random.once(in: 3) ? random.pick(1...9) : input
    let map = Shape.image(groups * input, random.pick(1...9), random.pick(1...11))
    let padding = random.once(in: 3) ? Border.none : border(&random)
    let convolution = Convolution(
      window: isPointwise ? Window(kernelSize: .one) : window(&random, padding: padding), groups: groups,
      activation: self == .convActivation || (isPointwise && random.once(in: 2)) ? .relu : nil)
    let size = convolution.window.kernelSize
    let weight = Shape.unbatched(groups * output, input, size.height, size.width)
    let result = try Op.conv(convolution).resultShape(of: [map, weight])
    switch self {
    case .convInputGradient, .pointwiseInputGradient:
      return try b.add(.convInputGradient(convolution), [b.map(result), b.tensor(weight)], declared: map)
    case .convWeightGradient, .pointwiseWeightGradient:
      return try b.add(.convWeightGradient(convolution), [b.map(map), b.map(result)], declared: weight)
    case .conv: return try b.add(.conv(convolution), [b.map(map), b.tensor(weight)])
    default:
      return try b.add(.conv(convolution), [b.map(map), b.tensor(weight), b.tensor(.unbatched(weight[0]))])
    }
  }

  private func linear(_ b: inout GraphBuilder, _ random: inout RandomSource) throws -> NodeID {
    let inputs = random.pick(1...90)
    let outputs = random.pick(1...90)
    let (x, y) = (Shape.image(inputs, 1, 1), Shape.image(outputs, 1, 1))
    let weight = Shape.unbatched(outputs, inputs)
    switch self {
    case .linearInputGradient: return try b.add(.linearInputGradient, [b.map(y), b.tensor(weight)])
    case .linearWeightGradient: return try b.add(.linearWeightGradient, [b.map(x), b.map(y)])
    default:
      let bias = try random.once(in: 2) ? [b.tensor(.unbatched(outputs))] : []
      return try b.add(.linear, [b.map(x), b.tensor(weight)] + bias)
    }
  }

  private func pooling(_ b: inout GraphBuilder, _ random: inout RandomSource) throws -> NodeID {
    var window = window(&random, padding: .none)
    let (height, width) = (window.kernelSize.height / 2, window.kernelSize.width / 2)
    window.padding = Border(
      top: random.pick(0...height), left: random.pick(0...width), bottom: random.pick(0...height),
      right: random.pick(0...width))
    let pool = Pool(window: window, ceil: random.once(in: 2), countsPadding: random.once(in: 2))
    let map = Shape.image(random.pick(1...40), random.pick(1...9), random.pick(1...11))
    let result = try Op.maxPool(pool).resultShape(of: [map])
    switch self {
    case .maxPool: return try b.add(.maxPool(pool), [b.map(map)])
    case .maxPoolGradient: return try b.add(.maxPoolGradient(pool), [b.map(map), b.map(result)])
    case .averagePool: return try b.add(.averagePool(pool), [b.map(map)])
    default: return try b.add(.averagePoolGradient(pool), [b.map(result)], declared: map)
    }
  }

  /// A folded weight reaches its reader, so that it has the order a convolution wants.
  private func folded(_ b: inout GraphBuilder, _ random: inout RandomSource) throws -> NodeID {
    let groups = random.pick([1, 2, 8])
    let input = random.pick(1...6)
    let size = Extent(square: random.pick([1, 3]))
    let output = groups * (random.once(in: 2) ? input : random.pick(1...40))
    let weight = try b.tensor(.unbatched(output, input, size.height, size.width))
    let vector = Shape.image(output, 1, 1)
    let folded = try b.add(.foldedWeight(epsilon: 1e-3), [weight, b.vector(vector), b.variance(vector)])
    let convolution = Convolution(
      window: Window(kernelSize: size, padding: Border(top: 1, left: 1, bottom: 1, right: 1)), groups: groups)
    return try b.add(.conv(convolution), [b.map(.image(groups * input, 4, 5)), folded])
  }

  /// Likewise a composed weight; weights of any groups before.
  private func composed(_ b: inout GraphBuilder, _ random: inout RandomSource) throws -> NodeID {
    let groups = random.pick([1, 1, 2, 8, 20])
    let (input, middle) = (groups * random.pick(1...6), groups * random.pick(1...(groups > 8 ? 3 : 9)))
    let output = random.pick(1...70)
    let weight = try b.tensor(.unbatched(output, middle, 1, 1))
    let point = Convolution(window: Window(kernelSize: .one))
    guard self == .composedWeight else {
      let bias = try random.once(in: 2) ? [b.tensor(.unbatched(output))] : []
      let composed = try b.add(.composedBias, [weight, b.tensor(.unbatched(middle))] + bias)
      return try b.add(.conv(point), [b.map(.image(middle, 3, 4)), weight, composed])
    }
    let first = try b.tensor(.unbatched(middle, input / groups, 1, 1))
    let composed = try b.add(.composedWeight(groups: groups), [weight, first])
    return try b.add(.conv(point), [b.map(.image(input, 3, 4)), composed])
  }
}

extension GraphBuilder {
  /// The next input of the graph.
  fileprivate mutating func map(_ shape: Shape) throws -> NodeID {
    let index = nodes.reduce(0) { if case .input = $1.op { $0 + 1 } else { $0 } }
    return try add(.input(index: index), declared: shape)
  }

  fileprivate mutating func tensor(_ shape: Shape) throws -> NodeID {
    try add(.parameter(Parameter(.weight, .constant(0))), declared: shape)
  }

  fileprivate mutating func vector(_ map: Shape) throws -> NodeID { try tensor(.unbatched(map.channels)) }

  /// A vector that the tests fill with positive numbers.
  fileprivate mutating func variance(_ map: Shape) throws -> NodeID {
    try add(.state(.runningVariance), declared: .unbatched(map.channels))
  }

  /// Mean and variance of a map that the tests compute.
  fileprivate mutating func statistics(_ map: Shape) throws -> NodeID {
    try add(.state(.runningVariance), declared: .unbatched(2, map.channels))
  }
}
