import IRLASGraph

/// Values that stand for the open quantities of a cell, so that it can be unfolded by itself.
///
/// A cell is a function from parameters and input shapes to graphs. It is looked at in a few fixed places: twice
/// with sizes that all differ (powers of two and of three times a constant, so that no two expressions over them
/// agree in both by chance), once with all sizes equal, and, where it has several inputs, once with a larger first
/// one. What the places show together identifies the cell; places where it cannot be formed count as such.
struct CellStandIn {
  /// How the sizes are chosen.
  enum Place: CaseIterable {
    case doubling
    case tripling
    case equal
    case largerFirst
  }

  /// The cell.
  let header: ModuleHeader
  /// Arguments that close parameters, as program text.
  let arguments: [(name: String, value: String)]
  /// What a parameter without a default stands for.
  private enum Role {
    case width
    case count
    case stride
    case groups
  }

  /// The names of the quantities that stay open: parameters, then inputs.
  var open: [String] { openParameters.map(\.name) + header.inputs }

  /// The parameters with their defaults as written, as far as they are closed.
  var closed: [(name: String, value: String)] {
    header.parameters.compactMap { parameter in
      if let given = arguments.first(where: { $0.name == parameter.name }) { return given }
      return parameter.defaultValue.map { (parameter.name, $0.text) }
    }
  }

  private var openParameters: [ModuleHeader.Parameter] {
    header.parameters.filter { parameter in
      parameter.defaultValue == nil && !arguments.contains { $0.name == parameter.name }
    }
  }

  /// A network that applies the cell in the given place; nil where the place says nothing new.
  func program(in place: Place) -> String? {
    if place == .largerFirst, header.inputs.count < 2, !header.isVariadic { return nil }
    var sizes = Sizes(place: place, count: openParameters.count + header.inputs.count + 1)
    var inputs: [String] = []
    var names: [String] = []
    // Inputs take the largest sizes, so that what divides a parameter divides them.
    for (index, view) in header.syntax.inputs.enumerated() {
      let copies = header.isVariadic && index == header.syntax.inputs.count - 1 ? 2 : 1
      let channels = sizes.next()
      for copy in 0..<copies {
        let name = "standin\(index)_\(copy)"
        let scale = place == .largerFirst && index == 0 && copy == 0 ? 2 : 1
        inputs.append("\(name): [\(shape(of: view, channels, sizes, scale).joined(separator: ", "))]")
        names.append(name)
      }
    }
    let roles = roles()
    var parameters: [String] = []
    var passed: [String] = []
    for parameter in header.parameters {
      let given = arguments.first { $0.name == parameter.name }?.value
      if given == nil, parameter.defaultValue != nil { continue }
      guard !parameter.name.isEmpty else { return nil }
      let value = given ?? text(of: parameter, roles[parameter.name] ?? .width, &sizes)
      guard let value else { return nil }
      parameters.append("\(parameter.name) = \(value)")
      passed.append("\(parameter.name): \(parameter.name)")
    }
    let tuple = names.count == 1 ? names[0] : "(\(names.joined(separator: ", ")))"
    let list = parameters.isEmpty ? "" : "(\(parameters.joined(separator: ", ")))"
    let call = passed.isEmpty ? header.name : "\(header.name)(\(passed.joined(separator: ", ")))"
    return "network standin\(list) { in \(inputs.joined(separator: ", ")) return \(tuple) -> \(call) }"
  }

  private func text(of parameter: ModuleHeader.Parameter, _ role: Role, _ sizes: inout Sizes) -> String? {
    switch parameter.type {
    case .int, .number:
      switch role {
      case .width: "\(sizes.next())"
      case .count: sizes.place == .tripling ? "4" : "3"
      case .stride: sizes.place == .equal ? "1" : "2"
      case .groups: sizes.place == .tripling ? "6" : "8"
      }
    case .float: sizes.place == .tripling ? "0.375" : "0.25"
    case .bool: "false"
    case .kernel: sizes.place == .tripling ? "7x5" : "5x7"
    case .layer: "identity"
    case .padding: "2"
    default: nil
    }
  }

  /// The sizes of an input: its contract where that says something, else stand-ins.
  private func shape(of view: InputSyntax, _ channels: Int, _ sizes: Sizes, _ scale: Int) -> [String] {
    let standIns = [channels, sizes.height * scale, sizes.width * scale]
    guard let contract = view.shape, contract.count == 3 else { return standIns.map(String.init) }
    return zip(contract, standIns).map { expression, standIn in
      if case .name(let name) = expression, !header.parameters.contains(where: { $0.name == name.name }) {
        return "\(standIn)"
      }
      return expression.text
    }
  }

  /// What parameters are for, from the words around them: numbers of copies, strides, groups.
  private func roles() -> [String: Role] {
    let node = header.syntax.node
    let tokens = node.tokenRange.map { node.tree.tokens[$0] }
    let words = tokens.map { node.tree.source.text(SourceSpan(file: node.tree.source.id, $0.range)) }
    var roles: [String: Role] = [:]
    for index in words.indices.dropFirst(2) {
      let (before, mark) = (words[index - 2], words[index - 1])
      switch (before, mark) {
      case (_, "repeat"), ("repeat", "("): roles[words[index]] = .count
      case (let name, "[") where index > 2 && words[index - 3] == "grow" && !name.isEmpty:
        roles[words[index]] = .count
      case ("stride", ":"), ("dilation", ":"): roles[words[index]] = roles[words[index]] ?? .stride
      case ("groups", ":"), ("split", "("), ("shuffle", "("):
        roles[words[index]] = roles[words[index]] ?? .groups
      default: break
      }
    }
    return roles
  }

  /// The sizes of one place.
  private struct Sizes {
    let place: Place
    private var current: Int
    let height: Int
    let width: Int

    init(place: Place, count: Int) {
      self.place = place
      let steps = min(count, 11)
      switch place {
      case .doubling: (current, height, width) = (240 << steps, 96, 64)
      case .tripling: (current, height, width) = (216 * (0..<steps).reduce(1) { n, _ in 3 * n }, 64, 96)
      case .equal, .largerFirst: (current, height, width) = (240, 64, 64)
      }
    }

    /// The next size; no smaller than the constant that the others are multiples of.
    mutating func next() -> Int {
      let size = current
      switch place {
      case .doubling: current = max(240, current / 2)
      case .tripling: current = max(216, current / 3)
      case .equal, .largerFirst: break
      }
      return size
    }
  }
}
