/// A grammar in extended Backus-Naur form, read from its text.
///
/// The parser is written by hand; this is what it is tested against, and what tells which tokens may follow a text.
package struct Grammar: Sendable {
  /// A part of the right side of a rule.
  package indirect enum Term: Sendable {
    /// A token as it is written.
    case terminal(String)
    /// A rule or a class of tokens, by name.
    case reference(String)
    /// One of several.
    case choice([Term])
    /// One after another.
    case sequence([Term])
    /// Once or not at all.
    case optional(Term)
    /// Any number of times.
    case repetition(Term)
  }

  /// The token classes that the text describes in words.
  package static let classes: Set = ["INT", "ID", "LABEL", "NUMBER", "KERNEL", "STRING"]

  /// The rules in the order of the text; the first one is where a program starts.
  package private(set) var rules: [(name: String, term: Term)] = []
  /// What stands in quotes.
  package private(set) var terminals: Set<String> = []
  /// The names that are used.
  package private(set) var references: Set<String> = []

  /// Names that are keywords at some places only; names elsewhere.
  package static let contextual: Set = ["irlas", "aux"]

  /// The grammar of the language, `grammar/irlas.ebnf`.
  package static let language: Grammar = {
    // A text that could not be read would leave no rules, which the tests would see.
    (try? Grammar(text: String(decoding: PackageResources.irlas_ebnf, as: UTF8.self))) ?? Grammar()
  }()

  private init() {}

  /// What is wrong with the text of a grammar.
  package struct Malformed: Error {
    /// The text from there on.
    package let rest: Substring
  }

  /// Reads the rules of a text.
  package init(text: String) throws(Malformed) {
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

  private static func take(_ sign: String, _ rest: inout Substring) throws(Malformed) {
    skipBlanks(&rest)
    guard rest.hasPrefix(sign) else { throw Malformed(rest: rest.prefix(40)) }
    rest.removeFirst(sign.count)
    skipBlanks(&rest)
  }

  private mutating func choice(_ rest: inout Substring) throws(Malformed) -> Term {
    var options = [try sequence(&rest)]
    while rest.first == "|" {
      try Self.take("|", &rest)
      options.append(try sequence(&rest))
    }
    return options.count == 1 ? options[0] : .choice(options)
  }

  private mutating func sequence(_ rest: inout Substring) throws(Malformed) -> Term {
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
}
