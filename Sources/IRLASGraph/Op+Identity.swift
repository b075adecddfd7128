/// What two graphs must share to count as the same.
package enum GraphIdentity: Hashable, Sendable {
  /// The same trained numbers: ops with all attributes, shapes, order of concatenation, sharing.
  case program
  /// The same topology: no widths and shapes, concatenation unordered.
  case topology
}

extension Op {
  /// Whether the order of the inputs does not matter to an identity.
  func isUnordered(in identity: GraphIdentity) -> Bool {
    if case .concat = self { return identity == .topology }
    return isCommutative
  }

  /// A hash of what the op itself adds to the identity of a graph.
  func identityCode(in identity: GraphIdentity, inputs: [Shape], result: Shape) -> UInt64 {
    var hash = StableHash()
    hash.combine(mnemonic)
    switch identity {
    case .program:
      for attribute in attributes where !isRandomStream(attribute) { hash.combine(attribute) }
      hash.combine(result.isBatched)
      for size in result.dimensions { hash.combine(size) }
    case .topology:
      for attribute in topologyAttributes(inputs: inputs) { hash.combine(attribute) }
    }
    return hash.value
  }

  /// A hash of the op's kind alone, unlike that of any op with its attributes.
  var opaqueCode: UInt64 {
    var hash = StableHash(seed: 3)
    hash.combine(mnemonic)
    return hash.value
  }

  /// The stream of a mask derives from the canonical order, so it cannot enter it.
  private func isRandomStream(_ attribute: Attribute) -> Bool {
    if case .randomMask = self { return attribute.name == "stream" }
    return false
  }

  /// The attributes without those that are widths or follow from shapes.
  private func topologyAttributes(inputs: [Shape]) -> [Attribute] {
    switch self {
    case .conv(let convolution):
      return attributes.compactMap { attribute in
        switch attribute.name {
        case "groups" where convolution.groups == inputs[0].channels: Attribute("depthwise", .flag(true))
        case "padding" where convolution.window.isSamePadded(inputs[0]): nil
        default: attribute
        }
      } + convolution.window.unpaddedMark(inputs[0])
    case .maxPool(let pool), .averagePool(let pool):
      return attributes.filter { !($0.name == "padding" && pool.window.isSamePadded(inputs[0])) }
        + pool.window.unpaddedMark(inputs[0])
    case .parameter(let parameter):
      return [Attribute("role", .word(parameter.role.rawValue))]
    case .slice(let axis, _, _), .embed(let axis, _):
      return [Attribute("axis", .word("\(axis)"))]
    case .runningVariance(let momentum, _):
      return [Attribute("momentum", .real(momentum))]
    default:
      return attributes.filter { !isRandomStream($0) }
    }
  }
}

extension Window {
  /// Whether the padding is the language's `same` for this input.
  package func isSamePadded(_ input: Shape) -> Bool {
    padding
      == Window.samePadding(
        input: Extent(input.height, input.width), kernelSize: kernelSize, stride: stride, dilation: dilation)
  }

  /// Tells no padding where `same` would pad from no padding where `same` is none.
  fileprivate func unpaddedMark(_ input: Shape) -> [Attribute] {
    padding.isNone && !isSamePadded(input) ? [Attribute("padding", .border(.none))] : []
  }
}

extension StableHash {
  fileprivate mutating func combine(_ attribute: Attribute) {
    combine(attribute.name)
    switch attribute.value {
    case .integer(let value): combine(value)
    case .real(let value): combine(value)
    case .flag(let value): combine(value)
    case .word(let value): combine(value)
    case .extent(let value):
      combine(value.height)
      combine(value.width)
    case .border(let value):
      for size in [value.top, value.left, value.bottom, value.right] { combine(size) }
    }
  }
}
