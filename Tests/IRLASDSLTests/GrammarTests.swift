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
  private let grammar = Grammar.language

  @Test func bothKnowTheSameWordsAndSigns() {
    let foreign: [TokenKind] = [
      .semicolon, .question, .bang, .ampersands, .bars, .caret, .starStar, .fatArrow,
    ]
    let known = Set(TokenKind.allCases.filter { !foreign.contains($0) }.compactMap(\.spelling))
    #expect(grammar.terminals.subtracting(Grammar.contextual).subtracting(TypeSyntax.names) == known)
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

  /// A parser that a parser generator made from the grammar judged damaged programs as this one does
  /// (`Tests/Reference/grammar_check.py`, which writes the fixture; `make grammar-check` compares anew).
  @Test func anIndependentParserAgrees() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Reference/fixtures/grammar_verdicts.txt")
    let fixture = String(decoding: try Data(contentsOf: url), as: UTF8.self)
    var counts = [true: 0, false: 0]
    for block in ("\n" + fixture).split(separator: "\n=== ").filter({ !$0.isEmpty }) {
      let line = try #require(block.firstIndex(of: "\n"))
      let isProgram = block[..<line] == "accept"
      let text = String(block[line...].dropFirst())
      let (tree, diagnostics) = parsed(text)
      let isAccepted = !diagnostics.contains { $0.severity == .error }
      #expect(isAccepted == isProgram, "\(text)\n\(rendered(diagnostics, tree))")
      counts[isProgram, default: 0] += 1
    }
    #expect(counts[true, default: 0] > 100 && counts[false, default: 0] > 300)
  }
}

extension Grammar {
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
