internal import IRLASGraph

/// Why a graph that verifies still cannot become a program.
package enum CompileError: Error, Hashable, Sendable {
  /// Tensors of the batch would not fit an address space.
  case tooLarge(node: String)
  /// Two layers share a weight but need it in different orders.
  case packingConflict(node: String)
  /// An op that the training graph replaces has reached the kernels.
  case needsDifferentiation(node: String, op: String)
  /// The batch size is not positive.
  case batchNotPositive(Int)
  /// The graph cannot be differentiated.
  case differentiation(DifferentiationError)
  /// A pass has made a graph that does not verify: a defect of the compiler.
  case invalidGraph(pass: String, issues: [String])
}

extension CompileError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tooLarge(let node): return "\(node) is too large for this batch size"
    case .packingConflict(let node): return "layers with different groups share the weight \(node)"
    case .needsDifferentiation(let node, let op): return "\(node): \(op) has no kernel while training"
    case .batchNotPositive(let batch): return "the batch size is \(batch), but must be positive"
    case .differentiation(let error): return "\(error)"
    case .invalidGraph(let pass, let issues):
      return "the pass \(pass) made a graph that does not verify: \(issues.joined(separator: "; "))"
    }
  }
}
