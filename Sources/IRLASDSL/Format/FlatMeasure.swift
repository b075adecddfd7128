/// What the tokens of a tree take when they stand on one line, and what lies between them in the source.
///
/// Three passes over flat arrays: blanks and comments of every gap, the blanks that the style puts before every token,
/// and running sums of columns and forced breaks. Afterwards the width of any run of tokens, and whether the run may
/// stand on one line at all, are two subtractions, which is what makes the formatter linear.
struct FlatMeasure {
  /// A comment between two tokens.
  struct Comment {
    /// Offset of its first byte.
    let lower: UInt32
    /// Offset one past its last byte that is not blank.
    let upper: UInt32
    /// Whether it stands on the line of the token before it.
    let isTrailing: Bool
    /// Whether an empty line stands before it.
    let followsBlankLine: Bool
    /// Whether it is a plain `//` comment, which documents nothing.
    let isPlain: Bool
  }

  /// Facts of one token.
  struct Place {
    /// The column at which it starts when the whole file stands on one line.
    var start: UInt32 = 0
    /// Its columns; 0 for a comma that a line drops.
    var width: UInt32 = 0
    /// How many tokens up to here need a line of their own.
    var breaks: UInt32 = 0
    /// How many tokens up to here start a line of the source.
    var lines: UInt32 = 0
    /// One past the comments before it.
    var commentEnd: UInt32 = 0
    /// The blanks before it on one line.
    var space: UInt8 = 1
    var flags: Flags = []
  }

  /// Marks of a token.
  struct Flags: OptionSet {
    let rawValue: UInt8
    /// It starts a line of the source.
    static let startsLine = Flags(rawValue: 1)
    /// An empty line stands before it, after any comments.
    static let followsBlankLine = Flags(rawValue: 2)
    /// It starts a line whatever the width.
    static let needsLine = Flags(rawValue: 4)
    /// A comma before a closing bracket, which only a broken list has.
    static let isTrailingComma = Flags(rawValue: 8)
  }

  private(set) var places: [Place]
  private(set) var comments: [Comment] = []

  init(_ tree: SyntaxTree) {
    places = [Place](repeating: Place(), count: tree.tokens.count)
    readGaps(tree)
    setSpaces(tree)
    sum(tree)
  }

  /// The columns of the tokens `range` on one line.
  func width(_ range: Range<Int>) -> Int {
    guard let last = range.last else { return 0 }
    return Int(places[last].start + places[last].width - places[range.lowerBound].start)
  }

  /// Whether no token of `range` but its first needs a line of its own.
  func isFlat(_ range: Range<Int>) -> Bool {
    range.isEmpty || places[range.upperBound - 1].breaks == places[range.lowerBound].breaks
  }

  /// The comments before a token.
  func commentRange(before token: Int) -> Range<Int> {
    (token == 0 ? 0 : Int(places[token - 1].commentEnd))..<Int(places[token].commentEnd)
  }

  /// Whether a comment of its own line, or an empty line, stands before a token.
  func isSeparated(_ token: Int) -> Bool {
    if places[token].flags.contains(.followsBlankLine) { return true }
    return commentRange(before: token).contains { !comments[$0].isTrailing }
  }

  // MARK: Gaps

  private mutating func readGaps(_ tree: SyntaxTree) {
    let bytes = tree.source.utf8
    var start = 0
    for token in tree.tokens.indices {
      let end = Int(tree.tokens[token].lower)
      // One blank, or nothing, is what most gaps hold.
      if end - start > 1 || (end > start && bytes[start] != 0x20) {
        readGap(bytes, start, end, token)
      }
      places[token].commentEnd = UInt32(comments.count)
      start = Int(tree.tokens[token].upper)
    }
  }

  private mutating func readGap(_ bytes: [UInt8], _ start: Int, _ end: Int, _ token: Int) {
    var (index, newlines) = (start, 0)
    var flags: Flags = []
    while index < end {
      if bytes[index] == 0x0A {
        newlines += 1
        flags.insert(.startsLine)
      } else if bytes[index] == 0x2F {
        let lower = index
        while index < end, bytes[index] != 0x0A { index += 1 }
        var upper = index
        while bytes[upper - 1] == 0x20 || bytes[upper - 1] == 0x09 || bytes[upper - 1] == 0x0D { upper -= 1 }
        let third = upper - lower > 2 ? bytes[lower + 2] : 0
        comments.append(
          Comment(
            lower: UInt32(lower), upper: UInt32(upper),
            isTrailing: token > 0 && !flags.contains(.startsLine), followsBlankLine: newlines > 1,
            isPlain: third != 0x2F && third != 0x21))
        newlines = 0
        continue
      }
      index += 1
    }
    if newlines > 1 { flags.insert(.followsBlankLine) }
    places[token].flags = flags
  }

  // MARK: Blanks

  private mutating func setSpaces(_ tree: SyntaxTree) {
    for node in tree.nodes {
      let first = Int(node.firstElement)
      let end = first + Int(node.elementCount)
      guard end > first else { continue }
      let isWide = node.kind == .range && hasLooseOperand(tree, first..<end)
      var previous = tree.elements[first]
      for index in first + 1..<end {
        let element = tree.elements[index]
        let token = element.isNode ? Int(tree.nodes[element.index].firstToken) : element.index
        let left = previous.isNode ? nil : tree.tokens[previous.index].kind
        if element.isNode {
          places[token].space = Self.space(
            node.kind, left: left, node: tree.nodes[element.index].kind, isWide: isWide)
        } else {
          let kind = tree.tokens[element.index].kind
          places[token].space = Self.space(node.kind, left: left, token: kind, isWide: isWide)
          if kind.closes, left == .comma { markTrailingComma(tree, node, comma: previous.index) }
        }
        previous = element
      }
      switch node.kind {
      case .binding, .grow, .output, .field, .branch, .conditional, .each: keepBreaks(tree, first..<end)
      default: break
      }
    }
  }

  private func hasLooseOperand(_ tree: SyntaxTree, _ elements: Range<Int>) -> Bool {
    elements.contains { index in
      let element = tree.elements[index]
      guard element.isNode else { return false }
      let kind = tree.nodes[element.index].kind
      return kind == .sum || kind == .product
    }
  }

  private static func space(_ parent: SyntaxKind, left: TokenKind?, token: TokenKind, isWide: Bool) -> UInt8 {
    switch token {
    case .comma, .colon, .rightParenthesis, .rightBracket, .dot: return 0
    case .rightBrace: return left == .leftBrace ? 0 : 1
    case .dotDot: return isWide ? 1 : 0
    case .leftParenthesis: return parent == .module ? 0 : 1
    case .leftBracket: return parent == .grow || parent == .input ? 0 : 1
    case .returnKeyword: return parent == .module ? 2 : 1
    default: break
    }
    switch left {
    case .at, .dot, .leftParenthesis, .leftBracket: return 0
    default: return 1
    }
  }

  private static func space(_ parent: SyntaxKind, left: TokenKind?, node: SyntaxKind, isWide: Bool) -> UInt8 {
    switch left {
    case .leftParenthesis, .leftBracket, .dot, .at: return 0
    case .dotDot: return isWide ? 1 : 0
    case .minus: return parent == .negation ? 0 : 1
    case nil:
      if node == .argumentList || node == .member { return 0 }
      return parent == .module || parent == .recipe || parent == .search ? 2 : 1
    default:
      // The fields or statements after a closing token, as in `in x: [3]`, belong to a node of their own.
      return node == .argumentList ? 0 : 1
    }
  }

  /// The comma after the last item. Where the source has it before a line end, the list stays broken.
  private mutating func markTrailingComma(_ tree: SyntaxTree, _ node: SyntaxTree.Node, comma: Int) {
    if places[comma + 1].flags.contains(.startsLine) { places[comma + 1].flags.insert(.needsLine) }
    // `(x,)` is a tuple because of its comma: two brackets, a comma and an item.
    if node.kind == .tuple, node.elementCount == 4 { return }
    places[comma].flags.insert(.isTrailingComma)
  }

  /// Marks the arrows that start a line in the source, in the chains that are whole values of statements.
  private mutating func keepBreaks(_ tree: SyntaxTree, _ elements: Range<Int>) {
    for index in elements {
      let element = tree.elements[index]
      guard element.isNode, tree.nodes[element.index].kind == .chain else { continue }
      let links = tree.elementRange(of: element.index)
      for link in links where !tree.elements[link].isNode {
        let arrow = tree.elements[link].index
        if places[arrow].flags.contains(.startsLine) || places[arrow + 1].flags.contains(.startsLine) {
          places[arrow].flags.insert(.needsLine)
        }
      }
    }
  }

  // MARK: Sums

  private mutating func sum(_ tree: SyntaxTree) {
    let bytes = tree.source.utf8
    var (column, breaks, lines, comment) = (UInt32(0), UInt32(0), UInt32(0), UInt32(0))
    for token in places.indices {
      var place = places[token]
      let range = tree.tokens[token].range
      if place.flags.contains(.isTrailingComma) {
        place.space = 0
      } else {
        place.width = UInt32(range.count)
        switch tree.tokens[token].kind {
        case .string: place.width = UInt32(displayWidth(of: bytes[range]))
        case .identifier where bytes[range.lowerBound] == 0x60:
          place.width = UInt32(displayWidth(of: bytes[range]))
        default: break
        }
      }
      if place.flags.contains(.needsLine) || place.commentEnd > comment { breaks += 1 }
      if place.flags.contains(.startsLine) { lines += 1 }
      comment = place.commentEnd
      column += UInt32(place.space)
      place.start = column
      place.breaks = breaks
      place.lines = lines
      column += place.width
      places[token] = place
    }
  }
}
