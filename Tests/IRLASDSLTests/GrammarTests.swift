import IRLASTestSupport
import Testing

@testable import IRLASDSL

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The grammar on paper against the parser: their words, and programs made from the grammar.
@Suite struct GrammarTests {
  private let grammar: Grammar

  init() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let url = root.appendingPathComponent("grammar").appendingPathComponent("irlas.ebnf")
    grammar = try Grammar(text: String(decoding: Data(contentsOf: url), as: UTF8.self))
  }

  @Test func bothKnowTheSameWordsAndSigns() {
    let contextual: Set = ["irlas", "aux"]
    let foreign: [TokenKind] = [
      .semicolon, .question, .bang, .ampersands, .bars, .caret, .starStar, .fatArrow,
    ]
    let known = Set(TokenKind.allCases.filter { !foreign.contains($0) }.compactMap(\.spelling))
    #expect(grammar.terminals.subtracting(contextual).subtracting(TypeSyntax.names) == known)
    #expect(Set(TypeSyntax.names).isSubset(of: grammar.terminals))
  }

  @Test func everyRuleIsDefinedAndUsed() {
    #expect(
      grammar.references.subtracting(Grammar.classes) == Set(grammar.rules.map(\.name)).subtracting(["file"]))
  }

  /// Random programs of the grammar parse without a message.
  @Test func whatTheGrammarMakesTheParserTakes() {
    let seed: UInt64 = 31_415
    print("grammar programs of seed \(seed)")
    var random = SplitMix64(seed: seed)
    var longest = 0
    for _ in 0..<3000 {
      let text = grammar.sentence(&random)
      longest = max(longest, text.utf8.count)
      let (tree, diagnostics) = parsed(text)
      if !diagnostics.isEmpty {
        Issue.record("\(rendered(diagnostics, tree))\n\(text)")
        return
      }
    }
    #expect(longest > 200)
  }
}

/// A grammar in extended Backus-Naur form, read from its text.
struct Grammar {
  /// A part of the right side of a rule.
  indirect enum Term {
    case terminal(String)
    case reference(String)
    case choice([Term])
    case sequence([Term])
    case optional(Term)
    case repetition(Term)
  }

  /// The token classes that the text describes in words.
  static let classes: Set = ["INT", "ID", "LABEL", "NUMBER", "KERNEL", "STRING"]

  private(set) var rules: [(name: String, term: Term)] = []
  private(set) var terminals: Set<String> = []
  private(set) var references: Set<String> = []

  /// What is wrong with the text of a grammar.
  struct Malformed: Error { let rest: Substring }

  init(text: String) throws {
    var rest = Substring(text)
    while true {
      Self.skipBlanks(&rest)
      if rest.isEmpty { break }
      let name = String(rest.prefix { $0.isLetter })
      rest.removeFirst(name.count)
      try Self.take("=", &rest)
      let term = try choice(&rest)
      try Self.take(";", &rest)
      rules.append((name, term))
    }
  }

  private static func skipBlanks(_ rest: inout Substring) {
    while true {
      rest = rest.drop { $0.isWhitespace }
      guard rest.hasPrefix("(*"), let end = rest.firstRange(of: "*)") else { return }
      rest = rest[end.upperBound...]
    }
  }

  private static func take(_ sign: String, _ rest: inout Substring) throws {
    skipBlanks(&rest)
    guard rest.hasPrefix(sign) else { throw Malformed(rest: rest.prefix(40)) }
    rest.removeFirst(sign.count)
    skipBlanks(&rest)
  }

  private mutating func choice(_ rest: inout Substring) throws -> Term {
    var options = [try sequence(&rest)]
    while rest.first == "|" {
      try Self.take("|", &rest)
      options.append(try sequence(&rest))
    }
    return options.count == 1 ? options[0] : .choice(options)
  }

  private mutating func sequence(_ rest: inout Substring) throws -> Term {
    var parts: [Term] = []
    Self.skipBlanks(&rest)
    while let first = rest.first, !";|)]}".contains(first) {
      switch first {
      case "(":
        try Self.take("(", &rest)
        parts.append(try choice(&rest))
        try Self.take(")", &rest)
      case "[":
        try Self.take("[", &rest)
        parts.append(.optional(try choice(&rest)))
        try Self.take("]", &rest)
      case "{":
        try Self.take("{", &rest)
        parts.append(.repetition(try choice(&rest)))
        try Self.take("}", &rest)
      case "\"":
        let terminal = String(rest.dropFirst().prefix { $0 != "\"" })
        rest.removeFirst(terminal.count + 2)
        terminals.insert(terminal)
        parts.append(.terminal(terminal))
      default:
        let name = String(rest.prefix { $0.isLetter })
        guard !name.isEmpty else { throw Malformed(rest: rest.prefix(40)) }
        rest.removeFirst(name.count)
        references.insert(name)
        parts.append(.reference(name))
      }
      Self.skipBlanks(&rest)
    }
    return .sequence(parts)
  }

  // MARK: Sentences

  /// A random program. Deep in the tree the shortest way out is taken.
  func sentence(_ random: inout SplitMix64) -> String {
    var words: [String] = []
    expand(.reference("file"), depth: 0, &random, &words)
    // The one restriction in words: `then` after a bare `repeat`. A program that happens to have one is made again.
    if words.contains("then"), words.contains("repeat") { return sentence(&random) }
    return words.joined(separator: " ")
  }

  private func expand(_ term: Term, depth: Int, _ random: inout SplitMix64, _ words: inout [String]) {
    let isDeep = depth > 30
    switch term {
    case .terminal(let word): words.append(word)
    case .reference(let name):
      if let word = Self.token(name, &random) {
        words.append(word)
      } else if isDeep, name == "primary" {
        words.append("a")
      } else if isDeep, name == "unary" {
        expand(.reference("postfix"), depth: depth + 1, &random, &words)
      } else if let rule = rules.first(where: { $0.name == name }) {
        expand(rule.term, depth: depth + 1, &random, &words)
      }
    case .choice(let options): expand(options[random.below(options.count)], depth: depth + 1, &random, &words)
    case .sequence(let parts): for part in parts { expand(part, depth: depth, &random, &words) }
    case .optional(let part): if !isDeep, random.below(3) == 0 { expand(part, depth: depth, &random, &words) }
    case .repetition(let part):
      while !isDeep, random.below(depth < 3 ? 2 : 5) == 0 { expand(part, depth: depth, &random, &words) }
    }
  }

  private static func token(_ name: String, _ random: inout SplitMix64) -> String? {
    let words: [String]
    switch name {
    case "INT": words = ["1"]
    case "ID": words = ["a", "bn", "_", "irlas", "aux", "Int", "`repeat`", "x1"]
    case "LABEL":
      words = ["a", "seed", "in", "return", "else", "peer"] + TokenKind.keywords.compactMap(\.spelling)
    case "NUMBER": words = ["0", "64", "1_000", "0.5", "5e-4", "20M", "5ms"]
    case "KERNEL": words = ["3x3", "1x7"]
    case "STRING": words = ["\"\"", "\"a\\n\""]
    default: return nil
    }
    return words[random.below(words.count)]
  }
}
