private import Glibc
internal import IRLASGraph

extension Activation {
  /// The function itself.
  func value(_ x: Double) -> Double {
    switch self {
    case .relu: max(x, 0)
    case .relu6: min(max(x, 0), 6)
    case .sigmoid: 1 / (1 + exp(-x))
    case .silu: x / (1 + exp(-x))
    case .hardSwish: x * min(max(x + 3, 0), 6) / 6
    case .hardSigmoid: min(max(x + 3, 0), 6) / 6
    case .gelu: x * erfc(-x / 2.squareRoot()) / 2
    case .abs: Swift.abs(x)
    case .negate: -x
    }
  }

  /// The derivative, from the result or the argument as `savesOutput` says. At a kink it is that of the flat side
  /// (of the linear side for `hardSwish` at 3), as in PyTorch.
  func derivative(saved: Double) -> Double {
    switch self {
    case .relu: return saved > 0 ? 1 : 0
    case .relu6: return saved > 0 && saved < 6 ? 1 : 0
    case .sigmoid: return saved * (1 - saved)
    case .hardSigmoid: return saved > 0 && saved < 1 ? 1.0 / 6 : 0
    case .silu:
      let sigmoid = 1 / (1 + exp(-saved))
      return sigmoid * (1 + saved * (1 - sigmoid))
    case .hardSwish:
      if saved <= -3 { return 0 }
      return saved < 3 ? saved / 3 + 0.5 : 1
    case .gelu:
      let density = exp(-saved * saved / 2) / (2 * Double.pi).squareRoot()
      return erfc(-saved / 2.squareRoot()) / 2 + saved * density
    case .abs: return saved > 0 ? 1 : saved < 0 ? -1 : 0
    case .negate: return -1
    }
  }
}
