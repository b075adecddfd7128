// sq, chain, expr, and, neg, cmp, range, sum, prod, unary.

extension Parser {
  /// `sq = chain { "then" chain }`
  mutating func parseSequence() {
    let mark = mark()
    parseChain(inSequence: true)
    var isSequence = false
    while at(.thenKeyword), next != .colon {
      isSequence = true
      let then = position
      let repetition = lastRepetition
      bump()
      parseChain(inSequence: true)
      if let repetition, let last = lastNode {
        let first = kind(ofNode: last) == .chain ? childNodes(of: last).first ?? last : last
        reportBareThen(then: then, repetition: repetition, operandEnd: span(ofNode: first).end)
      }
    }
    if isSequence { finish(.then, from: mark) }
  }

  /// The `repeat` without parentheses that ends with the token before this one.
  private var lastRepetition: Int? { repetitionEnd == consumed ? repetition : nil }

  /// `chain = expr { "->" expr }`; a `then` that cannot stand here is reported and stepped over.
  mutating func parseChain(inSequence: Bool = false) {
    let mark = mark()
    parseExpression()
    var isChain = false
    while true {
      if at(.arrow) || at(.fatArrow) {
        if at(.fatArrow) { reportForeign("->") }
        bump()
        isChain = true
        parseExpression()
      } else if at(.thenKeyword), !inSequence, next != .colon {
        skipStrayThen()
      } else if at(.semicolon), inSequence == false, !isFirstOnLine(position), next == .arrow {
        reportSemicolon()
        skipToken()
      } else {
        break
      }
    }
    if isChain { finish(.chain, from: mark) }
  }

  /// `then B` after a value that stands in no sequence.
  private mutating func skipStrayThen() {
    let then = position
    let repetition = lastRepetition
    let mark = mark()
    bump()
    let isQuiet = reportedAt == then
    parseExpression()
    let end = previousEnd
    finish(.unexpected, from: mark)
    if isQuiet { return }
    if let repetition {
      reportBareThen(then: then, repetition: repetition, operandEnd: end)
    } else {
      reportStrayThen(then)
    }
  }

  /// `expr = and { "or" and }`, with what other languages write after a value.
  mutating func parseExpression() {
    let mark = mark()
    parseOperators(minimum: .or)
    if at(.question) {
      skipTernary(condition: mark)
    } else if at(.ifKeyword), !isFirstOnLine(position), next != .colon {
      skipTrailingIf(value: mark)
    }
  }

  /// How tightly an operator binds.
  enum Precedence: Int, Comparable {
    case or, and, not, comparison, range, sum, product, power

    static func < (a: Precedence, b: Precedence) -> Bool { a.rawValue < b.rawValue }

    /// The next tighter one, if there is one.
    var tighter: Precedence? { Precedence(rawValue: rawValue + 1) }

    /// The node of a run of such operators.
    var node: SyntaxKind {
      switch self {
      case .or: .or
      case .and: .and
      case .not: .not
      case .comparison: .comparison
      case .range: .range
      case .sum: .sum
      case .product, .power: .product
      }
    }
  }

  /// The precedence of the current token as an operator between two values. A word with a colon after it is the label
  /// of the next field.
  private var currentPrecedence: Precedence? {
    switch kind {
    case .orKeyword: next == .colon ? nil : .or
    case .andKeyword: next == .colon ? nil : .and
    case .bars: .or
    case .ampersands: .and
    case .equalEqual, .notEqual, .less, .lessEqual, .greater, .greaterEqual, .equal: .comparison
    case .dotDot: .range
    case .plus, .minus: .sum
    case .star, .slash, .percent: .product
    case .caret, .starStar: .power
    default: nil
    }
  }

  /// Values joined by operators that bind at least as tightly as `minimum`; runs of one precedence are flat.
  mutating func parseOperators(minimum: Precedence) {
    let mark = mark()
    if at(.notKeyword) || at(.bang) {
      parseNot(minimum: minimum)
    } else {
      parseUnary()
    }
    while let precedence = currentPrecedence, precedence >= minimum {
      var isFirst = true
      while currentPrecedence == precedence {
        let isSecond = !isFirst && (precedence == .comparison || precedence == .range)
        let extra = self.mark()
        if isSecond {
          if precedence == .range { reportUnexpected() } else { reportChainedComparison() }
        }
        let lacksLeft = lastNode.map { kind(ofNode: $0) == .missing } ?? false
        consumeOperator()
        // A sign alone lacks both sides, which is one mistake.
        if lacksLeft, !kind.startsExpression { calm() }
        if let tighter = precedence.tighter { parseOperators(minimum: tighter) } else { parseUnary() }
        if isSecond { finish(.unexpected, from: extra) }
        isFirst = false
      }
      finish(precedence.node, from: mark)
    }
  }

  private mutating func consumeOperator() {
    switch kind {
    case .bars: reportForeign("or")
    case .ampersands: reportForeign("and")
    case .caret, .starStar: reportForeign("pow")
    case .equal: reportAssignment()
    default: break
    }
    bump()
  }

  /// `neg = "not" neg | cmp`
  private mutating func parseNot(minimum: Precedence) {
    guard enter() else { return }
    defer { leave() }
    let mark = mark()
    if at(.bang) {
      reportForeign("not")
    } else if minimum > .not {
      reportUnexpected("`not` after another operator stands in parentheses")
    }
    bump()
    parseOperators(minimum: at(.notKeyword) || at(.bang) ? .not : .comparison)
    finish(.not, from: mark)
  }

  /// Goes one level deeper; when that is too deep, reports it, steps over the value and pushes a `missing` one.
  mutating func enter() -> Bool {
    if depth < Self.nestingLimit {
      depth += 1
      return true
    }
    reportTooDeep()
    let mark = mark()
    skipUnexpected(stopAtComma: true)
    if hasPushed(since: mark) { calm() }
    pushMissing()
    return false
  }

  /// Comes back from `enter`.
  mutating func leave() { depth -= 1 }

  /// `unary = "-" unary | "sample" postfix | "repeat" count [ ".." count ] [ "as" ID ] unary | postfix`
  mutating func parseUnary() {
    guard enter() else { return }
    defer { leave() }
    let mark = mark()
    switch kind {
    case .minus:
      bump()
      parseUnary()
      finish(.negation, from: mark)
    case .sampleKeyword:
      bump()
      parsePostfix()
      finish(.sample, from: mark)
    case .repeatKeyword:
      bump()
      parseCount()
      if eat(.dotDot) { parseCount() }
      if eat(.asKeyword) { parseName("the index of a copy") }
      parseUnary()
      finish(.repetition, from: mark)
      repetition = lastNode ?? 0
      repetitionEnd = consumed
    default:
      parsePostfix()
    }
  }

  /// `count = NUMBER | ID | "(" expr ")"`
  private mutating func parseCount() {
    let mark = mark()
    let start = span
    switch kind {
    case .number: parseToken(.number)
    case .identifier: parseToken(.name)
    case .leftParenthesis:
      let opener = position
      bump()
      open.parentheses += 1
      parseExpression()
      open.parentheses -= 1
      expectClosing(.rightParenthesis, opener: opener)
      finish(.parenthesized, from: mark)
    case .minus where next == .number:
      reportNegativeCount(number: index(after: position))
      bump()
      bump()
      finish(.unexpected, from: mark)
      pushMissing()
      return
    default:
      reportNoValue()
      pushMissing()
      return
    }
    guard let operation = currentPrecedence ?? (at(.dot) ? .power : nil), operation > .range else { return }
    if at(.minus), !isSubtraction { return }
    reportBareCount(start)
    let rest = self.mark()
    while at(.dot) || (currentPrecedence ?? .or) > .range {
      bump()
      if kind == .identifier || kind == .number || kind == .leftParenthesis { skipUnexpectedOperand() }
    }
    finish(.unexpected, from: rest)
    calm()
  }

  /// Whether `- 1 A` stands here: a count of `n - 1`, not a layer with a minus before it.
  private var isSubtraction: Bool {
    let number = index(after: position)
    let layer = index(after: number)
    guard tokens[number].kind == .number, tokens[layer].kind == .identifier else { return false }
    switch tokens[index(after: layer)].kind {
    case .equal, .comma, .colon: return false
    default: return true
    }
  }

  private mutating func skipUnexpectedOperand() {
    if kind == .leftParenthesis { skipGroup() } else { bump() }
  }

  /// `? a : b` after the condition that starts at `condition`.
  private mutating func skipTernary(condition: Mark) {
    let question = position
    let isQuiet = reportedAt == question
    let conditionSpan = span(of: condition.token).union(previousEnd)
    let mark = mark()
    bump()
    guard enter() else { return finish(.unexpected, from: mark) }
    defer { leave() }
    let yes = span
    parseChain(inSequence: true)
    let yesSpan = SourceSpan(file: source.id, lower: yes.lower, upper: max(yes.lower, previousEnd.lower))
    var noSpan: SourceSpan?
    if eat(.colon) {
      let no = span
      parseChain(inSequence: true)
      noSpan = SourceSpan(file: source.id, lower: no.lower, upper: max(no.lower, previousEnd.lower))
    }
    finish(.unexpected, from: mark)
    if isQuiet { return }
    reportTernary(at: question, edit: conditional(conditionSpan, yesSpan, noSpan))
  }

  /// `if c else b` after the value that starts at `value`.
  private mutating func skipTrailingIf(value: Mark) {
    let word = position
    let isQuiet = reportedAt == word
    let valueSpan = span(of: value.token).union(previousEnd)
    let mark = mark()
    bump()
    let condition = span
    silently { $0.parseOperators(minimum: .or) }
    let conditionSpan = SourceSpan(
      file: source.id, lower: condition.lower, upper: max(condition.lower, previousEnd.lower))
    var noSpan: SourceSpan?
    if at(.elseKeyword) {
      bump()
      let no = span
      silently { $0.parseOperators(minimum: .or) }
      noSpan = SourceSpan(file: source.id, lower: no.lower, upper: max(no.lower, previousEnd.lower))
    } else if at(.leftBrace) {
      // A whole `if` where an operator is missing.
      skipGroup()
      while at(.elseKeyword) {
        bump()
        if eat(.ifKeyword) { silently { $0.parseOperators(minimum: .or) } }
        if at(.leftBrace) { skipGroup() }
      }
      finish(.unexpected, from: mark)
      guard !isQuiet, admits(at: word) else { return }
      bag.report(
        Diagnostic(
          .unexpectedToken, "an `if` cannot follow a value directly", at: span(of: word),
          help: [Diagnostic.Help("to apply the layer that it chooses, write `->` before it")]))
      return
    }
    finish(.unexpected, from: mark)
    if isQuiet { return }
    reportTernary(at: word, edit: conditional(conditionSpan, valueSpan, noSpan))
  }

  private func conditional(_ condition: SourceSpan, _ yes: SourceSpan, _ no: SourceSpan?) -> Diagnostic.Help {
    guard let no, max(condition.range.count, yes.range.count, no.range.count) <= 200 else {
      return Diagnostic.Help("write `if c { a } else { b }`")
    }
    let text = "if \(source.text(condition)) { \(source.text(yes)) } else { \(source.text(no)) }"
    let whole = condition.union(yes).union(no)
    return Diagnostic.Help("write `\(shortened(text))`", edits: [Diagnostic.Edit(whole, text)])
  }
}
