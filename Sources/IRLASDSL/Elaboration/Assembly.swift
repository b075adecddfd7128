import IRLASGraph

/// The graph under construction during one elaboration, with what the layers share and where nodes come from.
final class Assembly {
  /// The graph so far.
  var builder: GraphBuilder
  /// The position in the source map of the layer that is being applied.
  var origin: Int32 = 0
  /// Spans by origin; entry 0 stands for none.
  private(set) var spans: [SourceSpan]
  private var origins: [SourceSpan: Int32] = [:]

  /// The learned tensors of each shared layer, in the order of its first application.
  private var shared: [[GraphBuilder.LayerParameters]] = []
  private var contexts: [SharingContext] = []
  /// Set when an application of a shared layer asks for other weights than the first one made.
  private(set) var sharingFailed = false

  /// One running application of a shared layer.
  private struct SharingContext {
    let key: Int
    /// The next entry to reuse; nil while the first application records.
    var cursor: Int?
  }

  /// Starts the graph of the network called `name`.
  init(name: String, label: String, span: SourceSpan) {
    spans = [SourceSpan(file: span.file, 0..<0), span]
    origins[span] = 1
    builder = GraphBuilder(name: name, label: label, origin: 1)
  }

  /// The index of a span in the source map.
  func origin(of span: SourceSpan) -> Int32 {
    if let known = origins[span] { return known }
    let index = Int32(clamping: spans.count)
    spans.append(span)
    origins[span] = index
    return index
  }

  // MARK: Sharing

  /// A key for the weights of a layer bound with `shared`.
  func makeSharingKey() -> Int {
    shared.append([])
    return shared.count - 1
  }

  /// Begins an application of the shared layer `key`: the first one makes its weights, later ones reuse them.
  func beginSharing(_ key: Int, isFirst: Bool) {
    contexts.append(SharingContext(key: key, cursor: isFirst ? nil : 0))
  }

  /// Ends the innermost application of a shared layer.
  func endSharing() { contexts.removeLast() }

  /// Applies a layer with weights: fresh ones, or those of an earlier application of the shared layer around it.
  func applyWeighted(
    _ body: (inout GraphBuilder, GraphBuilder.LayerParameters?) throws(ShapeIssue) -> (
      result: NodeID, parameters: GraphBuilder.LayerParameters
    )
  ) throws(ShapeIssue) -> NodeID {
    // From the innermost application outwards: those that record take what the first that reuses provides.
    var recording: [Int] = []
    var reused: GraphBuilder.LayerParameters?
    for index in contexts.indices.reversed() {
      guard let cursor = contexts[index].cursor else {
        recording.append(contexts[index].key)
        continue
      }
      let parameters = shared[contexts[index].key]
      guard cursor < parameters.count else {
        sharingFailed = true
        throw .inputCount(expected: parameters.count...parameters.count, actual: cursor + 1)
      }
      reused = parameters[cursor]
      contexts[index].cursor = cursor + 1
      break
    }
    let (result, parameters): (NodeID, GraphBuilder.LayerParameters)
    do throws(ShapeIssue) {
      (result, parameters) = try body(&builder, reused)
    } catch {
      if reused != nil { sharingFailed = true }
      throw error
    }
    for key in recording { shared[key].append(parameters) }
    return result
  }

  /// Reports, once, whether sharing failed since the last call.
  func takeSharingFailure() -> Bool {
    defer { sharingFailed = false }
    return sharingFailed
  }

  // MARK: Shapes

  /// The shape of a value.
  func shape(_ node: NodeID) -> Shape { builder.shape(of: node) }

  /// Adds a node at the current origin.
  func add(_ op: Op, _ inputs: [NodeID], declared: Shape? = nil) throws(ShapeIssue) -> NodeID {
    try builder.add(op, inputs, declared: declared, origin: origin)
  }

  /// Whether a value is the constant zero.
  func isZero(_ node: NodeID) -> Bool {
    if case .zero = builder[node].op { return true }
    return false
  }

  /// The window of a convolution or pool over `x`, with `same` padding worked out.
  func window(_ x: NodeID, kernel: Extent, stride: Extent, dilation: Extent, padding: PaddingMode)
    throws(ShapeIssue) -> Window
  {
    let input = Extent(shape(x).height, shape(x).width)
    for (name, size) in [("kernel", kernel), ("stride", stride), ("dilation", dilation)] {
      guard size.height > 0, size.width > 0 else {
        throw .notPositive(attribute: name, value: min(size.height, size.width))
      }
      guard max(size.height, size.width) <= Shape.maximumDimension else {
        throw .tooLarge(what: name, value: max(size.height, size.width))
      }
    }
    let border: Border
    switch padding {
    case .same:
      border = Window.samePadding(input: input, kernelSize: kernel, stride: stride, dilation: dilation)
    case .valid: border = .none
    case .explicit(let explicit): border = explicit
    }
    return Window(kernelSize: kernel, stride: stride, dilation: dilation, padding: border)
  }

  /// The sum of tensors: zeros are dropped, one operand is itself.
  func sum(_ operands: [NodeID]) throws(ShapeIssue) -> NodeID {
    // The shapes are checked with the zeros, which are tensors like others.
    if operands.count > 1 {
      _ = try Op.add.resultShape(of: operands.map { builder.shape(of: $0) })
    }
    let terms = operands.filter { !isZero($0) }
    if terms.isEmpty { return operands[0] }
    return terms.count == 1 ? terms[0] : try add(.add, terms)
  }

  /// A sum in which the operands marked in `isSubtracted` count negatively.
  func sum(_ operands: [NodeID], isSubtracted: [Bool]) throws(ShapeIssue) -> NodeID {
    // Checked before anything is added, so that a failure leaves the graph as it is.
    if operands.count > 1 { _ = try Op.add.resultShape(of: operands.map { builder.shape(of: $0) }) }
    var terms: [NodeID] = []
    for (operand, isSubtracted) in zip(operands, isSubtracted) {
      terms.append(
        isSubtracted && !isZero(operand) ? try add(.activation(.negate), [operand]) : operand)
    }
    return try sum(terms)
  }

  /// The sum of tensors of equal shape, each times the channel of `weights [n, 1, 1]` that has its number; zeros are
  /// dropped.
  func mixture(of operands: [NodeID], weights: NodeID) throws(ShapeIssue) -> NodeID {
    try mixture(of: operands, gates: try gates(weights, count: operands.count))
  }

  /// The channels of `weights [n, 1, 1]` apart.
  func gates(_ weights: NodeID, count: Int) throws(ShapeIssue) -> [NodeID] {
    var gates: [NodeID] = []
    for index in 0..<count {
      gates.append(try add(.slice(axis: .channel, start: index, length: 1), [weights]))
    }
    return gates
  }

  /// The sum of tensors of equal shape, each times its gate `[1, 1, 1]`; zeros are dropped, and the gates of a tensor
  /// that comes up several times are added first.
  func mixture(of operands: [NodeID], gates: [NodeID]) throws(ShapeIssue) -> NodeID {
    if operands.count > 1 { _ = try Op.add.resultShape(of: operands.map { builder.shape(of: $0) }) }
    var distinct: [NodeID] = []
    var gatesOf: [NodeID: [NodeID]] = [:]
    for (operand, gate) in zip(operands, gates) where !isZero(operand) {
      if gatesOf[operand] == nil { distinct.append(operand) }
      gatesOf[operand, default: []].append(gate)
    }
    var terms: [NodeID] = []
    for operand in distinct {
      let parts = gatesOf[operand] ?? []
      terms.append(try add(.multiply, [operand, parts.count == 1 ? parts[0] : try add(.add, parts)]))
    }
    if terms.isEmpty { return operands[0] }
    return terms.count == 1 ? terms[0] : try add(.add, terms)
  }

  /// The product of two tensors of equal shape, or of a tensor and a gate `[c, 1, 1]` on either side.
  func product(_ a: NodeID, _ b: NodeID) throws(ShapeIssue) -> NodeID {
    let (x, y) = (shape(a), shape(b))
    let isLeftGate = x.height == 1 && x.width == 1 && (y.height != 1 || y.width != 1)
    return try isLeftGate ? add(.multiply, [b, a]) : add(.multiply, [a, b])
  }
}
