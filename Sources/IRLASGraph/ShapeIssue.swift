/// Why an op cannot be applied to its inputs. The language turns these into diagnostics; the verifier reports
/// them as they are.
package enum ShapeIssue: Error, Hashable, Sendable {
  /// The op takes another number of inputs.
  case inputCount(expected: ClosedRange<Int>, actual: Int)
  /// Input `input` should be a feature map, a per-channel vector, ... and is not.
  case wrongKind(input: Int, expected: String, actual: Shape)
  /// Inputs `first` and `second` should agree (everywhere, or off the axis of a concat) and do not.
  case operandsDisagree(first: Int, second: Int, shapes: [Shape], exceptAlong: Axis?)
  /// An attribute should be positive (or not negative) and is not.
  case notPositive(attribute: String, value: Int)
  case negative(attribute: String, value: Int)
  /// A rate outside `0 ..< 1`.
  case rateOutOfRange(attribute: String, value: Double)
  /// `groups` does not divide the input's or the output's channels.
  case groupsDoNotDivide(groups: Int, channels: Int, ofOutput: Bool)
  /// No window fits along an axis.
  case windowDoesNotFit(axis: Axis, input: Int, padding: Int, reach: Int)
  /// A size becomes zero or negative.
  case vanishes(axis: Axis, size: Int)
  /// A slice, crop or row leaves the input.
  case outOfRange(axis: Axis, start: Int, length: Int, size: Int)
  /// A pool's padding is larger than half its window, so that a window would see padding only.
  case paddingTooLarge(axis: Axis, padding: Int, kernel: Int)
  /// `linear` of something that still has height and width.
  case needsFlat(actual: Shape)
  /// A size or a tensor is beyond what shape inference lets pass.
  case tooLarge(what: String, value: Int)
  /// The declared shape of a node is not one its op can have.
  case declaredShape(expected: String, actual: Shape)
  /// Another parameter shape than the op needs.
  case parameterShape(input: Int, expected: Shape, actual: Shape)
}

extension ShapeIssue: CustomStringConvertible {
  package var description: String {
    switch self {
    case .inputCount(let expected, let actual):
      let wanted =
        expected.lowerBound == expected.upperBound
        ? "\(expected.lowerBound)" : "\(expected.lowerBound) to \(expected.upperBound)"
      return "takes \(wanted) inputs, not \(actual)"
    case .wrongKind(let input, let expected, let actual):
      return "input \(input) is \(actual), not \(expected)"
    case .operandsDisagree(let first, let second, let shapes, let axis):
      let off = axis.map { " off the \($0) axis" } ?? ""
      return "inputs \(first) and \(second) disagree\(off): \(shapes[first]) and \(shapes[second])"
    case .notPositive(let attribute, let value): return "\(attribute) is \(value), but must be positive"
    case .negative(let attribute, let value): return "\(attribute) is \(value), but must not be negative"
    case .rateOutOfRange(let attribute, let value):
      return "\(attribute) is \(value), but must be at least 0 and below 1"
    case .groupsDoNotDivide(let groups, let channels, let ofOutput):
      return "\(groups) groups cannot split \(channels) \(ofOutput ? "output" : "input") channels"
    case .windowDoesNotFit(let axis, let input, let padding, let reach):
      return "a window of \(reach) does not fit the \(axis) of \(input) with padding \(padding)"
    case .vanishes(let axis, let size): return "the \(axis) becomes \(size)"
    case .outOfRange(let axis, let start, let length, let size):
      return "places \(start) to \(saturatingSum(start, length)) leave the \(axis) axis of size \(size)"
    case .paddingTooLarge(let axis, let padding, let kernel):
      return "a pool's padding of \(padding) is more than half its \(axis) of \(kernel)"
    case .needsFlat(let actual): return "needs a [n, 1, 1] input, not \(actual)"
    case .tooLarge(let what, let value): return "\(what) is \(value), which is too large"
    case .declaredShape(let expected, let actual): return "has shape \(actual), but needs \(expected)"
    case .parameterShape(let input, let expected, let actual):
      return "input \(input) has shape \(actual), but needs \(expected)"
    }
  }
}
