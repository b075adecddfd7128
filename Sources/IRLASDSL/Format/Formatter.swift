/// Writes a tree in the one style of the language.
///
/// A part that fits on the rest of the line stands there. Otherwise its kind says where it breaks: a list puts every
/// item on a line, a chain a group of links, a sum an operand. Each decision looks at sums made before (`FlatMeasure`)
/// and is never taken back, so that the whole is linear. What the author decides, and keeps: where the lines of a
/// chain that is the value of a statement begin, empty lines between statements, whether a cell stands on one line,
/// and, by a comma before the closing bracket, that a list is broken. Nothing else of the old layout is read; this is
/// why formatting twice is formatting once.
///
/// Recursion follows the nesting of values, which the parser limits.
struct Formatter {
  let tree: SyntaxTree
  let measure: FlatMeasure
  /// Blanks before a token that align it with the line above or below.
  var extra: [UInt32]
  /// The text so far, trailing comments one blank from the code.
  var output: [UInt8] = []
  /// The column of the next byte, from 0.
  var column = 0
  /// The indentation of the construct to which the current line belongs.
  var lineIndent = 0
  /// The first comment that has not been written.
  private var nextComment = 0
  private var trailingComments: [TrailingComment] = []
  private var line = 0

  /// The columns that lines aim at.
  static let width = 100
  /// The columns of one level.
  static let indent = 2

  /// A comment after code.
  struct TrailingComment {
    /// The offset in `output` of the first byte after the code.
    let offset: Int
    /// The columns of the code before it.
    let column: Int
    /// The line, from 0.
    let line: Int
  }

  init(_ tree: SyntaxTree) {
    self.tree = tree
    measure = FlatMeasure(tree)
    extra = [UInt32](repeating: 0, count: tree.tokens.count)
    output.reserveCapacity(tree.source.utf8.count + tree.source.utf8.count / 8 + 16)
  }

  /// The whole text.
  mutating func run() -> [UInt8] {
    emitFile()
    return aligningComments(output, trailingComments)
  }

  // MARK: The tree

  /// The tokens below a node.
  func tokens(of node: Int) -> Range<Int> {
    Int(tree.nodes[node].firstToken)..<Int(tree.nodes[node].endToken)
  }

  /// The kind of a node.
  func kind(of node: Int) -> SyntaxKind { tree.nodes[node].kind }

  /// The first token of a child.
  func firstToken(_ element: SyntaxTree.Element) -> Int {
    element.isNode ? Int(tree.nodes[element.index].firstToken) : element.index
  }

  /// The kind of a child that is a token.
  func tokenKind(_ element: SyntaxTree.Element) -> TokenKind? {
    element.isNode ? nil : tree.tokens[element.index].kind
  }

  // MARK: Writing

  /// Whether the tokens, the first of which stands at the current column, fit on the line with `tail` columns after
  /// them.
  func fits(_ range: Range<Int>, tail: Int = 0) -> Bool {
    measure.isFlat(range) && column + measure.width(range) + tail <= Self.width
  }

  /// Writes a token.
  mutating func put(_ token: Int) {
    output += tree.source.utf8[tree.tokens[token].range]
    let width = measure.places[token].width
    column += width == 0 ? 1 : Int(width)
  }

  /// Writes blanks.
  mutating func blanks(_ count: Int) {
    for _ in 0..<count { output.append(0x20) }
    column += count
  }

  /// Writes tokens on one line; what stands before the first one has been written.
  mutating func emitFlat(_ range: Range<Int>) {
    guard let first = range.first else { return }
    put(first)
    for token in first + 1..<max(first + 1, range.upperBound) {
      let place = measure.places[token]
      if place.flags.contains(.isTrailingComma) { continue }
      blanks(Int(place.space) + Int(extra[token]))
      put(token)
    }
  }

  /// Goes to a token on the same line; comments before it end the line.
  mutating func follow(_ token: Int) {
    if nextComment < Int(measure.places[token].commentEnd) {
      let indent = lineIndent
      startLine(token, indent: indent + Self.indent, .never)
      lineIndent = indent
    } else {
      blanks(Int(measure.places[token].space) + Int(extra[token]))
    }
  }

  /// Which empty lines are written before a token that starts a line.
  enum EmptyLines {
    /// None.
    case never
    /// Those after a comment: what follows opens a block.
    case opening
    /// Those before a comment: what follows closes a block.
    case closing
    /// Those of the source, one for several.
    case keep
    /// One at least.
    case one
  }

  /// Starts a line for a token, after the comments before it.
  ///
  /// - Parameters:
  ///   - commentIndent: where comments stand; `indent` unless given.
  ///   - through: the comments up to this token are written as well; `token` unless given.
  mutating func startLine(
    _ token: Int, indent: Int, _ empty: EmptyLines, commentIndent: Int? = nil, through: Int? = nil
  ) {
    let end = Int(measure.places[through ?? token].commentEnd)
    var isSeparated = false
    var hasComment = false
    // Two comments cannot share a line.
    var endsWithComment = false
    while nextComment < end {
      let comment = measure.comments[nextComment]
      nextComment += 1
      if comment.isTrailing, !endsWithComment, !output.isEmpty {
        trailingComments.append(TrailingComment(offset: output.count, column: column, line: line))
      } else {
        let isOpening = empty == .never || (empty == .opening && !hasComment)
        if (empty == .one && !isSeparated) || (comment.followsBlankLine && !isOpening) { emptyLine() }
        isSeparated = true
        newline(indent: commentIndent ?? indent)
        hasComment = true
      }
      output += tree.source.utf8[Int(comment.lower)..<Int(comment.upper)]
      endsWithComment = true
    }
    let followsBlank = measure.places[token].flags.contains(.followsBlankLine)
    switch empty {
    case .never, .closing: break
    case .opening: if followsBlank, hasComment { emptyLine() }
    case .keep: if followsBlank { emptyLine() }
    case .one: if followsBlank || !isSeparated { emptyLine() }
    }
    newline(indent: indent)
    lineIndent = indent
  }

  private mutating func emptyLine() {
    guard !output.isEmpty else { return }
    output.append(0x0A)
    line += 1
  }

  private mutating func newline(indent: Int) {
    if !output.isEmpty {
      output.append(0x0A)
      line += 1
    }
    column = 0
    blanks(indent)
  }

  /// Writes the comma after an item before the comments that the source has between the two; one that documents what
  /// follows stays where it is.
  mutating func putComma(_ comma: Int) {
    let pending = nextComment..<Int(measure.places[comma].commentEnd)
    if pending.allSatisfy({ measure.comments[$0].isPlain }) {
      output.append(0x2C)
      column += 1
    } else {
      follow(comma)
      put(comma)
    }
  }

  /// Writes a comma that the source lacks.
  mutating func insertComma() {
    output.append(0x2C)
    column += 1
  }

  // MARK: Values

  /// Writes a node: on this line if it fits with `tail` columns after it, otherwise broken. What stands before its
  /// first token has been written.
  mutating func emit(_ node: Int, tail: Int) {
    let range = tokens(of: node)
    if fits(range, tail: tail) { return emitFlat(range) }
    switch kind(of: node) {
    case .chain: emitChain(node, tail: tail)
    case .or, .and, .sum, .product, .then: emitOperands(node, tail: tail)
    case .argumentList, .list, .tuple, .inputShape, .parenthesized:
      emitBracketed(tree.elementRange(of: node), kind(of: node))
    case .conditional: emitConditional(node, tail: tail)
    case .each: emitBlocks(node, base: lineIndent)
    default: emitChildren(tree.elementRange(of: node), tail: tail)
    }
  }

  /// Writes the children of a node one after another on the same line, each broken where it does not fit.
  mutating func emitChildren(_ elements: Range<Int>, tail: Int) {
    for index in elements {
      let element = tree.elements[index]
      if index > elements.lowerBound { follow(firstToken(element)) }
      if element.isNode {
        var after = tail
        if index + 1 < elements.upperBound {
          let next = measure.places[firstToken(tree.elements[index + 1])]
          after = Int(UInt32(next.space) + next.width)
        }
        emit(element.index, tail: after)
      } else {
        put(element.index)
      }
    }
  }

  /// Every operand but the first on a line of its own, its operator before it.
  private mutating func emitOperands(_ node: Int, tail: Int) {
    let base = lineIndent
    let elements = tree.elementRange(of: node)
    for index in elements {
      let element = tree.elements[index]
      if element.isNode {
        if index > elements.lowerBound { follow(firstToken(element)) }
        emit(element.index, tail: index == elements.upperBound - 1 ? tail : 0)
      } else {
        startLine(element.index, indent: base + Self.indent, .never, through: element.index + 1)
        put(element.index)
      }
    }
  }

  /// `if`: one case a line where every case fits, otherwise blocks.
  private mutating func emitConditional(_ node: Int, tail: Int) {
    let base = lineIndent
    let range = tokens(of: node)
    let elements = tree.elementRange(of: node)
    var starts = [range.lowerBound]
    for index in elements where tokenKind(tree.elements[index]) == .elseKeyword {
      starts.append(tree.elements[index].index)
    }
    var fitsLines = measure.isFlat(range)
    for (number, start) in starts.enumerated() where fitsLines {
      let end = number + 1 < starts.count ? starts[number + 1] : range.upperBound
      let indent = number == 0 ? column : base + Self.indent
      let after = number + 1 < starts.count ? 0 : tail
      fitsLines = indent + measure.width(start..<end) + after <= Self.width
    }
    guard fitsLines else { return emitBlocks(node, base: base) }
    for (number, start) in starts.enumerated() {
      if number > 0 { startLine(start, indent: base + Self.indent, .never) }
      emitFlat(start..<(number + 1 < starts.count ? starts[number + 1] : range.upperBound))
    }
  }

  /// The values in braces on lines of their own.
  private mutating func emitBlocks(_ node: Int, base: Int) {
    let elements = tree.elementRange(of: node)
    var isOpen = false
    for index in elements {
      let element = tree.elements[index]
      if tokenKind(element) == .rightBrace {
        startLine(element.index, indent: base, .closing, commentIndent: base + Self.indent)
        put(element.index)
        continue
      }
      if isOpen {
        startLine(firstToken(element), indent: base + Self.indent, .opening)
      } else if index > elements.lowerBound {
        follow(firstToken(element))
      }
      if !element.isNode {
        put(element.index)
      } else if kind(of: element.index) == .branch {
        emitBlocks(element.index, base: base)
      } else {
        emit(element.index, tail: isOpen ? 0 : 2)
      }
      isOpen = tokenKind(element) == .leftBrace
    }
  }
}
