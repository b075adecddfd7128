import IRLASTestSupport
import Testing

@testable import IRLASDSL

@Suite struct NextTokensTests {
  private func next(_ text: String) throws -> NextTokens {
    try nextTokens(after: SourceFile(name: "a.irlas", text: text)).get()
  }

  private func shown(_ text: String) throws -> String {
    try next(text).choices.map {
      switch $0 {
      case .anyOf(let name): name
      case .exactly(let word): word
      }
    }.joined(separator: " ")
  }

  @Test func whatMayFollow() throws {
    #expect(try shown("") == "irlas use cell network space recipe search check @")
    #expect(try next("").isComplete)
    #expect(try shown("irlas") == "INT")
    #expect(try shown("cell") == "ID")
    #expect(try shown("cell A(x:") == "Int Float Bool Kernel Layer Shape Padding [")
    #expect(
      try shown("cell A { in x  return x")
        == "( } , : . .. -> == != < <= > >= + - * / % or and".sortedLikeChoices)
    #expect(try !next("cell A { in x  return x").isComplete)
    #expect(try next("cell A { in x  return x }").isComplete)
    #expect(try shown("search S { budget: 1 require a ,") == "STRING")
    let afterLabel = try next("check A(n: 1,")
    #expect(afterLabel.choices.first == .anyOf("ID"))
    #expect(afterLabel.choices.contains(.exactly("return")) && afterLabel.choices.contains(.exactly(")")))
    #expect(!afterLabel.choices.contains(.anyOf("NUMBER")))
  }

  @Test func thenFollowsNoBareRepeat() throws {
    #expect(try next("check A(repeat 3 A -> B").choices.contains(.exactly("then")))
    #expect(try !next("check A(a -> repeat 3 A").choices.contains(.exactly("then")))
    #expect(try !next("check A(a + repeat 3 repeat 2 A(1)").choices.contains(.exactly("then")))
    #expect(try next("check A((repeat 3 A)").choices.contains(.exactly("then")))
  }

  @Test func textsThatBeginNoProgramSayWhere() {
    guard
      case .failure(let problem) = nextTokens(after: SourceFile(name: "a", text: "cell A { in x  return x x")),
      let diagnostic = problem.diagnostics.first
    else {
      Issue.record("accepted")
      return
    }
    #expect(diagnostic.span.range == 24..<25)
    for text in ["cell A { in x € ", "use \"a", "cell A(b: 1__0"] {
      if case .success = nextTokens(after: SourceFile(name: "a", text: text)) {
        Issue.record("\(text) is accepted")
      }
    }
  }

  /// Exactness, by brute force: after a prefix of a program every token of the alphabet is tried. One that is listed
  /// goes on to a whole program that the parser takes without a message, and at one that is not the parser reports a
  /// mistake there or before.
  @Test func exactlyTheListedTokensLeadOn() throws {
    let seed: UInt64 = 5_772
    print("prefixes of seed \(seed)")
    var random = SplitMix64(seed: seed)
    let costs = GrammarNetwork.language.costs()
    let alphabet = Self.alphabet
    var prefixes: [String] = []
    for program in samplePrograms {
      let tree = parse(SourceFile(name: "a", text: program.text)).tree
      for _ in 0..<6 {
        let end = random.below(tree.tokens.count)
        prefixes.append(String(decoding: tree.source.utf8[..<Int(tree.tokens[end].lower)], as: UTF8.self))
      }
    }
    for _ in 0..<120 {
      let words = Grammar.language.sentence(&random).split(separator: " ")
      prefixes.append(words.prefix(random.below(min(words.count, 60) + 1)).joined(separator: " "))
    }
    var (listedCount, otherCount) = (0, 0)
    for prefix in prefixes {
      let source = SourceFile(name: "a.irlas", text: prefix)
      let listed = try nextTokens(after: source).get()
      var walk = GrammarWalk(.language)
      let tokens = parse(source).tree.tokens.dropLast()
      for token in tokens where !walk.advance(symbols(of: token, in: source)) { Issue.record("\(prefix)") }
      for word in alphabet {
        let text = prefix + " " + word
        let extended = SourceFile(name: "a.irlas", text: text)
        let tree = parse(extended).tree
        guard tree.tokens.count == tokens.count + 2 else {
          // The prefix ended within a comment.
          continue
        }
        let isListed = isListed(word, tree.tokens[tokens.count].kind, in: listed)
        var ahead = walk
        let isPossible = ahead.advance(symbols(of: tree.tokens[tokens.count], in: extended))
        #expect(isPossible == isListed, "\(word) after\n\(prefix)")
        if isListed {
          listedCount += 1
          let rest = ahead.completion(costs).map(Self.spelling).joined(separator: " ")
          let (whole, messages) = parse(SourceFile(name: "a.irlas", text: text + " " + rest))
          if !messages.isEmpty {
            Issue.record("\(word) is listed, but:\n\(rendered(messages, whole))\n\(text) ... \(rest)")
          }
        } else {
          otherCount += 1
          if tree.brokenTokens.first.map({ $0 > tokens.count }) ?? true {
            Issue.record("\(word) is not listed, and the parser takes it:\n\(text)")
          }
        }
      }
    }
    #expect(listedCount > 2000 && otherCount > 2000)
  }

  private func isListed(_ word: String, _ kind: TokenKind, in next: NextTokens) -> Bool {
    next.choices.contains { choice in
      switch choice {
      case .exactly(let text): return text == word
      case .anyOf("ID"): return kind == .identifier
      case .anyOf("NUMBER"): return kind == .number
      case .anyOf("INT"): return word == "1"
      case .anyOf("KERNEL"): return kind == .kernel
      default: return kind == .string
      }
    }
  }

  /// One token of every kind, and the names that mean something at some places.
  private static let alphabet: [String] =
    TokenKind.allCases.compactMap(\.spelling) + [
      "q", "`in`", "7.5", "1", "3x3", "\"s\"", "irlas", "aux", "Int", "Layer",
    ]

  private static func spelling(_ symbol: Int) -> String {
    let name = GrammarNetwork.language.symbols[symbol]
    guard GrammarNetwork.language.isClass[symbol] else { return name }
    switch name {
    case "ID", "LABEL": return "q"
    case "NUMBER": return "7"
    case "INT": return "1"
    case "KERNEL": return "3x3"
    default: return "\"s\""
    }
  }
}

extension String {
  /// The words in the order in which choices are listed.
  fileprivate var sortedLikeChoices: String {
    let words = split(separator: " ").map(String.init)
    let keywords = TokenKind.keywords.compactMap(\.spelling).filter(words.contains)
    let signs = TokenKind.allCases.filter { !$0.isKeyword }.compactMap(\.spelling).filter(words.contains)
    return (keywords + signs).joined(separator: " ")
  }
}
