import IRLASGraph

/// Writes bodies as the text of cells and networks: what is read once stands in place, in chains, sums and tuples;
/// what is read more often, or would make a long operand, gets a name.
struct ProgramWriter {
  /// A piece of text, with what it is, so that parentheses stand where they are needed.
  private struct Piece {
    enum Form {
      case name
      case product
      case sum
      case chain(links: Int)
    }

    var text: String
    var form: Form

    /// The text as an operand of a product, of a sum, or in a tuple or chain.
    var inProduct: String {
      switch form {
      case .name: text
      default: "(\(text))"
      }
    }
    var inSum: String {
      switch form {
      case .name, .product: text
      default: "(\(text))"
      }
    }
    /// Whether a chain is so long that it has to be cut: copying it link by link would take time in its square.
    var isEndless: Bool { if case .chain(let links) = form { links >= 256 } else { false } }
    /// Whether the piece is short enough to stand inside another.
    var isShort: Bool {
      if case .chain(let links) = form { return links <= 3 && text.utf8.count <= 64 }
      return text.utf8.count <= 48
    }
  }

  /// The names of the cells.
  let cells: [RaisedCell]
  /// Whether a cell of the library is named.
  private(set) var usesStandard = false

  init(cells: [RaisedCell]) { self.cells = cells }

  // MARK: Declarations

  /// `cell Name(parameters) { ... }`
  mutating func cell(_ cell: RaisedCell) throws(RaisingIssue) -> String {
    let names = Raiser.inputNames(cell.body.inputs.count)
    let list = cell.parameters.parameters.map { parameter in
      let kind = parameter.values.first?.declaration ?? ""
      return parameter.name + kind + (parameter.fallback.map { " = \($0.text)" } ?? "")
    }
    var text = "cell \(cell.name)"
    if !list.isEmpty { text += "(\(list.joined(separator: ", ")))" }
    text += " {\n"
    if !names.isEmpty { text += "  in \(names.joined(separator: ", "))\n" }
    let returned: [NodeID?] = cell.returns.map { part in
      switch part {
      case .value(let step, let result): cell.body.steps[step].results[result]
      case .input(let index): cell.body.inputs[index]
      }
    }
    let taken = Set(names + cell.parameters.parameters.map(\.name))
    let (statements, results) = try body(
      cell.body, inputs: names, returned: returned.compactMap { $0 }, taken: taken,
      texts: cell.parameters.texts)
    text += statements
    return text + "  return \(results.joined(separator: ", "))\n}\n"
  }

  /// `network Name { ... }`
  mutating func network(_ body: RaisedBody, _ graph: Graph, name: String) throws(RaisingIssue) -> String {
    var names: [String] = []
    for (position, input) in body.inputs.enumerated() {
      guard case .input(position) = graph[input].op else {
        throw RaisingIssue(reason: "the network's inputs are not numbered from 0")
      }
      var base = graph[input].name
      if !ProgramWords.isName(base) || ProgramWords.isReserved(base) || base == name { base = "image" }
      names.append(fresh(base, Set(names)))
    }
    let inputs = zip(names, body.inputs).map { "\($0): \(graph[$1].shape)" }
    var text = "network \(name) {\n  in \(inputs.joined(separator: ", "))\n"
    let (statements, results) = try self.body(
      body, inputs: names, returned: body.outputs, taken: Set(names), texts: [])
    text += statements
    let labels = graph.outputs.enumerated().map { index, output in
      let plain = graph.outputs.count == 1 ? "output" : "output\(index + 1)"
      let mark = output.isAuxiliary ? "aux " : ""
      if output.name == plain, !output.isAuxiliary { return "" }
      let isUsable = ProgramWords.isName(output.name) && !ProgramWords.isReserved(output.name)
      return "\(mark)\(isUsable ? output.name : plain): "
    }
    let parts = zip(labels, results).map { $0 + $1 }
    return text + "  return \(parts.joined(separator: ", "))\n}\n"
  }

  private func fresh(_ base: String, _ taken: Set<String>) -> String {
    var name = base
    var number = 2
    while taken.contains(name) || ProgramWords.isReserved(name) || cells.contains(where: { $0.name == name })
    {
      name = "\(base)\(number)"
      number += 1
    }
    return name
  }

  // MARK: Bodies

  /// The statements of a body and the texts of what it returns.
  private mutating func body(
    _ body: RaisedBody, inputs: [String], returned: [NodeID], taken: Set<String>, texts: [String?]
  ) throws(RaisingIssue) -> (String, [String]) {
    var uses: [NodeID: Int] = [:]
    for step in body.steps { for input in step.inputs { uses[input, default: 0] += 1 } }
    for value in returned { uses[value, default: 0] += 1 }
    var sharing: [NodeID: Int] = [:]
    for step in body.steps { if let key = step.sharing { sharing[key, default: 0] += 1 } }
    var names = NameSource(taken: taken.union(cells.map(\.name)))
    var pieces: [NodeID: Piece] = [:]
    for (value, name) in zip(body.inputs, inputs) { pieces[value] = Piece(text: name, form: .name) }
    var layers: [NodeID: (name: String, text: String)] = [:]
    var statements = ""
    var argument = 0

    /// The piece of a value; binds it to a name where it is too long to stand inside another.
    func operand(_ value: NodeID, isInside: Bool) throws(RaisingIssue) -> Piece {
      guard let piece = pieces[value] else { throw RaisingIssue(reason: "a value is read before it is made") }
      if !isInside || piece.isShort || fits.contains(value) { return piece }
      let name = names.next()
      statements += "  \(name) = \(piece.text)\n"
      let bound = Piece(text: name, form: .name)
      pieces[value] = bound
      return bound
    }
    let fits = Set(body.steps.filter(\.isFit).compactMap { $0.results.first ?? nil })
    // Lists that `grow` builds, with their names.
    var lists: [(name: String, elements: [NodeID])] = []
    /// The texts of a tuple's parts; all elements of a list one after the other are the list.
    func tuple(_ inputs: [NodeID]) throws(RaisingIssue) -> [String] {
      var parts: [String] = []
      var index = 0
      while index < inputs.count {
        if let list = lists.first(where: { inputs[index...].starts(with: $0.elements) }) {
          parts.append(list.name)
          index += list.elements.count
        } else {
          parts.append(try operand(inputs[index], isInside: true).text)
          index += 1
        }
      }
      return parts
    }
    for step in body.steps {
      let piece: Piece
      switch step.action {
      case .growth(let count, _):
        let parts = try tuple(step.inputs)
        let name = names.next()
        let link = linkText(step, texts, &argument)
        statements += "  grow \(name)[\(count)] = (\((parts + [name]).joined(separator: ", "))) -> \(link)\n"
        let elements = step.results.compactMap { $0 }
        lists.append((name, elements))
        for (index, element) in elements.enumerated() {
          pieces[element] = Piece(text: "\(name).at(\(index))", form: .name)
        }
        continue
      case .sum, .product:
        let isSum = if case .sum = step.action { true } else { false }
        var operands: [String] = []
        for input in step.inputs {
          let part = try operand(input, isInside: true)
          operands.append(isSum ? part.inSum : part.inProduct)
        }
        piece = Piece(
          text: operands.joined(separator: isSum ? " + " : " * "), form: isSum ? .sum : .product)
      case .layer, .repetition:
        var link = linkText(step, texts, &argument)
        if let key = step.sharing, sharing[key, default: 0] > 1 {
          if let known = layers[key] {
            guard known.text == link else {
              throw RaisingIssue(reason: "layers of different settings share their weights")
            }
          } else {
            layers[key] = (names.next(), link)
            statements += "  shared \(layers[key]?.name ?? "") = \(link)\n"
          }
          link = layers[key]?.name ?? link
        }
        if step.inputs.isEmpty {
          piece = Piece(text: link, form: .name)
        } else if step.inputs.count == 1 {
          // `fit` stands under its sum with little before it, and no chain grows without end.
          let isLong = pieces[step.inputs[0]]?.isEndless ?? false
          let start = try operand(step.inputs[0], isInside: step.isFit || isLong)
          let links = if case .chain(let count) = start.form { count } else { 0 }
          piece = Piece(text: "\(start.text) -> \(link)", form: .chain(links: links + 1))
        } else {
          let parts = try tuple(step.inputs)
          let start = parts.count == 1 ? parts[0] : "(\(parts.joined(separator: ", ")))"
          piece = Piece(text: "\(start) -> \(link)", form: .chain(links: 1))
        }
      }
      let results = printedResults(step)
      if results.count == 1, let value = results[0] {
        if uses[value, default: 0] > 1 {
          let name = names.next()
          statements += "  \(name) = \(piece.text)\n"
          pieces[value] = Piece(text: name, form: .name)
        } else {
          pieces[value] = piece
        }
      } else {
        var parts: [String] = []
        for value in results {
          guard let value, uses[value, default: 0] > 0 else {
            parts.append("_")
            continue
          }
          let name = names.next()
          pieces[value] = Piece(text: name, form: .name)
          parts.append(name)
        }
        statements += "  \(parts.joined(separator: ", ")) = \(piece.text)\n"
      }
    }
    var results: [String] = []
    for value in returned { results.append(try operand(value, isInside: returned.count > 1).text) }
    return (statements, results)
  }

  /// The results of a step in the order in which the text gives them.
  private func printedResults(_ step: RaisedStep) -> [NodeID?] {
    guard case .layer(let layer) = step.action, case .cell(let id) = layer.callee else { return step.results }
    return cells[id].returns.map { part in
      guard let index = cells[id].outputs.firstIndex(of: part) else { return nil }
      return step.results[index]
    }
  }

  // MARK: Layers

  /// A layer, or a repeat of layers; `argument` counts the arguments of the body.
  private mutating func linkText(_ step: RaisedStep, _ texts: [String?], _ argument: inout Int) -> String {
    switch step.action {
    case .sum, .product: return ""
    case .layer(let layer): return text(layer, values(layer, texts, &argument), nil)
    case .growth(_, let layers):
      let links = layers.map { text($0, values($0, texts, &argument), nil) }
      return (["concat"] + links).joined(separator: " -> ")
    case .repetition(let copies):
      let resolved = copies.map { copy in copy.map { layer in values(layer, texts, &argument) } }
      let (first, rest) = (copies[0], copies[1])
      let isAlike =
        first.map(\.callee) == rest.map(\.callee)
        && first.map { $0.arguments.map(\.role) } == rest.map { $0.arguments.map(\.role) }
      if isAlike {
        let links = first.indices.map { text(first[$0], resolved[0][$0], resolved[1][$0]) }
        let chain = links.joined(separator: " -> ")
        return "repeat \(copies.count) \(links.count == 1 ? chain : "(\(chain))")"
      }
      let chains = [0, 1].map { copy in
        copies[copy].indices.map { text(copies[copy][$0], resolved[copy][$0], nil) }.joined(separator: " -> ")
      }
      return "repeat \(copies.count) (\(chains[0]) then \(chains[1]))"
    }
  }

  /// The texts of a layer's arguments.
  private func values(_ layer: RaisedLayer, _ texts: [String?], _ argument: inout Int) -> [String] {
    layer.arguments.map { value in
      defer { argument += 1 }
      return (argument < texts.count ? texts[argument] : nil) ?? value.value.text
    }
  }

  /// A layer with its arguments, of which those of later copies may differ.
  private mutating func text(_ layer: RaisedLayer, _ first: [String], _ rest: [String]?) -> String {
    let name: String
    switch layer.callee {
    case .layer(let word):
      name = word
      if StandardCells.names.contains(word) { usesStandard = true }
    case .cell(let id): name = cells[id].name
    }
    var parts: [String] = []
    var mustLabel = false
    for (index, argument) in layer.arguments.enumerated() {
      var value = first[index]
      if let rest, rest[index] != value { value += " then \(rest[index])" }
      if let fallback = argument.fallback, fallback.text == value {
        mustLabel = true
        continue
      }
      parts.append(argument.isLabelled || mustLabel ? "\(argument.role): \(value)" : value)
    }
    return parts.isEmpty ? name : "\(name)(\(parts.joined(separator: ", ")))"
  }
}

/// Names for values: letters, then numbered ones.
private struct NameSource {
  private var taken: Set<String>
  private var count = 0
  private static let letters = ["a", "b", "d", "e", "f", "g", "p", "q", "r", "s", "t", "u", "v", "y", "z"]

  init(taken: Set<String>) { self.taken = taken }

  mutating func next() -> String {
    while true {
      let round = count / Self.letters.count
      let letter = Self.letters[count % Self.letters.count]
      count += 1
      let name = round == 0 ? letter : "\(letter)\(round + 1)"
      if !ProgramWords.isReserved(name), taken.insert(name).inserted { return name }
    }
  }
}
