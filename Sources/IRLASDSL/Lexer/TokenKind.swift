/// The kinds of token. Blanks and comments are no tokens: they are the bytes between two tokens (`Trivia`).
package enum TokenKind: UInt8, Hashable, Sendable, CaseIterable {
  case endOfFile
  /// A name, plain or in backquotes.
  case identifier
  /// A number with its suffix: `128`, `0.2`, `5e-4`, `20M`, `5ms`.
  case number
  /// Height x width: `3x3`.
  case kernel
  case string
  /// Bytes that are no token; the lexer has reported them and the parser steps over them.
  case invalid

  case leftParenthesis, rightParenthesis, leftBracket, rightBracket, leftBrace, rightBrace
  case comma, colon, dot, dotDot, arrow, at
  case equal, equalEqual, notEqual, less, lessEqual, greater, greaterEqual
  case plus, minus, star, slash, percent
  /// Signs of other languages, kept apart so that a message can name the right one.
  case semicolon, question, bang, ampersands, bars, caret, starStar, fatArrow

  case asKeyword, useKeyword, cellKeyword, networkKeyword, spaceKeyword, recipeKeyword, searchKeyword,
    checkKeyword
  case inKeyword, returnKeyword, sharedKeyword, growKeyword, requireKeyword, thenKeyword
  case andKeyword, orKeyword, notKeyword, sampleKeyword, repeatKeyword, eachKeyword, ifKeyword, elseKeyword
  case trueKeyword, falseKeyword, peerKeyword

  /// The fixed spelling, or nil for kinds whose text varies.
  package var spelling: String? {
    switch self {
    case .endOfFile, .identifier, .number, .kernel, .string, .invalid: nil
    case .leftParenthesis: "("
    case .rightParenthesis: ")"
    case .leftBracket: "["
    case .rightBracket: "]"
    case .leftBrace: "{"
    case .rightBrace: "}"
    case .comma: ","
    case .colon: ":"
    case .dot: "."
    case .dotDot: ".."
    case .arrow: "->"
    case .at: "@"
    case .equal: "="
    case .equalEqual: "=="
    case .notEqual: "!="
    case .less: "<"
    case .lessEqual: "<="
    case .greater: ">"
    case .greaterEqual: ">="
    case .plus: "+"
    case .minus: "-"
    case .star: "*"
    case .slash: "/"
    case .percent: "%"
    case .semicolon: ";"
    case .question: "?"
    case .bang: "!"
    case .ampersands: "&&"
    case .bars: "||"
    case .caret: "^"
    case .starStar: "**"
    case .fatArrow: "=>"
    case .asKeyword: "as"
    case .useKeyword: "use"
    case .cellKeyword: "cell"
    case .networkKeyword: "network"
    case .spaceKeyword: "space"
    case .recipeKeyword: "recipe"
    case .searchKeyword: "search"
    case .checkKeyword: "check"
    case .inKeyword: "in"
    case .returnKeyword: "return"
    case .sharedKeyword: "shared"
    case .growKeyword: "grow"
    case .requireKeyword: "require"
    case .thenKeyword: "then"
    case .andKeyword: "and"
    case .orKeyword: "or"
    case .notKeyword: "not"
    case .sampleKeyword: "sample"
    case .repeatKeyword: "repeat"
    case .eachKeyword: "each"
    case .ifKeyword: "if"
    case .elseKeyword: "else"
    case .trueKeyword: "true"
    case .falseKeyword: "false"
    case .peerKeyword: "peer"
    }
  }

  /// Whether this is a reserved word.
  package var isKeyword: Bool { rawValue >= Self.asKeyword.rawValue }

  /// Whether this is a name or a reserved word.
  package var isWord: Bool { self == .identifier || isKeyword }

  /// The reserved words, in declaration order.
  package static let keywords: [TokenKind] = allCases.filter(\.isKeyword)
}

/// One token: its kind and its bytes.
package struct Token: Hashable, Sendable {
  /// What it is.
  package let kind: TokenKind
  /// Offset of the first byte.
  package let lower: UInt32
  /// Offset one past the last byte.
  package let upper: UInt32

  /// The token of the given kind at the bytes `range`.
  package init(_ kind: TokenKind, lower: UInt32, upper: UInt32) {
    self.kind = kind
    self.lower = lower
    self.upper = upper
  }

  /// The byte offsets as a range of `Int`.
  package var range: Range<Int> { Int(lower)..<Int(upper) }
}
