extension Graph {
  /// The graph as text: stable, readable, complete. `Graph(parsing:)` gives an equal graph back.
  ///
  /// ```
  /// irlas graph 1 "Net"
  /// scope @0 network "Net"
  /// scope @1 cell "Block" in @0 label "Block(8)" origin 3
  /// %0 = input(index: 0) : [3, 8, 8] in @0 "image"
  /// %1 = parameter(role: weight, fan_in: 27) : {8, 3, 3, 3} in @1 "conv.weight" origin 4
  /// %2 = conv(kernel: 3x3, padding: [1, 1, 1, 1]) %0 %1 : [8, 8, 8] in @1 "conv" origin 4
  /// output "output" = %2
  /// ```
  /// An origin of 0, a label that equals the name, and attributes at their defaults are left out.
  package var text: String {
    var text = "irlas graph 1 \(quoted(name))\n\n"
    for (index, scope) in scopes.enumerated() {
      text += "scope @\(index) \(scope.kind.text) \(quoted(scope.name))"
      if let parent = scope.parent { text += " in @\(parent.index)" }
      if scope.label != scope.name { text += " label \(quoted(scope.label))" }
      if scope.isAtomic { text += " atomic" }
      if scope.origin != 0 { text += " origin \(scope.origin)" }
      text += "\n"
    }
    text += "\n"
    for (index, node) in nodes.enumerated() {
      text += "%\(index) = \(node.op.text)"
      for input in node.inputs { text += " \(input)" }
      text += " : \(node.shape) in @\(node.scope.index) \(quoted(node.name))"
      if node.origin != 0 { text += " origin \(node.origin)" }
      text += "\n"
    }
    text += "\n"
    for output in outputs {
      text += "\(output.isAuxiliary ? "aux " : "")output \(quoted(output.name)) = \(output.value)\n"
    }
    for update in updates { text += "update \(update.target) = \(update.value)\n" }
    return text
  }
}

extension Op {
  /// The op with its attributes: `conv(kernel: 3x3, groups: 8)`.
  package var text: String {
    let attributes = attributes
    if attributes.isEmpty { return mnemonic }
    return "\(mnemonic)(\(attributes.map { "\($0.name): \($0.value)" }.joined(separator: ", ")))"
  }
}

extension Scope.Kind {
  fileprivate var text: String {
    switch self {
    case .network: "network"
    case .cell: "cell"
    case .repetition(let count): "repeat \(count)"
    case .copy(let index): "copy \(index)"
    }
  }
}

/// A string between quotation marks; quotation marks, backslashes and control characters are escaped.
private func quoted(_ string: String) -> String {
  var result = "\""
  for scalar in string.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case _ where scalar.value < 0x20 || scalar.value == 0x7F:
      result += "\\u{\(String(scalar.value, radix: 16))}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
