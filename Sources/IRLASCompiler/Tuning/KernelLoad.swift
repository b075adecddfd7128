internal import IRLASGraph

/// What a kernel call has to do, as far as its time depends on it.
package struct KernelLoad: Hashable, Sendable {
  /// Calls of one family follow one rule: `conv_forward.depthwise`.
  package let family: String
  /// The name of the function with its sizes; equal ones do the same.
  package let symbol: String
  /// Multiply-adds.
  package let macs: Double
  /// Numbers that are read or written.
  package let floats: Double

  package init(family: String, symbol: String, macs: Double, floats: Double) {
    self.family = family
    self.symbol = symbol
    self.macs = macs
    self.floats = floats
  }
}

extension ExecutionPlan {
  /// The loads of the step's calls, in order.
  package var loads: [KernelLoad] {
    step.map { call in
      return KernelLoad(
        family: family(of: call) + (call.sizes.multipliesPairs ? ".bf16" : ""),
        symbol: KernelInstance(kernel: call.kernel, sizes: call.sizes).symbol,
        macs: call.kernel.multiplies ? macs(of: call) : 0,
        floats: call.kernel == .copy ? 2 * call.sizes.copiedCount : floats(of: call))
    }
  }

  /// The multiply-adds of the nodes that a call computes.
  package func macs(of call: Call) -> Double {
    call.nodes.reduce(0) { $0 + Double(graph.macs(of: $1)) } * Double(batch)
  }

  /// How many numbers the nodes of a call read and write, what is only passed between them left out.
  package func floats(of call: Call) -> Double {
    let values = call.nodes.flatMap { graph[$0].inputs }.filter { !call.inner.contains($0) } + [call.node]
    return values.reduce(0) {
      let shape = graph[$1].shape
      return $0 + Double(shape.elementCount) * (shape.isBatched ? Double(batch) : 1)
    }
  }

  private func family(of call: Call) -> String {
    guard call.kernel.multiplies, call.inner.isEmpty else { return call.kernel.name }
    switch graph[call.node].op {
    case .conv(let convolution), .convInputGradient(let convolution), .convWeightGradient(let convolution):
      let size = convolution.window.kernelSize
      let isPoint = size.height == 1 && size.width == 1
      let kind =
        convolution.groups == 1
        ? (isPoint ? (call.sizes.isStrassen ? "strassen" : "pointwise") : "dense")
        : graph.inputShapes(of: call.node)[0].channels == convolution.groups ? "depthwise" : "grouped"
      return "\(call.kernel.name).\(kind)"
    case .linear, .linearInputGradient, .linearWeightGradient: return "\(call.kernel.name).linear"
    default: return call.kernel.name
    }
  }
}

extension Kernel {
  /// Whether the multiply-adds of a node are this kernel's work; other kernels of the node prepare or collect.
  fileprivate var multiplies: Bool {
    switch self {
    case .convForward, .convStatistics, .convWinograd, .convInputGradient, .convWeightGradient, .separable,
      .attention, .attentionGradient:
      true
    default: false
    }
  }
}

extension KernelSizes {
  /// Whether a convolution is computed by Strassen's method.
  fileprivate var isStrassen: Bool { fields.contains { $0.name == "strassen" && $0.value == .integer(1) } }

  /// Whether products are of bfloat16, which take half the time.
  fileprivate var multipliesPairs: Bool {
    fields.contains { $0.name == "pairs" && $0.value == .integer(1) }
  }

  /// The numbers that a copy moves.
  fileprivate var copiedCount: Double {
    var count = 1.0
    for field in fields where ["batch", "rows", "columns", "channels"].contains(field.name) {
      if case .integer(let value) = field.value { count *= Double(value) }
    }
    return count
  }
}
