package import IRLASGraph

/// Which ops a random network may have.
package struct RandomNetworkOptions: Sendable {
  /// How many layers are drawn between stem and head.
  package var layers: Int
  package var classes: Int
  /// Whether dropout and drop path may be drawn.
  package var drops: Bool

  package init(layers: Int = 10, classes: Int = 3, drops: Bool = true) {
    self.layers = layers
    self.classes = classes
    self.drops = drops
  }
}

/// A small classifier drawn from `seed`: odd sizes, strides, groups, dilation, rectangular and asymmetric windows,
/// partial pools, gates, branches and shared layers.
package func randomNetwork(seed: UInt64, options: RandomNetworkOptions = RandomNetworkOptions()) -> Graph {
  var draw = RandomNetworkDraw(seed: seed, options: options)
  do {
    return try draw.graph()
  } catch {
    fatalError("random network \(seed): \(error)")
  }
}

private struct RandomNetworkDraw {
  var numbers: RandomSource
  let options: RandomNetworkOptions
  var builder: GraphBuilder
  /// Values that later layers may read.
  var values: [NodeID] = []

  init(seed: UInt64, options: RandomNetworkOptions) {
    numbers = RandomSource(seed: seed)
    self.options = options
    builder = GraphBuilder(name: "Random\(seed)")
  }

  mutating func graph() throws(ShapeIssue) -> Graph {
    let size = Shape.image(numbers.pick(1...3), numbers.pick(5...9), numbers.pick(5...9))
    let image = try builder.add(.input(index: 0), declared: size)
    let stem = Window(
      kernelSize: Extent(3, 3), stride: .one, padding: Border(top: 1, left: 1, bottom: 1, right: 1))
    values = [try builder.conv(image, out: 2 * numbers.pick(1...3), Convolution(window: stem)).result]
    for _ in 0..<options.layers { values.append(try layer()) }
    // Every value is read, so that no layer is dropped: the head sums what its linear layers say of each.
    var read = [Bool](repeating: false, count: builder.nodes.count)
    for node in builder.nodes { for input in node.inputs { read[input.index] = true } }
    var scores: [NodeID] = []
    for value in values where !read[value.index] || value == values.last { scores.append(try head(value)) }
    let logits = scores.count == 1 ? scores[0] : try builder.add(.add, scores)
    return builder.finish(outputs: [Graph.Output(name: "output", value: logits)])
  }

  private mutating func head(_ value: NodeID) throws(ShapeIssue) -> NodeID {
    let isPooled = numbers.once(in: 2)
    let flat = try builder.add(isPooled ? .globalAveragePool : .flatten, [value])
    return try builder.linear(flat, out: options.classes, bias: numbers.once(in: 2)).result
  }

  private mutating func layer() throws(ShapeIssue) -> NodeID {
    let x = numbers.once(in: 3) ? numbers.pick(values) : values[values.count - 1]
    let shape = builder.shape(of: x)
    switch numbers.pick(0...19) {
    case 0, 1, 2: return try conv(x)
    case 3, 4: return try builder.batchNorm(x, BatchNorm(epsilon: 1e-2, momentum: 0.2)).result
    case 5, 6: return try builder.add(.activation(numbers.pick(Activation.allCases)), [x])
    case 7: return try pool(x)
    case 8:
      let peers = values.filter { builder.shape(of: $0) == shape }
      return try builder.add(.add, [x, numbers.pick(peers)] + (numbers.once(in: 3) ? [x] : []))
    case 9: return try multiply(x)
    case 10:
      let peers = values.filter {
        let other = builder.shape(of: $0)
        return other.height == shape.height && other.width == shape.width && other.channels <= 8
      }
      guard shape.channels <= 8, !peers.isEmpty else { return try builder.add(.identity, [x]) }
      return try builder.add(.concat(.channel), [x, numbers.pick(peers)])
    case 11:
      let axis = numbers.pick(Axis.allCases)
      let size = shape[axis.rawValue]
      let start = numbers.pick(0...size - 1)
      return try builder.add(.slice(axis: axis, start: start, length: numbers.pick(1...size - start)), [x])
    case 12:
      let groups = shape.channels % 2 == 0 ? 2 : shape.channels
      return try builder.add(.channelShuffle(groups: groups), [x])
    case 13:
      let border = Border(
        top: numbers.pick(0...1), left: numbers.pick(0...1), bottom: numbers.pick(0...1),
        right: numbers.pick(0...1))
      let canCrop = shape.height > 3 && shape.width > 3
      return try builder.add(canCrop && numbers.once(in: 2) ? .crop(border) : .pad(border), [x])
    case 15: return try builder.layerNorm(x, epsilon: 0.1).result
    case 16:
      let heads = numbers.pick(1...2)
      let parts = try builder.conv(
        x, out: 3 * heads * numbers.pick(1...2), Convolution(window: Window(kernelSize: .one)), bias: true
      ).result
      return try builder.add(.attention(heads: heads), [parts])
    case 17:
      let isGate = numbers.once(in: 2)
      let size = isGate ? Shape.image(shape.channels, 1, 1) : shape
      let learned = try builder.learned(size, .truncatedNormal(deviation: 0.5)).result
      return try builder.add(isGate ? .multiply : .add, [x, learned])
    case 18: return try builder.add(.flattenPlaces, [x])
    case 14:
      guard shape.height <= 5, shape.width <= 5 else { return try mixture(x) }
      return try builder.add(.upsample(factor: 2), [x])
    default:
      guard options.drops else { return try builder.add(.identity, [x]) }
      return try builder.add(numbers.once(in: 2) ? .dropout(rate: 0.3) : .dropPath(rate: 0.25), [x])
    }
  }

  /// A weighted sum by the softmax of learned numbers.
  private mutating func mixture(_ x: NodeID) throws(ShapeIssue) -> NodeID {
    let peers = values.filter { builder.shape(of: $0) == builder.shape(of: x) }
    let logits = try builder.learned(.image(2, 1, 1), .normal(deviation: 1)).result
    let weights = try builder.add(.softmax, [logits])
    var terms: [NodeID] = []
    for (index, term) in [x, peers[0]].enumerated() {
      let weight = try builder.add(.slice(axis: .channel, start: index, length: 1), [weights])
      terms.append(try builder.add(.multiply, [term, weight]))
    }
    return try builder.add(.add, terms)
  }

  private mutating func conv(_ x: NodeID) throws(ShapeIssue) -> NodeID {
    let channels = builder.shape(of: x).channels
    let window = window(of: x, largestKernel: 4)
    let groups = numbers.pick((1...channels).filter { channels % $0 == 0 })
    let convolution = Convolution(window: window, groups: groups)
    let out = groups * numbers.pick(1...max(1, 6 / groups))
    let (result, parameters) = try builder.conv(x, out: out, convolution, bias: numbers.once(in: 2))
    guard numbers.once(in: 4) else { return result }
    // The same weights once more, on another map of the same channels.
    let twin = try builder.add(.activation(.silu), [x])
    let second = try builder.conv(twin, out: out, convolution, sharing: parameters).result
    return try builder.add(.add, [result, second])
  }

  private mutating func pool(_ x: NodeID) throws(ShapeIssue) -> NodeID {
    var window = window(of: x, largestKernel: 3)
    let (rows, columns) = (window.kernelSize.height / 2, window.kernelSize.width / 2)
    // Dilated pools could have windows without a single element.
    window.dilation = .one
    window.padding = Border(
      top: min(window.padding.top, rows), left: min(window.padding.left, columns),
      bottom: min(window.padding.bottom, rows), right: min(window.padding.right, columns))
    let pool = Pool(window: window, ceil: numbers.once(in: 2), countsPadding: numbers.once(in: 2))
    return try builder.add(numbers.once(in: 2) ? .maxPool(pool) : .averagePool(pool), [x])
  }

  private mutating func multiply(_ x: NodeID) throws(ShapeIssue) -> NodeID {
    let shape = builder.shape(of: x)
    if numbers.once(in: 3) {
      let peers = values.filter { builder.shape(of: $0) == shape }
      return try builder.add(.multiply, [x, numbers.pick(peers)])
    }
    // Squeeze and excitation, with one gate per channel or one for all.
    let pooled = try builder.add(.globalAveragePool, [x])
    let scores = try builder.linear(pooled, out: numbers.once(in: 2) ? shape.channels : 1).result
    let gate = try builder.add(.activation(numbers.pick([.sigmoid, .hardSigmoid])), [scores])
    return try builder.add(.multiply, [x, gate])
  }

  /// A window that fits: it may be rectangular, strided, dilated and padded on each side by another amount.
  private mutating func window(of x: NodeID, largestKernel: Int) -> Window {
    let shape = builder.shape(of: x)
    func side(_ size: Int, _ numbers: inout RandomSource) -> (
      kernel: Int, stride: Int, dilation: Int, Int, Int
    ) {
      let kernel = numbers.pick(1...min(largestKernel, size))
      let dilation = kernel > 1 && numbers.once(in: 3) && 2 * (kernel - 1) < size ? 2 : 1
      let before = numbers.pick(0...kernel / 2)
      return (
        kernel, size > 3 ? numbers.pick(1...2) : 1, dilation, before, numbers.pick(0...kernel / 2)
      )
    }
    let rows = side(shape.height, &numbers)
    let columns = side(shape.width, &numbers)
    return Window(
      kernelSize: Extent(rows.kernel, columns.kernel), stride: Extent(rows.stride, columns.stride),
      dilation: Extent(rows.dilation, columns.dilation),
      padding: Border(top: rows.3, left: columns.3, bottom: rows.4, right: columns.4))
  }
}
