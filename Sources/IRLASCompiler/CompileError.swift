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
  /// Memory is limited to fewer bytes than the program needs, whatever is computed again; `persistent` of those that it
  /// needs at least are parameters and the optimiser's state.
  case memoryLimit(bytes: Int, least: Int, persistent: Int, batch: Int)
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
    case .memoryLimit(let bytes, let least, let persistent, let batch):
      return
        "the program needs at least \(MemorySize(bytes: least)) (\(least) bytes) for a batch of \(batch), "
        + "more than the limit of \(MemorySize(bytes: bytes))\n"
        + "help: a smaller batch needs less, down to the \(MemorySize(bytes: persistent)) of parameters and their state"
    case .invalidGraph(let pass, let issues):
      return "the pass \(pass) made a graph that does not verify: \(issues.joined(separator: "; "))"
    }
  }
}
