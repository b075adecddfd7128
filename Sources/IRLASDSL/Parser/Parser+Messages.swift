// The messages of the parser. Each function first asks whether its message is admitted, so that a text full of
// mistakes costs nothing more than reading it.

extension Parser {
  /// Whether a message at a token (the current one unless given) may be reported: not while silent, not twice at one
  /// token. Counts it when the bag is full.
  mutating func admits(at token: Int? = nil) -> Bool {
    let token = token ?? position
    guard silence == 0, reportedAt != token else { return false }
    reportedAt = token
    brokenTokens.append(token)
    if bag.isFull {
      bag.omit()
      return false
    }
    return true
  }

  /// Reports nothing more at the current token.
  mutating func calm() { reportedAt = position }

  /// A token in words.
  func describe(_ token: Int) -> String {
    switch tokens[token].kind {
    case .endOfFile: "the end of the file"
    case .string: "a string"
    default: "`\(shortened(text(of: token)))`"
    }
  }

  private func insertion(_ text: String, at span: SourceSpan, _ message: String) -> Diagnostic.Help {
    Diagnostic.Help(message, edits: [Diagnostic.Edit(span, text)])
  }

  private func replacement(_ text: String, of span: SourceSpan, _ message: String? = nil) -> Diagnostic.Help {
    Diagnostic.Help(message ?? "write `\(text)`", edits: [Diagnostic.Edit(span, text)])
  }

  // MARK: Signs

  /// A sign or keyword is missing before the current token.
  mutating func reportMissing(_ sign: String, _ purpose: String, secondary: [Diagnostic.Label] = []) {
    guard admits() else { return }
    bag.report(
      Diagnostic(
        .missingToken, "`\(sign)` is missing: \(purpose)", at: previousEnd, label: "`\(sign)` belongs here",
        secondary: secondary))
  }

  /// Two items of a list have no comma between them.
  mutating func reportMissingComma() {
    guard admits() else { return }
    bag.report(
      Diagnostic(
        .missingToken, "`,` is missing before \(describe(position))", at: previousEnd,
        help: [insertion(",", at: previousEnd, "separate the items with a comma")]))
  }

  /// `3 x 3`, from its first number to its last.
  mutating func reportKernelInParts(first: Int, last: Int) {
    guard admits() else { return }
    let whole = span(of: first).union(span(of: last))
    let kernel = "\(shortened(text(of: first)))x\(shortened(text(of: last)))"
    bag.report(
      Diagnostic(
        .unexpectedToken, "a Kernel has no blanks in it", at: whole, help: [replacement(kernel, of: whole)]))
  }

  /// `repeat -1`, up to the number.
  mutating func reportNegativeCount(number: Int) {
    guard admits() else { return }
    bag.report(
      Diagnostic(.valueOutOfRange, "a count cannot be negative", at: span.union(span(of: number))))
  }

  /// A bracket has no partner.
  mutating func reportUnclosed(_ closing: TokenKind, opener: Int) {
    guard admits() else { return }
    let sign = closing.spelling ?? ""
    let place = Diagnostic.Label(previousEnd, "`\(sign)` is missing here", style: .secondary)
    bag.report(
      Diagnostic(
        .unclosedBracket, "this `\(text(of: opener))` is never closed", at: span(of: opener),
        secondary: [place],
        help: closing == .rightBrace ? [] : [insertion(sign, at: previousEnd, "add `\(sign)`")]))
  }

  /// A bracket is closed by one of another kind.
  mutating func reportWrongPartner(_ closing: TokenKind, opener: Int) {
    guard admits() else { return }
    let sign = closing.spelling ?? ""
    bag.report(
      Diagnostic(
        .unclosedBracket, "`\(text(of: opener))` is closed by `\(text(of: position))`", at: span,
        secondary: [Diagnostic.Label(span(of: opener), "opened here", style: .secondary)],
        help: [replacement(sign, of: span)]))
  }

  /// The current token cannot stand here.
  mutating func reportUnexpected(_ why: String? = nil, help: [Diagnostic.Help] = []) {
    if at(.semicolon) { return reportSemicolon() }
    guard admits() else { return }
    let reason: String
    if let why {
      reason = why
    } else if kind.closes, !closesOuterBracket {
      reason = "this \(describe(position)) closes nothing"
    } else {
      reason = "\(describe(position)) cannot stand here"
    }
    bag.report(Diagnostic(.unexpectedToken, reason, at: at(.endOfFile) ? previousEnd : span, help: help))
  }

  /// `;` ends nothing.
  mutating func reportSemicolon() {
    guard admits() else { return }
    bag.report(
      Diagnostic(
        .foreignOperator, "the language has no semicolons", at: span,
        help: [
          replacement(
            "", of: span, "remove it: every statement starts with a word, so that none needs an end")
        ]))
  }

  /// Fields stand one after another.
  mutating func reportFieldComma() {
    guard admits() else { return }
    bag.report(
      Diagnostic(
        .unexpectedToken, "fields need no \(describe(position)) between them", at: span,
        help: [replacement("", of: span, "remove it")]))
  }

  // MARK: Names

  /// A name is missing; a keyword in its place is taken as the attempt at one.
  mutating func reportNoName(_ what: String) {
    guard admits() else { return }
    if kind.isKeyword, !startsDeclaration {
      let word = text(of: position)
      bag.report(
        Diagnostic(
          .keywordAsName, "`\(word)` is a keyword and cannot name \(what)", at: span,
          help: [replacement("`\(word)`", of: span, "choose another name, or put this one in backquotes")]))
    } else {
      bag.report(
        Diagnostic(
          .expectedName, "the name of \(what) is missing", at: previousEnd,
          label: "before \(describe(position))"))
    }
  }

  /// A value is missing before the current token.
  mutating func reportNoValue() {
    guard admits() else { return }
    if at(.dot), tokens[index(after: position)].kind == .number {
      let dot = span
      bag.report(
        Diagnostic(
          .malformedNumber, "a number starts with a digit", at: dot,
          help: [insertion("0", at: dot.start, "write `0.`")]))
      return
    }
    let before = consumed == 0 ? "" : " after \(describe(consumed - 1))"
    let isElsewhere = at(.endOfFile) || isFirstOnLine(position)
    bag.report(
      Diagnostic(
        .expectedExpression, "a value is missing\(before)", at: isElsewhere ? previousEnd : span,
        label: isElsewhere ? "" : "\(describe(position)) is none"))
  }

  /// A keyword stands where a value belongs.
  mutating func reportKeywordAsValue() {
    guard admits() else { return }
    let word = text(of: position)
    bag.report(
      Diagnostic(
        .keywordAsName, "`\(word)` is a keyword and names no value", at: span,
        help: [replacement("`\(word)`", of: span, "a name that is spelt like a keyword stands in backquotes")]
      ))
  }

  /// A type is missing or unknown.
  mutating func reportNoType() {
    guard admits() else { return }
    let names = TypeSyntax.names.map { "`\($0)`" }.joined(separator: ", ")
    guard at(.identifier) else {
      var help: [Diagnostic.Help] = []
      if kind.startsExpression { help = [Diagnostic.Help("a default stands after `=`, as in `stride = 1`")] }
      bag.report(
        Diagnostic(
          .expectedType, "a type is missing after `:`", at: previousEnd,
          notes: ["the types are \(names), and lists"],
          help: help))
      return
    }
    let word = text(of: position)
    let others = ["Integer": "Int", "int": "Int", "Double": "Float", "float": "Float", "Boolean": "Bool"]
    let meant = others[word] ?? nearest(to: word, among: TypeSyntax.names)
    bag.report(
      Diagnostic(
        .expectedType, "there is no type `\(shortened(word))`", at: span,
        notes: ["the types are \(names), and lists of these such as `[Int]`"],
        help: meant.map { [replacement($0, of: span)] } ?? []))
  }

  // MARK: Operators

  /// An operator of another language; the parser goes on as if the right one stood there.
  mutating func reportForeign(_ right: String) {
    guard admits() else { return }
    let help =
      kind == .caret || kind == .starStar
      ? Diagnostic.Help("write `pow(a, b)`")
      : replacement(at(.bang) ? right + " " : right, of: span, "write `\(right)`")
    bag.report(
      Diagnostic(.foreignOperator, "the language has no \(describe(position))", at: span, help: [help]))
  }

  /// `=` in a value.
  mutating func reportAssignment() {
    guard admits() else { return }
    bag.report(
      Diagnostic(
        .assignmentInExpression, "`=` binds a name at the start of a statement; it does not compare",
        at: span,
        help: [replacement("==", of: span, "to compare, write `==`")]))
  }

  /// `label = value` in an argument or field.
  mutating func reportEqualsInArgument(_ what: String) {
    guard admits() else { return }
    let label = text(of: consumed - 1)
    let place = isAdjacent ? span : SourceSpan(file: source.id, lower: previousEnd.lower, upper: span.upper)
    bag.report(
      Diagnostic(
        .equalsInArgument, "\(what) is written `\(shortened(label)): value`", at: span,
        help: [replacement(":", of: place, "write `:`")]))
  }

  /// An argument without a label, just read, after those with one.
  mutating func reportLateArgument(_ start: Int, firstLabel: Int) {
    guard admits(at: start) else { return }
    let value = span(of: start).union(span(of: consumed - 1))
    var edits: [Diagnostic.Edit] = []
    if value.range.count <= 200, tokens[start - 1].kind == .comma {
      // What lies between the argument before it and its own end.
      let rest = SourceSpan(file: source.id, lower: tokens[start - 2].upper, upper: value.upper)
      edits = [
        Diagnostic.Edit(span(of: firstLabel).start, source.text(value) + ", "), Diagnostic.Edit(rest, ""),
      ]
    }
    bag.report(
      Diagnostic(
        .unexpectedToken, "an argument without a label stands before those with one", at: value,
        secondary: [
          Diagnostic.Label(span(of: firstLabel), "the first one with a label", style: .secondary)
        ],
        help: [Diagnostic.Help("move it there, or give it its label", edits: edits)]))
  }

  /// `a < b < c`.
  mutating func reportChainedComparison() {
    guard admits() else { return }
    bag.report(
      Diagnostic(
        .chainedComparison, "comparisons do not chain", at: span,
        help: [Diagnostic.Help("join two comparisons with `and`: `0 < a and a < 8`")]))
  }

  /// Values nested too deeply.
  mutating func reportTooDeep() {
    guard admits() else { return }
    bag.report(
      Diagnostic(
        .nestedTooDeeply, "this is nested too deeply: \(Self.nestingLimit) levels are the limit", at: span,
        label: "what is inside is not read", help: [Diagnostic.Help("bind parts of it to names")]))
  }

  /// `repeat 3 A then B` without parentheses.
  mutating func reportBareThen(then: Int, repetition: Int, operandEnd: SourceSpan) {
    guard admits(at: then) else { return }
    guard let body = childNodes(of: repetition).last else { return }
    let start = span(ofNode: body).start
    bag.report(
      Diagnostic(
        .thenNeedsParentheses, "`then` after a bare `repeat` could belong to the layer or to the whole",
        at: span(of: then),
        secondary: [Diagnostic.Label(span(ofNode: body), "repeated", style: .secondary)],
        help: [
          Diagnostic.Help(
            "put the layers of the copies in parentheses",
            edits: [Diagnostic.Edit(start, "("), Diagnostic.Edit(operandEnd, ")")])
        ]))
  }

  /// `then` in a place that holds one value.
  mutating func reportStrayThen(_ then: Int) {
    guard admits(at: then) else { return }
    bag.report(
      Diagnostic(
        .misplacedThen, "`then` stands in an argument, a field, or in parentheses", at: span(of: then),
        help: [Diagnostic.Help("for example `repeat 3 Block(64, stride: 2 then 1)`")]))
  }

  /// `c ? a : b` and `a if c else b`.
  mutating func reportTernary(at token: Int, edit: Diagnostic.Help) {
    guard admits(at: token) else { return }
    bag.report(
      Diagnostic(
        .foreignOperator, "a choice between two values is written with `if` first, in braces",
        at: span(of: token),
        help: [edit]))
  }

  /// `xs[i]`.
  mutating func reportIndexing(opener: Int, closing: Int) {
    guard admits(at: opener) else { return }
    bag.report(
      Diagnostic(
        .foreignOperator, "an element of a list is written `.at(i)`", at: span(of: opener),
        help: [
          Diagnostic.Help(
            "write `.at(...)`",
            edits: [Diagnostic.Edit(span(of: opener), ".at("), Diagnostic.Edit(span(of: closing), ")")])
        ]))
  }

  /// `in x: (3, 32, 32)`; admitted by the caller.
  mutating func reportRoundShape(opener: Int, closing: Int) {
    let (first, last) = (span(of: opener), span(of: closing))
    bag.report(
      Diagnostic(
        .unexpectedToken, "a shape stands in square brackets", at: first.union(last),
        help: [
          Diagnostic.Help(
            "write `[channels, height, width]`",
            edits: [Diagnostic.Edit(first, "["), Diagnostic.Edit(last, "]")])
        ]))
  }

  /// `repeat n * 2 A`.
  mutating func reportBareCount(_ count: SourceSpan) {
    guard admits() else { return }
    bag.report(
      Diagnostic(
        .unexpectedToken, "a count that is more than one number or name stands in parentheses", at: span,
        secondary: [Diagnostic.Label(count, "the count starts here", style: .secondary)],
        help: [Diagnostic.Help("for example `repeat (2 * n) Block(64)`")]))
  }
}
