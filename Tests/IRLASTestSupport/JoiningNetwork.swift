package import IRLASGraph

/// A random network of maps of one size that are joined and split along their channels all the time: operands that
/// several concatenations share, concatenations of concatenations and of slices, shuffles between them.
///
/// Its one output is the logits of `classes` classes. The same seed gives the same network.
package func joiningNetwork(seed: UInt64, layers: Int = 14, classes: Int = 3) -> Graph {
  var draw = JoiningNetworkDraw(seed: seed)
  do {
    return try draw.graph(layers: layers, classes: classes)
  } catch {
    fatalError("joining network \(seed): \(error)")
  }
}

private struct JoiningNetworkDraw {
  var numbers: RandomSource
  var builder: GraphBuilder
  var values: [NodeID] = []

  init(seed: UInt64) {
    numbers = RandomSource(seed: seed)
    builder = GraphBuilder(name: "Joining\(seed)")
  }

  mutating func graph(layers: Int, classes: Int) throws(ShapeIssue) -> Graph {
    let size = Shape.image(numbers.pick(2...5), numbers.pick(3...6), numbers.pick(3...6))
    values = [try builder.add(.input(index: 0), declared: size)]
    for _ in 0..<layers { values.append(try layer()) }
    var isRead = [Bool](repeating: false, count: builder.nodes.count)
    for node in builder.nodes { for input in node.inputs { isRead[input.index] = true } }
    let ends = values.filter { !isRead[$0.index] }
    let last = ends.count == 1 ? ends[0] : try builder.add(.concat(.channel), ends)
    let pooled = try builder.add(.globalAveragePool, [last])
    let logits = try builder.linear(pooled, out: classes).result
    return builder.finish(outputs: [Graph.Output(name: "output", value: logits)])
  }

  private mutating func layer() throws(ShapeIssue) -> NodeID {
    let x = numbers.once(in: 3) ? numbers.pick(values) : values[values.count - 1]
    let shape = builder.shape(of: x)
    switch numbers.pick(0...15) {
    case 0, 1, 2: return try conv(x)
    case 3: return try builder.add(.activation(numbers.pick([.relu, .silu])), [x])
    case 4: return try builder.batchNorm(x, BatchNorm(epsilon: 1e-2, momentum: 0.2)).result
    case 5:
      let peers = values.filter { builder.shape(of: $0) == shape }
      return try builder.add(
        .activation(.relu), [builder.add(.add, [conv(x, shape.channels), numbers.pick(peers)])])
    case 6:
      let peers = values.filter { builder.shape(of: $0) == shape }
      return try builder.add(.add, [x, numbers.pick(peers)])
    case 7:
      let window = Window(
        kernelSize: Extent(3, 3), padding: Border(top: 1, left: 1, bottom: 1, right: 1))
      let pool = Pool(window: window)
      return try builder.add(numbers.once(in: 2) ? .maxPool(pool) : .averagePool(pool), [x])
    case 8, 9:
      let start = numbers.pick(0...(shape.channels - 1))
      let length = numbers.pick(1...(shape.channels - start))
      return try builder.add(.slice(axis: .channel, start: start, length: length), [x])
    case 10 where shape.channels % 2 == 0:
      // Half of the channels passes by.
      let half = shape.channels / 2
      let left = try builder.add(.slice(axis: .channel, start: 0, length: half), [x])
      let right = try builder.add(.slice(axis: .channel, start: half, length: half), [x])
      let joined = try builder.add(.concat(.channel), [left, conv(right, half)])
      return try builder.add(.channelShuffle(groups: numbers.once(in: 4) ? half : 2), [joined])
    case 11 where shape.channels <= 12:
      // Each layer reads all before it.
      var h = [x]
      for _ in 0..<numbers.pick(2...9) {
        let all = h.count == 1 ? x : try builder.add(.concat(.channel), h)
        h.append(try conv(builder.batchNorm(all, BatchNorm(epsilon: 1e-2)).result, numbers.pick(1...4)))
      }
      return try builder.add(.concat(.channel), h)
    case 12: return try builder.add(.identity, [x])
    default:
      let peers = values.filter { builder.shape(of: $0).channels <= 12 }
      guard !peers.isEmpty else { return try conv(x) }
      return try builder.add(.concat(.channel), (0..<numbers.pick(2...4)).map { _ in numbers.pick(peers) })
    }
  }

  private mutating func conv(_ x: NodeID, _ outputs: Int? = nil) throws(ShapeIssue) -> NodeID {
    let size = numbers.pick([1, 1, 3])
    let border = size / 2
    let shape = builder.shape(of: x)
    let isDepthwise = outputs ?? shape.channels == shape.channels && numbers.once(in: 3)
    let convolution = Convolution(
      window: Window(
        kernelSize: Extent(square: size),
        padding: Border(top: border, left: border, bottom: border, right: border)),
      groups: isDepthwise ? shape.channels : 1)
    let result = try builder.conv(
      x, out: outputs ?? (isDepthwise ? shape.channels : numbers.pick(1...9)), convolution,
      bias: numbers.once(in: 2)
    ).result
    return numbers.once(in: 2) ? try builder.batchNorm(result, BatchNorm(epsilon: 1e-2)).result : result
  }
}
