/// Splits UTF-8 bytes into tokens, without ever failing: bytes that are no token become `invalid` tokens and a message.
///
/// Works on bytes, in one pass, in linear time. Blanks and comments are not recorded: they are what lies between two
/// tokens. A long run of the same mistake makes one token and one message.
struct Lexer {
  let source: SourceFile
  let bytes: [UInt8]
  var offset = 0
  var tokens: [Token] = []
  var bag: DiagnosticBag

  /// The largest number of tokens in one file.
  static let maximumTokenCount = 1 << 24

  init(_ source: SourceFile, bag: DiagnosticBag) {
    self.source = source
    self.bytes = source.utf8
    self.bag = bag
    // Dense programs have a token for three bytes; what is not used is never touched.
    tokens.reserveCapacity(min(bytes.count / 2 + 2, Self.maximumTokenCount))
  }

  /// The tokens of the whole file, `endOfFile` last.
  mutating func run() {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
    while true {
      skipTrivia()
      guard offset < bytes.count else { break }
      if tokens.count == Self.maximumTokenCount {
        let place = source.span(offset..<offset)
        report(
          Diagnostic(
            .sourceTooLarge, "the program has more than \(Self.maximumTokenCount) words and signs",
            at: place, label: "the rest is not read"))
        append(.invalid, from: offset, to: bytes.count)
        break
      }
      lexToken()
    }
    append(.endOfFile, from: bytes.count, to: bytes.count)
  }

  /// The byte at `index`, or 0 beyond the end.
  func byte(_ index: Int) -> UInt8 { index < bytes.count ? bytes[index] : 0 }

  /// Adds a token and moves behind it.
  mutating func append(_ kind: TokenKind, from start: Int, to end: Int) {
    tokens.append(
      Token(kind, lower: UInt32(truncatingIfNeeded: start), upper: UInt32(truncatingIfNeeded: end)))
    offset = end
  }

  /// Reports a message, which is not even made when no more are kept.
  mutating func report(_ diagnostic: @autoclosure () -> Diagnostic) {
    if bag.isFull { bag.omit() } else { bag.report(diagnostic()) }
  }

  private mutating func skipTrivia() {
    while offset < bytes.count {
      switch bytes[offset] {
      case 0x20, 0x09, 0x0A, 0x0D: offset += 1
      case 0x2F where byte(offset + 1) == 0x2F:
        while offset < bytes.count, bytes[offset] != 0x0A { offset += 1 }
      default: return
      }
    }
  }

  private mutating func lexToken() {
    let start = offset
    let next = byte(start + 1)
    switch bytes[start] {
    case 0x61...0x7A, 0x41...0x5A, 0x5F: lexWord()
    case 0x30...0x39: lexNumber()
    case 0x22: lexString()
    case 0x60: lexQuotedName()
    case 0x28: append(.leftParenthesis, from: start, to: start + 1)
    case 0x29: append(.rightParenthesis, from: start, to: start + 1)
    case 0x5B: append(.leftBracket, from: start, to: start + 1)
    case 0x5D: append(.rightBracket, from: start, to: start + 1)
    case 0x7B: append(.leftBrace, from: start, to: start + 1)
    case 0x7D: append(.rightBrace, from: start, to: start + 1)
    case 0x2C: append(.comma, from: start, to: start + 1)
    case 0x3A: append(.colon, from: start, to: start + 1)
    case 0x3B: append(.semicolon, from: start, to: start + 1)
    case 0x3F: append(.question, from: start, to: start + 1)
    case 0x40: append(.at, from: start, to: start + 1)
    case 0x2B: append(.plus, from: start, to: start + 1)
    case 0x25: append(.percent, from: start, to: start + 1)
    case 0x5E: append(.caret, from: start, to: start + 1)
    case 0x2E: pair(.dot, second: 0x2E, .dotDot, next)
    case 0x2D: pair(.minus, second: 0x3E, .arrow, next)
    case 0x2A: pair(.star, second: 0x2A, .starStar, next)
    case 0x21: pair(.bang, second: 0x3D, .notEqual, next)
    case 0x3C: pair(.less, second: 0x3D, .lessEqual, next)
    case 0x3E: pair(.greater, second: 0x3D, .greaterEqual, next)
    case 0x26: pair(.ampersands, second: 0x26, .ampersands, next)
    case 0x7C: pair(.bars, second: 0x7C, .bars, next)
    case 0x3D:
      if next == 0x3E {
        append(.fatArrow, from: start, to: start + 2)
      } else {
        pair(.equal, second: 0x3D, .equalEqual, next)
      }
    case 0x2F:
      if next == 0x2A { lexBlockComment() } else { append(.slash, from: start, to: start + 1) }
    default: lexInvalid()
    }
  }

  private mutating func pair(_ one: TokenKind, second: UInt8, _ two: TokenKind, _ next: UInt8) {
    append(next == second ? two : one, from: offset, to: next == second ? offset + 2 : offset + 1)
  }

  // MARK: Words

  private mutating func lexWord() {
    let start = offset
    var end = start + 1
    var packed = UInt64(bytes[start])
    while end < bytes.count {
      let next = bytes[end]
      guard Self.isWordByte(next) else { break }
      packed = packed << 8 | UInt64(next)
      end += 1
    }
    if end < bytes.count, bytes[end] >= 0x80, let letters = lettersEnd(from: end) {
      let span = source.span(start..<letters)
      reportForeignLetters(span)
      append(.identifier, from: start, to: letters)
      return
    }
    let kind = end - start <= 7 ? Self.keywordTable[packed] : .identifier
    append(kind, from: start, to: end)
  }

  @inline(__always)
  static func isWordByte(_ byte: UInt8) -> Bool {
    // Letters in either case, digits, `_`.
    (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x5F
  }

  /// The end of a run of word bytes and letters beyond ASCII that starts at `start` with such a letter.
  private func lettersEnd(from start: Int) -> Int? {
    var end = start
    while end < bytes.count {
      if Self.isWordByte(bytes[end]) {
        end += 1
      } else if let (scalar, length) = scalar(at: end), scalar.value >= 0x80, scalar.properties.isAlphabetic {
        end += length
      } else {
        break
      }
    }
    return end > start ? end : nil
  }

  /// The character that starts at `index`, and its length in bytes.
  private func scalar(at index: Int) -> (Unicode.Scalar, Int)? {
    var iterator = bytes[index..<min(index + 4, bytes.count)].makeIterator()
    var decoder = Unicode.UTF8()
    guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
    return (scalar, Unicode.UTF8.width(scalar))
  }

  private mutating func reportForeignLetters(_ span: SourceSpan) {
    report(
      Diagnostic(
        .unexpectedCharacter, "a plain name holds only the letters a to z and A to Z, digits and `_`",
        at: span,
        help: [
          Diagnostic.Help(
            "put the name in backquotes",
            edits: [Diagnostic.Edit(span.start, "`"), Diagnostic.Edit(span.end, "`")])
        ]))
  }

  private mutating func lexQuotedName() {
    let source = source
    let start = offset
    var end = start + 1
    while end < bytes.count, bytes[end] != 0x60, bytes[end] != 0x0A { end += 1 }
    if byte(end) == 0x60, end > start + 1 {
      append(.identifier, from: start, to: end + 1)
      return
    }
    if byte(end) == 0x60 {
      report(
        Diagnostic(
          .unterminatedName, "a name in backquotes cannot be empty", at: source.span(start..<end + 1)))
      append(.invalid, from: start, to: end + 1)
      return
    }
    report(
      Diagnostic(
        .unterminatedName, "this name has no closing backquote", at: source.span(start..<start + 1),
        label: "opened here"))
    append(.invalid, from: start, to: start + 1)
  }

  // MARK: What is no token

  private mutating func lexBlockComment() {
    let source = source
    let start = offset
    var end = start + 2
    while end < bytes.count, !(bytes[end] == 0x2A && byte(end + 1) == 0x2F) { end += 1 }
    end = min(end + 2, bytes.count)
    report(
      Diagnostic(
        .unexpectedCharacter, "comments start with `//` and end with the line",
        at: source.span(start..<start + 2)))
    append(.invalid, from: start, to: end)
  }

  private mutating func lexInvalid() {
    let source = source
    let start = offset
    if bytes[start] >= 0x80, let (scalar, _) = scalar(at: start), scalar.properties.isAlphabetic,
      let end = lettersEnd(from: start)
    {
      reportForeignLetters(source.span(start..<end))
      append(.identifier, from: start, to: end)
      return
    }
    if bytes[start] == 0x23 {
      var end = start
      while end < bytes.count, bytes[end] != 0x0A { end += 1 }
      report(
        Diagnostic(
          .unexpectedCharacter, "`#` starts no comment here", at: source.span(start..<start + 1),
          help: [
            Diagnostic.Help(
              "comments start with `//`", edits: [Diagnostic.Edit(source.span(start..<start + 1), "//")])
          ]))
      append(.invalid, from: start, to: end)
      return
    }
    if bytes[start] == 0x27 {
      var end = start + 1
      while end < bytes.count, bytes[end] != 0x27, bytes[end] != 0x0A { end += 1 }
      if byte(end) == 0x27 {
        let (open, close) = (source.span(start..<start + 1), source.span(end..<end + 1))
        report(
          Diagnostic(
            .unexpectedCharacter, "strings stand between double quotes", at: source.span(start..<end + 1),
            help: [
              Diagnostic.Help("use `\"`", edits: [Diagnostic.Edit(open, "\""), Diagnostic.Edit(close, "\"")])
            ]))
        append(.string, from: start, to: end + 1)
        return
      }
    }
    lexUnknownRun()
  }

  /// A run of characters that mean nothing, taken together.
  private mutating func lexUnknownRun() {
    let source = source
    let start = offset
    guard let (first, length) = scalar(at: start) else {
      report(Diagnostic(.notUTF8, "this byte is not UTF-8 text", at: source.span(start..<start + 1)))
      append(.invalid, from: start, to: start + 1)
      return
    }
    var end = start + length
    while end < bytes.count, bytes[end] == bytes[start] || (bytes[end] >= 0x80 && bytes[start] >= 0x80),
      let (scalar, length) = scalar(at: end), !scalar.properties.isAlphabetic, Self.lookalikes[scalar] == nil
    {
      end += length
    }
    if let (meant, name) = Self.lookalikes[first] {
      let span = source.span(start..<start + length)
      report(
        Diagnostic(
          .unexpectedCharacter, "this sign is not part of the language: \(name)", at: span,
          help: [Diagnostic.Help("write `\(meant)`", edits: [Diagnostic.Edit(span, meant)])]))
      append(.invalid, from: start, to: start + length)
      return
    }
    let shown =
      first.value < 0x20 || first.value == 0x7F || first.properties.generalCategory == .format
      ? "the character U+" + hexadecimal(first.value) : "`\(first)`"
    report(
      Diagnostic(
        .unexpectedCharacter, "\(shown) means nothing in the language", at: source.span(start..<end)))
    append(.invalid, from: start, to: end)
  }

  /// Signs that look like those of the language, what to write instead, and their names.
  private static let lookalikes: [Unicode.Scalar: (meant: String, name: String)] = [
    "→": ("->", "an arrow as one character"), "⟶": ("->", "an arrow as one character"),
    "×": ("x", "a multiplication cross"), "−": ("-", "a minus sign beyond ASCII"),
    "–": ("-", "a dash"), "—": ("-", "a dash"), "“": ("\"", "a typographic quote"),
    "”": ("\"", "a typographic quote"), "‘": ("\"", "a typographic quote"),
    "’": ("\"", "a typographic quote"),
    "≤": ("<=", "less or equal as one character"), "≥": (">=", "greater or equal as one character"),
    "≠": ("!=", "unequal as one character"), "…": ("..", "an ellipsis as one character"),
    "\u{A0}": (" ", "a no-break space"), "\u{3000}": (" ", "a wide space"), "·": ("*", "a centred point"),
  ]

  /// The reserved words by their bytes.
  private static let keywordTable = KeywordTable()
}

/// Four or more hexadecimal digits.
func hexadecimal(_ value: UInt32) -> String {
  let digits = String(value, radix: 16, uppercase: true)
  return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
}

/// A small open-addressing table from the bytes of a reserved word, packed into an integer, to its kind.
private struct KeywordTable: Sendable {
  private static let size: UInt64 = 128
  private var keys = [UInt64](repeating: 0, count: Int(size))
  private var kinds = [TokenKind](repeating: .identifier, count: Int(size))

  init() {
    for kind in TokenKind.keywords {
      let key = (kind.spelling ?? "").utf8.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      var slot = Self.slot(key)
      while keys[slot] != 0 { slot = (slot + 1) % Int(Self.size) }
      keys[slot] = key
      kinds[slot] = kind
    }
  }

  /// The kind of a word of at most seven bytes.
  subscript(key: UInt64) -> TokenKind {
    var slot = Self.slot(key)
    while keys[slot] != 0 {
      if keys[slot] == key { return kinds[slot] }
      slot = (slot + 1) % Int(Self.size)
    }
    return .identifier
  }

  private static func slot(_ key: UInt64) -> Int { Int((key &* 0x9E37_79B9_7F4A_7C15) >> 57) }
}
