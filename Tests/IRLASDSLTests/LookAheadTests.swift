import Testing

@testable import IRLASDSL

/// Two tokens of look-ahead decide everything: the grammar is strong LL(2).
///
/// FIRST2 and FOLLOW2 as in Aho and Ullman, "The Theory of Parsing, Translation, and Compiling", volume 1, 5.1, with
/// names that are keywords at some places only taken as the names they are.
@Suite struct LookAheadTests {
  @Test func theGrammarIsStrongLL2() {
    let conflicts = Predictions(.language).conflicts()
    #expect(conflicts == [])
  }

  /// The computation finds what is not LL(2), so that the test above can fail.
  @Test(arguments: [
    ("file = ID ID ID | ID ID NUMBER ;", true),
    ("file = ID ID | ID NUMBER ;", false),
    ("file = { a } ; a = ID [ \",\" ID ] [ \",\" ] ;", true),
    ("file = { a } ; a = ID [ \",\" ID ] [ \",\" NUMBER ] ;", false),
    ("file = \"cell\" [ LABEL ] \"in\" ;", false),
    ("file = \"cell\" [ LABEL ] \"in\" { \"in\" } ;", true),
    ("file = [ \"aux\" ] ID \"in\" ;", false),
    ("file = [ \"aux\" ID ] ID ID \"in\" ;", true),
  ])
  func conflictsAreFound(text: String, hasConflict: Bool) throws {
    #expect(try Predictions(Grammar(text: text)).conflicts().isEmpty == !hasConflict)
  }
}

/// A set of strings of at most two tokens, some of which may go on.
private struct Strings: Equatable {
  /// Bit `a * width + b` for the string `ab`; `end` in place of a token that is missing.
  var bits: [UInt64]
  static let width = 96
  static let end = 95

  init() { bits = [UInt64](repeating: 0, count: Self.width * Self.width / 64) }

  static let empty: Strings = {
    var set = Strings()
    set.insert(end, end)
    return set
  }()

  mutating func insert(_ a: Int, _ b: Int) {
    let index = a * Self.width + b
    bits[index / 64] |= 1 << UInt64(index % 64)
  }

  func contains(_ a: Int, _ b: Int) -> Bool {
    let index = a * Self.width + b
    return bits[index / 64] >> UInt64(index % 64) & 1 == 1
  }

  mutating func formUnion(_ other: Strings) {
    for index in bits.indices { bits[index] |= other.bits[index] }
  }

  /// Every string of this set, and where it is shorter than two tokens what follows it in the other one.
  func joined(_ other: Strings) -> Strings {
    var result = Strings()
    var firsts = Set<Int>()
    for a in 0..<Self.width where (0..<Self.width).contains(where: { other.contains(a, $0) }) {
      firsts.insert(a)
    }
    for a in 0..<Self.width {
      for b in 0..<Self.width where contains(a, b) {
        if b != Self.end {
          result.insert(a, b)
        } else if a != Self.end {
          for first in firsts { result.insert(a, first) }
        } else {
          result.formUnion(other)
        }
      }
    }
    return result
  }

  func intersection(_ other: Strings) -> [(Int, Int)] {
    var found: [(Int, Int)] = []
    for a in 0..<Self.width {
      for b in 0..<Self.width where contains(a, b) && other.contains(a, b) { found.append((a, b)) }
    }
    return found
  }
}

/// A grammar without the short forms: rules with alternatives, each a row of symbols.
private struct Predictions {
  enum Symbol: Equatable {
    case token(Int)
    case rule(Int)
  }

  private var names: [String] = []
  private var alternatives: [[[Symbol]]] = []
  private var tokens: [String] = []

  init(_ grammar: Grammar) {
    names = grammar.rules.map(\.name)
    alternatives = Array(repeating: [], count: names.count)
    for (index, rule) in grammar.rules.enumerated() { alternatives[index] = options(rule.term, index) }
  }

  private mutating func token(_ name: String) -> Int {
    if let index = tokens.firstIndex(of: name) { return index }
    tokens.append(name)
    return tokens.count - 1
  }

  private mutating func rule(_ name: String, _ options: [[Symbol]]) -> Symbol {
    names.append(name)
    alternatives.append(options)
    return .rule(names.count - 1)
  }

  private mutating func options(_ term: Grammar.Term, _ owner: Int) -> [[Symbol]] {
    guard case .choice(let parts) = term else { return [row(term, owner)] }
    var rows: [[Symbol]] = []
    // The names of types are one token here.
    for row in parts.map({ row($0, owner) }) where !rows.contains(row) { rows.append(row) }
    return rows
  }

  private mutating func row(_ term: Grammar.Term, _ owner: Int) -> [Symbol] {
    switch term {
    case .terminal(let word):
      return [
        .token(token(Grammar.contextual.contains(word) || TypeSyntax.names.contains(word) ? "ID" : word))
      ]
    case .reference("INT"): return [.token(token("NUMBER"))]
    case .reference("LABEL"):
      let words = ["ID"] + TokenKind.keywords.compactMap(\.spelling)
      return [rule("LABEL", words.map { [.token(token($0))] })]
    case .reference(let name):
      if let index = names.firstIndex(of: name) { return [.rule(index)] }
      return [.token(token(name))]
    case .sequence(let parts): return parts.flatMap { row($0, owner) }
    case .choice: return [rule(names[owner] + " |", options(term, owner))]
    case .optional(let part): return [rule(names[owner] + " [ ]", options(part, owner) + [[]])]
    case .repetition(let part):
      let symbol = rule(names[owner] + " { }", [])
      guard case .rule(let index) = symbol else { return [] }
      alternatives[index] = options(part, owner).map { $0 + [symbol] } + [[]]
      return [symbol]
    }
  }

  /// The rules two of whose alternatives may begin with the same two tokens.
  func conflicts() -> [String] {
    precondition(tokens.count < Strings.end)
    var first = names.map { _ in Strings() }
    func strings(_ row: some Sequence<Symbol>) -> Strings {
      var result = Strings.empty
      for symbol in row {
        switch symbol {
        case .token(let token):
          var single = Strings()
          single.insert(token, Strings.end)
          result = result.joined(single)
        case .rule(let rule): result = result.joined(first[rule])
        }
      }
      return result
    }
    repeatToFixpoint {
      var isChanged = false
      for rule in names.indices.reversed() {
        var next = first[rule]
        for row in alternatives[rule] { next.formUnion(strings(row)) }
        if next != first[rule] {
          first[rule] = next
          isChanged = true
        }
      }
      return isChanged
    }
    var follow = names.map { _ in Strings() }
    follow[0] = .empty
    repeatToFixpoint {
      var isChanged = false
      for rule in names.indices {
        for row in alternatives[rule] {
          for (index, symbol) in row.enumerated() {
            guard case .rule(let inner) = symbol else { continue }
            var next = follow[inner]
            next.formUnion(strings(row[(index + 1)...]).joined(follow[rule]))
            if next != follow[inner] {
              follow[inner] = next
              isChanged = true
            }
          }
        }
      }
      return isChanged
    }
    var conflicts: [String] = []
    for rule in names.indices {
      let predictions = alternatives[rule].map { strings($0).joined(follow[rule]) }
      for a in predictions.indices {
        for b in predictions.indices where b > a {
          if let (x, y) = predictions[a].intersection(predictions[b]).first {
            let shown = [x, y].map { $0 == Strings.end ? "(end)" : tokens[$0] }.joined(separator: " ")
            conflicts.append("\(names[rule]): alternatives \(a) and \(b) may both begin with \(shown)")
          }
        }
      }
    }
    return conflicts
  }

  private func repeatToFixpoint(_ step: () -> Bool) { while step() {} }
}
