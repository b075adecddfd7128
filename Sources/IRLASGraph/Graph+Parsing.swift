extension Graph {
  /// Reads the text form of a graph.
  ///
  /// - Throws: the first thing that is wrong, with its line and column; a graph that is returned verifies.
  package init(parsing text: String) throws(GraphTextError) {
    var parser = try GraphTextParser(text)
    self = try parser.graph()
  }
}

private struct GraphTextParser {
  typealias Token = GraphTextLexer.Token
  typealias Position = GraphTextLexer.Position

  private var lexer: GraphTextLexer
  private var token: Token
  private var position: Position

  private var scopes: [Scope] = []
  private var nodes: [Node] = []
  private var outputs: [Graph.Output] = []
  private var updates: [Graph.Update] = []
  private var scopePositions: [Position] = []
  private var nodePositions: [Position] = []
  private var outputPositions: [Position] = []
  private var updatePositions: [Position] = []

  init(_ text: String) throws(GraphTextError) {
    lexer = GraphTextLexer(text)
    (token, position) = try lexer.next()
  }

  mutating func graph() throws(GraphTextError) -> Graph {
    try expect(word: "irlas")
    try expect(word: "graph")
    guard case .integer(1) = token else { throw position.error("this reads version 1 of the text form only") }
    try advance()
    let name = try string("the graph's name")
    while token != .end { try statement() }
    let graph = Graph(name: name, nodes: nodes, scopes: scopes, outputs: outputs, updates: updates)
    if let issue = graph.verify().first { throw position(of: issue.place).error("\(issue)") }
    return graph
  }

  private func position(of place: GraphIssue.Place) -> Position {
    switch place {
    case .graph: scopePositions.first ?? Position(line: 1, column: 1)
    case .node(let id): nodePositions[id.index]
    case .scope(let id): scopePositions[id.index]
    case .output(let index): outputPositions[index]
    case .update(let index): updatePositions[index]
    }
  }

  // MARK: Statements

  private mutating func statement() throws(GraphTextError) {
    let start = position
    switch token {
    case .word("scope"):
      try scope()
      scopePositions.append(start)
    case .node(let index):
      guard index == nodes.count else {
        throw start.error("nodes are numbered in order: this one is %\(nodes.count)")
      }
      try advance()
      try expect("=")
      nodes.append(try node())
      nodePositions.append(start)
    case .word("output"), .word("aux"):
      let isAuxiliary = token == .word("aux")
      if isAuxiliary { try advance() }
      try expect(word: "output")
      let name = try string("the output's name")
      try expect("=")
      outputs.append(Graph.Output(name: name, value: try nodeID(), isAuxiliary: isAuxiliary))
      outputPositions.append(start)
    case .word("update"):
      try advance()
      let target = try nodeID()
      try expect("=")
      updates.append(Graph.Update(target: target, value: try nodeID()))
      updatePositions.append(start)
    default:
      throw start.error("a statement starts with `scope`, `%n =`, `output`, `aux output` or `update`")
    }
  }

  private mutating func scope() throws(GraphTextError) {
    try advance()
    guard case .scope(scopes.count) = token else {
      throw position.error("scopes are numbered in order: this one is @\(scopes.count)")
    }
    try advance()
    let kind: Scope.Kind
    switch token {
    case .word("network"): kind = .network
    case .word("cell"): kind = .cell
    case .word("repeat"):
      try advance()
      kind = .repetition(count: try integer("the number of copies"))
    case .word("copy"):
      try advance()
      kind = .copy(index: try integer("the copy's index"))
    default: throw position.error("a scope is a `network`, `cell`, `repeat n` or `copy i`")
    }
    if kind == .network || kind == .cell { try advance() }
    let name = try string("the scope's name")
    var parent: ScopeID?
    if token == .word("in") {
      try advance()
      parent = try scopeID()
    }
    var label = name
    if token == .word("label") {
      try advance()
      label = try string("the scope's label")
    }
    let isAtomic = token == .word("atomic")
    if isAtomic { try advance() }
    scopes.append(
      Scope(
        kind: kind, parent: parent, name: name, label: label, isAtomic: isAtomic, origin: try origin()))
  }

  private mutating func node() throws(GraphTextError) -> Node {
    let op = try op()
    var inputs: [NodeID] = []
    while case .node = token { inputs.append(try nodeID()) }
    try expect(":")
    let shape = try shape()
    try expect(word: "in")
    let scope = try scopeID()
    let name = try string("the node's name")
    return Node(op: op, inputs: inputs, shape: shape, scope: scope, name: name, origin: try origin())
  }

  private mutating func op() throws(GraphTextError) -> Op {
    let start = position
    let mnemonic = try word("an op")
    var attributes: [Attribute] = []
    if token == .mark(UInt8(ascii: "(")) {
      repeat {
        try advance()
        let name = try word("an attribute")
        try expect(":")
        attributes.append(Attribute(name, try attributeValue()))
      } while token == .mark(UInt8(ascii: ","))
      try expect(")")
    }
    do throws(OpReadingIssue) {
      return try Op(mnemonic: mnemonic, attributes: attributes)
    } catch {
      throw start.error(error.reason)
    }
  }

  private mutating func attributeValue() throws(GraphTextError) -> AttributeValue {
    let value: AttributeValue
    switch token {
    case .integer(let integer): value = .integer(integer)
    case .real(let real): value = .real(real)
    case .extent(let extent): value = .extent(extent)
    case .word("true"): value = .flag(true)
    case .word("false"): value = .flag(false)
    case .word(let word): value = .word(word)
    case .mark(UInt8(ascii: "[")):
      let start = position
      let sizes = try sizes(closing: "]")
      guard sizes.count == 4 else { throw start.error("a border has four sizes: top, left, bottom, right") }
      return .border(Border(top: sizes[0], left: sizes[1], bottom: sizes[2], right: sizes[3]))
    default: throw position.error("the attribute has no value")
    }
    try advance()
    return value
  }

  private mutating func shape() throws(GraphTextError) -> Shape {
    let start = position
    let isBatched = token == .mark(UInt8(ascii: "["))
    guard isBatched || token == .mark(UInt8(ascii: "{")) else {
      throw start.error("a shape is `[c, h, w]` for one sample, or `{...}` for a tensor that exists once")
    }
    let sizes = try sizes(closing: isBatched ? "]" : "}")
    guard sizes.count <= Shape.maximumRank else { throw start.error("a shape has at most four dimensions") }
    return Shape(sizes, isBatched: isBatched)
  }

  /// Integers between commas, from the opening mark to the closing one.
  private mutating func sizes(closing: Character) throws(GraphTextError) -> [Int] {
    try advance()
    var sizes: [Int] = []
    guard token != .mark(closing.asciiValue ?? 0) else {
      try advance()
      return []
    }
    sizes.append(try integer("a size"))
    while token == .mark(UInt8(ascii: ",")) {
      try advance()
      sizes.append(try integer("a size"))
    }
    try expect(closing)
    return sizes
  }

  private mutating func origin() throws(GraphTextError) -> Int32 {
    guard token == .word("origin") else { return 0 }
    try advance()
    let start = position
    guard let origin = Int32(exactly: try integer("an origin")) else {
      throw start.error("an origin has 32 bits")
    }
    return origin
  }

  // MARK: Tokens

  private mutating func advance() throws(GraphTextError) { (token, position) = try lexer.next() }

  private mutating func expect(word: String) throws(GraphTextError) {
    guard token == .word(word) else { throw position.error("`\(word)` is missing here") }
    try advance()
  }

  private mutating func expect(_ mark: Character) throws(GraphTextError) {
    guard token == .mark(mark.asciiValue ?? 0) else { throw position.error("`\(mark)` is missing here") }
    try advance()
  }

  private mutating func word(_ what: String) throws(GraphTextError) -> String {
    guard case .word(let word) = token else { throw position.error("\(what) is missing here") }
    try advance()
    return word
  }

  private mutating func string(_ what: String) throws(GraphTextError) -> String {
    guard case .string(let string) = token else {
      throw position.error("\(what) is missing here, between quotation marks")
    }
    try advance()
    return string
  }

  private mutating func integer(_ what: String) throws(GraphTextError) -> Int {
    guard case .integer(let value) = token else { throw position.error("\(what) is missing here") }
    try advance()
    return value
  }

  private mutating func nodeID() throws(GraphTextError) -> NodeID {
    guard case .node(let index) = token else { throw position.error("a node such as `%3` is missing here") }
    try advance()
    return NodeID(index)
  }

  private mutating func scopeID() throws(GraphTextError) -> ScopeID {
    guard case .scope(let index) = token else { throw position.error("a scope such as `@1` is missing here") }
    try advance()
    return ScopeID(index)
  }
}
