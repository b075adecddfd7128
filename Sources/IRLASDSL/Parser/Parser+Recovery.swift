// How the parser finds its way after a mistake.

extension TokenKind {
  /// Whether this opens a declaration.
  var startsDeclaration: Bool {
    switch self {
    case .cellKeyword, .networkKeyword, .spaceKeyword, .recipeKeyword, .searchKeyword, .checkKeyword: true
    default: false
    }
  }

  /// Whether this opens a cell, network or space.
  var startsModule: Bool { self == .cellKeyword || self == .networkKeyword || self == .spaceKeyword }

  /// Whether this opens a bracket.
  var opens: Bool { self == .leftParenthesis || self == .leftBracket || self == .leftBrace }

  /// Whether this closes a bracket.
  var closes: Bool { self == .rightParenthesis || self == .rightBracket || self == .rightBrace }

  /// Whether a value may start with this.
  var startsExpression: Bool {
    switch self {
    case .identifier, .number, .kernel, .string, .trueKeyword, .falseKeyword, .peerKeyword, .eachKeyword,
      .ifKeyword,
      .leftParenthesis, .leftBracket, .minus, .notKeyword, .sampleKeyword, .repeatKeyword, .bang:
      true
    default: false
    }
  }
}

extension Parser {
  /// Whether a declaration starts at the current token: a keyword with a name after it, or an attribute, at the
  /// beginning of a line.
  var startsDeclaration: Bool {
    switch kind {
    case .at: isFirstOnLine(position)
    case .useKeyword: isFirstOnLine(position) && (next == .identifier || next == .string)
    default: kind.startsDeclaration && next == .identifier && isFirstOnLine(position)
    }
  }

  /// Whether the current token begins a statement, or a field of a recipe or search.
  var startsStatement: Bool {
    switch kind {
    case .returnKeyword, .sharedKeyword, .growKeyword: true
    case .requireKeyword: next != .colon
    case .identifier where isFirstOnLine(position) && startsBinding: true
    default: (hasFields && kind.isWord && next == .colon && isFirstOnLine(position)) || startsDeclaration
    }
  }

  /// Whether `a =` or `a, b =` stands here.
  var startsBinding: Bool {
    var index = position
    // More names than this are not looked at: the look-ahead stays constant.
    for _ in 0..<16 {
      guard tokens[index].kind == .identifier else { return false }
      let separator = self.index(after: index)
      if tokens[separator].kind == .equal { return true }
      guard tokens[separator].kind == .comma else { return false }
      index = self.index(after: separator)
    }
    return false
  }

  /// Whether an open bracket of the outer text waits for the current closing one.
  var closesOuterBracket: Bool {
    switch kind {
    case .rightParenthesis: open.parentheses > 0
    case .rightBracket: open.brackets > 0
    case .rightBrace: open.braces > 0
    default: false
    }
  }

  /// Steps over text that fits nowhere, brackets in pairs, up to a closing bracket, a statement, a declaration or the
  /// end; and up to a comma when asked. With `always` the first token is taken whatever it is.
  mutating func skipUnexpected(stopAtComma: Bool = false, always: Bool = false) {
    let mark = mark()
    var level = 0
    var isFirst = always
    loop: while kind != .endOfFile {
      if kind.opens {
        level += 1
      } else if kind.closes {
        if level == 0, !isFirst { break }
        level = max(0, level - 1)
      } else if !isFirst {
        if level == 0, stopAtComma, at(.comma) { break }
        if level == 0 ? startsStatement : startsDeclaration { break }
      }
      isFirst = false
      bump()
    }
    if hasPushed(since: mark) { finish(.unexpected, from: mark) }
  }

  /// Steps over a bracket and what it holds, through its partner where there is one.
  mutating func skipGroup() {
    let mark = mark()
    var level = 0
    repeat {
      if kind.opens { level += 1 } else if kind.closes { level -= 1 }
      bump()
    } while level > 0 && !at(.endOfFile) && !startsDeclaration
    finish(.unexpected, from: mark)
  }

  /// Steps over everything up to the next declaration.
  mutating func skipToDeclaration() {
    let mark = mark()
    repeat { bump() } while !at(.endOfFile) && !startsDeclaration
    finish(.unexpected, from: mark)
  }

  /// Takes the current token as an `unexpected` node.
  mutating func skipToken() {
    let mark = mark()
    bump()
    finish(.unexpected, from: mark)
  }

  /// Runs `body` without messages: its text has been reported as a whole.
  mutating func silently(_ body: (inout Parser) -> Void) {
    silence += 1
    body(&self)
    silence -= 1
  }

  /// Consumes a closing bracket, or reports that the one at token `opener` has no partner.
  mutating func expectClosing(_ closing: TokenKind, opener: Int) {
    if eat(closing) { return }
    if kind.closes, !closesOuterBracket, tokens[opener].kind.opens {
      // `(a]`: the wrong partner, which closes nothing else.
      reportWrongPartner(closing, opener: opener)
      skipToken()
      return
    }
    reportUnclosed(closing, opener: opener)
  }

  /// Whether `3 x 3` stands here, its first number being read: a Kernel with blanks in it.
  var isKernelInParts: Bool {
    at(.identifier) && consumed > 0 && tokens[consumed - 1].kind == .number && next == .number
      && text(of: position) == "x"
  }

  /// Reports a Kernel with blanks in it and steps over what follows its first number.
  mutating func skipRestOfKernel() {
    let number = index(after: position)
    reportKernelInParts(first: consumed - 1, last: number)
    let mark = mark()
    bump()
    bump()
    finish(.unexpected, from: mark)
  }

  /// The items of a bracketed list up to its closing bracket, with commas between them; the opening bracket has been
  /// consumed as token `opener`. Returns the number of items and whether the last one had a comma after it.
  mutating func parseItems(
    until closing: TokenKind, opener: Int, _ item: (inout Parser) -> Void
  ) -> (count: Int, trailingComma: Bool) {
    let outer = open
    switch closing {
    case .rightParenthesis: open.parentheses += 1
    case .rightBracket: open.brackets += 1
    default: open.braces += 1
    }
    var count = 0
    var trailingComma = false
    while !at(closing), !at(.endOfFile) {
      if startsDeclaration || (trailingComma && closesOuterBracket) { break }
      let before = position
      item(&self)
      count += 1
      trailingComma = eat(.comma)
      if trailingComma { continue }
      if at(closing) || at(.endOfFile) || startsStatement { break }
      if kind.closes { break }
      if kind.startsExpression || (kind.isWord && next == .colon), position > before {
        reportMissingComma()
        continue
      }
      reportUnexpected()
      skipUnexpected(stopAtComma: true, always: true)
      trailingComma = eat(.comma)
    }
    open = outer
    expectClosing(closing, opener: opener)
    return (count, trailingComma)
  }
}
