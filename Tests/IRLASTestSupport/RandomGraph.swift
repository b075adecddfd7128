package import IRLASGraph

/// Random graphs that, over enough of them, use every op, attribute and kind of scope.
package struct RandomGraph {
  private var random: RandomSource
  private var builder: GraphBuilder
  private var images: [NodeID] = []
  private var updates: [Graph.Update] = []
  /// The open scopes below the network's own, with the index and count of a copy.
  private var open: [(index: Int, count: Int)?] = []

  /// A graph of about `size` steps, each of which adds a layer or an op with fresh operands.
  package static func make(seed: UInt64, size: Int) -> Graph {
    var maker = RandomGraph(seed: seed)
    for _ in 0..<size { maker.step() }
    return maker.finish()
  }

  private init(seed: UInt64) {
    random = RandomSource(seed: seed)
    builder = GraphBuilder(
      name: "Random\(seed)", label: "Random \"\(seed)\" \\ \n µ", origin: Int32(seed % 7))
    for index in 0..<random.pick(1...2) {
      let shape = Shape.image(4, random.pick(4...7), random.pick(4...7))
      if let id = try? builder.add(.input(index: index), declared: shape, name: "image") { images.append(id) }
    }
  }

  private mutating func step() {
    moveScope()
    for _ in 0..<20 {
      // A step that does not fit its random operands is tried again with others.
      if let id = try? attempt() {
        if builder.shape(of: id).isImage { images.append(id) }
        return
      }
    }
  }

  private mutating func moveScope() {
    switch random.pick(0...9) {
    case 0 where open.count < 5:
      builder.openScope(
        .cell, name: "Cell", label: "Cell(\(random.pick(1...9)))", isAtomic: open.count == 4,
        origin: Int32(random.pick(0...99)))
      open.append(nil)
    case 1 where open.count < 5:
      let count = random.pick(1...3)
      builder.openScope(.repetition(count: count), name: "repeat", label: "repeat \(count)")
      builder.openScope(.copy(index: 0), name: "", label: "copy")
      open.append((0, count))
    case 2, 3:
      guard let top = open.popLast() else { return }
      builder.closeScope()
      guard let top else { return }
      if top.index + 1 < top.count {
        builder.openScope(.copy(index: top.index + 1), name: "", label: "copy")
        open.append((top.index + 1, top.count))
      } else {
        builder.closeScope()
      }
    default: break
    }
  }

  private mutating func finish() -> Graph {
    var isRead = [Bool](repeating: false, count: builder.nodes.count)
    for node in builder.nodes { for input in node.inputs { isRead[input.index] = true } }
    var outputs: [Graph.Output] = []
    for (index, node) in builder.nodes.enumerated() where !isRead[index] && !node.op.isSource {
      outputs.append(
        Graph.Output(name: "out\(outputs.count)", value: NodeID(index), isAuxiliary: random.once(in: 4)))
    }
    return builder.finish(outputs: outputs, updates: updates)
  }

  // MARK: Operands

  private mutating func image() -> NodeID { random.pick(images) }

  private mutating func another(_ shape: Shape) -> NodeID {
    random.pick(images.filter { builder.shape(of: $0) == shape })
  }

  private mutating func parameter(_ shape: Shape, _ role: Parameter.Role = .weight) throws -> NodeID {
    let initializer: Parameter.Initializer =
      switch random.pick(0...3) {
      case 0: .uniform(fanIn: random.pick(1...99))
      case 1: .normal(deviation: real())
      case 2: .truncatedNormal(deviation: real())
      default: .constant(real())
      }
    return try builder.add(.parameter(Parameter(role, initializer)), declared: shape, name: "p.weight")
  }

  private mutating func state(_ shape: Shape) throws -> NodeID {
    try builder.add(.state(random.pick(StateRole.allCases)), declared: shape)
  }

  private mutating func real() -> Double {
    random.pick([0, 0.1, 0.2, 1e-5, 1e-300, 0.9999999999999999, Double.random(in: 0..<1, using: &random)])
  }

  private mutating func window() -> Window {
    Window(
      kernelSize: Extent(random.pick(1...3), random.pick(1...3)),
      stride: Extent(random.pick(1...2), random.pick(1...2)),
      dilation: Extent(random.pick(1...2), random.pick(1...2)),
      padding: Border(
        top: random.pick(0...1), left: random.pick(0...1), bottom: random.pick(0...1),
        right: random.pick(0...1)))
  }

  private mutating func pool() -> Pool {
    Pool(window: window(), ceil: random.once(in: 2), countsPadding: random.once(in: 2))
  }

  private mutating func convolution() -> Convolution {
    Convolution(
      window: window(), groups: random.pick([1, 1, 2]),
      activation: random.once(in: 4) ? random.pick(Activation.allCases) : nil)
  }

  private func weightShape(_ convolution: Convolution, _ x: Shape) -> Shape {
    let size = convolution.window.kernelSize
    return .unbatched(4, x.channels / convolution.groups, size.height, size.width)
  }

  private mutating func flat() throws -> NodeID {
    let x = image()
    return try builder.add(random.once(in: 2) ? .flatten : .globalAveragePool, [x])
  }

  // MARK: Steps

  private mutating func attempt() throws -> NodeID {
    switch random.pick(0...5) {
    case 0: try layer()
    case 1, 2: try mixing()
    case 3: try gradient()
    case 4: try poolGradient()
    default: try training()
    }
  }

  private mutating func layer() throws -> NodeID {
    let x = image()
    switch random.pick(0...8) {
    case 0, 1: return try builder.conv(x, out: 4, convolution(), bias: random.once(in: 2)).result
    case 2: return try builder.linear(try flat(), out: random.pick(1...5), bias: random.once(in: 2)).result
    case 3: return try builder.batchNorm(x, BatchNorm(epsilon: real(), momentum: real())).result
    case 4:
      let (result, shared) = try builder.conv(x, out: 4, convolution())
      return (try? builder.add(builder[result].op, [another(builder.shape(of: x))] + shared.values)) ?? result
    case 5: return try builder.add(.maxPool(pool()), [x])
    case 6: return try builder.layerNorm(x, epsilon: real()).result
    case 7:
      let gate = try builder.learned(.image(builder.shape(of: x).channels, 1, 1), .constant(real())).result
      return try builder.add(.multiply, [x, gate])
    default: return try builder.add(.averagePool(pool()), [x])
    }
  }

  private mutating func mixing() throws -> NodeID {
    let x = image()
    let shape = builder.shape(of: x)
    switch random.pick(0...20) {
    case 0, 1: return try builder.add(.activation(random.pick(Activation.allCases)), [x])
    case 2, 3: return try builder.add(.add, (0..<random.pick(1...3)).map { _ in another(shape) } + [x])
    case 4: return try builder.add(.multiply, [x, another(shape)])
    case 5: return try builder.add(.multiply, [x, try builder.add(.globalAveragePool, [x])])
    case 6: return try builder.add(.concat(random.pick(Axis.allCases)), [x, another(shape)])
    case 7:
      return try builder.add(
        .slice(axis: random.pick(Axis.allCases), start: 1, length: random.pick(1...3)), [x])
    case 8: return try builder.add(.channelShuffle(groups: 2), [x])
    case 9: return try builder.add(.crop(Border(top: 1, left: 0, bottom: 0, right: 1)), [x])
    case 10: return try builder.add(.pad(Border(top: 1, left: 0, bottom: 0, right: 1)), [x])
    case 11: return try builder.add(.upsample(factor: 2), [x])
    case 12:
      return try builder.add(random.once(in: 2) ? .dropout(rate: real()) : .dropPath(rate: real()), [x])
    case 13: return try builder.add(.identity, [x])
    case 16: return try builder.add(.flattenPlaces, [x])
    case 17, 18:
      let parts = try builder.add(.concat(.channel), [x, another(shape), x])
      let heads = random.pick(1...2)
      let y = try builder.add(.attention(heads: heads), [parts])
      return random.once(in: 2) ? y : try builder.add(.attentionGradient(heads: heads), [parts, y])
    case 19: return try builder.add(.softmax, [x])
    case 20: return try builder.add(.softmaxGradient, [x, another(shape)])
    case 14: return try builder.add(.add, [x, try builder.add(.zero, declared: shape)])
    default: return try builder.add(random.once(in: 2) ? .spatialSum : .globalAveragePool, [x])
    }
  }

  /// Batch norm while training or its gradients, with or without what the compiler fuses to it.
  private mutating func batchNorm(_ x: NodeID, _ statistics: NodeID, _ scale: NodeID) throws -> NodeID {
    let shape = builder.shape(of: x)
    let shift = try parameter(.unbatched(shape.channels), .shift)
    let epsilon = real()
    let function = random.once(in: 2) ? random.pick(Activation.allCases) : nil
    if random.once(in: 2) {
      let residual = random.once(in: 3) ? [another(shape)] : []
      return try builder.add(
        .batchNormalize(epsilon: epsilon, activation: function), [x, statistics, scale, shift] + residual)
    }
    let dy = another(shape)
    let isFused = function != nil
    let sums = try builder.add(
      .batchNormReduce(epsilon: epsilon, activation: function),
      [x, dy, statistics] + (isFused ? [scale, shift] : []))
    if random.once(in: 3) { return try builder.add(.row(index: random.pick(0...1)), [sums]) }
    return try builder.add(
      .batchNormInputGradient(epsilon: epsilon, activation: function),
      [x, dy, statistics, scale, sums] + (isFused ? [shift] : []))
  }

  private mutating func gradient() throws -> NodeID {
    let x = image()
    let shape = builder.shape(of: x)
    let vector = Shape.unbatched(shape.channels)
    switch random.pick(0...15) {
    case 0, 1:
      let convolution = convolution()
      let (dy, parameters) = try builder.conv(x, out: 4, convolution)
      if random.once(in: 2) {
        return try builder.add(.convInputGradient(convolution), [dy, parameters.values[0]], declared: shape)
      }
      return try builder.add(
        .convWeightGradient(convolution), [x, dy], declared: weightShape(convolution, shape))
    case 2: return try builder.add(.biasGradient, [x])
    case 3, 4:
      let flat = try flat()
      let (dy, parameters) = try builder.linear(flat, out: 3)
      if random.once(in: 2) { return try builder.add(.linearInputGradient, [dy, parameters.values[0]]) }
      return try builder.add(.linearWeightGradient, [flat, dy])
    case 5, 6, 7:
      let statistics = try builder.add(.batchStatistics, [x])
      let scale = try parameter(vector, .scale)
      return try batchNorm(x, statistics, scale)
    case 8:
      let added = random.pick(0...1)
      let parts = (0..<(1 + added)).map { _ in another(shape) }
      return try builder.add(
        .activationGradient(random.pick(Activation.allCases), added: added), [x] + parts)
    case 9: return try builder.add(.upsampleGradient(factor: 2), [try builder.add(.upsample(factor: 2), [x])])
    case 11:
      return try builder.add(.unflatten, [try builder.add(.flattenPlaces, [x])], declared: shape)
    case 12: return try builder.add(.learnedGradient, [x])
    case 13: return try builder.add(.layerNormReduce(epsilon: real()), [x, another(shape)])
    case 14:
      return try builder.add(
        .layerNormInputGradient(epsilon: real()), [x, another(shape), try parameter(vector, .scale)])
    case 10: return try builder.add(.unflatten, [try builder.add(.flatten, [x])], declared: shape)
    default:
      return try builder.add(
        .embed(axis: .height, start: 1), [x], declared: .image(shape.channels, 9, shape.width))
    }
  }

  private mutating func poolGradient() throws -> NodeID {
    let x = image()
    let shape = builder.shape(of: x)
    let pool = pool()
    switch random.pick(0...3) {
    case 0: return try builder.add(.maxPoolGradient(pool), [x, try builder.add(.maxPool(pool), [x])])
    case 1:
      return try builder.add(
        .averagePoolGradient(pool), [try builder.add(.averagePool(pool), [x])], declared: shape)
    case 2:
      return try builder.add(
        .globalAveragePoolGradient, [try builder.add(.globalAveragePool, [x])], declared: shape)
    default:
      return try builder.add(
        .multiply,
        [x, try builder.add(.randomMask(rate: real(), stream: random.pick(0...9)), declared: shape)])
    }
  }

  private mutating func training() throws -> NodeID {
    let vector = Shape.unbatched(4)
    switch random.pick(0...8) {
    case 0, 1:
      let logits = try flat()
      let labels = try builder.add(.labels, declared: .sampleScalar)
      let smoothing = real()
      return try builder.add(
        random.once(in: 2)
          ? .softmaxCrossEntropy(smoothing: smoothing, weight: random.once(in: 2) ? 1 : real())
          : .softmaxCrossEntropyGradient(smoothing: smoothing, weight: random.once(in: 2) ? 1 : real()),
        [logits, labels])
    case 2, 3:
      let target = try parameter(vector)
      let gradient = try parameter(vector)
      let velocity = try builder.add(.state(.velocity), declared: vector)
      let moved = try builder.add(
        .sgdVelocity(momentum: real(), decay: real()), [target, gradient, velocity])
      let rate = try builder.add(.hyperparameter(.learningRate), declared: .scalar)
      let step = SGDStep(momentum: real(), decay: real(), nesterov: random.once(in: 2))
      let value = try builder.add(
        .sgdStep(step), [target, gradient, rate] + (random.once(in: 2) ? [moved] : []))
      updates.append(Graph.Update(target: target, value: value))
      if random.once(in: 2) { updates.append(Graph.Update(target: velocity, value: moved)) }
      return value
    case 4:
      let running = try state(vector)
      let statistics = try parameter(.unbatched(2, 4))
      return try builder.add(
        random.once(in: 2)
          ? .runningMean(momentum: real()) : .runningVariance(momentum: real(), places: random.pick(1...99)),
        [running, statistics])
    case 5:
      return try builder.add(
        .foldedWeight(epsilon: real()),
        [try parameter(.unbatched(4, 2, 3, 3)), try parameter(vector, .scale), try state(vector)])
    case 6:
      let groups = random.pick([1, 2, 4])
      return try builder.add(
        .composedWeight(groups: groups),
        [try parameter(.unbatched(6, 4, 1, 1)), try parameter(.unbatched(4, random.pick(1...3), 1, 1))])
    case 7:
      let bias = random.once(in: 2) ? [try parameter(.unbatched(6), .bias)] : []
      return try builder.add(
        .composedBias, [try parameter(.unbatched(6, 4, 1, 1)), try parameter(vector, .bias)] + bias)
    default:
      let bias = random.once(in: 2) ? [try parameter(vector, .bias)] : []
      return try builder.add(
        .foldedBias(epsilon: real()),
        [try parameter(vector, .scale), try parameter(vector, .shift), try state(vector), try state(vector)]
          + bias)
    }
  }
}
