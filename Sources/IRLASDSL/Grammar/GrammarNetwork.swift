/// A grammar as one graph of states: an edge passes a token or goes through another rule.
///
/// Every rule has a start and an end; a path from one to the other spells a sentence of the rule. Following all paths at
/// once (`GrammarWalk`) needs no look-ahead.
struct GrammarNetwork: Sendable {
  /// What takes one from a state to another.
  enum Edge: Sendable {
    /// Nothing.
    case free(to: Int)
    /// A token: the index of its name in `symbols`.
    case token(Int, to: Int)
    /// A sentence of a rule.
    case rule(Int, to: Int)
  }

  /// The edges out of every state.
  private(set) var edges: [[Edge]] = []
  /// The rule whose end a state is.
  private(set) var endOfRule: [Int?] = []
  /// The first state of every rule.
  private(set) var starts: [Int] = []
  /// The last state of every rule.
  private(set) var ends: [Int] = []
  /// The names of rules.
  let rules: [String]
  /// The spellings of tokens and the names of token classes, as in the grammar.
  private(set) var symbols: [String] = []
  /// The symbols that are classes.
  private(set) var isClass: [Bool] = []

  private var symbolIndices: [String: Int] = [:]

  init(_ grammar: Grammar) {
    rules = grammar.rules.map(\.name)
    var indices: [String: Int] = [:]
    for (index, name) in rules.enumerated() { indices[name] = index }
    for rule in rules.indices {
      starts.append(addState())
      ends.append(addState())
      endOfRule[ends[rule]] = rule
    }
    for (index, rule) in grammar.rules.enumerated() {
      let end = add(rule.term, from: starts[index], indices)
      edges[end].append(.free(to: ends[index]))
    }
  }

  private mutating func addState() -> Int {
    edges.append([])
    endOfRule.append(nil)
    return edges.count - 1
  }

  private mutating func symbol(_ name: String, isClass: Bool) -> Int {
    let key = isClass ? name : "\"" + name
    if let index = symbolIndices[key] { return index }
    symbols.append(name)
    self.isClass.append(isClass)
    symbolIndices[key] = symbols.count - 1
    return symbols.count - 1
  }

  /// The index of a token's spelling, or of a class.
  func index(of name: String, isClass: Bool) -> Int? { symbolIndices[isClass ? name : "\"" + name] }

  /// Adds the paths of a term; returns where they end.
  private mutating func add(_ term: Grammar.Term, from: Int, _ rules: [String: Int]) -> Int {
    switch term {
    case .terminal(let word):
      let end = addState()
      edges[from].append(.token(symbol(word, isClass: false), to: end))
      return end
    case .reference(let name):
      let end = addState()
      if let rule = rules[name] {
        edges[from].append(.rule(rule, to: end))
      } else {
        edges[from].append(.token(symbol(name, isClass: true), to: end))
      }
      return end
    case .choice(let options):
      let end = addState()
      for option in options { edges[add(option, from: from, rules)].append(.free(to: end)) }
      return end
    case .sequence(let parts):
      return parts.reduce(from) { add($1, from: $0, rules) }
    case .optional(let part):
      let end = addState()
      edges[from].append(.free(to: end))
      edges[add(part, from: from, rules)].append(.free(to: end))
      return end
    case .repetition(let part):
      let loop = addState()
      edges[from].append(.free(to: loop))
      edges[add(part, from: loop, rules)].append(.free(to: loop))
      return loop
    }
  }
}
