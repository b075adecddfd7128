internal import IRLASGraph

/// A depthwise convolution that one call makes together with the 1x1 convolution after it and, if there is one, that before
/// it: no map stands between them.
struct Separable {
  let expansion: NodeID?
  let depthwise: NodeID
  let projection: NodeID
  let sizes: KernelSizes

  /// The nodes whose values have no place.
  var inner: [NodeID] { [expansion, depthwise].compactMap { $0 } }

  /// All of a graph that a rule takes, by their last convolution.
  ///
  /// - Parameter pairs: whether the 1x1 convolutions multiply numbers rounded to bfloat16.
  static func all(
    in graph: Graph, _ schedule: Schedule, batch: Int, pairs: Bool, _ rule: FormRule
  ) -> [NodeID: Separable] {
    let isStep = Set(schedule.step)
    let consumers = graph.consumers()
    let outputs = Set(graph.outputs.map(\.value))
    /// The convolution that makes a value, if nobody but the next one reads it.
    func inner(_ id: NodeID) -> Convolution? {
      guard case .conv(let convolution) = graph[id].op, isStep.contains(id), graph[id].inputs.count <= 3,
        consumers[id.index].count == 1, !outputs.contains(id)
      else { return nil }
      return convolution
    }
    var found: [NodeID: Separable] = [:]
    for projection in schedule.step {
      guard case .conv(let last) = graph[projection].op, last.isPointwise else { continue }
      let depthwise = graph[projection].inputs[0]
      guard let middle = inner(depthwise),
        middle.isDepthwise(graph.inputShapes(of: depthwise)[0], graph[depthwise].shape)
      else { continue }
      let before = graph[depthwise].inputs[0]
      // What already ends such a chain begins no other; one channel makes no pairs.
      let first = inner(before).flatMap {
        $0.isPointwise && found[before] == nil
          && !(pairs && graph.inputShapes(of: before)[0].channels == 1) ? $0 : nil
      }
      func sizes(_ first: Convolution?) -> KernelSizes? {
        let sizes = KernelSizes.separable(
          batch: batch, input: graph.inputShapes(of: first == nil ? depthwise : before)[0],
          between: graph[depthwise].shape, output: graph[projection].shape,
          expansion: first.map { ($0, hasBias: graph[before].inputs.count == 3) },
          depthwise: (middle, hasBias: graph[depthwise].inputs.count == 3),
          projection: (last, hasBias: graph[projection].inputs.count >= 3),
          hasResidual: graph[projection].inputs.count == 4, pairs: pairs)
        return sizes.flatMap { rule.takes(.separable($0)) ? $0 : nil }
      }
      if let first, let sizes = sizes(first) {
        found[projection] = Separable(
          expansion: before, depthwise: depthwise, projection: projection, sizes: sizes)
      } else if let sizes = sizes(nil) {
        found[projection] = Separable(
          expansion: nil, depthwise: depthwise, projection: projection, sizes: sizes)
      }
    }
    return found
  }
}

extension Lowering {
  /// One call for all convolutions of `separable`, at the place of the last.
  mutating func lower(_ separable: Separable) {
    taken.append((.separable(separable.sizes), separable.projection))
    let chain = (separable.inner + [separable.projection]).map { graph[$0].inputs }
    var operands = [operand(chain[0][0])]
    for (id, inputs) in zip(separable.inner + [separable.projection], chain) {
      let weight = operand(inputs[1])
      operands.append(id == separable.depthwise ? weight : pointwiseWeight(weight, of: id))
      operands += inputs[2...].map { operand($0) }
    }
    let y = result()
    let residual = graph[separable.projection].inputs.count == 4 ? operands.last?.pitch : nil
    let sizes = separable.sizes.pitched([
      "x_pitch": operands[0].pitch, "y_pitch": y.pitch, "residual_pitch": residual,
    ])
    emit(.separable, sizes, [y], operands)
  }
}

extension Convolution {
  /// Whether it multiplies every place with one matrix.
  fileprivate var isPointwise: Bool {
    groups == 1 && window.stride == .one && readsOnePixel
  }

  /// Whether every channel of the result comes from one of its own.
  fileprivate func isDepthwise(_ input: Shape, _ output: Shape) -> Bool {
    groups == input.channels && groups == output.channels && groups > 1 && window.padding.top >= 0
      && window.padding.left >= 0
  }
}
