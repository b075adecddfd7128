/// A recursive-descent parser that never fails: it returns a tree of every text, and at most one message a mistake.
///
/// The names of its small functions are contracts:
/// - `at(kind)` looks at the current token and consumes nothing.
/// - `eat(kind)` consumes the current token when it is of that kind, and says whether it was.
/// - `expectClosing(kind, ...)` consumes it, or reports that it is missing and goes on as if it had been there.
/// - `consume(if: predicate)` is `eat` for a family of kinds.
/// - `parseX()` pushes exactly one node, an `x`, also where the text has none (then a `missing` node).
/// - `skip...()` steps over tokens that fit nowhere and keeps them in an `unexpected` node.
///
/// Two rules keep one mistake one message. Nothing is reported twice at one token (`admits`), and after the lexer has
/// reported a token nothing is reported at the next one. Every loop consumes a token or ends.
///
/// Finished parts wait on `stack` until `finish(_:from:)` makes them the children of a node: a left operand can so be
/// wrapped after it has been read.
struct Parser {
  let source: SourceFile
  let tokens: [Token]
  var bag: DiagnosticBag
  /// Index of the current token, which is never `invalid`.
  private(set) var position = 0
  /// The kind of the current token.
  private(set) var kind = TokenKind.endOfFile
  /// Number of tokens that have been pushed on the stack; `invalid` ones may wait between it and `position`.
  private(set) var consumed = 0
  /// How many values enclose the current one.
  var depth = 0
  /// While positive nothing is reported: the text has been reported as a whole.
  var silence = 0
  /// The token at which the latest message was reported.
  var reportedAt = -1
  /// The tokens at which messages were reported.
  var brokenTokens: [Int] = []
  /// How many brackets of each kind are open.
  var open = OpenBrackets()
  /// The `repeat` that ended last.
  var repetition = 0
  /// One past its last token.
  var repetitionEnd = -1
  /// Whether the current declaration has fields (`label: value`) instead of statements.
  var hasFields = false

  private var nodes: [SyntaxTree.Node] = []
  private var elements: [SyntaxTree.Element] = []
  private var stack: [SyntaxTree.Element] = []

  /// How deep values may be nested.
  static let nestingLimit = 256

  /// Counts of open brackets, so that a stray closing one is told from one that ends an outer list.
  struct OpenBrackets {
    var parentheses = 0
    var brackets = 0
    var braces = 0
  }

  /// A place where a node may start: the height of the stack and the token.
  struct Mark {
    let height: Int
    let token: Int
  }

  init(source: SourceFile, tokens: [Token], bag: DiagnosticBag) {
    self.source = source
    self.tokens = tokens
    self.bag = bag
    nodes.reserveCapacity(tokens.count)
    elements.reserveCapacity(tokens.count * 2)
    settle()
  }

  /// The tree, after `parseFile`.
  func tree() -> SyntaxTree {
    SyntaxTree(
      source: source, tokens: tokens, nodes: nodes, elements: elements, brokenTokens: brokenTokens.sorted())
  }

  // MARK: Looking

  /// Whether the current token is of the given kind.
  func at(_ kind: TokenKind) -> Bool { self.kind == kind }

  /// The index of the token after the one at `index`, `invalid` ones not counted.
  func index(after index: Int) -> Int {
    var next = min(index + 1, tokens.count - 1)
    while tokens[next].kind == .invalid { next += 1 }
    return next
  }

  /// The kind of the token after the current one.
  var next: TokenKind { tokens[index(after: position)].kind }

  /// The current token's span.
  var span: SourceSpan { span(of: position) }

  /// A token's span.
  func span(of token: Int) -> SourceSpan {
    SourceSpan(file: source.id, lower: tokens[token].lower, upper: tokens[token].upper)
  }

  /// The place after the last token that was consumed.
  var previousEnd: SourceSpan {
    let end = consumed == 0 ? 0 : tokens[consumed - 1].upper
    return SourceSpan(file: source.id, lower: end, upper: end)
  }

  /// The text of a token.
  func text(of token: Int) -> String { source.text(span(of: token)) }

  /// Whether a token is the first of its line.
  func isFirstOnLine(_ token: Int) -> Bool {
    if token == 0 { return true }
    return source.utf8[Int(tokens[token - 1].upper)..<Int(tokens[token].lower)].contains(0x0A)
  }

  /// How far from the beginning of its line a token starts, in bytes; at most 1,000 are counted.
  func indentation(of token: Int) -> Int {
    let start = Int(tokens[token].lower)
    var count = 0
    while count < min(start, 1000), source.utf8[start - 1 - count] != 0x0A { count += 1 }
    return count
  }

  /// Whether nothing stands between the current token and the one before it.
  var isAdjacent: Bool {
    consumed == position && consumed > 0 && tokens[position].lower == tokens[consumed - 1].upper
  }

  // MARK: Consuming

  /// Consumes the current token, whatever it is; `endOfFile` stays current.
  mutating func bump() {
    if consumed < position { flushInvalid() }
    stack.append(.token(position))
    consumed = position + 1
    if position < tokens.count - 1 {
      position += 1
      settle()
    }
  }

  /// Consumes the current token when it is of the given kind.
  mutating func eat(_ kind: TokenKind) -> Bool {
    guard self.kind == kind else { return false }
    bump()
    return true
  }

  /// Consumes the current token when its kind satisfies the predicate.
  mutating func consume(if predicate: (TokenKind) -> Bool) -> Bool {
    guard predicate(kind) else { return false }
    bump()
    return true
  }

  /// Moves from `invalid` tokens to the next real one; nothing is reported there.
  private mutating func settle() {
    kind = tokens[position].kind
    guard kind == .invalid else { return }
    while tokens[position].kind == .invalid { position += 1 }
    reportedAt = position
    kind = tokens[position].kind
  }

  /// Puts the `invalid` tokens before the current one in a node of their own.
  private mutating func flushInvalid() {
    let start = consumed
    let first = elements.count
    for token in start..<position { elements.append(.token(token)) }
    brokenTokens.append(start)
    nodes.append(
      SyntaxTree.Node(
        kind: .unexpected, firstElement: UInt32(first), elementCount: UInt32(position - start),
        firstToken: UInt32(start), endToken: UInt32(position)))
    stack.append(.node(nodes.count - 1))
    consumed = position
  }

  // MARK: Building

  /// The place where a node may start.
  mutating func mark() -> Mark {
    if consumed < position { flushInvalid() }
    return Mark(height: stack.count, token: position)
  }

  /// Makes everything pushed since the mark the children of a new node, and pushes that.
  mutating func finish(_ kind: SyntaxKind, from mark: Mark) {
    let first = elements.count
    // Most nodes have few children: one at a time is faster than moving slices.
    for index in mark.height..<stack.count { elements.append(stack[index]) }
    while stack.count > mark.height { stack.removeLast() }
    nodes.append(
      SyntaxTree.Node(
        kind: kind, firstElement: UInt32(truncatingIfNeeded: first),
        elementCount: UInt32(truncatingIfNeeded: elements.count - first),
        firstToken: UInt32(truncatingIfNeeded: mark.token),
        endToken: UInt32(truncatingIfNeeded: max(mark.token, consumed))))
    stack.append(.node(nodes.count - 1))
  }

  /// Pushes a node of zero width for a part that the text lacks.
  mutating func pushMissing(_ kind: SyntaxKind = .missing) { finish(kind, from: mark()) }

  /// Whether anything has been pushed since the mark.
  func hasPushed(since mark: Mark) -> Bool { stack.count > mark.height }

  /// The index of the node pushed last, if it is one.
  var lastNode: Int? {
    guard let top = stack.last, top.isNode else { return nil }
    return top.index
  }

  /// The kind of a node.
  func kind(ofNode node: Int) -> SyntaxKind { nodes[node].kind }

  /// The child nodes of a node.
  func childNodes(of node: Int) -> [Int] {
    let first = Int(nodes[node].firstElement)
    return elements[first..<first + Int(nodes[node].elementCount)].filter(\.isNode).map(\.index)
  }

  /// The bytes of a node.
  func span(ofNode node: Int) -> SourceSpan {
    let (first, end) = (Int(nodes[node].firstToken), Int(nodes[node].endToken))
    if first == end { return first == 0 ? span(of: 0).start : span(of: first - 1).end }
    return span(of: first).union(span(of: end - 1))
  }
}
